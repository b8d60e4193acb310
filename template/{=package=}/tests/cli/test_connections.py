"""What arrives at the socket, before anybody reads it as a request (P6)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn import Config, Server

from ...cli import connections
from ...cli.connections import MAX_OVERHEAD, BoundedProtocol
from ...cli.serving import bind
from .conftest import find_free_port

ENDLESS = MAX_OVERHEAD * 40
"""Far more than is read at a time."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Say the path and how long the body is, slowly if asked to."""
    request = Request(scope, receive, send)
    if request.url.path == "/unread":
        return await PlainTextResponse("not read")(scope, receive, send)
    length = len(await request.body())
    if request.url.path == "/slow":
        await asyncio.sleep(0.4)
    await PlainTextResponse(f"{request.url.path} {length}")(scope, receive, send)


@dataclass(frozen=True)
class Listening:
    """A server at a port of its own."""

    port: int

    async def told(self, *parts: bytes, pause: float = 0.05) -> bytes:
        """Send the parts, and return all that comes back until the server hangs up or says no more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        said = b""
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            async with asyncio.timeout(2):
                while received := await reader.read(65_536):
                    said += received
        except TimeoutError:
            return said
        except ConnectionError:  # hung up on while we were talking
            pass
        finally:
            writer.close()
        return said + b"<hung up>"


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    """A server as `serve` runs it, with an app of two lines."""
    port = find_free_port()
    server = Server(Config(app, http=BoundedProtocol, ws="none", lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=bind("127.0.0.1", port)))
    while not server.started:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.01)
    yield Listening(port)
    server.should_exit = True
    await serving


def post(path: str = "/", *, headers: bytes = b"", length: int = 5) -> bytes:
    """Return the head of a request."""
    return b"POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n" % (path.encode(), headers, length)


CLOSE = b"Connection: close\r\n"
"""This is the last request: the server hangs up behind its answer, and nobody waits for more."""

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\n" % CLOSE


async def test_honest_requests_are_answered(listening: Listening) -> None:
    """In one piece, in many, in chunks, with a large body, and one after the other."""
    large = b"x" * (MAX_OVERHEAD * 8)
    one, last = post() + b"hello", post(headers=CLOSE) + b"hello"
    slow = post("/slow") + b"hello" + post("/slow", headers=CLOSE) + b"hello"

    assert b"/ 5" in await listening.told(last)
    assert b"/ 5" in await listening.told(*(bytes([byte]) for byte in last), pause=0)
    assert b"/ 5" in await listening.told(CHUNKED, b"3\r\nhel\r\n", b"2\r\nlo\r\n0\r\n\r\n")
    assert b"/ %d" % len(large) in await listening.told(post(headers=CLOSE, length=len(large)), large)
    assert (await listening.told(one, one, last)).count(b"/ 5") == 3
    assert (await listening.told(slow)).count(b"/slow 5") == 2


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"GET /?", b"a" * 1000),
        (b"GET / HTTP/1.1\r\nX: ", b"a" * 1000),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n" * 200),
        (CHUNKED + b"0\r\n", b"X: y\r\n" * 200),
        (CHUNKED + b"1;", b"a" * 1000),
        (b"", b"\r\n" * 500),
    ],
    ids=["url", "header", "headers", "trailers", "size of a chunk", "nothing"],
)
async def test_a_head_without_end_is_cut_off(listening: Listening, head: bytes, part: bytes) -> None:
    """P6: one connection must not fill the memory of the server, twelve bytes for each that was sent."""
    said = await listening.told(head, *[part * 64] * (ENDLESS // (len(part) * 64)), pause=0)

    assert said.endswith(b"<hung up>")
    assert b"200 OK" not in said


@pytest.mark.parametrize(
    "parts",
    [[], [b"GET / HT"], [b"\r\n"] * 3, [post(length=9), b"hello"], [CHUNKED, b"3\r\nhel\r\n"], [post("/unread")]],
    ids=["nothing", "half a line", "empty lines", "half a body", "no last chunk", "a body that is not read"],
)
async def test_nobody_is_waited_for_for_ever(
    listening: Listening, parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: a slow request is given up, wherever it stopped."""
    monkeypatch.setattr(connections, "PATIENCE", 0.3)

    assert (await listening.told(*parts)).endswith(b"<hung up>")


async def test_who_waits_for_an_answer_is_not_hung_up_on(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what arrives has to be quick."""
    monkeypatch.setattr(connections, "PATIENCE", 0.2)

    assert b"/slow 5" in await listening.told(post("/slow", headers=CLOSE) + b"hello")


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
async def test_a_body_is_never_the_next_request(listening: Listening, protocol: bytes) -> None:
    """RFC 9112 §11.2: what was smuggled in would be answered to somebody else behind the same proxy."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    headers = b"Connection: upgrade\r\nUpgrade: %s\r\n" % protocol

    for path in ("/", "/slow"):
        said = await listening.told(post(path, headers=headers, length=len(smuggled)), smuggled)

        assert said.endswith(b"<hung up>")
        assert b"/smuggled" not in said
