"""Names become addresses once, and only addresses that may be called."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

from .addresses import Address, is_loopback, is_special_use, parse_address

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host and port, the best first. Raises OSError."""

_THREADS: Final = 4


class SystemResolver:
    """What the machine's own resolver says, asked off the event loop.

    It has threads of its own: names whose servers never answer keep these busy, and nothing else waits for them.
    """

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of `host`. Raises OSError, or UnicodeError for a host that is no name."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        """Let go of the threads; the next use starts new ones. Those still waiting for a name end by themselves."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)


def choose_addresses(found: Sequence[str], *, allow_loopback: bool) -> list[Address]:
    """Return the addresses to call. Raises ValueError if there is none, or if a single one must not be called.

    Not those that are left: whoever mixes a public address with an internal one wants the second to be called.
    """
    addresses = [parse_address(text) for text in found]
    for address in addresses:
        if is_special_use(address) and not (allow_loopback and is_loopback(address)):
            raise ValueError(f"it has the address {address}, which is for special use")
    if not addresses:
        raise ValueError("it has no address")
    return addresses


def _look_up(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
