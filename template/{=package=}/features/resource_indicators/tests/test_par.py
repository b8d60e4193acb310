"""Resources that were pushed are those that a person allows (RFC 9126 §2, RFC 8707 §2.1)."""

from typing import Any

from ....tests.harness import Answer, ServerUnderTest
from ....tests.people import Browser, add_person, authorization_request, redeem
from .apis import NOTES, ORDERS, UNKNOWN, audience_of


async def push(server: ServerUnderTest, *resources: str) -> Answer:
    form: dict[str, Any] = {**authorization_request(), "resource": resources}
    return await server.post("par", **form)


async def test_pushed_resources_reach_the_token_and_others_beside_them_do_not(server: ServerUnderTest) -> None:
    """H6, F1, J3: several, repeated; the request that brings the reference adds nothing."""
    await add_person(server)
    pushed = await push(server, ORDERS, NOTES)
    browser = Browser(server)

    page = await browser.open(f"/oauth/authorize?client_id=web&request_uri={pushed['request_uri']}&resource={UNKNOWN}")
    code = (await browser.allow(await browser.sign_in(page))).code

    assert audience_of(await redeem(server, code)) == [ORDERS, NOTES]


async def test_an_invalid_target_is_refused_when_it_is_pushed(server: ServerUnderTest) -> None:
    """A4, F1: as at the authorization endpoint."""
    assert (await push(server, ORDERS, UNKNOWN)).refusal == (400, "invalid_target")
    assert (await push(server, f"{ORDERS}#x")).refusal == (400, "invalid_target")
