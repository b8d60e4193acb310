"""What the sign-in reached stays as it was, for as long as its tokens live (RFC 9470 §6, H7, E2, F7)."""

from typing import Any

import pytest

from ....tests.harness import Answer, ServerUnderTest
from ....tests.people import Browser, add_person, obtain_tokens, read_claims, redeem, refresh
from .conftest import MFA, PWD, Ways

DAY = 86_400


@pytest.fixture
async def ada(server: ServerUnderTest) -> None:
    """Ada, and a client."""
    await add_person(server)
    await server.add_client()


def told_by(answer: Answer) -> tuple[Any, Any]:
    """Return `acr` and `auth_time` of the access token."""
    claims = read_claims(answer["access_token"])
    return claims["acr"], claims["auth_time"]


async def test_a_refresh_tells_of_the_original_sign_in(server: ServerUnderTest, ways: Ways, ada: None) -> None:
    """H7, RFC 9470 §6: the first, the second, and one after days; `iat` alone moves."""
    entered = int(server.clock().timestamp())
    tokens = await obtain_tokens(server)

    for _ in range(3):
        server.clock.advance(3 * DAY)
        tokens = await refresh(server, tokens["refresh_token"])
        assert told_by(tokens) == (PWD, entered)
        assert read_claims(tokens["access_token"])["iat"] == int(server.clock().timestamp())


async def test_a_refresh_cannot_ask_for_more(light: ServerUnderTest, ways: Ways) -> None:
    """F7: the parameters of a request for authorization say nothing at the token endpoint (RFC 6749 §6)."""
    entered = int(light.clock().timestamp())
    tokens = await obtain_tokens(light)
    light.clock.advance(60)

    refreshed = await refresh(light, tokens["refresh_token"], acr_values=MFA, acr=MFA, max_age="1", auth_time="1")

    assert told_by(refreshed) == (PWD, entered)


async def test_a_step_up_leaves_older_tokens_as_they_were(light: ServerUnderTest, ways: Ways) -> None:
    """F7, U6: in the same browser, for the same client and person; each grant tells of its own sign-in."""
    first = int(light.clock().timestamp())
    browser = Browser(light)
    weak = await redeem(light, (await browser.allow(await browser.sign_in(await browser.authorize()))).code)
    light.clock.advance(600)
    second = int(light.clock().timestamp())
    ways.acr = MFA
    consent = await browser.sign_in(await browser.authorize(acr_values=MFA))
    strong = await redeem(light, (await browser.allow(consent)).code)
    light.clock.advance(600)

    assert told_by(strong) == (MFA, second)
    assert told_by(await refresh(light, weak["refresh_token"])) == (PWD, first)
    assert told_by(await refresh(light, strong["refresh_token"])) == (MFA, second)


async def test_a_code_tells_of_the_session_that_allowed_it(light: ServerUnderTest, ways: Ways) -> None:
    """F7, E2: not of what the browser's session has become before the client redeems it."""
    entered = int(light.clock().timestamp())
    browser = Browser(light)
    code = (await browser.allow(await browser.sign_in(await browser.authorize()))).code
    light.clock.advance(30)
    ways.acr = MFA
    await browser.sign_in(await browser.authorize(acr_values=MFA))

    assert told_by(await redeem(light, code)) == (PWD, entered)
