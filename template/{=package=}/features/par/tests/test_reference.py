"""A browser brings a reference, and what was pushed counts, nothing else (RFC 9126 §4)."""

from typing import Any

import httpx
import pytest

from ....core.scope import Scope
from ....policy.clients import Clients
from ....policy.scopes import Scopes
from ....tests.harness import REDIRECT_URI, ServerUnderTest
from ....tests.people import Browser, authorization_request, redeem
from .pushing import bring, is_dead_end, push_well, sign_in

pytestmark = pytest.mark.usefixtures("clients")

URN = "urn:ietf:params:oauth:request_uri:"


async def test_a_pushed_request_leads_to_tokens(server: ServerUnderTest) -> None:
    """F1, RFC 9126 §4: the whole way, with the state that was pushed."""
    request_uri = await push_well(server, state="pushed", scope="notes:read")

    browser, consent = await sign_in(server, request_uri)
    page = await browser.allow(consent)

    assert page.answer == {"code": page.code, "state": "pushed", "iss": server.settings.issuer}
    tokens = await redeem(server, page.code)
    assert tokens["scope"] == "notes:read"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_reference_is_brought_in_the_query_or_in_a_form(server: ServerUnderTest, method: str) -> None:
    """D1, OIDC Core §3.1.2.1."""
    brought = {"client_id": "app", "request_uri": await push_well(server, "app")}
    how: dict[str, Any] = {"params": brought} if method == "GET" else {"data": brought}

    response = await server.http.request(method, "/oauth/authorize", **how)

    assert response.status_code == 303
    assert response.headers["location"].startswith("/oauth/interaction?id=")


async def test_looking_does_not_use_a_reference_up(server: ServerUnderTest) -> None:
    """F1, RFC 9126 §2.2: a person reloads, signs in, and reloads again; then there is one code."""
    request_uri, browser = await push_well(server), Browser(server)

    for _ in range(2):
        assert (await bring(browser, request_uri)).heading.startswith("Sign in")
    await browser.sign_in(await bring(browser, request_uri))
    first = await bring(browser, request_uri)
    second = await bring(browser, request_uri)
    assert first.url != second.url
    page = await browser.allow(second)

    assert (await redeem(server, page.code)).status == 200
    assert is_dead_end(await bring(browser, request_uri))


async def test_a_reference_is_no_use_to_another_client(server: ServerUnderTest) -> None:
    """J1, RFC 9126 §2.2: and it is not spoilt by that."""
    request_uri = await push_well(server)

    for thief in ("other", "app"):
        assert is_dead_end(await bring(Browser(server), request_uri, thief))
    assert (await bring(Browser(server), request_uri)).heading.startswith("Sign in")


async def test_a_reference_is_good_until_it_expires(server: ServerUnderTest) -> None:
    """J1, RFC 9126 §2.2: to the second; who has brought it by then may take their time."""
    request_uri, browser = await push_well(server), Browser(server)

    server.clock.advance(59)
    login = await bring(browser, request_uri)
    server.clock.advance(1)
    late = await bring(browser, request_uri)
    server.clock.advance(3_000)
    page = await browser.allow(await browser.sign_in(login))

    assert is_dead_end(late)
    assert page.code


async def test_a_reference_works_once(server: ServerUnderTest) -> None:
    """J1, RFC 9126 §7.3."""
    request_uri = await push_well(server)
    browser, consent = await sign_in(server, request_uri)
    await browser.allow(consent)

    for each in (browser, Browser(server)):
        assert is_dead_end(await bring(each, request_uri))


UNKNOWN = ["", "x" * 43, "x" * 44, "x" * 8_000, "../x", "é", "x" * 42 + "\n", "\u2028", "' OR 1=1 --"]


@pytest.mark.parametrize("end", UNKNOWN)
async def test_an_unknown_reference_leads_nowhere(server: ServerUnderTest, end: str) -> None:
    """J1: whatever else the request says, and however long it is; nothing is proved yet."""
    beside = authorization_request()
    beside.pop("client_id")

    page = await bring(Browser(server), URN + end, **beside)

    assert is_dead_end(page)
    assert "request_uri is unknown, expired, or used already" in page.text


