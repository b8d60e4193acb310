"""The authorization endpoint: what goes on to the pages, what back to the client, what nowhere (RFC 6749 §4.1)."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request

from ...core.authorization_request import AuthorizationRequest
from ...core.client import AuthMethod, Client
from ...core.errors import InvalidRequest
from ...core.parameters import Parameters
from ...endpoints.authorization_rules import RequestCheck
from ...endpoints.authorize import AuthorizationEndpoint
from ...policy.clients import Clients
from ...policy.principals import Principals
from ...policy.scopes import Scopes
from ...stores.interactions import Interactions
from ..harness import ISSUER, REDIRECT_URI, ServerUnderTest, serving
from ..people import Page, authorization_request

pytestmark = pytest.mark.usefixtures("clients")

NOT_A_DIGEST = "x" * 42
REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code token"}, "unsupported_response_type"),
    ({"response_mode": "jwt"}, "invalid_request"),
    ({"scope": "notes:read  notes:write"}, "invalid_scope"),
    ({"scope": 'notes:"read"'}, "invalid_scope"),
    ({"scope": "notes:réad"}, "invalid_scope"),
    ({"scope": "not:one:of:ours"}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": NOT_A_DIGEST}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://client.example/request"}, "request_uri_not_supported"),
]


@pytest.fixture
async def clients(server: ServerUnderTest) -> None:
    """A client of each type, and one without the grant."""
    await server.add_client("web")
    await server.add_client("app", token_endpoint_auth_method=AuthMethod.NONE)
    await server.add_client("job", grant_types=frozenset({"client_credentials"}))


async def ask(
    server: ServerUnderTest, client_id: str = "web", *, method: str = "GET", **changes: str | None
) -> httpx.Response:
    """Send a good request with `changes`."""
    path = server.authorization_server.server.urls.path("authorize")
    sent = authorization_request(client_id, **changes)
    return await (server.http.post(path, data=sent) if method == "POST" else server.http.get(path, params=sent))


def is_page(response: httpx.Response) -> bool:
    """Say whether the person stays here."""
    return "location" not in response.headers and response.headers["content-type"].startswith("text/html")


def is_interaction(server: ServerUnderTest, response: httpx.Response) -> bool:
    """Say whether the person goes on to the pages."""
    pages = server.authorization_server.server.urls.path("interaction")
    return response.headers["location"].startswith(f"{pages}?id=")


def endpoint_of(server: ServerUnderTest) -> AuthorizationEndpoint:
    """The endpoint behind the path."""
    path = server.authorization_server.server.urls.path("authorize")
    (found,) = (each for each in server.authorization_server.endpoints if each.path == path)
    endpoint: AuthorizationEndpoint = found.handlers["GET"].__self__  # type: ignore[attr-defined]
    return endpoint


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_good_request_goes_on_to_the_pages(server: ServerUnderTest, method: str) -> None:
    """D1, R11, M8: by 303 whatever the method, kept by no cache, on this host."""
    response = await ask(server, method=method)

    assert response.status_code == 303
    assert is_interaction(server, response)
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers


async def test_each_request_waits_on_a_page_of_its_own(server: ServerUnderTest) -> None:
    """H12: under an id that cannot be guessed, of which only a digest is kept."""
    locations = {(await ask(server)).headers["location"] for _ in range(3)}

    ids = [urlsplit(location).query.removeprefix("id=") for location in locations]
    assert len(ids) == 3
    assert min(map(len, ids)) >= 43


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_client_gets_a_page(server: ServerUnderTest, method: str) -> None:
    """D1, R1, P4: nothing is proved, so nothing is redirected."""
    for client_id in ("", "nobody", "wéb", "web\n", "WEB", "x" * 2_000):
        response = await ask(server, client_id, method=method)

        assert response.status_code == 400, client_id
        assert is_page(response), client_id
        assert ("characters that are not allowed" in response.text) == (not client_id.isascii() or "\n" in client_id)
        assert ("client_id is missing" in response.text) == (client_id == "")
        assert REDIRECT_URI not in response.text


async def test_a_disabled_client_is_an_unknown_one(server: ServerUnderTest) -> None:
    """N C1: the page says the same."""
    unknown = await ask(server, "nobody")
    async with server.database.transaction() as transaction:
        await Clients().disable("web", transaction, now=server.clock())
        await transaction.commit()

    disabled = await ask(server)

    assert is_page(disabled)
    assert disabled.status_code == unknown.status_code
    assert disabled.text.partition("reference")[0] == unknown.text.partition("reference")[0]


async def test_what_is_wrong_goes_back_to_the_client(server: ServerUnderTest) -> None:
    """D1, D3, RFC 6749 §4.1.2.1, RFC 9207: error, state and iss, and never a code."""
    for changes, error in REFUSALS:
        response = await ask(server, **changes)

        answer = Page(response).answer
        assert response.status_code == 303, changes
        assert response.headers["location"].startswith(f"{REDIRECT_URI}?"), changes
        assert answer.pop("error_description"), changes
        assert answer == {"error": error, "state": "af0ifjsldkj", "iss": ISSUER}, changes
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"


async def test_a_bad_state_is_not_given_back(server: ServerUnderTest) -> None:
    """P4, K2, RFC 6749 appendix A.5: the refusal travels without it."""
    for state in ("s" * 4_097, "stäte", "a\r\nSet-Cookie: a=b", "\x7f"):
        answer = Page(await ask(server, state=state)).answer

        assert answer["error"] == "invalid_request"
        assert "state" not in answer


async def test_a_request_without_state_is_answered_without(server: ServerUnderTest) -> None:
    """RFC 6749 §4.1.2.1, P5: an empty state is none."""
    for state in (None, ""):
        answer = Page(await ask(server, response_type="x", state=state)).answer

        assert answer.keys() == {"error", "error_description", "iss"}


async def test_a_client_without_the_grant_is_told_so(server: ServerUnderTest) -> None:
    """E1, RFC 6749 §4.1.2.1."""
    assert Page(await ask(server, "job")).answer["error"] == "unauthorized_client"


async def test_a_refusal_travels_as_the_client_asked(server: ServerUnderTest) -> None:
    """D6, D3: in the fragment or by a form; in the query if the mode itself is not known."""
    fragment = await ask(server, response_mode="fragment", scope="nothing")
    form = await ask(server, response_mode="form_post", scope="nothing")
    unknown = await ask(server, response_mode="form_get")

    assert urlsplit(fragment.headers["location"]).query == ""
    assert Page(fragment).answer["error"] == "invalid_scope"
    assert (form.status_code, is_page(form)) == (200, True)
    assert f'action="{REDIRECT_URI}"' in form.text
    assert Page(form).posted.keys() == {"error", "error_description", "state", "iss"}
    assert urlsplit(unknown.headers["location"]).fragment == ""
    assert Page(unknown).answer["error"] == "invalid_request"


async def test_pkce_may_be_left_to_confidential_clients(database_url: str) -> None:
    """D2, K4: a setting, which public clients never notice."""
    without: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}
    async with serving(database_url, code_flow={"require_pkce": False}) as server:
        assert is_interaction(server, await ask(server, "web", **without))
        assert Page(await ask(server, "app", **without)).answer["error"] == "invalid_request"


async def test_a_client_is_asked_for_pkce_whatever_its_type(server: ServerUnderTest) -> None:
    """D2, RFC 9700 §2.1.1."""
    for client_id in ("web", "app"):
        response = await ask(server, client_id, code_challenge=None, code_challenge_method=None)

        assert Page(response).answer["error"] == "invalid_request"
        assert is_interaction(server, await ask(server, client_id))


async def test_what_is_unknown_or_empty_changes_nothing(server: ServerUnderTest) -> None:
    """P5, P8, RFC 6749 §3.1."""
    unknown = await ask(server, foo="bar", resource_="x", audience="y", display="popup")
    empty = await ask(server, prompt="", max_age="", request="", request_uri="", response_mode="", foo="")

    assert is_interaction(server, unknown)
    assert is_interaction(server, empty)


async def test_a_required_parameter_that_is_empty_is_missing(server: ServerUnderTest) -> None:
    """P5, R14: also the redirect URI."""
    assert is_page(await ask(server, redirect_uri=""))
    assert Page(await ask(server, response_type="")).answer["error"] == "invalid_request"


async def test_the_kept_request_is_the_checked_one(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """H12, E5: of the scope what policy leaves; the rest as it came."""
    kept: list[AuthorizationRequest] = []
    add = Interactions.add

    async def remember(self: Interactions, interaction: Any) -> None:
        kept.append(interaction.request)
        await add(self, interaction)

    monkeypatch.setattr(Interactions, "add", remember)
    monkeypatch.setattr(Principals, "acr_values", ("a", "b"))
    await server.add_client("reader", scope=frozenset({"notes:read"}))

    await ask(server, "reader", scope="notes:write notes:read", max_age="60", login_hint="ada", acr_values="a b")

    (request,) = kept
    assert (request.client_id, request.redirect_uri, request.scope) == ("reader", REDIRECT_URI, "notes:read")
    assert (request.max_age, request.login_hint, request.acr_values) == (60, "ada", ("a", "b"))
    assert request.code_challenge == authorization_request()["code_challenge"]


async def test_features_have_their_say(server: ServerUnderTest) -> None:
    """A3: each check sees what the one before it left, and may refuse."""
    seen: list[Any] = []

    async def add(parameters: Parameters, request: AuthorizationRequest, client: Client) -> AuthorizationRequest:
        seen.append((parameters["extra"], client.client_id))
        return replace(request, details={**request.details, "extra": parameters["extra"]})

    async def refuse(parameters: Parameters, request: AuthorizationRequest, client: Client) -> AuthorizationRequest:
        seen.append(request.details)
        raise InvalidRequest("extra is not allowed")

    endpoint = endpoint_of(server)
    endpoint = replace(endpoint, rules=replace(endpoint.rules, checks=(RequestCheck(add), RequestCheck(refuse))))
    query = httpx.QueryParams({**authorization_request(), "extra": "1"})
    scope = {"type": "http", "scheme": "https", "headers": [], "query_string": str(query).encode()}

    with pytest.raises(Exception, match="extra is not allowed"):
        await endpoint.get(Request(scope))
    assert seen == [("1", "web"), {"extra": "1"}]


async def test_a_refusal_is_an_event(server: ServerUnderTest) -> None:
    """K3: once the client is known, with the reason and the caller's address."""
    await ask(server, "nobody")
    await ask(server, scope="nothing")

    (event,) = server.events.events
    assert (event.name, event.client_id, event.result) == ("authorization_failed", "web", "invalid_scope")
    assert (event.reason, event.client_ip) == ("nothing", "127.0.0.1")


