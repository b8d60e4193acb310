"""`acr_values` is met, or the request fails (RFC 9470 §5, H7, D4)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ....core.grant import Authentication
from ....policy.principals import Principals
from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.people import Browser, Page, add_person, obtain_code, read_claims, redeem
from .conftest import MFA, PWD, Ways

LOGIN, CONSENT = "Sign in", "Web asks for access to your account"


def refusal_of(page: Page) -> str:
    """Return the error that goes back to the client, with everything that belongs to it."""
    assert page.status == 303
    assert (page.answer["iss"], page.answer["state"]) == (ISSUER, "af0ifjsldkj")
    assert "code" not in page.answer
    return page.answer["error"]


async def signed_in(server: ServerUnderTest) -> Browser:
    """Return a browser in which ada signed in a minute ago, for another request."""
    browser = Browser(server)
    await browser.sign_in(await browser.authorize())
    server.clock.advance(60)
    return browser


@pytest.mark.parametrize("prompt", [None, "login", "none"])
async def test_what_nobody_here_can_reach_is_refused_before_anybody_is_asked(
    light: ServerUnderTest, ways: Ways, prompt: str | None
) -> None:
    """H7, RFC 9470 §5: with the registered error, by redirect, whatever the prompt."""
    page = await Browser(light).authorize(acr_values="urn:example:smartcard urn:example:MFA", prompt=prompt)

    assert refusal_of(page) == "unmet_authentication_requirements"
    (event,) = light.events.events
    assert (event.name, event.result) == ("authorization_failed", "unmet_authentication_requirements")


async def test_the_shipped_policy_reaches_no_context(light: ServerUnderTest) -> None:
    """H7: passwords alone promise nothing, until the team says what they are worth."""
    page = await Browser(light).authorize(acr_values=PWD)

    assert refusal_of(page) == "unmet_authentication_requirements"


@pytest.mark.parametrize("reached", [PWD, MFA, None])
async def test_who_asks_for_nothing_gets_anything(light: ServerUnderTest, ways: Ways, reached: str | None) -> None:
    """D4: step-up changes nothing for requests without `acr_values`."""
    ways.acr = reached

    answer = await redeem(light, await obtain_code(light))

    assert read_claims(answer["access_token"]).get("acr") == reached


@pytest.mark.parametrize(("asked", "reached"), [(MFA, MFA), (f"urn:example:smartcard {MFA} {PWD}", PWD)])
async def test_any_of_the_values_will_do(light: ServerUnderTest, ways: Ways, asked: str, reached: str) -> None:
    """H7, RFC 9470 §5: also one that is not preferred, and beside one that cannot be reached; the token tells which."""
    ways.acr = reached

    answer = await redeem(light, await obtain_code(light, acr_values=asked))

    assert read_claims(answer["access_token"])["acr"] == reached


async def test_a_session_that_is_not_enough_signs_in_anew(light: ServerUnderTest, ways: Ways) -> None:
    """H7, U6: and the token tells of the new sign-in, not of the session's first."""
    ada = await signed_in(light)

    login = await ada.authorize(acr_values=MFA)
    light.clock.advance(5)
    ways.acr = MFA
    consent = await ada.sign_in(login)
    answer = await redeem(light, (await ada.allow(consent)).code)

    assert (login.heading, consent.heading) == (LOGIN, CONSENT)
    claims = read_claims(answer["access_token"])
    assert (claims["acr"], claims["auth_time"]) == (MFA, int(light.clock().timestamp()))


@pytest.mark.usefixtures("nobody_is_asked")
async def test_a_session_that_is_enough_is_used(light: ServerUnderTest, ways: Ways) -> None:
    """H7, E2: with the instant and the context of its sign-in, however often."""
    entered = int(light.clock().timestamp())
    ways.acr = MFA
    ada = await signed_in(light)
    ways.acr = PWD

    for _ in range(2):
        light.clock.advance(600)
        answer = await redeem(light, (await ada.authorize(acr_values=f"{PWD} {MFA}")).code)
        claims = read_claims(answer["access_token"])
        assert (claims["acr"], claims["auth_time"]) == (MFA, entered)


