"""The load generator: keep-alive connections over asyncio, requests encoded before the clock starts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

CONNECTIONS = 16


class Refused(Exception):
    """An answer that is not the 200 this benchmark counts."""


@dataclass(slots=True)
class Load:
    """Send every request once, each over the next free connection, and hand each body to `accept`."""

    requests: Iterator[bytes]
    accept: Callable[[bytes], None]
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    async def run(self, host: str, port: int, connections: int = CONNECTIONS) -> None:
        """Raises Refused at the first answer that is not 200 or that `accept` does not like."""
        loop = asyncio.get_running_loop()
        protocols = [
            (await loop.create_connection(lambda: Connection(self), host, port))[1] for _ in range(connections)
        ]
        started = time.perf_counter()
        for protocol in protocols:
            protocol.send()
        try:
            await asyncio.gather(*(protocol.done for protocol in protocols))
        finally:
            self.seconds = time.perf_counter() - started
            for protocol in protocols:
                protocol.transport.close()

    def percentile(self, share: float) -> float:
        """The latency in seconds that `share` of the answers stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Connection(asyncio.Protocol):
    """One request at a time; the next goes out as soon as the answer is whole."""

    transport: asyncio.Transport

    def __init__(self, load: Load) -> None:
        self.load = load
        self.received = b""
        self.sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        request = next(self.load.requests, None)
        if request is None:
            self.finish()
            return
        self.received = b""
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received = self.received + data if self.received else data
        head, blank, body = self.received.partition(b"\r\n\r\n")
        if not blank or len(body) < content_length(head):
            return
        self.load.latencies.append(time.perf_counter() - self.sent_at)
        try:
            if not head.startswith(b"HTTP/1.1 200 "):
                raise Refused(f"{head.splitlines()[0].decode()}: {body.decode()[:300]}")
            self.load.accept(body)
            self.send()
        except Exception as error:  # whatever went wrong ends the run, in the task that waits
            self.finish(error)

    def connection_lost(self, error: Exception | None) -> None:
        self.finish(Refused("the server closed a connection"))

    def finish(self, error: Exception | None = None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


def content_length(head: bytes) -> int:
    """The length that the head announces; chunked answers are not spoken here."""
    lowered = head.lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start < 0:
        raise Refused("an answer without Content-Length")
    return int(lowered[start + 17 :].split(b"\r\n", 1)[0])
