"""Ephemeral records in the memory of this process: quick, gone when it ends, and invisible to any other."""

import heapq
from collections.abc import Sequence
from datetime import datetime

from ..core.finding import Finding
from ..database import Database, DatabaseUnavailable
from ..defaults import EPHEMERAL_STORES
from ..settings import ENV_PREFIX
from ..stores.sweeper import Expirable
from . import as_microseconds, record_digest

CAPACITY = 256 * 1024 * 1024
"""About how many bytes the records may take. What does not fit is refused: to drop a record would let it be reused."""

_OVERHEAD = 400  # bytes of a record beside its value
_AT_A_TIME = 8  # how many expired records one call drops: more than it can add, and never long


def open_store(url: str, database: Database) -> "MemoryStore":
    """Return an empty store; raises ValueError if `url` says more than that."""
    if url != EPHEMERAL_STORES["memory"]:
        raise ValueError(f"there is nothing to say about the memory: use {EPHEMERAL_STORES['memory']}")
    return MemoryStore()


class MemoryStore:
    """Records in a dict, and in a heap that says which expires next. Nothing is awaited, so every verb is atomic."""

    expirable: Sequence[Expirable] = ()

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._records: dict[bytes, tuple[int, str]] = {}
        self._expiries: list[tuple[int, bytes, int]] = []  # of what was taken or replaced too, until it would expire
        self._size = 0

    async def add(self, kind: str, key: str, *, now: datetime, expires_at: datetime, value: str = "") -> bool:
        """Keep a record, and say whether there was none that has not expired.

        Raises DatabaseUnavailable if there is no room for it.
        """
        digest, instant, expiry = record_digest(kind, key), as_microseconds(now), as_microseconds(expires_at)
        self._drop_expired(instant)
        if self._is_live(digest, instant):
            return False
        size = _OVERHEAD + 4 * len(value)
        if self._size + size > self._capacity:
            raise DatabaseUnavailable("the memory for ephemeral records is full")
        self._records[digest] = (expiry, value)
        heapq.heappush(self._expiries, (expiry, digest, size))
        self._size += size
        return True

    async def find(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value, or None if there is no such record or it has expired."""
        digest = record_digest(kind, key)
        return self._records[digest][1] if self._is_live(digest, as_microseconds(now)) else None

    async def take(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value and forget the record, or None if there is none or it has expired."""
        digest = record_digest(kind, key)
        return self._records.pop(digest)[1] if self._is_live(digest, as_microseconds(now)) else None

    async def close(self) -> None:
        """Forget everything."""
        self._records.clear()
        self._expiries.clear()
        self._size = 0

    async def examine(self, processes: int) -> Sequence[Finding]:
        """Find that the records are for one process, which is an error if there are more."""
        what = f"{ENV_PREFIX}EPHEMERAL_URL keeps what may be used once in the memory of one process"
        if processes > 1:
            return (Finding("error", what, f"serve with 1 worker instead of {processes}, or name a store for all"),)
        return (Finding("warning", what, "serve with one worker on one machine, or name a store for all"),)

    def _is_live(self, digest: bytes, instant: int) -> bool:
        kept = self._records.get(digest)
        return kept is not None and kept[0] > instant

    def _drop_expired(self, instant: int) -> None:
        for _ in range(_AT_A_TIME):
            if not self._expiries or self._expiries[0][0] > instant:
                return
            expiry, digest, size = heapq.heappop(self._expiries)
            self._size -= size
            kept = self._records.get(digest)
            if kept is not None and kept[0] == expiry:  # otherwise it was replaced by one that expires later
                del self._records[digest]
