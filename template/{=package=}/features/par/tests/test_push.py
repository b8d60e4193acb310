"""Clients push their requests, and get a reference or a refusal, never a redirect (RFC 9126 §2)."""

from typing import Any

import httpx
import pytest

from ....core.secrets import mint_secret
from ....policy.clients import Clients
from ....tests.harness import REDIRECT_URI, Answer, ServerUnderTest, serving
from ....tests.people import Browser, authorization_request
from .pushing import URN_OF_OURS, bring, look_up, push, push_well

pytestmark = pytest.mark.usefixtures("clients")

PATH = "/oauth/par"
REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_mode": "carrier_pigeon"}, "invalid_request"),
    ({"scope": "not:one:of:ours"}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"state": "é"}, "invalid_request"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"redirect_uri": f"{REDIRECT_URI}/"}, "invalid_request"),
    ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
]


async def post(server: ServerUnderTest, content: str, **headers: str) -> Answer:
    """Post a body as the client `web`."""
    auth = httpx.BasicAuth("web", server.secrets["web"])
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return Answer.of(await server.http.post(PATH, content=content, headers=form, auth=auth))


async def test_a_pushed_request_is_answered_with_a_reference(server: ServerUnderTest) -> None:
    """F1, RFC 9126 §2.2, §7.1: one that nobody can guess, for a minute, kept by no cache."""
    answer, another = await push(server), await push(server)

    assert answer.status == 201
    assert set(answer.body) == {"request_uri", "expires_in"}
    assert URN_OF_OURS.fullmatch(answer["request_uri"])
    assert answer["expires_in"] == 60
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer["request_uri"] != another["request_uri"]
    assert server.events.names == []


async def test_how_long_it_is_good_is_a_setting(database_url: str) -> None:
    """F1."""
    async with serving(database_url, par={"lifetime": 90}) as server:
        assert (await push(server, "app"))["expires_in"] == 90


async def test_a_public_client_pushes_with_its_id_alone(server: ServerUnderTest) -> None:
    """F1, N C1: it proves itself by PKCE, later."""
    assert (await push(server, "app")).status == 201


async def test_who_does_not_authenticate_pushes_nothing(server: ServerUnderTest) -> None:
    """C1, C3, RFC 9126 §2.1: unknown, without its secret, with a wrong one, disabled."""
    answers = [await push(server, "nobody")]
    for secret in ("", "wrong"):
        server.secrets["web"] = secret
        answers.append(await push(server))
    async with server.database.transaction() as transaction:
        await Clients().disable("app", transaction, now=server.clock())
        await transaction.commit()
    answers.append(await push(server, "app"))

    assert {answer.refusal for answer in answers} == {(401, "invalid_client")}
    assert all(answer.headers["www-authenticate"].startswith("Basic ") for answer in answers)


@pytest.mark.parametrize(("changes", "error"), REFUSALS)
async def test_what_is_refused_at_the_authorization_endpoint_is_refused_here(
    server: ServerUnderTest, changes: dict[str, Any], error: str
) -> None:
    """F1, R1, R14, RFC 9126 §2.1, §2.3: as JSON, to the client, whatever redirect URI it names."""
    answer = await push(server, **changes)

    assert answer.refusal == (400, error)
    assert set(answer.body) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    assert "location" not in answer.headers


async def test_a_public_client_needs_pkce(database_url: str) -> None:
    """D2: at this endpoint already, and whatever the setting says."""
    async with serving(database_url, code_flow={"require_pkce": False}) as server:
        answer = await push(server, "app", code_challenge=None, code_challenge_method=None)

        assert answer.refusal == (400, "invalid_request")


async def test_a_client_without_the_grant_pushes_nothing(server: ServerUnderTest) -> None:
    """RFC 6749 §4.1.2.1."""
    await server.add_client("job", grant_types=frozenset({"client_credentials"}))

    assert (await push(server, "job")).refusal == (400, "unauthorized_client")


async def test_a_reference_cannot_be_pushed(server: ServerUnderTest) -> None:
    """J2, RFC 9126 §2.1: neither one of ours, nor a URL, which nobody here would fetch."""
    request_uri = await push_well(server)

    for each in (request_uri, "https://evil.example/request", "urn:x"):
        answer = await push(server, request_uri=each)
        assert answer.refusal == (400, "invalid_request")
        assert answer["error_description"] == "request_uri cannot be pushed"


