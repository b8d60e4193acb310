"""Consent that nobody gave: forged, replayed, framed, skipped (RFC 6749 §10.12, RFC 9700 §4.16)."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from ...core.client import AuthMethod
from ...core.pkce import compute_challenge
from ..harness import REDIRECT_URI, ServerUnderTest
from ..people import PASSWORD, VERIFIER, Browser, Page, add_person, redeem

pytestmark = pytest.mark.usefixtures("people")

CONSENT, LOGIN = "Web asks for access to your account", "Sign in"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>"
STEPS: dict[str, dict[str, str]] = {
    "consent": {"decision": "allow"},
    "cancel": {},
    "switch": {},
    "account": {"decision": "continue"},
    "login": {"username": "bob", "password": PASSWORD},
}
OTHERWISE: list[dict[str, str]] = [
    {},
    {"scope": "notes:read notes:write"},
    {"state": "other"},
    {"redirect_uri": "https://client.example/other"},
    {"code_challenge": compute_challenge("x" * 43)},
    {"nonce": "other"},
    {"client_id": "other"},
]


@pytest.fixture
async def people(server: ServerUnderTest) -> None:
    """Ada, Bob and a client."""
    await add_person(server)
    await add_person(server, "bob")
    await server.add_client()


async def signed_in(server: ServerUnderTest, username: str = "ada") -> Browser:
    """Return a browser in which somebody is signed in since a second ago."""
    browser = Browser(server)
    await browser.sign_in(await browser.authorize(), username)
    server.clock.advance(1)
    return browser


async def post(browser: Browser, page: Page, step: str, form: dict[str, str]) -> Page:
    """Post to a step of the page's interaction, as a form somewhere else could; follow our redirects."""
    interaction = parse_qs(urlsplit(page.url).query)["id"][0]
    path = browser.server.authorization_server.server.urls.path("interaction")
    sent = {"from": "elsewhere", **form}
    return await browser._follow(await browser.http.post(f"{path}?id={interaction}&step={step}", data=sent))


def token_on(page: Page) -> str:
    """The CSRF token of the forms of a page, the same in all of them."""
    (token,) = set(re.findall(r'name="csrf" value="([^"]+)"', page.text))
    return str(token)


async def test_a_form_from_elsewhere_does_nothing(server: ServerUnderTest) -> None:
    """U1: without the token of this very page it is only shown anew; the person and the request stay as they were."""
    ada = await signed_in(server)
    page = await ada.authorize()
    tokens = {
        "none": {},
        "empty": {"csrf": ""},
        "wrong": {"csrf": "0" * 64},
        "not ascii": {"csrf": "ü"},
        "of another request": {"csrf": token_on(await ada.authorize())},
        "of another browser": {"csrf": token_on(await (await signed_in(server)).authorize())},
        "before the login": {"csrf": token_on(await Browser(server).authorize())},
        "cut": {"csrf": token_on(page)[:-1]},
    }
    server.events.events.clear()

    for why, token in tokens.items():
        for step, form in STEPS.items():
            shown = await post(ada, page, step, {**form, **token})

            assert shown.text == page.text, (why, step)
    assert server.events.names == []
    assert (await ada.allow(page)).code


async def test_a_forged_get_does_nothing(server: ServerUnderTest) -> None:
    """U1: no step is taken by following a link, not even with the token."""
    ada = await signed_in(server)
    page = await ada.authorize()

    for step, form in STEPS.items():
        query = "&".join(f"{name}={value}" for name, value in {"csrf": token_on(page), **form}.items())
        shown = await ada.open(f"{page.url}&step={step}&{query}")

        assert shown.text == page.text


async def test_a_login_form_cannot_be_forged_before_anybody_signed_in(server: ServerUnderTest) -> None:
    """U1: or a person would work in the attacker's account without noticing."""
    victim = Browser(server)
    login = await victim.authorize()
    attackers = Browser(server)
    theirs = await attackers.authorize()

    for csrf in ("", token_on(theirs)):
        shown = await post(victim, login, "login", {"username": "bob", "password": PASSWORD, "csrf": csrf})

        assert shown.heading == LOGIN
    assert "auth_succeeded" not in server.events.names


