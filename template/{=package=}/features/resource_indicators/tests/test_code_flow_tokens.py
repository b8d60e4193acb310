"""What a person allowed at certain APIs stays there, from code to refresh token to access token (RFC 8707 §2.2)."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from ....tests.harness import Answer, ServerUnderTest
from ....tests.people import add_person, obtain_code, redeem, refresh
from .apis import DEFAULT, NOTES, ORDERS, UNKNOWN, audience_of

REFUSED = (400, "invalid_target")


@pytest.fixture(autouse=True)
async def ada(server: ServerUnderTest) -> str:
    """Somebody who allows whatever is asked."""
    return await add_person(server)


async def allow(server: ServerUnderTest, *resources: str) -> str:
    """Return the code of an authorization at these resources."""
    changes: dict[str, Any] = {"resource": resources}
    return await obtain_code(server, **changes)


async def exchange(server: ServerUnderTest, code: str, *resources: str) -> Answer:
    changes: dict[str, Any] = {"resource": resources}
    return await redeem(server, code, **changes)


async def renew(server: ServerUnderTest, tokens: Answer, *resources: str) -> Answer:
    changes: dict[str, Any] = {"resource": resources}
    return await refresh(server, tokens["refresh_token"], **changes)


async def test_a_code_buys_a_token_for_all_that_was_allowed(server: ServerUnderTest) -> None:
    """H6, D7: without `resource` at the token endpoint, and with the same ones."""
    assert audience_of(await exchange(server, await allow(server, ORDERS, NOTES))) == [ORDERS, NOTES]
    assert audience_of(await exchange(server, await allow(server, NOTES))) == NOTES
    assert audience_of(await exchange(server, await allow(server, NOTES), NOTES)) == NOTES
    assert audience_of(await exchange(server, await allow(server))) == DEFAULT


async def test_a_client_may_spell_the_resource_anew_at_the_token_endpoint(server: ServerUnderTest) -> None:
    """CLIENTS: MCP clients send it in both requests, and normalise it in either."""
    code = await allow(server, "https://Orders.example/")

    assert audience_of(await exchange(server, code, "HTTPS://orders.example")) == ORDERS


async def test_a_redemption_may_narrow_and_the_family_keeps_all(server: ServerUnderTest) -> None:
    """H6, E4, F7: each access token for one API, from one refresh token."""
    tokens = await exchange(server, await allow(server, ORDERS, NOTES), NOTES)

    for_orders = await renew(server, tokens, ORDERS)
    for_all = await renew(server, for_orders)

    assert [audience_of(each) for each in (tokens, for_orders, for_all)] == [NOTES, ORDERS, [ORDERS, NOTES]]


@pytest.mark.parametrize(
    ("allowed", "asked"),
    [
        ((ORDERS,), (NOTES,)),
        ((ORDERS,), (ORDERS, NOTES)),
        ((ORDERS,), (DEFAULT,)),
        ((), (ORDERS,)),
        ((), (DEFAULT, ORDERS)),
        ((ORDERS,), (UNKNOWN,)),
        ((ORDERS,), (f"{ORDERS}#x",)),
    ],
)
async def test_neither_a_code_nor_a_refresh_token_buys_more_than_was_allowed(
    server: ServerUnderTest, allowed: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    """A1, F7, GHSA-p2fr-6hmx-4528, D7: and the refusal spends neither."""
    code = await allow(server, *allowed)

    assert (await exchange(server, code, *asked)).refusal == REFUSED
    tokens = await exchange(server, code)
    assert (await renew(server, tokens, *asked)).refusal == REFUSED
    server.clock.advance(61)  # were it spent, this would be past the grace
    assert audience_of(await renew(server, tokens)) == audience_of(tokens)


async def test_what_was_allowed_without_a_resource_is_for_the_default_audience(server: ServerUnderTest) -> None:
    """A1: which may be asked for by name."""
    tokens = await exchange(server, await allow(server), f"{DEFAULT}/")

    assert audience_of(tokens) == audience_of(await renew(server, tokens, DEFAULT)) == DEFAULT


async def test_an_api_that_is_served_no_more_gets_no_token_from_an_old_grant(server: ServerUnderTest) -> None:
    """H6: nor does the default audience in its place; the family is not hurt, should the API come back."""
    tokens = await exchange(server, await allow(server, ORDERS))
    told = server.settings.model_copy(update={"resource_indicators": type(server.settings.resource_indicators)()})
    restarted = await _restart(server, told)

    assert (await renew(restarted, tokens)).refusal == REFUSED
    assert audience_of(await renew(server, tokens)) == ORDERS


async def _restart(server: ServerUnderTest, told: Any) -> ServerUnderTest:
    """Return a second server on the same rows and keys, told something else."""
    composed = type(server.authorization_server)(told, now=server.clock, database=server.database)
    app = type(server.app)()
    composed.mount(app)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=told.issuer)
    return replace(server, authorization_server=composed, app=app, http=http)