async def test_every_reason_looks_alike_but_in_the_log(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """J1: and the log tells which it was, never the reference itself."""
    caplog.set_level("INFO")
    used, expired = await push_well(server), await push_well(server)
    browser, consent = await sign_in(server, used)
    await browser.allow(consent)
    foreign = await bring(Browser(server), expired, "other")
    used_up = await bring(Browser(server), used)
    server.clock.advance(60)
    late = await bring(Browser(server), expired)

    assert all(is_dead_end(page) for page in (foreign, used_up, late))
    said = [record.getMessage() for record in caplog.records if "invalid_request_uri" in record.getMessage()]
    reasons = (
        "pushed by web, brought for other",
        "used already, brought for web",
        "unknown or expired, brought for web",
    )
    assert [line.partition(", ")[2] for line in said] == list(reasons)
    assert used[len(URN) :] not in "".join(said)


@pytest.mark.parametrize("reference", ["https://evil.example/request", "http://127.0.0.1/", "urn:x:y", "data:,x", "x"])
async def test_no_other_reference_is_followed(server: ServerUnderTest, reference: str) -> None:
    """J1, OIDC Core §3.1.2.6: nothing is fetched, and it is said that none is understood."""
    page = await Browser(server).authorize(request_uri=reference)

    assert page.answer["error"] == "request_uri_not_supported"
    assert is_dead_end(await bring(Browser(server), reference))


async def test_a_request_object_beside_a_reference_is_refused(server: ServerUnderTest) -> None:
    """J2, RFC 9101 §5."""
    request_uri = await push_well(server)

    assert is_dead_end(await bring(Browser(server), request_uri, request="eyJhbGciOiJub25lIn0.e30."))


async def test_two_references_are_refused(server: ServerUnderTest) -> None:
    """P1."""
    first, second = await push_well(server), await push_well(server)
    query = str(httpx.QueryParams([("client_id", "web"), ("request_uri", first), ("request_uri", second)]))

    assert is_dead_end(await Browser(server).open(f"/oauth/authorize?{query}"))


async def test_a_reference_without_a_client_is_refused(server: ServerUnderTest) -> None:
    """RFC 9126 §4: client_id is required beside it."""
    query = str(httpx.QueryParams({"request_uri": await push_well(server)}))

    assert is_dead_end(await Browser(server).open(f"/oauth/authorize?{query}"))


BESIDE = {
    "state": "front",
    "scope": "notes:write",
    "redirect_uri": "https://client.example/another",
    "response_mode": "fragment",
    "response_type": "token",
    "code_challenge": "x" * 43,
    "code_challenge_method": "plain",
    "prompt": "none",
    "max_age": "soon",
    "login_hint": "eve",
    "nonce": "front",
}


@pytest.mark.parametrize("name", [*BESIDE, None])
async def test_what_stands_beside_a_reference_counts_for_nothing(server: ServerUnderTest, name: str | None) -> None:
    """J3, RFC 9126 §4: one parameter, or all at once."""
    beside = BESIDE if name is None else {name: BESIDE[name]}
    request_uri = await push_well(server, state="pushed", scope="notes:read")

    browser, consent = await sign_in(server, request_uri, **beside)
    page = await browser.allow(consent)

    assert page.response.headers["location"].startswith(f"{REDIRECT_URI}?")
    assert page.answer["state"] == "pushed"
    tokens = await redeem(server, page.code)
    assert tokens["scope"] == "notes:read"


async def test_what_was_not_pushed_is_not_there(server: ServerUnderTest) -> None:
    """J3: what a browser adds does not fill a gap; a state would be echoed, a hint be shown."""
    request_uri = await push_well(server, state=None, scope=None)

    login = await bring(Browser(server), request_uri, **BESIDE)
    browser, consent = await sign_in(server, request_uri, **BESIDE)
    page = await browser.allow(consent)

    assert "eve" not in login.text
    assert set(page.answer) == {"code", "iss"}
    assert "scope" not in (await redeem(server, page.code)).body


async def test_prompt_none_is_answered_as_ever(server: ServerUnderTest) -> None:
    """D4, OIDC Core §3.1.2.6: without a page, to the client."""
    page = await bring(Browser(server), await push_well(server, prompt="none", state="pushed"))

    assert page.answer["error"] == "login_required"
    assert page.answer["state"] == "pushed"


async def change(server: ServerUnderTest, client_id: str, **changes: Any) -> None:
    """Register a client anew."""
    async with server.database.transaction() as transaction:
        await Clients().delete(client_id, transaction)
        await transaction.commit()
    await server.add_client(client_id, **changes)


async def test_the_client_is_looked_at_again(server: ServerUnderTest) -> None:
    """RFC 9126 §7.4, R1: what was right at the push need not be right any more."""
    request_uri = await push_well(server, "app")

    await change(server, "app", token_endpoint_auth_method="none", grant_types=frozenset({"refresh_token"}))
    without_the_grant = await bring(Browser(server), request_uri, "app")
    await change(server, "app", token_endpoint_auth_method="none", redirect_uris=("https://client.example/new",))
    without_the_redirect_uri = await bring(Browser(server), request_uri, "app")
    async with server.database.transaction() as transaction:
        await Clients().disable("app", transaction, now=server.clock())
        await transaction.commit()
    disabled = await bring(Browser(server), request_uri, "app")

    assert without_the_grant.answer["error"] == "unauthorized_client"
    assert is_dead_end(without_the_redirect_uri)
    assert "redirect_uri is not registered" in without_the_redirect_uri.text
    assert is_dead_end(disabled)


async def test_the_scope_is_decided_again(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9126 §7.4, E5: by the policy of the moment at which a person is asked."""
    request_uri = await push_well(server, scope="notes:read notes:write")

    async def allow(policy: Scopes, client: object, requested: Scope) -> Scope:
        return Scope.parse("notes:read")

    monkeypatch.setattr(Scopes, "allow", allow)
    browser, consent = await sign_in(server, request_uri)

    assert (await redeem(server, (await browser.allow(consent)).code))["scope"] == "notes:read"


async def test_a_request_that_needs_no_push_still_comes_through_a_browser(server: ServerUnderTest) -> None:
    """RFC 9126 §4: pushing is an offer unless something says otherwise."""
    assert (await Browser(server).authorize()).heading.startswith("Sign in")
