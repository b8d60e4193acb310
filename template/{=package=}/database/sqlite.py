"""SQLite: the standard library's driver on the event loop, one writer at a time.

A statement takes microseconds, less than handing it to a thread would. Nobody blocks the loop while waiting:
inside the process writers queue on a lock, between processes a busy file is tried again after a short sleep.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DatabaseError

from . import AfterCommit, Conflict, DatabaseUnavailable, Statement, T, run_callbacks

DIALECT = SQLiteDialect_pysqlite(paramstyle="qmark")
PATIENCE = 10.0
"""How many seconds a write waits for other writers."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CONFLICT = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}


def open_database(url: str) -> "SQLiteDatabase":
    """Return the database in the file that `url` names; raises ValueError if it names none."""
    return SQLiteDatabase(url)


def file_of(url: str) -> Path:
    """Return the file that `url` names; raises ValueError if it names none."""
    head, separator, rest = url.partition(":///")
    name = rest.partition("?")[0]
    if not separator or head.partition("+")[0] != "sqlite" or name in ("", ":memory:"):
        raise ValueError("SQLite needs a file: sqlite:///./relative.db or sqlite:////absolute.db")
    return Path(name)


def run_alone(url: str, work: Callable[[Connection], T], *, create: bool) -> T:
    """Return what `work` returns, run between BEGIN IMMEDIATE and COMMIT; raises DatabaseUnavailable."""
    file = file_of(url)
    if not create and not file.exists():
        raise DatabaseUnavailable(f"SQLite {file}: there is no such file (the migrations make it)")
    try:
        file.touch(mode=0o600)  # what it holds is for its owner only
    except OSError as error:
        raise DatabaseUnavailable(f"SQLite {file}: {error.strerror}") from error

    # foreign_keys stays off: a batch change drops and renames tables, and must not take the child rows along.
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(file, timeout=60, isolation_level=None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            result = work(connection)
            if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                raise RuntimeError(f"rows of {orphans[0][0]} would point to rows of {orphans[0][2]} that are gone")
            return result
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.DatabaseError):
            SQLiteDatabase(url).raise_named(error.orig)
        raise
    finally:
        engine.dispose()


