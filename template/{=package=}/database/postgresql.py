"""PostgreSQL: asyncpg, with every statement prepared once per connection.

The pool is ours and small, since a transaction here leaves nothing behind that would have to be reset: handing out a
connection costs next to nothing, where asyncpg's own pool costs as much as a statement.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import nullcontext
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from ..defaults import TABLE_PREFIX
from . import AfterCommit, Conflict, DatabaseUnavailable, Statement, T, run_callbacks

DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
POOL_SIZE = 10
PATIENCE = 10.0
"""How many seconds a transaction waits for a connection."""
MAX_IDLE = 300.0
"""After how many seconds without use a connection is given up, before some firewall in between does it silently."""

_UNAVAILABLE = (
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
)


def open_database(url: str) -> "PostgreSQLDatabase":
    """Return the database that `url` names, as libpq understands it; `?host=` may be a socket's directory."""
    return PostgreSQLDatabase(url)


def run_alone(url: str, work: Callable[[Connection], T], *, create: bool) -> T:
    """Return what `work` returns, run in a transaction behind an advisory lock; raises DatabaseUnavailable.

    The database itself is made by whoever runs the server, so `create` changes nothing.
    """

    async def run() -> T:
        # Not by a SQLAlchemy URL: so that both ways to this database read the same one in the same manner.
        engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
        try:
            async with engine.begin() as connection:
                key = func.hashtext(f"migrations of {TABLE_PREFIX}")
                await connection.execute(select(func.pg_advisory_xact_lock(key)))
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    async def connect() -> Any:
        try:
            return await asyncpg.connect(dsn_of(url))
        except Exception as error:
            PostgreSQLDatabase(url).raise_named(error)

    return asyncio.run(run())


def dsn_of(url: str) -> str:
    """Return `url` as asyncpg wants it."""
    return "postgresql://" + url.partition("://")[2]


class PostgreSQLDatabase:
    """At most POOL_SIZE connections, made when they are needed, in the event loop that needs them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(POOL_SIZE)
        self._idle: list[tuple[asyncpg.Connection, float]] = []

    def transaction(self) -> "PostgreSQLTransaction":
        """Return a unit of work, to be used with `async with`."""
        return PostgreSQLTransaction(self)

    async def check(self) -> None:
        """Return if the server answers; raises DatabaseUnavailable."""
        connection, slots = await self.acquire()
        try:
            await connection.execute("SELECT 1")
        except Exception as error:
            self.raise_named(error)
        finally:
            self.release(connection, slots)

    async def close(self) -> None:
        """Close every connection: at once, or those in use when they are released."""
        idle, is_ours = self._idle, self._loop is asyncio.get_running_loop()
        self._start(None)
        for connection, _ in idle:
            if is_ours:  # one of a loop that has ended cannot be spoken to any more
                await connection.close()

    async def acquire(self) -> tuple[Any, asyncio.Semaphore]:
        """Return a connection and the slot it takes; raises DatabaseUnavailable if none is to be had in time."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._start(loop)
        slots = self._slots
        try:
            async with asyncio.timeout(PATIENCE) if slots.locked() else nullcontext():
                await slots.acquire()
        except TimeoutError:
            raise DatabaseUnavailable(f"{self._place}: no connection became free in {PATIENCE:.0f} s") from None
        try:
            while self._idle:
                connection, since = self._idle.pop()
                if not connection.is_closed() and loop.time() - since < MAX_IDLE:
                    return connection, slots
                connection.terminate()
            return await self._connect(), slots
        except BaseException:
            slots.release()
            raise

    def release(self, connection: Any, slots: asyncio.Semaphore) -> None:
        """Take back what `acquire` gave, once no transaction is open on it."""
        slots.release()
        if connection.is_closed() or slots is not self._slots:  # lost, or the database was closed meanwhile
            connection.terminate()
        else:
            self._idle.append((connection, asyncio.get_running_loop().time()))

    def _start(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop, self._slots, self._idle = loop, asyncio.Semaphore(POOL_SIZE), []

    async def _connect(self) -> Any:
        try:
            connection = await asyncpg.connect(
                dsn_of(self.url), timeout=PATIENCE, statement_cache_size=1024, max_cached_statement_lifetime=0
            )
            for kind in ("json", "jsonb"):  # SQLAlchemy's types make the text themselves
                await connection.set_type_codec(kind, encoder=str, decoder=json.loads, schema="pg_catalog")
        except Exception as error:
            self.raise_named(error)
        return connection

    def raise_named(self, error: Exception) -> NoReturn:
        """Raise DatabaseUnavailable or Conflict in place of `error`, or `error` itself if we are at fault."""
        if isinstance(error, asyncpg.UniqueViolationError):
            raise Conflict(str(error)) from error
        if isinstance(error, asyncpg.UndefinedTableError):
            raise DatabaseUnavailable(f"{self._place}: {error} (the migrations have not run)") from error
        if isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError):
            raise DatabaseUnavailable(f"{self._place}: the connection was lost") from error
        if isinstance(error, _UNAVAILABLE):
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DatabaseUnavailable(f"{self._place}: {reason}") from error
        raise error

    @property
    def _place(self) -> str:
        parts = urlsplit(self.url)
        return f"PostgreSQL {parts.hostname or 'on the local socket'}{parts.path}"


