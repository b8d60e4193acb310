"""The pages: whatever people do on them, in whatever order, one request gets one answer (OIDC Core §3.1.2)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from ...core.grant import Authentication
from ...endpoints.session_cookie import SessionCookie
from ...policy.clients import Clients
from ...policy.consent import Consent
from ...policy.principals import Principals
from ...stores.authorization_codes import AuthorizationCodes
from ..harness import ISSUER, REDIRECT_URI, Answer, ServerUnderTest, serving
from ..people import PASSWORD, Browser, Page, add_person, authorization_request, redeem

pytestmark = pytest.mark.usefixtures("people")

COOKIE = SessionCookie(is_secure=True).name
LOGIN, CONSENT, ACCOUNT = "Sign in", "Web asks for access to your account", "Choose an account"


@pytest.fixture
async def people(server: ServerUnderTest) -> None:
    """Ada, Bob and a client."""
    await add_person(server)
    await add_person(server, "bob")
    await server.add_client()


async def no(*_: object) -> bool:
    """A policy that says no."""
    return False


@pytest.fixture
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy by which consent is not needed."""
    monkeypatch.setattr(Consent, "is_needed", no)


async def signed_in(server: ServerUnderTest, username: str = "ada") -> Browser:
    """Return a browser in which somebody signed in a second ago, for another request."""
    browser = Browser(server)
    await browser.sign_in(await browser.authorize(), username)
    server.clock.advance(1)
    return browser