class SQLiteDatabase:
    """A file, read through one connection and written through another."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.file = file_of(url)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writing = asyncio.Lock()
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None

    def transaction(self) -> "SQLiteTransaction":
        """Return a unit of work, to be used with `async with`."""
        return SQLiteTransaction(self)

    async def check(self) -> None:
        """Return if the file is there and is a database; raises DatabaseUnavailable."""
        reader = await self.reader()
        await self.patiently(lambda: reader.execute("SELECT count(*) FROM sqlite_master").fetchone())

    async def close(self) -> None:
        """Close both connections; what was not committed is gone."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = self._loop = None

    async def reader(self) -> sqlite3.Connection:
        """Return the connection that reads outside transactions see the last commit through."""
        if self._reader is None:
            self._reader = await self.patiently(self._connect)
        return self._reader

    async def begin(self) -> tuple[sqlite3.Connection, asyncio.Lock]:
        """Wait for the turn to write and return the connection, in a transaction, and the lock to release."""
        writing = self._lock()
        try:
            async with asyncio.timeout(PATIENCE) if writing.locked() else nullcontext():
                await writing.acquire()
        except TimeoutError:
            raise DatabaseUnavailable(f"SQLite {self.file}: another write has not ended in {PATIENCE:.0f} s") from None
        try:
            if self._writer is None:
                self._writer = await self.patiently(self._connect)
            writer = self._writer
            await self.patiently(lambda: writer.execute("BEGIN IMMEDIATE"))
        except BaseException:  # also when the task is cancelled while it waits for another process
            writing.release()
            raise
        return writer, writing

    def _lock(self) -> asyncio.Lock:
        """Return the lock of the running loop. One that an ended loop has left locked would never open."""
        if self._loop is not (loop := asyncio.get_running_loop()):
            self._loop, self._writing = loop, asyncio.Lock()
            if self._writer is not None and self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        return self._writing

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: only the migrations make the file, so a wrong path is an error and not an empty database.
        uri = f"{self.file.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    async def patiently(self, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns, trying again while another process holds the file.

        Raises DatabaseUnavailable or Conflict in place of the driver's errors.
        """
        pause, waited = 0.001, 0.0
        while True:
            try:
                return attempt()
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BUSY or waited > PATIENCE:
                    self.raise_named(error)
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, 0.05)

    def raise_named(self, error: sqlite3.Error) -> NoReturn:
        """Raise DatabaseUnavailable or Conflict in place of `error`, or `error` itself if we are at fault."""
        code = getattr(error, "sqlite_errorcode", None)
        if code in _CONFLICT:
            raise Conflict(str(error)) from error
        if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
            raise error
        if code == sqlite3.SQLITE_ERROR and not str(error).startswith("no such table"):
            raise error
        reason = str(error)
        if code == sqlite3.SQLITE_ERROR:
            reason += " (the migrations have not run)"
        elif code == sqlite3.SQLITE_CANTOPEN and not self.file.exists():
            reason = "there is no such file (the migrations make it)"
        raise DatabaseUnavailable(f"SQLite {self.file}: {reason}") from error


class SQLiteTransaction:
    """A unit of work: BEGIN IMMEDIATE at the first write, after which its reads use the same connection."""

    __slots__ = ("_callbacks", "_database", "_failed", "_lock", "_writer")

    def __init__(self, database: SQLiteDatabase) -> None:
        self._database = database
        self._callbacks: list[AfterCommit] = []
        self._failed = False
        self._lock: asyncio.Lock | None = None
        self._writer: sqlite3.Connection | None = None

    async def first(self, statement: Statement, /, **values: Any) -> Any:
        """Return the first row as a named tuple, or None."""
        cursor = await self._execute(statement, values)
        record = cursor.fetchone()
        cursor.close()  # a cursor left open keeps its snapshot, and its transaction from committing
        return None if record is None else statement.compiled(DIALECT).row(record)

    async def all(self, statement: Statement, /, **values: Any) -> list[Any]:
        """Return all rows as named tuples."""
        cursor = await self._execute(statement, values)
        return list(map(statement.compiled(DIALECT).row, cursor.fetchall()))

    async def run(self, statement: Statement, /, **values: Any) -> int:
        """Return how many rows the statement touched."""
        cursor = await self._execute(statement, values)
        touched = len(cursor.fetchall())  # what RETURNING returned: rowcount is not known before that is read
        return touched if cursor.description else cursor.rowcount

    async def _execute(self, statement: Statement, values: dict[str, Any]) -> sqlite3.Cursor:
        compiled = statement.compiled(DIALECT)
        arguments = compiled.arguments(values)
        database = self._database
        if statement.writes and self._writer is None:
            self._writer, self._lock = await database.begin()
        connection = self._writer or database._reader or await database.reader()
        try:
            return await database.patiently(lambda: connection.execute(compiled.sql, arguments))
        except BaseException:
            self._failed = self._writer is not None
            raise

    async def commit(self) -> None:
        """Make the writes last, then run the callbacks; raises RuntimeError if a statement had failed."""
        if self._failed:
            raise RuntimeError("a statement of this transaction has failed: it can only be rolled back")
        if self._writer is not None:
            try:
                self._writer.execute("COMMIT")
            finally:
                self._end()
        await run_callbacks(self._callbacks)

    def after_commit(self, callback: AfterCommit, /) -> None:
        """Have `callback` run once the next commit has succeeded, and never if there is none."""
        self._callbacks.append(callback)

    def _end(self) -> None:
        """Roll back what is open and let the next writer in. Nothing is awaited, so nothing cuts it short."""
        writer, lock = self._writer, self._lock
        self._writer = self._lock = None
        self._failed = False
        if writer is not None and lock is not None:
            with suppress(sqlite3.Error):  # closed meanwhile, which rolls back as well
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
            lock.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._end()