class PostgreSQLTransaction:
    """A unit of work: a connection for as long as a read takes, and one of its own from BEGIN, at the first write."""

    __slots__ = ("_begun", "_callbacks", "_connection", "_database", "_slots")

    def __init__(self, database: PostgreSQLDatabase) -> None:
        self._database = database
        self._callbacks: list[AfterCommit] = []
        self._connection: Any = None
        self._slots: Any = None
        self._begun = False

    async def first(self, statement: Statement, /, **values: Any) -> Any:
        """Return the first row as a named tuple, or None."""
        record = await self._ask("fetchrow", statement, values)
        return None if record is None else statement.compiled(DIALECT).row(record)

    async def all(self, statement: Statement, /, **values: Any) -> list[Any]:
        """Return all rows as named tuples."""
        records = await self._ask("fetch", statement, values)
        return list(map(statement.compiled(DIALECT).row, records))

    async def run(self, statement: Statement, /, **values: Any) -> int:
        """Return how many rows the statement touched."""
        status = await self._ask("execute", statement, values)
        return int(status.rpartition(" ")[2])  # "INSERT 0 1", "UPDATE 3"

    async def _ask(self, verb: str, statement: Statement, values: dict[str, Any]) -> Any:
        compiled = statement.compiled(DIALECT)
        arguments = compiled.arguments(values)
        await self._connect(writes=statement.writes)
        try:
            return await self._call(verb, compiled.sql, *arguments)
        finally:
            # Who has only read may go on to compute for long or ask another server: no connection waits for that.
            if not self._begun:
                self._release()

    async def _connect(self, *, writes: bool) -> None:
        if self._connection is None:
            self._connection, self._slots = await self._database.acquire()
        if writes and not self._begun:
            # Before the answer: whoever is cancelled in between must roll back as well.
            self._begun = True
            await self._call("execute", "BEGIN ISOLATION LEVEL READ COMMITTED")

    async def _call(self, verb: str, sql: str, *arguments: Any) -> Any:
        try:
            return await getattr(self._connection, verb)(sql, *arguments)
        except Exception as error:
            self._database.raise_named(error)

    async def commit(self) -> None:
        """Make the writes last, then run the callbacks; raises RuntimeError if a statement had failed."""
        if self._begun:
            status = await self._call("execute", "COMMIT")
            self._begun = False
            if status != "COMMIT":  # PostgreSQL rolls a failed transaction back without an error
                raise RuntimeError("a statement of this transaction has failed: it was rolled back")
        self._release()
        await run_callbacks(self._callbacks)

    def after_commit(self, callback: AfterCommit, /) -> None:
        """Have `callback` run once the next commit has succeeded, and never if there is none."""
        self._callbacks.append(callback)

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._database.release(connection, self._slots)

    async def _roll_back(self) -> None:
        try:
            await self._connection.execute("ROLLBACK")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._connection.terminate()
        self._begun = False
        self._release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if self._begun:
            await asyncio.shield(self._roll_back())  # a second cancellation must not leave the transaction open
        else:
            self._release()