async def test_a_fault_goes_back_to_the_client_once_it_is_known(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E6, RFC 6749 §4.1.2.1: `server_error`, and no word of the cause."""

    async def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(Scopes, "allow", fail)
    at_policy = await ask(server)
    monkeypatch.undo()
    monkeypatch.setattr(Interactions, "add", fail)
    at_store = await ask(server)

    for response in (at_policy, at_store):
        answer = Page(response).answer
        assert (answer["error"], answer["state"], answer["iss"]) == ("server_error", "af0ifjsldkj", ISSUER)
        assert "fire" not in str(response.headers)


async def test_a_fault_before_that_is_a_page(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """E6, R9: with a reference that is in the log, and no detail."""

    async def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(Clients, "find", fail)

    response = await ask(server)

    assert response.status_code == 500
    assert is_page(response)
    assert "fire" not in response.text
    assert "Something went wrong here" in response.text


async def test_a_request_stands_in_one_place(server: ServerUnderTest) -> None:
    """P2: half in the query and half in the form is refused."""
    path = server.authorization_server.server.urls.path("authorize")

    response = await server.http.post(f"{path}?prompt=none", data=authorization_request())

    assert response.status_code == 400
    assert is_page(response)


async def test_other_methods_get_a_page_that_says_which_are_answered(server: ServerUnderTest) -> None:
    """RFC 9110 §15.5.6."""
    for name in ("authorize", "interaction"):
        response = await server.http.put(server.authorization_server.server.urls.path(name))

        assert response.status_code == 405
        assert is_page(response)
        assert response.headers["allow"] == "GET, POST, HEAD"


async def test_plain_http_is_refused(server: ServerUnderTest) -> None:
    """K1: never redirected to https, for then the request would already have been read on the way."""
    for name in ("authorize", "interaction"):
        path = server.authorization_server.server.urls.path(name)

        response = await server.http.get(f"http://as.example{path}", params=authorization_request())

        assert response.status_code == 400
        assert is_page(response)


async def test_no_other_origin_may_read_the_pages(server: ServerUnderTest) -> None:
    """B8: never CORS here."""
    response = await server.http.get(
        server.authorization_server.server.urls.path("authorize"),
        params=authorization_request(),
        headers={"Origin": "https://client.example"},
    )

    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_query_longer_than_any_honest_one_is_refused(server: ServerUnderTest) -> None:
    """P6: though each of its parameters is short enough."""
    padding = {f"padding{number}": "x" * 6_000 for number in range(3)}

    response = await server.http.get("/oauth/authorize", params={**authorization_request(), **padding})

    assert response.status_code == 400
    assert "the query string is too long" in response.text
