"""Connections that nobody can fill or hold for nothing: the bounds that uvicorn's fast parser does not set itself."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_OVERHEAD = 65_536
"""How many bytes a request may be beside its body: its line, headers, sizes of chunks, trailers."""

PATIENCE = 30.0
"""How many seconds a request may take to arrive, and a connection to begin with one."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, to whoever says what they want, within reason."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._overhead = 0
        self._is_arriving = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, but not for ever."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._is_arriving = False
        self._watch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and break off what is too much."""
        self._overhead += len(data)
        self._is_arriving = True
        super().data_received(data)
        self._watch()
        if self._overhead > MAX_OVERHEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another one."""
        self._is_arriving = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Answer, and then hang up if another protocol was offered.

        The parser takes the body of such a request for that protocol, or for the next request. What somebody behind
        our proxy puts there must not be answered to the one who comes next.
        """
        super().on_headers_complete()
        self._overhead = 0
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """The endpoints say how large a body may be."""
        self._overhead = max(0, self._overhead - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it has arrived."""
        self._overhead = 0
        self._is_arriving = False
        super().on_message_complete()

    def _watch(self) -> None:
        if self._is_arriving and self._deadline is None:
            self._deadline = self.loop.call_later(PATIENCE, self.transport.close)
        elif not self._is_arriving and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
