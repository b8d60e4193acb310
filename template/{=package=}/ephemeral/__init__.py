"""The floor for what is forgotten by itself: what may be used once, and not for long.

    won = await store.add("ticket", ticket_id, now=now, expires_at=expires_at)

Where the records are kept is a setting, `ephemeral_url`. Each module here is one way, called like the URL's scheme.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Protocol

from ..core.finding import Finding
from ..database import Database
from ..defaults import EPHEMERAL_STORES
from ..stores.sweeper import Expirable

MAX_KEY_LENGTH = 4096
"""In characters. What may be longer is refused by the rules of whoever reads it, long before it comes here."""

_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class EphemeralStore(Protocol):
    """Records that are forgotten by themselves, each a value under a kind and a key.

    Each verb is one atomic step of its own that lasts at once, whatever becomes of the transaction around it. So call
    it before that transaction's first write: SQLite has one writer. A record has expired at the instant `expires_at`,
    and is as good as not there from then on. Every verb raises DatabaseUnavailable if the records cannot be reached,
    and ValueError for a kind or a key that is none.
    """

    async def add(self, kind: str, key: str, *, now: datetime, expires_at: datetime, value: str = "") -> bool:
        """Keep a record, and say whether there was none: of any number of attempts one wins."""

    async def find(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value, or None if there is no such record."""

    async def take(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value, and the record is gone: of any number of attempts one gets it, the others None."""

    async def close(self) -> None:
        """Let go of what was opened. The next use opens it again."""


class OpenedStore(EphemeralStore, Protocol):
    """A store as whoever composes the server sees it."""

    @property
    def expirable(self) -> Sequence[Expirable]:
        """What stays after it has expired, until somebody deletes it."""

    async def examine(self, processes: int) -> Sequence[Finding]:
        """Look whether that many processes can share the records, and whether they would be kept."""


def open_store(url: str, database: Database) -> OpenedStore:
    """Return the store at `url`, not connected yet; `database` is the server's own.

    Raises ValueError, with what is accepted, if the kind of store is not known here or the URL is not one of its.
    """
    scheme = url.partition(":")[0]
    kind = scheme.partition("+")[0]
    if kind not in EPHEMERAL_STORES:
        kind = kind.removesuffix("s")  # as in https: the same, encrypted
    if kind not in EPHEMERAL_STORES:
        raise ValueError(f"unknown kind of ephemeral store {scheme!r}: use {' or '.join(EPHEMERAL_STORES.values())}")
    opened: OpenedStore = import_module(f".{kind}", __package__).open_store(url, database)
    return opened


def record_digest(kind: str, key: str) -> bytes:
    """Return the SHA-256 under which a record is kept, so that nobody who reads the records can use a key.

    Raises ValueError for a kind that is no word, and a key that is empty or longer than MAX_KEY_LENGTH.
    """
    if not _KIND.fullmatch(kind):
        raise ValueError(f"not the kind of a record: {kind!r}")
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise ValueError(f"a key of {len(key)} characters, where 1 to {MAX_KEY_LENGTH} will do")
    return hashlib.sha256(kind.encode() + b"\x00" + as_bytes(key)).digest()


def as_bytes(text: str) -> bytes:
    """Return any text as bytes, halves of a surrogate pair too, which JSON can bring in."""
    return text.encode("utf-8", "surrogatepass")


def as_text(data: bytes) -> str:
    """Return the text that `as_bytes` was given."""
    return data.decode("utf-8", "surrogatepass")


def as_microseconds(moment: datetime) -> int:
    """Return an aware instant as a whole number, which sorts and compares as instants do; raises TypeError if naive."""
    return (moment - _EPOCH) // _MICROSECOND
