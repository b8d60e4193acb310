"""Ephemeral records in Redis: one command for each verb, over a few connections of our own.

A connection of redis-py carries one command at a time, and asking one of ours costs half of what its client costs.
Nothing is tried twice: whether the first attempt had kept a record, nobody could say.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import DataError, NoScriptError, RedisError, ResponseError

from ..core.finding import Finding
from ..core.secrets import mint_secret
from ..database import Database, DatabaseUnavailable
from ..defaults import EPHEMERAL_STORES, TABLE_PREFIX
from ..settings import ENV_PREFIX
from ..stores.sweeper import Expirable
from . import as_bytes, as_microseconds, as_text, record_digest

POOL_SIZE = 10
PATIENCE = 5.0
"""How many seconds a verb waits for a connection, and then for the answer."""
MAX_IDLE = 300.0
"""After how many seconds without use a connection is given up, before some firewall in between does it silently."""

_LINGER = timedelta(seconds=10)
"""How much longer than asked Redis keeps a record: a server whose clock is slow still has to know it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A record is `<microseconds>:<value>`. Whether it has expired is for the clock of whoever asks, not for Redis's.
_ADD = """
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^(-?%d+):')) > tonumber(ARGV[1]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_NAME_OF_ADD = hashlib.sha1(_ADD.encode(), usedforsecurity=False).hexdigest()


def open_store(url: str, database: Database) -> "RedisStore":
    """Return the store that `url` names, as redis-py understands it; `redis+unix:///path?db=0` is a socket.

    Raises ValueError for what is no such URL, and for an option that a connection does not have.
    """
    return RedisStore(url)


class RedisStore:
    """Records in a Redis, over at most POOL_SIZE connections, made when needed in the event loop that needs them."""

    expirable: Sequence[Expirable] = ()

    def __init__(self, url: str) -> None:
        self._make, self._options, self._place = _read(url)
        self._start(None)

    async def add(self, kind: str, key: str, *, now: datetime, expires_at: datetime, value: str = "") -> bool:
        """Keep a record, and say whether there was none that has not expired."""
        record = b"%d:%b" % (as_microseconds(expires_at), as_bytes(value))
        lifetime = max((expires_at - now + _LINGER) // timedelta(milliseconds=1), 1)
        told = (1, _key(kind, key), as_microseconds(now), record, lifetime)
        try:
            kept = await self._ask("EVALSHA", _NAME_OF_ADD, *told)
        except NoScriptError:  # it has been restarted, or has never seen one of us
            kept = await self._ask("EVAL", _ADD, *told)
        return bool(kept)

    async def find(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value, or None if there is no such record or it has expired."""
        return _value(await self._ask("GET", _key(kind, key)), now)

    async def take(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value and delete the record, or None if there is none or it has expired."""
        return _value(await self._ask("GETDEL", _key(kind, key)), now)

    async def close(self) -> None:
        """Close every connection: at once, or those in use when they are released."""
        idle, is_ours = self._idle, self._loop is asyncio.get_running_loop()
        self._start(None)
        for connection, _ in idle:
            if is_ours:  # one of a loop that has ended cannot be spoken to any more
                await connection.disconnect()

    async def examine(self, processes: int) -> Sequence[Finding]:
        """Find whether Redis does all that is asked of it, and whether it would drop a record before its time."""
        probe = mint_secret()
        try:
            await self.add("probe", probe, now=_EPOCH, expires_at=_EPOCH)
            await self.take("probe", probe, now=_EPOCH)
        except DatabaseUnavailable as error:
            return (Finding("error", str(error), f"start it, or correct {ENV_PREFIX}EPHEMERAL_URL"),)
        try:
            said = await self._ask("INFO", "memory")
        except DatabaseUnavailable:  # we may not be allowed to ask
            said = b""
        policy = re.search(rb"^maxmemory_policy:([a-z-]+)", said, re.MULTILINE)
        if policy and policy[1] != b"noeviction":
            what = f"{self._place} is free to drop records early ({policy[1].decode()}), and then they work twice"
            return (Finding("warning", what, "run it with `maxmemory-policy noeviction`"),)
        return (Finding("ok", f"{self._place} keeps what it is given"),)

    async def _ask(self, *command: Any) -> Any:
        """Return the answer; raises DatabaseUnavailable if there is none in time, and NoScriptError as it is."""
        connection, slots = await self._acquire()
        try:
            async with asyncio.timeout(PATIENCE):
                await connection.send_command(*command)
                answer = await connection.read_response()
        except BaseException as error:
            slots.release()
            if isinstance(error, ResponseError) and connection.is_connected:
                await self._keep(connection, slots)
            else:  # the answer may still come: nobody must take it for theirs
                await connection.disconnect(nowait=True)  # it closes before it first waits
            if isinstance(error, NoScriptError | DataError) or not isinstance(error, RedisError | OSError):
                raise
            reason = " ".join(str(error).split()) or f"no answer in {PATIENCE:.0f} s"
            raise DatabaseUnavailable(f"{self._place}: {reason}") from error
        slots.release()
        await self._keep(connection, slots)
        return answer

    async def _acquire(self) -> tuple[AbstractConnection, asyncio.Semaphore]:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._start(loop)
        slots = self._slots
        try:
            async with asyncio.timeout(PATIENCE) if slots.locked() else nullcontext():
                await slots.acquire()
        except TimeoutError:
            message = f"{self._place}: no connection became free in {PATIENCE:.0f} s"
            raise DatabaseUnavailable(message) from None
        try:
            while self._idle:
                connection, since = self._idle.pop()
                # What can be read before anything was asked is the end of it.
                if loop.time() - since < MAX_IDLE and not await connection.can_read():
                    return connection, slots
                await connection.disconnect(nowait=True)
            return self._make(**self._options), slots  # it connects when it is first spoken to
        except BaseException:
            slots.release()
            raise

    async def _keep(self, connection: AbstractConnection, slots: asyncio.Semaphore) -> None:
        """Keep a connection for the next one, or not if the store was closed meanwhile."""
        if slots is self._slots:
            self._idle.append((connection, asyncio.get_running_loop().time()))
        else:
            await connection.disconnect(nowait=True)

    def _start(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop, self._slots = loop, asyncio.Semaphore(POOL_SIZE)
        self._idle: list[tuple[AbstractConnection, float]] = []


def _key(kind: str, key: str) -> str:
    return f"{TABLE_PREFIX}ephemeral:{kind}:{record_digest(kind, key).hex()}"


def _value(record: bytes | None, now: datetime) -> str | None:
    """Return the value of a record that has not expired."""
    instant = as_microseconds(now)
    expiry, _, value = (record or b"").partition(b":")
    return as_text(value) if record is not None and int(expiry) > instant else None


def _read(url: str) -> tuple[type[AbstractConnection], dict[str, Any], str]:
    """Return what makes a connection, with which options, and what to call the place without telling the password."""
    try:
        parts = urlsplit(url)
        is_socket = parts.scheme == "redis+unix"
        if not re.fullmatch("/.+" if is_socket else r"|/\d*", parts.path):
            raise ValueError("redis-py would take it for database 0")
        options: dict[str, Any] = dict(parse_url(url.removeprefix("redis+")))
        make = options.pop("connection_class", Connection)
        place = parts.path if is_socket else f"{options.get('host', 'localhost')}/{options.get('db', 0)}"
        options |= {"decode_responses": False, "socket_timeout": None}  # PATIENCE is for the whole
        make(**options)
    except (TypeError, ValueError, RedisError):
        accepted = EPHEMERAL_STORES["redis"]
        raise ValueError(f"not the URL of a Redis: use {accepted}, special characters percent-encoded") from None
    return make, options, f"Redis {place}"
