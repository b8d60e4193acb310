"""Calls from browsers' clients on other origins (B8)."""

import httpx
import pytest

from ..harness import ServerUnderTest
from ..sqlite_server import serving_on_sqlite

ORIGIN = "https://app.example"
DOCUMENTS = ("/.well-known/oauth-authorization-server", "/.well-known/jwks.json")
HEADERS = ("authorization", "content-type", "mcp-protocol-version")


async def ask(server: ServerUnderTest, path: str, method: str, headers: str = ", ".join(HEADERS)) -> httpx.Response:
    """Ask, as a browser does, whether a call may be made."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    return await server.http.options(path, headers=asked)


@pytest.mark.parametrize(("path", "method"), [("/oauth/token", "POST"), *((path, "GET") for path in DOCUMENTS)])
@pytest.mark.parametrize("header", HEADERS)
async def test_browsers_may_call_with_the_headers_that_clients_send(path: str, method: str, header: str) -> None:
    """B8: the inspector of MCP sends `MCP-Protocol-Version` with everything."""
    async with serving_on_sqlite() as server:
        answer = await ask(server, path, method, header)

        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert method in answer.headers["access-control-allow-methods"].split(", ")
        allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
        assert set(HEADERS) <= set(allowed)
        assert int(answer.headers["access-control-max-age"]) > 0


async def test_browsers_ask_without_credentials_over_plain_http_and_are_told() -> None:
    """B8, K1: a preflight carries nothing; the call after it is refused."""
    async with serving_on_sqlite() as server:
        server.http.base_url = httpx.URL("http://as.example")

        asked = await ask(server, "/oauth/token", "POST")
        called = await server.http.post("/oauth/token", headers={"Origin": ORIGIN})

        assert asked.status_code == 200
        assert (called.status_code, called.headers["access-control-allow-origin"]) == (400, "*")


async def test_browsers_may_not_call_otherwise() -> None:
    """B8."""
    async with serving_on_sqlite() as server:
        assert (await ask(server, "/oauth/token", "DELETE")).status_code == 400
        assert (await ask(server, "/oauth/token", "POST", "x-team")).status_code == 400
        assert (await ask(server, DOCUMENTS[0], "POST")).status_code == 400


async def test_browsers_may_read_refusals_and_their_challenge() -> None:
    """B8, C3: without it a client in a browser could not tell a refusal from a broken connection."""
    async with serving_on_sqlite() as server:
        refused = await server.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"},
            headers={"Origin": ORIGIN},
        )

        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "*"
        exposed = {name.lower() for name in refused.headers["access-control-expose-headers"].split(", ")}
        assert "www-authenticate" in exposed
        assert "www-authenticate" in refused.headers


async def test_no_answer_lets_a_browser_send_cookies() -> None:
    """B8: every origin may call, so no origin may call as somebody."""
    async with serving_on_sqlite() as server:
        for path in ("/oauth/token", *DOCUMENTS):
            for response in (
                await ask(server, path, "GET"),
                await server.http.get(path, headers={"Origin": ORIGIN, "Cookie": "a=b"}),
            ):
                assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_what_a_cache_keeps_can_be_read_by_every_origin(path: str) -> None:
    """B1, B8: the answer to a server, kept by a cache on the way, must also do for a browser."""
    async with serving_on_sqlite() as server:
        of_a_server = await server.http.get(path)
        of_a_browser = await server.http.get(path, headers={"Origin": ORIGIN})

        assert of_a_server.headers["access-control-allow-origin"] == "*"
        assert of_a_browser.headers.get_list("access-control-allow-origin") == ["*"]
