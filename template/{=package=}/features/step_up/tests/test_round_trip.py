"""From the challenge of an API to the token that it takes (RFC 9470 §2: the whole figure)."""

import re
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import Depends

from ....protect import Guard, LocalKeys, TokenContext
from ....tests.harness import Answer, ServerUnderTest
from ....tests.people import Browser, redeem, refresh
from ..resource import StepUp
from .conftest import MFA, Ways

HOUR = timedelta(hours=1)


@pytest.fixture
async def api(light: ServerUnderTest) -> ServerUnderTest:
    """The server, with an API of the team's beside it."""
    server = light.authorization_server.server
    guard: Guard = Guard(
        issuer=server.urls.issuer,
        audience=server.settings.default_audience,
        keys=LocalKeys(server.keys, server.now),
        now=server.now,
    )
    Payer = Annotated[TokenContext, Depends(StepUp(guard, "notes:write", acr_values=(MFA,), max_age=HOUR))]

    @light.app.post("/payments")
    async def pay(token: Payer) -> dict[str, Any]:
        return {"by": token.subject}

    return light


async def pay(server: ServerUnderTest, tokens: Answer) -> tuple[int, dict[str, str]]:
    """Pay; return the status and what the challenge asks for, as a client reads it."""
    answer = await server.http.post("/payments", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    found = dict(re.findall(r'(\w+)="([^"]*)"', answer.headers.get("www-authenticate", "")))
    return answer.status_code, {name: found[name] for name in ("error", "acr_values", "max_age") if name in found}


async def test_a_client_steps_up_as_it_is_told(api: ServerUnderTest, ways: Ways) -> None:
    """H7, RFC 9470 §2 to §6: what the challenge names goes into the request, and the new token is admitted."""
    browser = Browser(api)
    weak = await redeem(api, (await browser.allow(await browser.sign_in(await browser.authorize()))).code)
    api.clock.advance(60)

    status, asked = await pay(api, weak)
    ways.acr = MFA
    login = await browser.authorize(acr_values=asked["acr_values"], max_age=asked["max_age"])
    strong = await redeem(api, (await browser.allow(await browser.sign_in(login))).code)

    assert (status, asked) == (
        401,
        {"error": "insufficient_user_authentication", "acr_values": MFA, "max_age": "3600"},
    )
    assert login.heading == "Sign in"
    assert await pay(api, strong) == (200, {})
    assert (await pay(api, weak))[0] == 401


async def test_a_refreshed_token_grows_too_old_all_the_same(api: ServerUnderTest, ways: Ways) -> None:
    """F7, RFC 9470 §6: a client cannot keep a sign-in young by refreshing; one that is made anew is."""
    ways.acr = MFA
    browser = Browser(api)
    tokens = await redeem(api, (await browser.allow(await browser.sign_in(await browser.authorize()))).code)
    api.clock.advance(3_000)
    still_young = await refresh(api, tokens["refresh_token"])
    before = await pay(api, still_young)
    api.clock.advance(900)

    too_old = await refresh(api, still_young["refresh_token"])
    after = await pay(api, too_old)
    login = await browser.authorize(max_age=after[1]["max_age"])
    anew = await redeem(api, (await browser.allow(await browser.sign_in(login))).code)

    assert (before[0], after[0], login.heading) == (200, 401, "Sign in")
    assert await pay(api, anew) == (200, {})


async def test_a_client_that_acts_for_itself_has_signed_nobody_in(api: ServerUnderTest, ways: Ways) -> None:
    """H7: its token tells of no authentication, and fails closed."""
    tokens = await api.token(grant_type="client_credentials", scope="notes:write")

    status, asked = await pay(api, tokens)

    assert (status, asked["error"]) == (401, "insufficient_user_authentication")
