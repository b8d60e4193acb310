"""PostgreSQL: asyncpg and its pool, with every statement prepared once per connection."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from ..defaults import TABLE_PREFIX
from .database import AfterCommit, Conflict, DatabaseUnavailable, Statement, T, run_callbacks

DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
POOL_SIZE = 10
PATIENCE = 10.0
"""How many seconds a transaction waits for a connection."""

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


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Spare the round trip of a reset: a transaction ends what it begins and changes no session state."""


async def _prepare(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):  # SQLAlchemy's types have made the text already
        await connection.set_type_codec(kind, encoder=str, decoder=json.loads, schema="pg_catalog")


class PostgreSQLDatabase:
    """A pool of connections, made in the event loop that first asks for one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: asyncpg.Pool | None = None

    def transaction(self) -> "PostgreSQLTransaction":
        """Return a unit of work, to be used with `async with`."""
        return PostgreSQLTransaction(self)

    async def check(self) -> None:
        """Return if the server answers; raises DatabaseUnavailable."""
        pool = await self.pool()
        connection = await self.acquire(pool)
        try:
            await connection.execute("SELECT 1")
        except Exception as error:
            self.raise_named(error)
        finally:
            await pool.release(connection)

    async def close(self) -> None:
        """Close the pool, without waiting for those of a loop that has ended."""
        pool, loop = self._pool, self._loop
        self._pool = self._loop = None
        if pool is not None and loop is asyncio.get_running_loop():
            await pool.close()

    async def pool(self) -> asyncpg.Pool:
        """Return the running loop's pool."""
        if self._pool is None or self._loop is not asyncio.get_running_loop():
            try:
                # With min_size=0 nothing is awaited in here, so two tasks cannot make two pools.
                self._pool = await asyncpg.create_pool(
                    dsn_of(self.url),
                    min_size=0,
                    max_size=POOL_SIZE,
                    init=_prepare,
                    reset=_leave_as_it_is,
                    statement_cache_size=1024,
                    max_cached_statement_lifetime=0,
                    timeout=PATIENCE,
                )
            except Exception as error:
                self.raise_named(error)
            self._loop = asyncio.get_running_loop()
        return self._pool

    async def acquire(self, pool: asyncpg.Pool) -> Any:
        """Return a connection of `pool`; raises DatabaseUnavailable if none is to be had in time."""
        try:
            return await pool.acquire(timeout=PATIENCE)
        except Exception as error:
            self.raise_named(error)

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
    """A unit of work: a connection at the first statement, BEGIN at the first write (READ COMMITTED)."""

    __slots__ = ("_begun", "_callbacks", "_connection", "_database", "_pool")

    def __init__(self, database: PostgreSQLDatabase) -> None:
        self._database = database
        self._callbacks: list[AfterCommit] = []
        self._pool: asyncpg.Pool | None = None
        self._connection: Any = None
        self._begun = False

    async def first(self, statement: Statement, /, **values: Any) -> Any:
        """Return the first row as a named tuple, or None."""
        compiled = statement.compiled(DIALECT)
        arguments = compiled.arguments(values)
        await self._connect(writes=statement.writes)
        record = await self._call("fetchrow", compiled.sql, *arguments)
        return None if record is None else compiled.row(record)

    async def all(self, statement: Statement, /, **values: Any) -> list[Any]:
        """Return all rows as named tuples."""
        compiled = statement.compiled(DIALECT)
        arguments = compiled.arguments(values)
        await self._connect(writes=statement.writes)
        records = await self._call("fetch", compiled.sql, *arguments)
        return list(map(compiled.row, records))

    async def run(self, statement: Statement, /, **values: Any) -> int:
        """Return how many rows the statement touched."""
        compiled = statement.compiled(DIALECT)
        arguments = compiled.arguments(values)
        await self._connect(writes=statement.writes)
        status = await self._call("execute", compiled.sql, *arguments)
        return int(status.rpartition(" ")[2])  # "INSERT 0 1", "UPDATE 3"

    async def _connect(self, *, writes: bool) -> None:
        if self._connection is None:
            self._pool = await self._database.pool()
            self._connection = await self._database.acquire(self._pool)
        if writes and not self._begun:
            self._begun = True  # before the answer: if we are cancelled in between, it must be rolled back all the same
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
        await self._release()
        await run_callbacks(self._callbacks)

    def after_commit(self, callback: AfterCommit, /) -> None:
        """Have `callback` run once the next commit has succeeded, and never if there is none."""
        self._callbacks.append(callback)

    async def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._pool is not None:
            await self._pool.release(connection)

    async def _roll_back(self) -> None:
        try:
            await self._connection.execute("ROLLBACK")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            with suppress(asyncpg.InterfaceError):  # lost, and the pool knows already
                self._connection.terminate()
        self._begun = False
        await self._release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if self._begun:
            await asyncio.shield(self._roll_back())  # a second cancellation must not leave the transaction open
        else:
            await self._release()