def meet(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have `number` requests wait for each other once they have read the interaction."""
    barrier = asyncio.Barrier(number)

    async def recognise(*_: object, now: object) -> None:
        await barrier.wait()

    monkeypatch.setattr(Principals, "recognise", recognise)


def claims_of(answer: Answer) -> dict[str, Any]:
    """Read the access token of an answer."""
    claims: dict[str, Any] = jwt.decode(answer["access_token"], options={"verify_signature": False})
    return claims


def is_finished(page: Page) -> bool:
    """Say whether the page tells that the answer was given, and gives none."""
    return (page.status, page.heading) == (400, "This is already done") and "location" not in page.response.headers


async def test_a_person_signs_in_allows_and_the_client_is_answered(server: ServerUnderTest) -> None:
    """D3, D4, D5: code, state and iss, by 303; the page had named client, account, scopes and host."""
    browser = Browser(server)

    login = await browser.authorize(scope="notes:read offline_access")
    consent = await browser.sign_in(login)
    answered = await browser.allow(consent)

    assert (login.status, login.heading) == (200, LOGIN)
    assert (consent.status, consent.heading) == (200, CONSENT)
    for shown in ("ada", "client.example", "read your notes", "while you are away"):
        assert shown in consent.text
    assert "change your notes" not in consent.text
    assert answered.status == 303
    assert answered.response.headers["location"].startswith(f"{REDIRECT_URI}?")
    assert answered.answer == {"code": answered.code, "state": "af0ifjsldkj", "iss": ISSUER}
    assert (await redeem(server, answered.code))["scope"] == "notes:read offline_access"
    assert server.events.names[:2] == ["auth_succeeded", "code_issued"]


async def test_what_happens_on_the_pages_is_told(server: ServerUnderTest) -> None:
    """K3: with client, person, scope and address."""
    browser = Browser(server)
    login = await browser.authorize(scope="notes:read")

    await browser.sign_in(login, password="wrong")
    await browser.allow(await browser.sign_in(login))
    await browser.deny(await browser.authorize(scope="notes:read"))

    denied, entered, issued, refused = server.events.events
    assert server.events.names == ["auth_denied", "auth_succeeded", "code_issued", "authorization_denied"]
    assert {event.client_id for event in server.events.events} == {"web"}
    assert {event.scope for event in server.events.events} == {"notes:read"}
    assert {event.client_ip for event in server.events.events} == {"127.0.0.1"}
    assert denied.subject is None
    assert entered.subject == issued.subject == refused.subject
    assert entered.subject
    assert issued.grant_id


async def test_two_tabs_get_an_answer_each(server: ServerUnderTest) -> None:
    """D5: both open before anybody signs in; in the second nobody has to sign in again."""
    browser = Browser(server)
    first = await browser.authorize(state="first")
    second = await browser.authorize(state="second")

    first = await browser.sign_in(first)
    second = await browser.sign_in(second)

    assert first.heading == second.heading == CONSENT
    answers = [await browser.allow(first), await browser.allow(second)]
    assert [page.answer["state"] for page in answers] == ["first", "second"]
    assert answers[0].code != answers[1].code
    assert server.events.names.count("auth_succeeded") == 1


async def test_a_reload_changes_nothing(server: ServerUnderTest) -> None:
    """D5: on either page, however often; the forms of both copies are good."""
    browser = Browser(server)
    login = await browser.authorize()
    again = await browser.open(login.url)
    consent = await browser.sign_in(login)
    reloaded = await browser.open(consent.url)

    assert again.text == login.text
    assert reloaded.text == consent.text
    assert (await browser.allow(consent)).code


async def test_the_back_button_gives_a_page_and_no_second_code(server: ServerUnderTest) -> None:
    """U1, H12: neither by looking, nor by clicking Allow or Deny on the old page."""
    browser = Browser(server)
    login = await browser.authorize()
    consent = await browser.sign_in(login)
    await browser.allow(consent)

    pages = [
        await browser.open(login.url),
        await browser.open(consent.url),
        await browser.allow(consent),
        await browser.deny(consent),
        await browser.sign_in(login),
        await browser.submit(login, "cancel"),
    ]

    assert all(is_finished(page) for page in pages)
    assert server.events.names.count("code_issued") == 1
    assert "authorization_denied" not in server.events.names


@pytest.mark.parametrize("decisions", [["allow"] * 8, ["allow", "deny"] * 4])
async def test_of_parallel_clicks_one_is_answered(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, decisions: Sequence[str]
) -> None:
    """H12, U1: one statement decides, though all have found the request unanswered."""
    browser = Browser(server)
    consent = await browser.sign_in(await browser.authorize())
    meet(monkeypatch, len(decisions))

    pages = await asyncio.gather(*(browser.submit(consent, "consent", decision=each) for each in decisions))

    answered = [page for page in pages if not is_finished(page)]
    assert len(answered) == 1
    assert answered[0].answer.keys() >= {"state", "iss"}
    told = [name for name in server.events.names if name in ("code_issued", "authorization_denied")]
    assert len(told) == 1


async def test_of_browsers_that_come_at_once_one_is_shown_the_page(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U1: an interaction belongs to the browser that came first, and one statement decides which that is."""
    path = server.authorization_server.server.urls.path("authorize")
    redirect = await server.http.get(path, params=authorization_request())
    meet(monkeypatch, 8)

    pages = await asyncio.gather(*(Browser(server).open(redirect.headers["location"]) for _ in range(8)))

    assert sorted(page.status for page in pages) == [200, *[400] * 7]
    assert {page.heading for page in pages} == {LOGIN, "This was begun in another browser"}


async def test_another_browser_can_do_nothing(server: ServerUnderTest) -> None:
    """U1, U5: with or without a session of its own; the first goes on undisturbed."""
    browser = Browser(server)
    consent = await browser.sign_in(await browser.authorize())

    for other in (Browser(server), await signed_in(server), await signed_in(server, "bob")):
        for page in (await other.open(consent.url), await other.allow(consent), await other.deny(consent)):
            assert (page.status, page.heading) == (400, "This was begun in another browser")
            assert "location" not in page.response.headers

    assert (await browser.allow(consent)).code


async def test_a_browser_that_keeps_no_cookie_is_told(server: ServerUnderTest) -> None:
    """D5: instead of showing the login page for ever."""
    browser = Browser(server)
    login = await browser.authorize()
    browser.http.cookies.clear()

    page = await browser.sign_in(login)

    assert page.status == 400
    assert "cookies" in page.text


async def test_an_account_changed_midway_is_the_one_that_counts(server: ServerUnderTest) -> None:
    """U1, D4: the old page, which showed somebody else, does nothing any more."""
    browser = await signed_in(server)
    of_ada = await browser.authorize(scope="notes:read")
    login = await browser.submit(of_ada, "switch")
    of_bob = await browser.sign_in(login, "bob")

    stale = await browser.allow(of_ada)

    assert (of_ada.heading, login.heading) == (CONSENT, LOGIN)
    assert '<bdi class="account-name">ada</bdi>' in of_ada.text
    assert '<bdi class="account-name">bob</bdi>' in of_bob.text
    assert stale.text == of_bob.text
    answer = await redeem(server, (await browser.allow(of_bob)).code)
    (bob,) = {event.subject for event in server.events.events if event.name == "code_issued"}
    assert claims_of(answer)["sub"] == bob


async def test_an_account_changed_in_another_tab_makes_the_page_stale(server: ServerUnderTest) -> None:
    """U1: Ada's page cannot be answered once Bob sits there."""
    browser = await signed_in(server)
    of_ada = await browser.authorize(state="one")
    await browser.sign_in(await browser.submit(await browser.authorize(state="two"), "switch"), "bob")

    page = await browser.allow(of_ada)

    assert page.heading == CONSENT
    assert '<bdi class="account-name">bob</bdi>' in page.text
    assert "code_issued" not in server.events.names


async def test_slow_people_have_an_hour_and_no_more(server: ServerUnderTest) -> None:
    """D5, J2: then the page says so; nothing is answered."""
    browser = Browser(server)
    login = await browser.authorize()
    server.clock.advance(3_599)
    consent = await browser.sign_in(login)
    server.clock.advance(1)

    for page in (await browser.open(login.url), await browser.allow(consent), await browser.deny(consent)):
        assert (page.status, page.heading) == (400, "This took too long")
        assert "location" not in page.response.headers
    assert consent.heading == CONSENT


async def test_a_session_ends(server: ServerUnderTest) -> None:
    """D5: after twelve hours somebody has to sign in again."""
    browser = await signed_in(server)
    server.clock.advance(12 * 3_600 - 2)
    before = await browser.authorize()
    server.clock.advance(1)
    after = await browser.authorize()

    assert (before.heading, after.heading) == (CONSENT, LOGIN)


async def test_a_login_can_be_cancelled(server: ServerUnderTest) -> None:
    """RFC 6749 §4.1.2.1: the client hears of it, and that is the answer."""
    browser = Browser(server)
    login = await browser.authorize()

    page = await browser.submit(login, "cancel")

    assert page.status == 303
    assert page.answer == {
        "error": "access_denied",
        "error_description": "the person said no",
        "state": "af0ifjsldkj",
        "iss": ISSUER,
    }
    assert is_finished(await browser.open(login.url))
    assert is_finished(await browser.sign_in(login))


async def test_a_denial_is_final(server: ServerUnderTest) -> None:
    """D4, N D4: access_denied; the page cannot be answered otherwise afterwards."""
    browser = await signed_in(server)
    consent = await browser.authorize()

    page = await browser.deny(consent)

    assert page.status == 303
    assert page.answer.keys() == {"error", "error_description", "state", "iss"}
    assert page.answer["error"] == "access_denied"
    assert is_finished(await browser.allow(consent))
    assert "code_issued" not in server.events.names


async def test_an_unclear_answer_is_none(server: ServerUnderTest) -> None:
    """U1: only `allow` allows, and only `deny` denies."""
    browser = await signed_in(server)
    consent = await browser.authorize()

    for decision in ("", "yes", "Allow", "allow "):
        assert (await browser.submit(consent, "consent", decision=decision)).text == consent.text
    assert (await browser.allow(consent)).code


async def test_prompt_none_is_answered_without_a_page(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """D4, K3, OIDC Core §3.1.2.6: login_required, consent_required, or a code where no page is needed."""
    ada = await signed_in(server)

    nobody = await Browser(server).authorize(prompt="none")
    asked = await ada.authorize(prompt="none")
    too_old = await ada.authorize(prompt="none", max_age="0")
    told = [event.result for event in server.events.events if event.name == "authorization_failed"]
    monkeypatch.setattr(Consent, "is_needed", no)
    free = await ada.authorize(prompt="none")

    assert nobody.answer["error"] == too_old.answer["error"] == "login_required"
    assert asked.answer["error"] == "consent_required"
    assert told == ["login_required", "consent_required", "login_required"]
    for page in (nobody, asked, too_old, free):
        assert page.status == 303
        assert (page.answer["state"], page.answer["iss"]) == ("af0ifjsldkj", ISSUER)
    assert (await redeem(server, free.code)).status == 200


async def test_no_page_can_be_asked_for_where_none_may_be_shown(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4: nor by a hand-written URL; and the refusal is the answer, though policy may change its mind."""
    ada = await signed_in(server)
    path = server.authorization_server.server.urls.path("authorize")
    asked, free = [await ada.http.get(path, params=authorization_request(prompt="none")) for _ in range(2)]

    refused = await ada.open(asked.headers["location"] + "&another=1&step=login")
    monkeypatch.setattr(Consent, "is_needed", no)

    assert refused.answer["error"] == "consent_required"
    assert is_finished(await ada.open(asked.headers["location"]))
    assert (await ada.open(free.headers["location"] + "&another=1")).code


@pytest.mark.usefixtures("nobody_is_asked")
async def test_who_needs_no_page_sees_none(server: ServerUnderTest) -> None:
    """D4, D6: straight back to the client, once."""
    ada = await signed_in(server)
    path = server.authorization_server.server.urls.path("authorize")
    redirect = await ada.http.get(path, params=authorization_request(response_mode="fragment"))
    codes = server.events.names.count("code_issued")

    answered = await ada.open(redirect.headers["location"])
    again = await ada.open(redirect.headers["location"])

    assert urlsplit(answered.response.headers["location"]).fragment
    assert answered.code
    assert is_finished(again)
    assert server.events.names.count("code_issued") == codes + 1


async def test_prompt_login_asks_who_is_signed_in_already(server: ServerUnderTest) -> None:
    """D4, U6: once; and the new sign-in is what the token tells of."""
    ada = await signed_in(server)
    server.clock.advance(100)

    login = await ada.authorize(prompt="login")
    server.clock.advance(5)
    consent = await ada.sign_in(login)
    answer = await redeem(server, (await ada.allow(consent)).code)

    assert (login.heading, consent.heading) == (LOGIN, CONSENT)
    assert claims_of(answer)["auth_time"] == server.clock().timestamp()


@pytest.mark.usefixtures("nobody_is_asked")
async def test_prompt_consent_asks_even_where_policy_would_not(server: ServerUnderTest) -> None:
    """D4, OIDC Core §3.1.2.1."""
    ada = await signed_in(server)

    consent = await ada.authorize(prompt="consent")

    assert consent.heading == CONSENT
    assert (await ada.allow(consent)).code


async def test_prompt_select_account_lets_people_choose(server: ServerUnderTest) -> None:
    """D4, OIDC Core §3.1.2.1: to go on, or to sign in as somebody else, which is a choice as well."""
    ada = await signed_in(server)

    choice = await ada.authorize(prompt="select_account")
    going_on = await ada.submit(choice, "account", decision="continue")
    login = await ada.submit(await ada.authorize(prompt="select_account"), "account", decision="another")
    as_bob = await ada.sign_in(login, "bob")

    assert (choice.heading, going_on.heading, login.heading) == (ACCOUNT, CONSENT, LOGIN)
    assert "ada" in choice.text
    assert as_bob.heading == CONSENT
    assert '<bdi class="account-name">bob</bdi>' in as_bob.text


async def test_a_choice_is_of_one_account(server: ServerUnderTest) -> None:
    """D4, U1: Ada chose herself; when Bob sits there, he is asked."""
    browser = await signed_in(server)
    choice = await browser.authorize(prompt="select_account")
    await browser.submit(choice, "account", decision="continue")
    await browser.sign_in(await browser.submit(await browser.authorize(), "switch"), "bob")

    assert (await browser.open(choice.url)).heading == ACCOUNT


async def test_max_age_is_measured_from_the_sign_in(server: ServerUnderTest) -> None:
    """D4, U6: and while the person reads the consent page it goes on running."""
    ada = await signed_in(server)
    server.clock.advance(98)

    consent = await ada.authorize(max_age="100")
    server.clock.advance(2)
    late = await ada.allow(consent)

    assert (consent.heading, late.heading) == (CONSENT, LOGIN)
    assert (await ada.allow(await ada.sign_in(late))).code


async def test_max_age_zero_always_asks(server: ServerUnderTest) -> None:
    """D4, OIDC Core §3.1.2.1: and the login that follows is fresh enough, however slow the person is."""
    ada = await signed_in(server)

    login = await ada.authorize(max_age="0")
    consent = await ada.sign_in(login)
    server.clock.advance(600)

    assert login.heading == LOGIN
    assert (await ada.allow(consent)).code


async def test_a_login_hint_stands_in_the_field(server: ServerUnderTest) -> None:
    """D4, U4: as text; a failed attempt replaces it."""
    browser = Browser(server)

    login = await browser.authorize(login_hint='"><script>alert(1)</script>')
    failed = await browser.sign_in(login, "bob", "wrong")

    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in login.text
    assert "<script>" not in login.text
    assert 'value="bob"' in failed.text


async def test_a_failed_login_says_so_and_can_be_tried_again(server: ServerUnderTest) -> None:
    """D5, C6: in the same words for a wrong password, an unknown name and nothing at all."""
    browser = Browser(server)
    login = await browser.authorize()

    pages = [
        await browser.sign_in(login, password="wrong"),
        await browser.sign_in(login, "nobody"),
        await browser.sign_in(login, "", ""),
        await browser.sign_in(login, "ada", PASSWORD.upper()),
    ]

    for page in pages:
        assert (page.status, page.heading) == (400, LOGIN)
        assert "do not belong together" in page.text
        assert PASSWORD not in page.text
    assert (await browser.sign_in(pages[-1])).heading == CONSENT


async def test_authentication_is_told_what_the_client_wants_and_tells_what_was_reached(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4, N D4: acr_values in order of preference in, acr and auth_time out, into the token."""
    wanted: list[Sequence[str]] = []

    async def authenticate(*_: object, acr_values: Sequence[str], now: Any) -> Authentication:
        wanted.append(acr_values)
        return Authentication(subject="user_x", auth_time=now - timedelta(seconds=9), acr=acr_values[-1], amr=("otp",))

    async def yes(*_: object) -> bool:
        return True

    monkeypatch.setattr(Principals, "authenticate", authenticate)
    monkeypatch.setattr(Principals, "is_active", yes)
    monkeypatch.setattr(Principals, "acr_values", ("urn:gold", "urn:silver"))
    server.clock.advance(10)
    browser = Browser(server)
    login = await browser.authorize(acr_values="urn:gold urn:silver")
    server.clock.advance(10)

    answer = await redeem(server, (await browser.allow(await browser.sign_in(login))).code)

    claims = claims_of(answer)
    assert wanted == [("urn:gold", "urn:silver")]
    assert (claims["sub"], claims["acr"]) == ("user_x", "urn:silver")
    assert claims["auth_time"] == server.clock().timestamp() - 9


async def test_the_answer_travels_in_the_fragment(server: ServerUnderTest) -> None:
    """D6: nothing of it reaches the client's host by itself."""
    ada = await signed_in(server)

    page = await ada.allow(await ada.authorize(response_mode="fragment"))

    parts = urlsplit(page.response.headers["location"])
    assert (parts.query, page.status) == ("", 303)
    assert page.answer.keys() == {"code", "state", "iss"}


async def test_the_answer_travels_by_a_form(server: ServerUnderTest) -> None:
    """D6, U2, U4, M8: a page that posts itself to the client, kept by no cache."""
    ada = await signed_in(server)

    page = await ada.allow(await ada.authorize(response_mode="form_post"))
    denied = await ada.deny(await ada.authorize(response_mode="form_post"))

    assert (page.status, denied.status) == (200, 200)
    assert f'<form method="post" action="{REDIRECT_URI}">' in page.text
    assert page.posted.keys() == {"code", "state", "iss"}
    assert denied.posted["error"] == "access_denied"
    assert page.response.headers["cache-control"] == "no-store"
    assert (await redeem(server, page.posted["code"])).status == 200


async def test_the_registered_query_is_kept(server: ServerUnderTest) -> None:
    """RFC 6749 §3.1.2."""
    redirect_uri = f"{REDIRECT_URI}?tenant=1"
    await server.add_client("tenant", redirect_uris=(redirect_uri,))
    ada = await signed_in(server)

    page = await ada.allow(await ada.authorize("tenant", redirect_uri=redirect_uri))

    assert page.response.headers["location"].startswith(f"{redirect_uri}&code=")


async def test_the_cookie_is_a_new_one_after_every_sign_in(server: ServerUnderTest) -> None:
    """U6: and the one before is worth nothing, so planting one gains nothing."""
    browser, thief = Browser(server), Browser(server)
    login = await browser.authorize()
    planted = browser.http.cookies[COOKIE]
    thief.http.cookies = browser.http.cookies.__class__(browser.http.cookies)

    consent = await browser.sign_in(login)
    first = browser.http.cookies[COOKIE]
    await browser.sign_in(await browser.submit(consent, "switch"), "bob")
    second = browser.http.cookies[COOKIE]

    assert len({planted, first, second}) == 3
    assert (await thief.open(consent.url)).heading == "This was begun in another browser"
    assert (await thief.authorize()).heading == LOGIN


async def test_each_sign_in_is_a_session_of_its_own(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """U6, N D4: `sid` is new, unless the team's own login names one."""
    seen: list[Authentication] = []

    async def remember(self: Consent, client: object, authentication: Authentication, scope: object) -> dict[str, Any]:
        seen.append(authentication)
        return {}

    monkeypatch.setattr(Consent, "claims", remember)
    ada = await signed_in(server)
    await ada.allow(await ada.authorize())
    await ada.allow(await ada.authorize())
    await ada.allow(await ada.sign_in(await ada.authorize(prompt="login")))

    first, same, new = (authentication.sid for authentication in seen)
    assert first == same != new
    assert first
    assert new
    assert {authentication.amr for authentication in seen} == {("pwd",)}


@pytest.mark.parametrize("broken", [(Consent, "claims"), (AuthorizationCodes, "add")])
async def test_a_fault_leaves_nothing_half_done(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, broken: tuple[type, str]
) -> None:
    """E6, D7: the client hears server_error, and the same click succeeds once the fault is mended."""
    ada = await signed_in(server)
    consent = await ada.authorize()

    async def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(*broken, fail)
    page = await ada.allow(consent)
    told = list(server.events.names)
    monkeypatch.undo()
    again = await ada.allow(consent)

    assert page.status == 303
    assert (page.answer["error"], page.answer["state"], page.answer["iss"]) == ("server_error", "af0ifjsldkj", ISSUER)
    assert "fire" not in str(page.response.headers)
    assert "code_issued" not in told
    assert again.code
    assert (await redeem(server, again.code)).status == 200


async def test_a_fault_before_the_client_is_known_is_a_page(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E6: no redirect, no detail."""
    ada = await signed_in(server)
    consent = await ada.authorize()

    async def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(Clients, "find", fail)

    for page in (await ada.open(consent.url), await ada.allow(consent)):
        assert (page.status, page.heading) == (500, "Something went wrong here")
        assert "location" not in page.response.headers
        assert "fire" not in page.text


async def test_a_client_that_is_gone_is_not_answered(server: ServerUnderTest) -> None:
    """D1, R1: the redirect URI is proved again at every step, not remembered."""
    ada = await signed_in(server)
    consent = await ada.authorize()
    async with server.database.transaction() as transaction:
        await Clients().delete("web", transaction)
        await transaction.commit()

    gone = await ada.allow(consent)
    await server.add_client(redirect_uris=("https://client.example/other",))
    moved = await ada.allow(consent)

    for page in (gone, moved):
        assert (page.status, page.heading) == (400, "This app is no longer known here")
        assert "location" not in page.response.headers


async def test_a_person_who_is_disabled_midway_is_signed_out(server: ServerUnderTest) -> None:
    """F8, D4: the consent page of somebody who left does nothing."""
    ada = await signed_in(server)
    consent = await ada.authorize()
    async with server.database.transaction() as transaction:
        await Principals().disable("ada", transaction, now=server.clock())
        await transaction.commit()

    page = await ada.allow(consent)

    assert page.heading == LOGIN
    assert (await ada.sign_in(page)).status == 400
    assert "code_issued" not in server.events.names


async def test_what_nobody_began_is_not_known(server: ServerUnderTest) -> None:
    """R13: a page, whatever is asked for."""
    path = server.authorization_server.server.urls.path("interaction")

    for query in ("", "?id=", "?id=nothing", "?id=nothing&step=consent", "?step=login"):
        shown = await server.http.get(path + query)
        sent = await server.http.post(path + query, data={"decision": "allow"})

        assert (shown.status_code, sent.status_code) == (404, 404)
        assert "location" not in shown.headers


async def test_an_unknown_step_shows_the_page_anew(server: ServerUnderTest) -> None:
    """U1: with a good token, too."""
    ada = await signed_in(server)
    consent = await ada.authorize()
    action, hidden = consent.form("consent")

    for step in ("", "none", "_issue"):
        url = action.replace("step=consent", f"step={step}")
        response = await ada.http.post(url, data={**hidden, "decision": "allow"})

        assert response.status_code == 303
        assert consent.url.endswith(response.headers["location"])
    assert "code_issued" not in server.events.names


async def test_the_pages_read_small_forms_only(server: ServerUnderTest) -> None:
    """D8, P6, P7."""
    ada = await signed_in(server)
    action, hidden = (await ada.authorize()).form("consent")
    sent = {**hidden, "decision": "allow"}

    assert (await ada.http.post(action, json=sent)).status_code == 400
    assert (await ada.http.post(action, data={**sent, "more": "x" * 70_000})).status_code == 413
    assert (await ada.http.post(f"{action}&id=other", data=sent)).status_code == 400
    assert "code_issued" not in server.events.names


async def test_a_team_may_bring_its_own_login(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """D5: people are sent there with the way back, and `recognise` tells who came."""
    here: list[Authentication] = []
    asked: list[str] = []

    async def recognise(*_: object, now: object) -> Authentication | None:
        return here[0] if here else None

    def login_url(self: Principals, return_to: str) -> str:
        asked.append(return_to)
        return "https://login.example/start"

    monkeypatch.setattr(Principals, "recognise", recognise)
    monkeypatch.setattr(Principals, "login_url", login_url)
    browser = Browser(server)

    away = await browser.authorize()
    subject = await add_person(server, "carol")
    here.append(Authentication(subject=subject, auth_time=server.clock()))
    back = await browser.open(asked[0])
    answer = await redeem(server, (await browser.allow(back)).code)

    assert away.status == 303
    assert away.response.headers["location"] == "https://login.example/start"
    assert away.response.headers["cache-control"] == "no-store"
    assert asked[0].startswith(f"{ISSUER}{server.authorization_server.server.urls.path('interaction')}?id=")
    assert back.heading == CONSENT
    assert claims_of(answer)["sub"] == subject


async def test_somebody_else_at_the_teams_own_login_makes_the_page_stale(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """U1: there our cookie stays the same, so the form itself must say to whom it was shown."""
    people = [
        Authentication(subject=await add_person(server, name), auth_time=server.clock()) for name in ("carol", "dave")
    ]

    async def recognise(*_: object, now: object) -> Authentication:
        return people[0]

    monkeypatch.setattr(Principals, "recognise", recognise)
    browser = Browser(server)
    of_carol = await browser.authorize()
    people.reverse()

    page = await browser.allow(of_carol)

    assert '<bdi class="account-name">carol</bdi>' in of_carol.text
    assert '<bdi class="account-name">dave</bdi>' in page.text
    assert "code_issued" not in server.events.names


async def test_lifetimes_are_settings(database_url: str) -> None:
    """D5: how long a person may take, and how long a browser stays signed in."""
    async with serving(database_url, code_flow={"interaction_lifetime": 60, "session_lifetime": 120}) as server:
        browser = Browser(server)
        login = await browser.authorize()
        server.clock.advance(60)
        late = await browser.sign_in(login)
        await browser.sign_in(await browser.authorize())
        server.clock.advance(120)

        assert late.heading == "This took too long"
        assert (await browser.authorize()).heading == LOGIN
