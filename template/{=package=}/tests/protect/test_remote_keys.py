"""Keys from afar: cached, looked for again once, and never at a stranger's bidding (C5, M5)."""

import json
import logging
from collections.abc import Callable

import anyio
import httpx
import pytest

from ...core.errors import TemporarilyUnavailable
from ...core.keys import LocalKey
from ...protect.remote_keys import RemoteKeys
from .apis import KEY, call, make_guard, make_token

pytestmark = pytest.mark.anyio

JWKS_URI = "https://as.example/jwks"
NEW = LocalKey.generate("EdDSA")


class Server:
    """An authorization server's `jwks_uri`, and how often it was asked."""

    def __init__(self, *keys: LocalKey) -> None:
        self.fetches = 0
        self.seconds = 0.0
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(500)
        self.publish(*keys)

    def publish(self, *keys: LocalKey) -> None:
        body = json.dumps({"keys": [dict(key.public_jwk) for key in keys]}).encode()
        self.answer = lambda: httpx.Response(200, content=body)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.fetches += 1
        assert str(request.url) == JWKS_URI
        await anyio.sleep(0.01)
        return self.answer()

    def keys(self) -> RemoteKeys:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        return RemoteKeys(JWKS_URI, client=client, clock=lambda: self.seconds)


async def test_keys_are_fetched_once_and_kept() -> None:
    """I1: verified locally; one request for many tokens, and one at a time."""
    server = Server(KEY)
    guard = make_guard(keys=server.keys())
    token = await make_token()

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(lambda: call(guard, token=token))

    assert (await call(guard, token=token)).status_code == 200
    assert server.fetches == 1


async def test_keys_are_fetched_again_when_they_are_old() -> None:
    """M5: a key that was withdrawn ends here too."""
    server = Server(KEY)
    guard = make_guard(keys=server.keys())
    assert (await call(guard, token=await make_token())).status_code == 200

    server.publish(NEW)
    server.seconds = 299
    assert (await call(guard, token=await make_token())).status_code == 200
    server.seconds = 300
    assert (await call(guard, token=await make_token())).status_code == 401
    assert server.fetches == 2


async def test_an_unknown_kid_is_looked_for_once() -> None:
    """M5: kid unknown, one refetch."""
    server = Server(KEY)
    guard = make_guard(keys=server.keys())
    assert (await call(guard, token=await make_token())).status_code == 200

    server.publish(KEY, NEW)
    server.seconds = 10

    assert (await call(guard, token=await make_token(NEW))).status_code == 200
    assert server.fetches == 2


async def test_a_flood_of_unknown_kids_neither_refetches_nor_evicts() -> None:
    """C5 (CVE-2026-48524)."""
    server = Server(KEY)
    guard = make_guard(keys=server.keys())
    good = await make_token()
    flood = [await make_token(LocalKey.generate("ES256")) for _ in range(30)]
    await call(guard, token=good)

    server.seconds = 10
    statuses = []

    async def attempt(token: str) -> None:
        statuses.append((await call(guard, token=token)).status_code)

    async with anyio.create_task_group() as group:
        for token in flood:
            group.start_soon(attempt, token)

    assert statuses == [401] * 30
    assert server.fetches == 2
    assert (await call(guard, token=good)).status_code == 200
    assert server.fetches == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(404, json={"keys": []}),
        httpx.Response(302, headers={"Location": "https://evil.example/jwks"}),
        httpx.Response(200, content=b"nonsense"),
        httpx.Response(200, content=b'{"keys": [], "keys": []}'),
        httpx.Response(200, json={"keys": []}),
        httpx.Response(200, json={"keys": [{"kty": "oct", "k": "AA", "alg": "HS256", "kid": "x"}]}),
        httpx.Response(200, json=[]),
        httpx.Response(200, content=b" " * 70_000),
    ],
)
async def test_a_failed_fetch_costs_nothing_but_freshness(
    answer: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    """C5, P6: the keys at hand stay, for an hour at most; each failure is one line."""
    server = Server(KEY)
    guard = make_guard(keys=server.keys())
    token = await make_token()
    await call(guard, token=token)

    server.answer = lambda: httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
    server.seconds = 3599
    with caplog.at_level(logging.WARNING):
        assert (await call(guard, token=token)).status_code == 200
    assert [record.name.rpartition(".")[2] for record in caplog.records] == ["remote_keys"]
    assert server.fetches == 2

    server.seconds = 3600
    refused = await call(guard, token=token)
    assert refused.status_code == 503
    assert refused.json()["detail"]["error"] == "temporarily_unavailable"
    assert "www-authenticate" not in refused.headers


async def test_without_any_keys_the_api_is_unavailable_and_asks_no_more_often() -> None:
    """Fail closed, and leave the server alone while it is down."""
    server = Server()
    keys = server.keys()

    for _ in range(5):
        with pytest.raises(TemporarilyUnavailable):
            await keys.current()
    assert server.fetches == 1

    server.publish(KEY)
    server.seconds = 10
    assert list(await keys.current()) == [KEY.kid]


async def test_a_server_that_cannot_be_reached_is_a_failed_fetch() -> None:
    """Whatever httpx raises stays inside."""

    async def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    keys = RemoteKeys(JWKS_URI, client=httpx.AsyncClient(transport=httpx.MockTransport(refuse)))

    with pytest.raises(TemporarilyUnavailable):
        await keys.current()


@pytest.mark.parametrize(
    "uri",
    ["http://as.example/jwks", "ftp://as.example", "//as.example", "https://", "http://localhost.evil.example/jwks",
     "https://u:p@as.example/jwks", "https://as.example/jwks#x", "http://127.0.0.2/jwks", "file:///etc/passwd"],
)  # fmt: skip
def test_keys_come_over_https_only(uri: str) -> None:
    """Whoever can change them can sign."""
    with pytest.raises(ValueError, match="https"):
        RemoteKeys(uri)


@pytest.mark.parametrize("uri", ["http://localhost:8000/jwks", "http://127.0.0.1/jwks", "http://[::1]:9/jwks"])
def test_loopback_needs_no_https(uri: str) -> None:
    """Development."""
    RemoteKeys(uri)
