"""The revisions of the rooms, against the rows that the code declares."""

from importlib import import_module
from pkgutil import iter_modules

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ... import migrate
from ...database import run_alone
from ...database.migrating import Room, rooms
from ...database.tables import ServerTable
from ...defaults import TABLE_PREFIX


@pytest.mark.parametrize("room", rooms(), ids=lambda room: str(room.name))
def test_the_revisions_of_a_room_make_the_tables_it_declares(empty_database_url: str, room: Room) -> None:
    """On both databases: no column, index or constraint more or less."""
    parent = import_module(room.package.rpartition(".")[0])
    for module in iter_modules(parent.__path__, f"{parent.__name__}."):
        import_module(module.name)
    prefix = f"{TABLE_PREFIX}{room.name}_"
    migrate.upgrade(empty_database_url)

    def is_ours(item: object, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or (str(name).startswith(prefix) and name != f"{prefix}version")

    def compare(connection: sa.Connection) -> list[object]:
        options = {"include_object": is_ours, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), ServerTable.metadata))

    assert any(name.startswith(prefix) for name in ServerTable.metadata.tables)
    assert run_alone(empty_database_url, compare) == []