@pytest.mark.parametrize("reached", [PWD, None])
async def test_a_sign_in_that_does_not_reach_it_ends_the_request(
    light: ServerUnderTest, ways: Ways, reached: str | None
) -> None:
    """H7, RFC 9470 §5, F7: no token that the API would refuse again, and no login page for ever."""
    ways.acr = reached
    browser = Browser(light)
    login = await browser.authorize(acr_values=MFA)

    refused = await browser.sign_in(login)

    assert refusal_of(refused) == "unmet_authentication_requirements"
    assert (await browser.open(login.url)).heading == "This is already done"
    assert (await browser.authorize()).heading == CONSENT
    event = light.events.events[-1]
    assert (event.name, event.result) == ("authorization_failed", "unmet_authentication_requirements")


@pytest.mark.usefixtures("nobody_is_asked")
async def test_prompt_none_says_whether_a_page_could_help(light: ServerUnderTest, ways: Ways) -> None:
    """H7, OIDC Core §3.1.2.6: a session too weak is login_required, for with a page it could become strong."""
    weak = await signed_in(light)
    ways.acr = MFA
    strong = await signed_in(light)

    nobody = await Browser(light).authorize(prompt="none", acr_values=MFA)
    too_weak = await weak.authorize(prompt="none", acr_values=MFA)
    enough = await strong.authorize(prompt="none", acr_values=MFA)

    assert [refusal_of(page) for page in (nobody, too_weak)] == ["login_required"] * 2
    assert enough.code


async def test_another_account_has_to_reach_it_too(light: ServerUnderTest, ways: Ways) -> None:
    """U6: whoever is chosen on the page."""
    ways.acr = MFA
    ada = await signed_in(light)
    of_ada = await ada.authorize(acr_values=MFA)
    ways.acr = PWD

    of_bob = await ada.sign_in(await ada.submit(of_ada, "switch"), "bob")

    assert of_ada.heading == CONSENT
    assert refusal_of(of_bob) == "unmet_authentication_requirements"


async def test_a_weaker_sign_in_in_another_tab_takes_the_page_along(light: ServerUnderTest, ways: Ways) -> None:
    """U6, U1: what was shown to a strong session is not allowed by a weak one."""
    ways.acr = MFA
    ada = await signed_in(light)
    consent = await ada.authorize(acr_values=MFA)
    ways.acr = PWD
    await ada.sign_in(await ada.authorize(prompt="login"))

    assert refusal_of(await ada.allow(consent)) == "unmet_authentication_requirements"
    assert "code_issued" not in light.events.names


@pytest.mark.parametrize("seconds", [-1, 0])
async def test_the_click_counts_as_the_session_is_then(
    light: ServerUnderTest, ways: Ways, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """U6, D4: at a login of the team's own the form stays genuine, so the rule is asked at the click again. A weak
    sign-in of before the request may be mended, a later one was the try, and is the end.
    """
    began = light.clock()
    subject = await add_person(light, "eve")
    session = Authentication(subject=subject, auth_time=began - timedelta(seconds=1), acr=MFA)

    async def recognise(*_: object, now: datetime) -> Authentication:
        return session

    monkeypatch.setattr(Principals, "recognise", recognise)
    browser = Browser(light)
    consent = await browser.authorize(acr_values=MFA)
    session = replace(session, auth_time=began + timedelta(seconds=seconds), acr=PWD)

    page = await browser.allow(consent)

    assert consent.heading == CONSENT
    if seconds < 0:
        assert page.heading == LOGIN
        assert light.events.names == []
    else:
        assert refusal_of(page) == "unmet_authentication_requirements"
        assert (await browser.open(consent.url)).heading == "This is already done"
        assert light.events.names == ["authorization_failed"]