async def test_the_token_of_an_earlier_page_does_not_jump_to_consent(server: ServerUnderTest) -> None:
    """U1, U6: Ada is signed in, so the token fits; but what she was asked for comes first."""
    ada = await signed_in(server)

    for changes in ({"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account"}):
        page = await ada.authorize(**changes)
        shown = await post(ada, page, "consent", {"decision": "allow", "csrf": token_on(page)})

        assert shown.text == page.text, changes
    assert "code_issued" not in server.events.names


async def test_nothing_on_the_form_or_in_the_url_changes_the_request(server: ServerUnderTest) -> None:
    """U1, H12, J6, CVE-2026-7571: what was shown is kept here, not in hidden fields."""
    await server.add_client("other", redirect_uris=("https://evil.example/",))
    ada = await signed_in(server)
    page = await ada.authorize(scope="notes:read")
    tampered = {
        "scope": "notes:read notes:write",
        "redirect_uri": "https://evil.example/",
        "client_id": "other",
        "state": "theirs",
        "response_mode": "fragment",
        "code_challenge": compute_challenge("x" * 43),
        "resource": "https://evil.example/",
        "nonce": "theirs",
        "subject": "user_bob",
        "id": "theirs",
    }

    answered = await ada.submit(page, "consent", decision="allow", **tampered)
    answer = await redeem(server, answered.code, code_verifier=VERIFIER)

    assert answered.response.headers["location"].startswith(f"{REDIRECT_URI}?code=")
    assert answered.answer["state"] == "af0ifjsldkj"
    assert answer["scope"] == "notes:read"
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (claims["client_id"], claims["scope"]) == ("web", "notes:read")


async def test_a_yes_to_one_request_is_none_to_another(server: ServerUnderTest) -> None:
    """U1, H12: neither to the same one again, nor to one that differs in anything."""
    known = {"redirect_uris": (REDIRECT_URI, "https://client.example/other")}
    await server.add_client("second", **known)
    await server.add_client("other", **known)
    ada = await signed_in(server)
    shown = await ada.authorize("second", scope="notes:read")
    await ada.allow(shown)

    for changes in OTHERWISE:
        asked = await ada.authorize(**{"client_id": "second", "scope": "notes:read", **changes})
        page = await post(ada, asked, "consent", {"decision": "allow", "csrf": token_on(shown)})

        assert page.text == asked.text, changes
    assert server.events.names.count("code_issued") == 1


async def test_every_page_of_the_flow_keeps_to_itself(server: ServerUnderTest) -> None:
    """U2, M8, RFC 9700 §4.16: no frame, no referrer, no copy."""
    ada = Browser(server)
    login = await ada.authorize(response_mode="form_post")
    failed = await ada.sign_in(login, password="wrong")
    consent = await ada.sign_in(login)
    choice = await ada.authorize(prompt="select_account")
    posted = await ada.allow(consent)
    finished = await ada.open(consent.url)
    error = await ada.authorize("nobody")

    for page in (login, failed, consent, choice, posted, finished, error):
        headers = page.response.headers
        policy = dict(each.partition(" ")[::2] for each in headers["content-security-policy"].split("; "))
        assert policy["frame-ancestors"] == policy["default-src"] == "'none'"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["pragma"] == "no-cache"
        assert headers["x-content-type-options"] == "nosniff"


async def test_no_redirect_of_the_flow_is_kept_or_told_on(server: ServerUnderTest) -> None:
    """U2, M8: codes and interactions stand in these addresses."""
    ada = Browser(server)
    urls = server.authorization_server.server.urls
    login = await ada.authorize()
    action, hidden = login.form("login")
    onward = await ada.http.post(action, data={**hidden, "username": "ada", "password": PASSWORD})
    allowed = await ada.allow(await ada.open(login.url))
    denied = await ada.deny(await ada.authorize())

    for headers in (onward.headers, allowed.response.headers, denied.response.headers):
        assert headers["cache-control"] == "no-store"
        assert headers["pragma"] == "no-cache"
    for page in (allowed, denied):
        assert page.response.headers["referrer-policy"] == "no-referrer"
    assert onward.headers["location"].startswith(urls.path("interaction"))


