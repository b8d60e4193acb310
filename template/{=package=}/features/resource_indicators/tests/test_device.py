"""A device's resources are those that it asked for when it began (RFC 8628 §3.1, RFC 8707 §2)."""

from typing import Any

from ....tests.harness import ServerUnderTest
from ....tests.people import add_person, refresh
from ...device.device_code import GRANT_TYPE
from ...device.tests.devices import ask, let_in, poll
from .apis import NOTES, ORDERS, UNKNOWN, audience_of

REFUSED = (400, "invalid_target")


async def test_a_device_gets_tokens_for_what_was_allowed_and_never_for_more(server: ServerUnderTest) -> None:
    """H6, V4, A1, F7: neither when it polls nor when it refreshes."""
    await add_person(server)
    await server.add_client("tv", grant_types=frozenset({GRANT_TYPE, "refresh_token"}))
    several: dict[str, Any] = {"resource": ["HTTPS://orders.example/", NOTES]}
    asked = await ask(server, "tv", **several)
    await let_in(server, asked)

    wider = await poll(server, asked, "tv", resource=UNKNOWN)
    tokens = await poll(server, asked, "tv")

    assert wider.refusal == REFUSED
    assert audience_of(tokens) == [ORDERS, NOTES]
    assert (await refresh(server, tokens["refresh_token"], "tv", resource=UNKNOWN)).refusal == REFUSED
    assert audience_of(await refresh(server, tokens["refresh_token"], "tv", resource=NOTES)) == NOTES


async def test_an_invalid_target_is_refused_before_anybody_is_asked(server: ServerUnderTest) -> None:
    """A4, H5."""
    await server.add_client("tv", grant_types=frozenset({GRANT_TYPE}))

    for resource in (UNKNOWN, f"{ORDERS}#x"):
        assert (await server.post("device_authorization", "tv", resource=resource)).refusal == REFUSED
