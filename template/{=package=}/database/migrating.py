"""The server's own tables, room by room.

A room is a folder of revisions: core's is `stores/migrations/`, a feature's is `features/<name>/migrations/`, and
another floor with tables of its own has its `migrations/` too.
Revisions are modules with `upgrade()` and `downgrade()`, in the order of their names, such as
`0001_first_tables.py`; a released one is never renamed or changed. The table `<prefix><room>_version` remembers the
last one that was applied.

Nobody looks for a room that is not there. So a feature can leave, its tables stay as they are, and if it comes
back, perhaps with newer revisions, its room goes on where it stopped.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from re import fullmatch

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Connection, MetaData, String, Table, delete, insert, inspect, select

from ..defaults import TABLE_PREFIX

CORE = "core"
_PACKAGE = __package__.rpartition(".")[0]
_FOLDER = Path(__file__).parents[1]

logger = logging.getLogger(__name__)


class MigrationError(Exception):
    """The database and the revisions here do not fit together. The message is one line."""


@dataclass(frozen=True, slots=True)
class Room:
    """A chain of revisions, one after the other, and how far a database is along it."""

    name: str
    package: str
    revisions: tuple[str, ...]

    @property
    def version_table(self) -> Table:
        """The table with the name of the last revision applied, in one row, or in none before the first."""
        name = f"{TABLE_PREFIX}{self.name}_version"
        return Table(name, MetaData(), Column("revision", String(100), primary_key=True))

    def count_applied(self, connection: Connection) -> int:
        """Return how many revisions are applied; raises MigrationError if the last one is not known here."""
        if not inspect(connection).has_table(self.version_table.name):
            return 0
        revision = connection.scalar(select(self.version_table.c.revision))
        return 0 if revision is None else self._index(revision) + 1

    def upgrade(self, connection: Connection, target: str = "head") -> None:
        """Apply what is missing up to and including `target`; raises MigrationError."""
        end = len(self.revisions) if target in ("head", "heads") else self._index(target) + 1
        for index in range(self.count_applied(connection), end):
            self._run(connection, "upgrade", self.revisions[index])
            self._remember(connection, index + 1)

    def downgrade(self, connection: Connection, target: str) -> None:
        """Undo all revisions after `target`, or all if it is `base`; raises MigrationError."""
        end = 0 if target == "base" else self._index(target) + 1
        for index in reversed(range(end, self.count_applied(connection))):
            self._run(connection, "downgrade", self.revisions[index])
            self._remember(connection, index)

    def _index(self, revision: str) -> int:
        if revision not in self.revisions:
            known = self.revisions[-1] if self.revisions else "none"
            raise MigrationError(f"{self.name}: revision {revision!r} is not known here, the newest is {known}")
        return self.revisions.index(revision)

    def _run(self, connection: Connection, direction: str, revision: str) -> None:
        logger.info("%s %s: %s", self.name, direction, revision)
        with Operations.context(MigrationContext.configure(connection)):
            getattr(import_module(f"{self.package}.{revision}"), direction)()

    def _remember(self, connection: Connection, count: int) -> None:
        table = self.version_table
        table.create(connection, checkfirst=True)
        connection.execute(delete(table))
        if count:
            connection.execute(insert(table).values(revision=self.revisions[count - 1]))


def rooms() -> list[Room]:
    """Return the rooms that are here, core first."""
    return list(_find_rooms())


def get_room(name: str) -> Room:
    """Return the room of that name; raises MigrationError if it is not here."""
    found = {room.name: room for room in rooms()}
    if name not in found:
        raise MigrationError(f"there is no room {name!r} here, but {', '.join(found) or 'none'}")
    return found[name]


def _find_rooms() -> Iterator[Room]:
    found = [*_FOLDER.glob("*/migrations"), *_FOLDER.glob("features/*/migrations")]
    for folder in sorted(found, key=lambda folder: (folder.parent.name != "stores", folder)):
        revisions = tuple(sorted(file.stem for file in folder.glob("[0-9]*.py")))
        if revisions:  # the team's own are a folder deeper, for Alembic to run
            name = CORE if folder.parent.name == "stores" else folder.parent.name
            yield Room(name, ".".join((_PACKAGE, *folder.relative_to(_FOLDER).parts)), revisions)


def pending_revisions(connection: Connection) -> list[str]:
    """Return the revisions of all rooms that are not applied, as `room/revision`; raises MigrationError."""
    return [
        f"{room.name}/{revision}" for room in rooms() for revision in room.revisions[room.count_applied(connection) :]
    ]


def server_tables(connection: Connection) -> set[str]:
    """Return the tables there that belong to the server, those of absent rooms too."""
    names = inspect(connection).get_table_names()
    versions = [name for name in names if fullmatch(f"{TABLE_PREFIX}.+_version", name)]
    return {name for name in names if name.startswith(tuple(version.removesuffix("version") for version in versions))}