@pytest.mark.parametrize(
    "client",
    [
        {"token_endpoint_auth_method": AuthMethod.NONE},
        {"token_endpoint_auth_method": AuthMethod.NONE, "is_native": True, "redirect_uris": ("http://127.0.0.1/cb",)},
        {"token_endpoint_auth_method": AuthMethod.NONE, "is_native": True, "redirect_uris": ("com.example.app:/cb",)},
        {"token_endpoint_auth_method": AuthMethod.CLIENT_SECRET_BASIC},
    ],
)
async def test_nobody_is_waved_through(server: ServerUnderTest, client: dict[str, Any]) -> None:
    """U3, RFC 8252 §8.6: who allowed a client yesterday is asked today; without a page there is no code."""
    await server.add_client("app", **client)
    redirect_uri = client.get("redirect_uris", (REDIRECT_URI,))[0]
    ada = await signed_in(server)
    await ada.allow(await ada.authorize("app", redirect_uri=redirect_uri))

    again = await ada.authorize("app", redirect_uri=redirect_uri)
    silent = await ada.authorize("app", redirect_uri=redirect_uri, prompt="none")

    assert again.heading == "App asks for access to your account"
    assert silent.answer["error"] == "consent_required"
    assert ("runs on this computer" in again.text) == redirect_uri.startswith("http://")


async def test_the_page_says_where_the_answer_goes(server: ServerUnderTest) -> None:
    """U3, D5: by the redirect URI of this request, whatever the client calls itself."""
    redirect_uri = "https://evil.example:8443/cb"
    await server.add_client(
        "fake", client_name="Your Bank", client_uri="https://bank.example", redirect_uris=(redirect_uri,)
    )
    ada = await signed_in(server)

    page = await ada.authorize("fake", redirect_uri=redirect_uri)

    assert re.search(r"Your answer goes to <strong[^>]*>evil\.example:8443</strong>", page.text)
    assert 'href="https://bank.example' not in page.text


async def test_markup_from_outside_stays_text(server: ServerUnderTest) -> None:
    """U4, NOP 9.8.5, DOT #1623: state, names, hints and unknown clients, on every page that shows them."""
    await server.add_client("hostile", client_name=HOSTILE, client_uri=f"https://x.example/{HOSTILE}")
    ada = Browser(server)
    login = await ada.authorize("hostile", login_hint=HOSTILE, state=HOSTILE, response_mode="form_post")
    failed = await ada.sign_in(login, HOSTILE)
    consent = await ada.sign_in(login)
    choice = await ada.authorize("hostile", prompt="select_account")
    error = await ada.authorize(HOSTILE)
    posted = await ada.allow(consent)

    for page in (login, failed, consent, choice, error, posted):
        assert "<img" not in page.text
        assert "<script>alert" not in page.text
        assert "'unsafe-inline'" not in page.response.headers["content-security-policy"]
    assert posted.posted["state"] == HOSTILE


async def test_forms_lead_here_and_to_the_scheme_of_the_client(server: ServerUnderTest) -> None:
    """U4: nowhere else, whatever got into the page."""
    await server.add_client("app", is_native=True, redirect_uris=("com.example.app:/cb",))
    ada = Browser(server)

    web = await ada.authorize()
    app = await ada.authorize("app", redirect_uri="com.example.app:/cb")
    error = await ada.authorize("nobody")

    policies = [page.response.headers["content-security-policy"] for page in (web, app, error)]
    assert [policy.partition("form-action ")[2].partition(";")[0] for policy in policies] == [
        "'self' https:",
        "'self' https: com.example.app:",
        "'self'",
    ]


async def test_a_session_of_before_does_not_pass_for_a_new_login(server: ServerUnderTest) -> None:
    """U6, CVE-2026-4349: not by time, not by another person's, and not without a page."""
    ada = await signed_in(server)
    server.clock.advance(60)

    assert (await ada.authorize(prompt="login")).heading == LOGIN
    assert (await ada.authorize(max_age="30")).heading == LOGIN
    assert (await ada.authorize(max_age="30", prompt="none")).answer["error"] == "login_required"
    assert (await ada.authorize()).heading == CONSENT
