"""A document is fetched from where its URL says, and from nowhere that a stranger would rather have (S1, S3, H10).

Where a real connection matters, a TLS server on loopback answers; where addresses matter that tests cannot have, a
transport stands in that says which it was told to call.
"""

import asyncio
import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from ...outbound.fetcher import Fetcher, FetchError
from .publishing import HOST, Resolver, answer, publishing

pytestmark = pytest.mark.anyio

URL = f"https://{HOST}/jwks"
DOCUMENT: dict[str, Any] = {"keys": []}


class Network:
    """Stands in for the connections: remembers each request, and answers."""

    def __init__(self, reply: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self.reply = reply or (lambda request: httpx.Response(200, json=DOCUMENT))

    def __call__(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.reply(request)

    @property
    def called(self) -> list[str]:
        return [request.url.host for request in self.requests]


def fetcher(network: Network, *addresses: str, allow_loopback: bool = False) -> Fetcher:
    """Return one whose resolver finds `addresses`."""
    return Fetcher(resolve=Resolver(addresses or ("8.8.8.8",)), transport=network, allow_loopback=allow_loopback)


async def test_a_document_is_fetched_over_tls_from_the_server_that_proves_its_name() -> None:
    """H10: the address is pinned, and the certificate still is the name's."""
    resolver = Resolver()
    async with publishing(answer(b'{"keys": [1]}', Cache_Control="max-age=300")) as publisher:
        fetched = await publisher.fetcher(resolver).fetch_json(publisher.url)

    assert fetched.body == {"keys": [1]}
    assert fetched.lifetime == timedelta(seconds=300)
    assert publisher.names == [HOST]
    assert resolver.asked == [(HOST, publisher.port)]
    lines = publisher.requests[0].split("\r\n")
    assert lines[0] == "GET /jwks?v=1 HTTP/1.1"
    assert f"Host: {HOST}:{publisher.port}" in lines
    assert "Accept-Encoding: identity" in lines
    assert not [line for line in lines if line.lower().startswith(("cookie", "authorization"))]


async def test_a_server_that_proves_another_name_is_refused() -> None:
    """S1: whoever has the address of a name does not have the name."""
    async with publishing(name="evil.example") as publisher:
        with pytest.raises(FetchError, match=r"certificate|CERTIFICATE"):
            await publisher.fetcher().fetch_json(publisher.url)

    assert publisher.requests == []


async def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused() -> None:
    """H10: without `ssl_context` the usual authorities are trusted, and no other."""
    async with publishing() as publisher:
        with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
            await Fetcher(allow_loopback=True, resolve=Resolver()).fetch_json(publisher.url)

    assert publisher.requests == []


async def test_an_operator_may_name_a_private_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H10: in the environment, as everywhere else."""
    async with publishing() as publisher:
        (tmp_path / "ca.pem").write_text(publisher.authority)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

        assert (await Fetcher(allow_loopback=True, resolve=Resolver()).fetch_json(publisher.url)).body == DOCUMENT


async def test_an_address_in_the_url_must_be_in_the_certificate() -> None:
    """RFC 9110 §4.3.5: the same for names and addresses."""
    async with publishing(name="127.0.0.1") as publisher:
        url = f"https://127.0.0.1:{publisher.port}/"

        assert (await publisher.fetcher().fetch_json(url)).body == DOCUMENT


async def test_a_name_that_is_rebound_is_still_called_where_it_was_checked() -> None:
    """S1: DNS rebinding. The name is asked for once; the connection goes to the address that was judged."""
    network, resolver = Network(), Resolver(["8.8.8.8"], afterwards=["169.254.169.254"])
    ours = Fetcher(resolve=resolver, transport=network)

    await ours.fetch_json(URL)
    with pytest.raises(FetchError, match="special use"):
        await ours.fetch_json(URL)

    assert network.called == ["8.8.8.8"]
    assert network.requests[0].headers["host"] == HOST
    assert network.requests[0].extensions["sni_hostname"] == HOST


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["::1"], ["10.0.0.1"], ["169.254.169.254"], ["0.0.0.0"], ["::ffff:127.0.0.1"],
        ["64:ff9b::a9fe:a9fe"], ["2002:7f00:1::"], ["fec0::1"], ["8.8.8.8", "192.168.0.1"], [],
    ],
)  # fmt: skip
async def test_an_address_for_special_use_is_never_called(addresses: list[str]) -> None:
    """S1: alone or beside a public one; the whole table is in test_addresses.py."""
    network = Network()

    with pytest.raises(FetchError):
        await Fetcher(resolve=Resolver(addresses), transport=network).fetch_json(URL)

    assert network.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:7f00:1]"])
async def test_no_spelling_of_this_machine_is_called(host: str) -> None:
    """R5, S1: with the machine's own resolver, which understands them."""
    network = Network()
    ours = Fetcher(transport=network)

    with pytest.raises(FetchError):
        await ours.fetch_json(f"https://{host}/jwks")

    assert network.requests == []
    await ours.close()


async def test_a_name_that_nobody_knows_is_a_failed_fetch() -> None:
    """H10: whatever the resolver raises stays inside."""
    ours = Fetcher(transport=Network())

    with pytest.raises(FetchError, match=r"name\.invalid"):
        await ours.fetch_json("https://name.invalid/jwks")
    await ours.close()


@pytest.mark.parametrize("scheme", ["http", "ftp", "file"])
async def test_only_https_is_fetched(scheme: str) -> None:
    """H10: nobody on the way may write the document."""
    network = Network()

    with pytest.raises(FetchError, match="https"):
        await fetcher(network).fetch_json(f"{scheme}://{HOST}/jwks")

    assert network.requests == []


async def test_development_may_fetch_from_this_machine_by_http_too() -> None:
    """N H10: from this machine; another one that is reached by http stays refused."""
    async with publishing(tls=False) as publisher:
        url = f"http://localhost:{publisher.port}/jwks"

        assert (await publisher.fetcher().fetch_json(url)).body == DOCUMENT
        with pytest.raises(FetchError, match="not https"):
            await Fetcher(resolve=Resolver()).fetch_json(url)

    network = Network()
    for addresses in (["8.8.8.8"], ["127.0.0.1", "8.8.8.8"], ["10.0.0.1"]):
        with pytest.raises(FetchError):
            await fetcher(network, *addresses, allow_loopback=True).fetch_json(f"http://{HOST}/jwks")
    assert network.requests == []


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """S1: a proxy would resolve the name once more, and reach what we must not."""
    async with publishing() as publisher, publishing(tls=False) as proxy:
        for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")

        await publisher.fetcher().fetch_json(publisher.url)

    assert len(publisher.requests) == 1
    assert proxy.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """S1: the second address would be another's choice."""
    async with publishing(answer(status=f"{status} Moved", Location="/elsewhere")) as publisher:
        with pytest.raises(FetchError, match=f"status is {status}"):
            await publisher.fetcher().fetch_json(publisher.url)

    assert len(publisher.requests) == 1


@pytest.mark.parametrize("status", [201, 203, 204, 206, 304, 400, 404, 500, 503])
async def test_only_200_is_an_answer(status: int) -> None:
    """H10."""
    network = Network(lambda request: httpx.Response(status, json=DOCUMENT))

    with pytest.raises(FetchError, match=f"status is {status}"):
        await fetcher(network).fetch_json(URL)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/jwk-set+json", "Application/JSON; charset=utf-8", "application/jwk-set+json;x=1"],
)
async def test_json_goes_by_several_types(content_type: str) -> None:
    """RFC 6839 §3.1, RFC 7517 §8.5."""
    reply = httpx.Response(200, content=b"{}", headers={"content-type": content_type})

    assert (await fetcher(Network(lambda request: reply)).fetch_json(URL)).body == {}


@pytest.mark.parametrize(
    "content_type",
    ["", "text/html", "text/json", "text/plain", "image/svg+json", "application/json5", "x/application/json"],
)
async def test_what_does_not_call_itself_json_is_refused(content_type: str) -> None:
    """S1: a page of some internal service is no document."""
    reply = httpx.Response(200, content=b"{}", headers={"content-type": content_type})

    with pytest.raises(FetchError, match="not JSON"):
        await fetcher(Network(lambda request: reply)).fetch_json(URL)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"nonsense", b"null", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"[" * 4000, b'{"a":' * 900, b"\xff{}",
     '{"a": 1}'.encode("utf-16")],
)  # fmt: skip
async def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """S1, C15, P6: read as strictly as everything else."""
    async with publishing(answer(body)) as publisher:
        with pytest.raises(FetchError):
            await publisher.fetcher().fetch_json(publisher.url)


