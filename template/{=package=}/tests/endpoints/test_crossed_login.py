"""Sign-ins that cross each other: a double click, an answer that never arrived, a cookie of before (D5, U6)."""

import pytest

from ...core.authorization_request import AccessDenied, InteractionRequired
from ...core.errors import OAuthError
from ...endpoints.session_cookie import SessionCookie
from ...policy.principals import Principals
from ..harness import ServerUnderTest
from ..people import Browser, add_person, authorization_request, redeem

pytestmark = pytest.mark.usefixtures("people")

COOKIE = SessionCookie(is_secure=True).name


@pytest.fixture
async def people(server: ServerUnderTest) -> None:
    """Ada and a client."""
    await add_person(server)
    await server.add_client()


async def test_a_second_click_that_crosses_the_first_answer_signs_in_as_well(server: ServerUnderTest) -> None:
    """D5: the browser still holds the old cookie, because it never read the first answer."""
    browser = Browser(server)
    page = await browser.authorize()
    before = browser.http.cookies[COOKIE]
    await browser.sign_in(page)
    browser.http.cookies.set(COOKIE, before, domain="as.example")

    consent = await browser.sign_in(page)
    answer = await redeem(server, (await browser.allow(consent)).code)

    assert answer.status == 200


async def test_the_cookie_of_before_the_sign_in_is_nobody(server: ServerUnderTest) -> None:
    """U6: whoever planted it is not signed in by what its victim does."""
    planted, victim = Browser(server), Browser(server)
    page = await planted.authorize()
    secret = planted.http.cookies[COOKIE]
    victim.http.cookies.set(COOKIE, secret, domain="as.example")
    await victim.sign_in(await victim.open(page.url))

    seen = await planted.authorize(prompt="none")
    shown = await planted.open(page.url)

    assert seen.answer["error"] == "login_required"
    assert shown.heading == "Sign in"


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (AccessDenied("not here"), "access_denied"),
        (InteractionRequired("see the other page"), "interaction_required"),
    ],
)
async def test_what_policy_refuses_goes_back_to_the_client(
    server: ServerUnderTest, refusal: OAuthError, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4: authenticated, interaction needed, or refused."""

    async def recognise(*_: object, now: object) -> None:
        raise refusal

    monkeypatch.setattr(Principals, "recognise", recognise)

    page = await Browser(server).authorize(prompt="none")

    assert page.answer["error"] == error
    assert page.answer["iss"] == server.settings.issuer


async def test_a_form_of_a_page_that_was_never_shown_only_leads_there(server: ServerUnderTest) -> None:
    """U1: a browser without a cookie cannot have seen it."""
    started = await server.http.get("/oauth/authorize", params=authorization_request())
    page = started.headers["location"]

    posted = await server.http.post(f"{page}&step=consent", data={"csrf": "guessed", "decision": "allow"})

    assert posted.status_code == 303
    assert posted.headers["location"] == page
