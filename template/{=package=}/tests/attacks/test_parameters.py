"""Parameters that two readers would read differently, at every endpoint that takes a form or a query."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ...core.parameters import MAX_PARAMETERS, MAX_VALUE_LENGTH
from ...endpoints.routing import Endpoint
from ..harness import ServerUnderTest

pytestmark = pytest.mark.usefixtures("client")

FORM = "application/x-www-form-urlencoded"
SECRETS = ("client_secret", "code", "refresh_token", "code_verifier", "token")

WORDS = {"P1": "given twice", "P3": "holds a NUL", "P4": "percent-encod", "P6": "too (many|long)"}
BODIES: dict[str, list[str]] = {
    "P1 a parameter given twice": [
        "client_id=web&client_id=other",
        "client_id=web&client_id=web",
        "grant_type=client_credentials&scope=a&scope=b",
        "client_id=&client_id=web",
        "unknown=1&unknown=2",
        "client_id=web&%63lient_id=other",
        "token=a&token=b",
        "redirect_uri=https%3A%2F%2Fa.example&redirect_uri=https%3A%2F%2Fb.example",
    ],
    "P3 a NUL": ["client_id=we%00b", "cli%00ent_id=web", "grant_type=client_credentials%00", "token=%00"],
    "P4 no characters": ["client_id=%ff", "client_id=%zz", "client_id=w%", "client_id=%c0%80", "client_id=%ed%a0%80"],
    "P6 too much": [
        "&".join(f"p{number}=1" for number in range(MAX_PARAMETERS + 1)),
        "scope=" + "x" * (MAX_VALUE_LENGTH + 1),
        "x" * (MAX_VALUE_LENGTH + 1),
    ],
}


@pytest.fixture
async def client(server: ServerUnderTest) -> None:
    """A client with a secret."""
    await server.add_client("web")


def form_endpoints(server: ServerUnderTest) -> Iterator[Endpoint]:
    """Every endpoint that reads a form, and no query beside it."""
    for endpoint in server.authorization_server.endpoints:
        operation: dict[str, Any] = endpoint.describe.get("post", {})
        if FORM in operation.get("requestBody", {}).get("content", {}) and not _reads_query(operation):
            yield endpoint


def query_endpoints(server: ServerUnderTest) -> Iterator[Endpoint]:
    """Every endpoint that reads a query."""
    for endpoint in server.authorization_server.endpoints:
        if _reads_query(endpoint.describe.get("get", {})):
            yield endpoint


def _reads_query(operation: dict[str, Any]) -> bool:
    return any(parameter["in"] == "query" for parameter in operation.get("parameters", ()))


async def send(server: ServerUnderTest, endpoint: Endpoint, body: str | bytes, **headers: str) -> httpx.Response:
    """Post a form as it is, authenticated as the client."""
    sent = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await server.http.post(endpoint.path, content=body, headers=sent, auth=("web", server.secrets["web"]))


def is_refused(response: httpx.Response, status: int = 400) -> bool:
    """Say whether the request was refused as malformed, without a redirect and uncached (M8)."""
    is_json = response.headers["content-type"] == "application/json"
    return (
        response.status_code == status
        and (not is_json or response.json()["error"] == "invalid_request")
        and "location" not in response.headers
        and response.headers["cache-control"] == "no-store"
        and response.headers["pragma"] == "no-cache"
    )


async def test_the_endpoints_that_take_forms_are_found(server: ServerUnderTest) -> None:
    """The tests below would be empty without."""
    assert server.authorization_server.server.urls.path("token") in [each.path for each in form_endpoints(server)]


@pytest.mark.parametrize("why", BODIES)
async def test_a_body_that_can_be_read_in_two_ways_is_refused(server: ServerUnderTest, why: str) -> None:
    """P1, P3, P4, P6, RFC 6749 §3.1, §3.2, CVE-2026-9689, DOT #1006: before any work, on every endpoint."""
    for endpoint in form_endpoints(server):
        for body in BODIES[why]:
            response = await send(server, endpoint, body)

            assert is_refused(response), (endpoint.path, body[:80])
            assert re.search(WORDS[why[:2]], response.text), (endpoint.path, body[:80])
    assert server.events.names == []


@pytest.mark.parametrize("why", BODIES)
async def test_so_is_a_query(server: ServerUnderTest, why: str) -> None:
    """P1, P3, P4, P6: where a query is read."""
    for endpoint in query_endpoints(server):
        for query in BODIES[why]:
            response = await server.http.get(f"{endpoint.path}?{query}")

            assert is_refused(response), (endpoint.path, query[:80])
            assert re.search(WORDS[why[:2]], response.text), (endpoint.path, query[:80])


async def test_a_query_is_read_no_further_than_allowed(server: ServerUnderTest) -> None:
    """P6: many parameters, none of which is too long by itself."""
    for endpoint in query_endpoints(server):
        query = "&".join(f"p{number}={'x' * 400}" for number in range(MAX_PARAMETERS))
        response = await server.http.get(f"{endpoint.path}?{query}")

        assert is_refused(response), endpoint.path
        assert "the query string is too long" in response.text


async def test_no_parameter_of_a_form_endpoint_stands_in_the_url(server: ServerUnderTest) -> None:
    """P2, D8: neither a secret, nor half of the request, nor the same parameter a second time."""
    for endpoint in form_endpoints(server):
        for query in (*(f"{name}=x" for name in SECRETS), "client_id=web", "x", "&"):
            response = await server.http.post(
                f"{endpoint.path}?{query}",
                data={"grant_type": "client_credentials"},
                auth=("web", server.secrets["web"]),
            )

            assert is_refused(response), (endpoint.path, query)