async def test_a_document_has_a_largest_size() -> None:
    """S1: 5 KB, or what the caller allows."""
    largest = json.dumps({"a": "x" * (5120 - 9)}).encode()
    assert len(largest) == 5120

    async with publishing(answer(largest)) as publisher:
        assert (await publisher.fetcher().fetch_json(publisher.url)).body
    async with publishing(answer(largest + b" ")) as publisher:
        with pytest.raises(FetchError, match="more than 5120 bytes"):
            await publisher.fetcher().fetch_json(publisher.url)
        assert (await publisher.fetcher().fetch_json(publisher.url, max_size=5121)).body


async def test_a_body_without_end_is_given_up_at_the_limit() -> None:
    """S1: chunked, so that nothing says beforehand how much there is."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
            await writer.drain()

    async with publishing(say) as publisher:
        with pytest.raises(FetchError, match="more than 5120 bytes"):
            await publisher.fetcher().fetch_json(publisher.url)
        await asyncio.wait_for(publisher.hung_up.wait(), 30)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "GZIP", "x"])
async def test_a_compressed_answer_is_refused_unread(encoding: str) -> None:
    """S1: a bomb of a few bytes."""
    bomb = gzip.compress(b'{"a": "' + b" " * 50_000_000 + b'"}', 1)[:4000]

    async with publishing(answer(bomb, Content_Encoding=encoding)) as publisher:
        with pytest.raises(FetchError, match="compressed"):
            await publisher.fetcher().fetch_json(publisher.url)


async def test_an_answer_that_comes_drop_by_drop_takes_too_long() -> None:
    """S1: each byte in time, and the whole never."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with publishing(say) as publisher:
        with pytest.raises(FetchError, match="too long"):
            await publisher.fetcher(timeout=0.3).fetch_json(publisher.url)
        await asyncio.wait_for(publisher.hung_up.wait(), 30)


