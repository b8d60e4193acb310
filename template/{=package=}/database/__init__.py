"""The seam between the stores and a database: statements written once, transactions, and how to open one.

A store declares its statements at module level and runs them in a transaction:

    find_code = Statement(select(CodeRow).where(col(CodeRow.digest) == bindparam("digest")))

    async with database.transaction() as transaction:
        row = await transaction.first(find_code, digest=digest)
        await transaction.commit()

How a statement reaches the driver is decided in `sqlite.py` and `postgresql.py`, and nowhere else.
"""

import logging
from collections import namedtuple
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import SelectBase, UpdateBase
from sqlalchemy.sql.visitors import iterate

from ..defaults import DATABASES

AfterCommit = Callable[[], Awaitable[None]]
T = TypeVar("T")

logger = logging.getLogger(__name__)


class DatabaseUnavailable(Exception):
    """The database cannot be reached or used as it is. The message is one line that says which and why."""


class Conflict(Exception):
    """A row with the same unique values is there already. The transaction can only be rolled back."""


class CompiledStatement:
    """A statement in the words of one dialect: its SQL, its parameters in order, and its rows' shape."""

    __slots__ = ("_names", "_parameters", "row", "sql")

    def __init__(self, core: SelectBase | UpdateBase, dialect: Dialect) -> None:
        compiled = core.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type checker
        expanded = compiled.construct_expanded_state(
            {name: None if bind.required else bind.effective_value for name, bind in compiled.binds.items()}
        )
        self.sql = expanded.statement
        self._names = frozenset(name for name, bind in compiled.binds.items() if bind.required)
        self._parameters: list[tuple[str | None, Any, Any]] = []
        for name in expanded.positiontup or ():
            if (bind := compiled.binds.get(name)) is not None:
                process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            else:  # a value of an `IN (...)` that was written out
                process = expanded.processors.get(name)
            value = expanded.parameters[name]
            if name in self._names:
                self._parameters.append((name, None, process))
            else:
                self._parameters.append((None, process(value) if process else value, None))
        self.row = _row_maker(core, dialect)

        # What only SQLAlchemy's own execution would do must not be left out in silence.
        if any(bind.expanding for bind in compiled.binds.values() if bind.required):
            raise TypeError("a list of unknown length cannot be a parameter of a statement that is compiled once")
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError("a column's Python default is not applied here: give the value in the statement")

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """Return `values` as the driver wants them; raises TypeError if a name is missing or unknown."""
        if values.keys() != self._names:
            missing, unknown = sorted(self._names - values.keys()), sorted(values.keys() - self._names)
            raise TypeError(f"statement parameters: missing {missing}, unknown {unknown}, in {self.sql!r}")
        return [
            constant if name is None else values[name] if process is None else process(values[name])
            for name, constant, process in self._parameters
        ]


def _row_maker(core: SelectBase | UpdateBase, dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    """Return the function that makes a named tuple of what the driver returned."""
    columns = core.exported_columns
    row = namedtuple("Row", map(str, columns.keys()), rename=True)  # type: ignore[misc]
    processors = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    if not any(processors):
        return row._make

    def make(record: Sequence[Any]) -> Any:
        values = zip(record, processors, strict=True)
        return row._make([value if process is None else process(value) for value, process in values])

    return make


class Statement:
    """A SELECT, INSERT, UPDATE or DELETE, written once; each `bindparam` without a value is a keyword."""

    __slots__ = ("_compiled", "core", "writes")

    def __init__(self, core: SelectBase | UpdateBase) -> None:
        self.core = core
        self.writes = any(isinstance(part, UpdateBase) for part in iterate(core))
        self._compiled: dict[str, CompiledStatement] = {}

    def compiled(self, dialect: Dialect) -> CompiledStatement:
        """Return the statement compiled for `dialect`, which is done on first use only."""
        try:
            return self._compiled[dialect.name]
        except KeyError:
            compiled = self._compiled[dialect.name] = CompiledStatement(self.core, dialect)
            return compiled


class Transaction(Protocol):
    """A unit of work that is rolled back unless `commit` is written.

    Reads before the first write see what is committed at that moment; the first write begins the transaction.
    All three verbs raise DatabaseUnavailable, Conflict, or TypeError for wrong parameters.
    """

    async def first(self, statement: Statement, /, **values: Any) -> Any:
        """Return the first row as a named tuple, or None."""

    async def all(self, statement: Statement, /, **values: Any) -> list[Any]:
        """Return all rows as named tuples."""

    async def run(self, statement: Statement, /, **values: Any) -> int:
        """Return how many rows the statement touched."""

    async def commit(self) -> None:
        """Make the writes last, then run what `after_commit` was given. What follows begins anew."""

    def after_commit(self, callback: AfterCommit, /) -> None:
        """Have `callback` run once the next commit has succeeded, and never if there is none."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Database(Protocol):
    """A place where rows are kept. It connects when it is first used and serves one event loop at a time."""

    @property
    def url(self) -> str:
        """Where the database is, password included: not for logs."""

    def transaction(self) -> Transaction:
        """Return a unit of work, to be used with `async with`."""

    async def check(self) -> None:
        """Return if the database answers; raises DatabaseUnavailable."""

    async def close(self) -> None:
        """Let go of every connection. The next use opens new ones."""


def open_database(url: str) -> Database:
    """Return the database at `url`, not connected yet; raises ValueError if its kind is not known here."""
    database: Database = driver_of(url).open_database(url)
    return database


def run_alone(url: str, work: Callable[[Connection], T], *, create: bool = True) -> T:
    """Return what `work` returns, run in one transaction at `url` with no other `run_alone` beside it.

    This is how migrations reach a database: synchronously, through SQLAlchemy, outside an event loop. Raises
    ValueError for an unknown kind of database, DatabaseUnavailable if it is not there and `create` is false.
    """
    result: T = driver_of(url).run_alone(url, work, create=create)
    return result


def driver_of(url: str) -> ModuleType:
    """Return the module for the kind of database at `url`; raises ValueError if it is not known here."""
    scheme, separator, _ = url.partition("://")
    kind = scheme.partition("+")[0]  # postgresql+asyncpg:// is a habit of SQLAlchemy's users
    if not separator or kind not in DATABASES:
        raise ValueError(f"unknown kind of database {kind!r}: use {' or '.join(DATABASES.values())}")
    return import_module(f".{kind}", __package__)


async def run_callbacks(callbacks: list[AfterCommit]) -> None:
    """Run and forget `callbacks`. The commit stands, so one that fails is logged and the answer goes out."""
    while callbacks:
        callback = callbacks.pop(0)
        try:
            await callback()
        except Exception:
            logger.exception("a callback after a commit failed")