async def test_credentials_in_the_url_are_not_looked_at(server: ServerUnderTest) -> None:
    """P2: the right ones are refused as the wrong ones are."""
    path = server.authorization_server.server.urls.path("token")
    right = {"client_id": "web", "client_secret": server.secrets["web"]}

    for query in (right, {**right, "client_secret": "wrong"}):
        response = await server.http.post(path, params=query, data={"grant_type": "client_credentials"})

        assert is_refused(response)


async def test_only_a_form_is_a_form(server: ServerUnderTest) -> None:
    """P7, DOT #657: whatever the body holds."""
    for endpoint in form_endpoints(server):
        for content_type in (
            "application/json",
            "multipart/form-data; boundary=x",
            f"{FORM}x",
            f"{FORM}, text/html",
            "",
        ):
            for body in (b'{"grant_type": "client_credentials"}', b"grant_type=client_credentials"):
                response = await send(server, endpoint, body, Content_Type=content_type)

                assert is_refused(response), (endpoint.path, content_type)


async def test_the_media_type_may_be_written_otherwise(server: ServerUnderTest) -> None:
    """RFC 9110 §8.3.1: in any case, with parameters."""
    path = server.authorization_server.server.urls.path("token")

    for content_type in (FORM.upper(), f"{FORM};charset=UTF-8", f" {FORM} ; x=y"):
        response = await server.http.post(
            path,
            content="grant_type=client_credentials",
            headers={"Content-Type": content_type},
            auth=("web", server.secrets["web"]),
        )

        assert response.status_code == 200, response.text


async def test_tokens_are_not_had_by_other_methods(server: ServerUnderTest) -> None:
    """P7, RFC 6749 §3.2, RFC 9110 §15.5.6: and the answer says what would do."""
    path = server.authorization_server.server.urls.path("token")

    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        response = await server.http.request(
            method, f"{path}?grant_type=client_credentials", auth=("web", server.secrets["web"])
        )

        assert (response.status_code, response.headers["allow"]) == (405, "POST"), method


async def test_a_body_is_read_no_further_than_allowed(server: ServerUnderTest) -> None:
    """P6: whether its length is told, told wrongly, or not at all."""
    limit = server.settings.max_body_size
    read: list[int] = []

    async def endless() -> Any:
        while True:
            read.append(limit)
            yield b"a=1&" * (limit // 4)

    for endpoint in form_endpoints(server):
        read.clear()
        assert is_refused(await send(server, endpoint, b"x" * (limit + 1)), 413)
        for told in ({}, {"Content-Length": "0"}, {"Content-Length": "²"}, {"Content-Length": "-1"}):
            scope = _scope(endpoint, told)
            assert await _post_endlessly(server, scope, endless()) == 413, told
        assert len(read) == 2 * 4  # the limit is passed with the second piece


async def test_a_length_that_is_too_long_is_enough(server: ServerUnderTest) -> None:
    """P6: nothing is read at all."""

    async def untouched() -> Any:
        raise AssertionError("the body was read")
        yield b""

    for endpoint in form_endpoints(server):
        scope = _scope(endpoint, {"Content-Length": str(server.settings.max_body_size + 1)})
        assert await _post_endlessly(server, scope, untouched()) == 413


async def test_an_empty_parameter_is_an_absent_one(server: ServerUnderTest) -> None:
    """P5, RFC 6749 §3.1: also where its presence would change the meaning."""
    granted = await server.token("web", grant_type="client_credentials", scope="", client_secret="", code="")
    missing = await server.token("web", grant_type="")

    assert granted.status == 200
    assert missing.refusal == (400, "invalid_request")


async def test_an_unknown_parameter_is_ignored(server: ServerUnderTest) -> None:
    """P8, RFC 6749 §3.2: at the token endpoint."""
    answer = await server.token("web", grant_type="client_credentials", foo="bar", username="ada", nonce="x")

    assert answer.status == 200


async def test_a_client_id_of_strange_characters_is_unknown(server: ServerUnderTest) -> None:
    """P4, NOP 9.11.4: and nothing worse."""
    for client_id in ("wéb", "web\n", "\x7f", "we\tb", "web\u202e", "' OR 1=1 --"):
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "x"}

        assert (await server.post("token", None, **form)).refusal == (401, "invalid_client"), client_id


async def test_a_scope_of_strange_characters_is_refused(server: ServerUnderTest) -> None:
    """P4, RFC 6749 §3.3."""
    for scope in ("a  b", " a", "a\tb", 'a"b', "a\\b", "é", "a\x7f"):
        answer = await server.token("web", grant_type="client_credentials", scope=scope)

        assert answer.refusal == (400, "invalid_scope"), scope


def _scope(endpoint: Endpoint, headers: dict[str, str]) -> dict[str, Any]:
    sent = [(b"content-type", FORM.encode())] + [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()]
    return {
        "type": "http",
        "method": "POST",
        "scheme": "https",
        "path": endpoint.path,
        "query_string": b"",
        "headers": sent,
        "client": ("127.0.0.1", 1),
    }


async def _post_endlessly(server: ServerUnderTest, scope: dict[str, Any], body: Any) -> int:
    """Return the status of the answer to a request whose body comes in pieces, below HTTP libraries' own checks."""
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    async def take(message: Any) -> None:
        status.extend([message["status"]] if message["type"] == "http.response.start" else [])

    await server.app(scope, receive, take)
    return status[0]