async def test_a_server_that_says_nothing_takes_too_long() -> None:
    """S1: the server of the document, or the one that knows its name."""

    async def say(writer: asyncio.StreamWriter) -> None:
        await publisher.hung_up.wait()

    async def resolve(host: str, port: int) -> list[str]:
        await anyio.sleep_forever()
        raise AssertionError

    async with publishing(say) as publisher:
        with pytest.raises(FetchError, match="too long"):
            await publisher.fetcher(timeout=0.1).fetch_json(publisher.url)
        publisher.hung_up.set()
    with pytest.raises(FetchError, match="too long"):
        await Fetcher(resolve=resolve, timeout=0.05).fetch_json(URL)


async def test_the_next_address_is_tried_when_one_cannot_be_reached() -> None:
    """H10: three at most, in the order of the resolver."""

    def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.host != "8.8.4.4":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=DOCUMENT)

    network = Network(refuse)
    assert (await fetcher(network, "2606:4700::1", "8.8.4.4").fetch_json(URL)).body == DOCUMENT
    assert network.called == ["2606:4700::1", "8.8.4.4"]

    unreachable = Network(refuse)
    with pytest.raises(FetchError, match="refused"):
        await fetcher(unreachable, "8.8.8.1", "8.8.8.2", "8.8.8.3", "8.8.4.4").fetch_json(URL)
    assert unreachable.called == ["8.8.8.1", "8.8.8.2", "8.8.8.3"]


async def test_only_so_many_are_fetched_at_a_time() -> None:
    """S3: who waits for a place waits within the same time."""
    at_once = most = 0

    async def handle(request: httpx.Request) -> httpx.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await anyio.lowlevel.checkpoint()
        at_once -= 1
        return httpx.Response(200, json=DOCUMENT)

    ours = Fetcher(resolve=Resolver(["8.8.8.8"]), transport=lambda: httpx.MockTransport(handle), concurrency=3)
    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(ours.fetch_json, URL)

    assert most == 3


async def test_who_waits_for_a_place_gives_up_in_time() -> None:
    """S3: a queue is no way to hold requests up for longer."""
    stuck = anyio.Event()

    async def handle(request: httpx.Request) -> httpx.Response:
        await stuck.wait()
        raise AssertionError

    ours = Fetcher(
        resolve=Resolver(["8.8.8.8"]), transport=lambda: httpx.MockTransport(handle), concurrency=1, timeout=0.05
    )
    failed = []

    async def attempt() -> None:
        with pytest.raises(FetchError, match="too long"):
            await ours.fetch_json(URL)
        failed.append(True)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(attempt)

    assert len(failed) == 3


async def test_a_connection_that_proved_one_name_is_not_used_for_another() -> None:
    """S1: two names on one address; each must prove itself, whatever the first connection could do."""
    async with publishing(answer(Connection="keep-alive")) as publisher:
        ours = publisher.fetcher()
        await ours.fetch_json(publisher.url)
        with pytest.raises(FetchError, match=r"certificate|CERTIFICATE"):
            await ours.fetch_json(f"https://other.example:{publisher.port}/")

    assert publisher.names == [HOST, "other.example"]
    assert len(publisher.requests) == 1