async def test_a_client_pushes_for_nobody_else(server: ServerUnderTest) -> None:
    """F1, RFC 9126 §2.1: the form names the client that authenticates, or none."""
    form = authorization_request("other")
    auth = httpx.BasicAuth("web", server.secrets["web"])

    assert Answer.of(await server.http.post(PATH, data=form, auth=auth)).refusal == (400, "invalid_request")


async def test_a_name_that_is_read_in_two_ways_names_nobody_else(server: ServerUnderTest) -> None:
    """F1, C1: as a user name `we%62` is `web`, in a form it is another client."""
    form, auth = authorization_request("we%62"), httpx.BasicAuth("we%62", server.secrets["web"])

    answer = Answer.of(await server.http.post(PATH, data=form, auth=auth))

    assert answer.refusal == (400, "invalid_request")
    assert answer["error_description"] == "client_id is not the client that authenticated"


async def test_a_client_that_authenticates_need_not_name_itself_again(server: ServerUnderTest) -> None:
    """C2: its request is kept as its own."""
    form, auth = authorization_request(client_id=None), httpx.BasicAuth("web", server.secrets["web"])  # type: ignore[arg-type]
    assert "client_id" not in form

    answer = Answer.of(await server.http.post(PATH, data=form, auth=auth))

    assert (await bring(Browser(server), answer["request_uri"])).heading.startswith("Sign in")


async def test_parameters_are_read_once_and_strictly(server: ServerUnderTest) -> None:
    """P1, P2, P3, P6, P7, RFC 9126 §2.3."""
    form = authorization_request()
    auth = httpx.BasicAuth("web", server.secrets["web"])
    good = str(httpx.QueryParams(form))

    got = await server.http.get(PATH, params=form, auth=auth)
    in_query = await server.http.post(f"{PATH}?state=x", data=form, auth=auth)
    as_json = await server.http.post(PATH, json=form, auth=auth)

    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert {in_query.status_code, as_json.status_code} == {400}
    assert (await post(server, good)).status == 201
    assert (await post(server, f"{good}&state=another")).refusal == (400, "invalid_request")
    assert (await post(server, f"{good}&request_uri=a&request_uri=b")).refusal == (400, "invalid_request")
    assert (await post(server, f"{good}&x=%00")).refusal == (400, "invalid_request")
    assert (await post(server, f"{good}&x={'x' * 20_000}")).refusal == (400, "invalid_request")
    assert (await post(server, good + "&" * server.settings.max_body_size)).refusal == (413, "invalid_request")


async def test_what_is_empty_or_unknown_says_nothing(server: ServerUnderTest) -> None:
    """P5, P8."""
    assert (await push(server, request_uri="", request="", display="popup")).status == 201


async def test_nothing_is_pushed_over_plain_http(server: ServerUnderTest) -> None:
    """K1: it carries credentials."""
    server.http.base_url = httpx.URL("http://as.example")

    assert (await push(server)).refusal == (400, "invalid_request")


async def test_the_largest_request_comes_back_as_it_was(server: ServerUnderTest) -> None:
    """P6: what the body may hold, every store can keep."""
    client = await server.add_client("large")
    text = "\x01é\U0001f600\"'\\" * 400
    further = {f"x{number}": text for number in range(5)}
    assert len(str(httpx.QueryParams(further))) > 60_000

    request_uri = await push_well(server, "large", **further)

    assert dict((await look_up(server, request_uri, client)).parameters) == {
        **authorization_request("large"),
        **further,
    }


async def test_a_refused_push_is_told_to_the_audit_log(server: ServerUnderTest) -> None:
    """K3: who failed, also if it is not known who that really was, and why."""
    await push(server, redirect_uri="https://evil.example/callback")
    server.secrets["web"] = mint_secret()
    await push(server)

    first, second = server.events.events
    assert (first.name, first.client_id, first.result) == ("authorization_failed", "web", "invalid_request")
    assert first.reason == "'https://evil.example/callback'"
    assert first.client_ip == "127.0.0.1"
    assert (second.name, second.client_id, second.result) == ("authorization_failed", "web", "invalid_client")
