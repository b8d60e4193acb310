"""Migrations: the server's rooms, each with its own chain, and the team's ordinary one after them."""

import asyncio
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from ... import migrate
from ...database import DatabaseUnavailable, run_alone
from ...database.migrating import MigrationError, Room, get_room, rooms, server_tables
from ...defaults import TABLE_PREFIX
from ...policy.tables import TeamTable
from ..processes import run_together, start_together

PACKAGE = __name__.partition(".tests.")[0]
ROOT = Path(__file__).parents[3]
MakeRoom = Callable[[int], Room]


def tables(url: str) -> set[str]:
    return run_alone(url, lambda connection: set(sa.inspect(connection).get_table_names()))


def execute(url: str, *statements: str) -> None:
    def work(connection: sa.Connection) -> None:
        for statement in statements:
            connection.execute(sa.text(statement))

    run_alone(url, work)


@pytest.fixture
def url(empty_database_url: str) -> str:
    """An empty database."""
    return empty_database_url


@pytest.fixture
def config(url: str, tmp_path: Path) -> Config:
    """The team's Alembic, in a copy of its folder, so that a test may add revisions."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrate.__file__).parent / "policy" / "migrations", folder)
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.set_main_option("package", PACKAGE)
    config.attributes["database_url"] = url
    return config


def test_an_upgrade_makes_everything_and_a_second_one_changes_nothing(url: str) -> None:
    """Every table begins with the prefix; what was missing is told by name."""
    made = migrate.upgrade(url)

    assert made[-1].startswith("team/")
    assert all(name.startswith(TABLE_PREFIX) for name in tables(url))
    assert {f"{TABLE_PREFIX}clients", migrate.VERSION_TABLE} <= tables(url)
    assert migrate.upgrade(url) == []
    assert migrate.is_current(url)


def test_what_is_missing_is_told_by_name(url: str) -> None:
    """`doctor` asks this, and a database that is not there is not made by asking."""
    if url.startswith("sqlite"):
        with pytest.raises(DatabaseUnavailable, match="no such file"):
            migrate.pending(url)
        run_alone(url, lambda connection: None)

    missing = migrate.pending(url)

    assert missing == migrate.upgrade(url)
    ours = [f"{room.name}/{revision}" for room in rooms() for revision in room.revisions]
    assert missing[: len(ours)] == ours


def test_the_command_line_makes_the_same(url: str, config: Config) -> None:
    """`alembic upgrade heads` is the only command to know, and `alembic check` finds nothing to add."""
    command.upgrade(config, "heads")

    command.check(config)
    assert migrate.is_current(url)


def test_six_upgrades_at_once_are_as_good_as_one(url: str) -> None:
    """Each in a process of its own, as when six servers start."""
    run_together(upgrade_together, [(url,)] * 6)

    assert migrate.is_current(url)


def upgrade_together(url: str) -> None:
    start_together()
    migrate.upgrade(url)


def test_the_team_sees_its_own_changes_only(url: str, config: Config) -> None:
    """Neither the server's tables, nor those of a feature that is off, nor other people's are in a revision."""
    migrate.upgrade(url)
    execute(
        url,
        f"CREATE TABLE {TABLE_PREFIX}absent_version (revision VARCHAR(100) PRIMARY KEY)",
        f"CREATE TABLE {TABLE_PREFIX}absent_things (id INTEGER PRIMARY KEY)",
        f"CREATE TABLE {TABLE_PREFIX}dropped (id INTEGER PRIMARY KEY)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
    )
    added = sa.Table(f"{TABLE_PREFIX}added", TeamTable.metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        command.revision(config, "a change of ours", autogenerate=True)
    finally:
        TeamTable.metadata.remove(added)

    (written,) = Path(str(config.get_main_option("script_location"))).glob("versions/*a_change_of_ours.py")
    changes = [line.strip() for line in written.read_text().split("def downgrade")[0].splitlines()]

    assert [line for line in changes if line.startswith("op.")] == [
        f"op.create_table('{added.name}',",
        f"op.drop_table('{TABLE_PREFIX}dropped')",
    ]
    command.upgrade(config, "heads")
    command.downgrade(config, "-1")
    assert f"{TABLE_PREFIX}dropped" in tables(url)


def test_everything_can_be_undone_and_made_again(url: str, config: Config) -> None:
    """The team's chain by the ordinary command, a room's by naming it; what others point to goes last."""
    migrate.upgrade(url)

    command.downgrade(config, "base")
    kept = server_tables_of(url)
    for room in reversed(rooms()):
        config.cmd_opts = Namespace(x=[f"room={room.name}"])
        command.downgrade(config, "base")

    assert tables(url) == {room.version_table.name for room in rooms()} | {migrate.VERSION_TABLE}
    config.cmd_opts = None
    command.upgrade(config, "heads")
    assert server_tables_of(url) == kept
    command.check(config)


def server_tables_of(url: str) -> set[str]:
    return run_alone(url, server_tables)


def test_a_room_that_is_not_here_is_named(url: str, config: Config) -> None:
    """And so is a command that rooms do not know."""
    config.cmd_opts = Namespace(x=["room=attic"])

    with pytest.raises(CommandError, match="no room 'attic'"):
        command.upgrade(config, "head")
    with pytest.raises(CommandError, match="upgrade and downgrade only"):
        command.current(config)


def test_sql_scripts_are_refused(config: Config) -> None:
    """Where a room stands is known only by looking."""
    with pytest.raises(CommandError, match="--sql is not supported"):
        command.upgrade(config, "heads", sql=True)


def test_a_team_revision_that_is_gone_is_one_clear_line(url: str) -> None:
    """Instead of a traceback of Alembic's."""
    migrate.upgrade(url)
    execute(url, f"UPDATE {migrate.VERSION_TABLE} SET version_num = 'gone'")

    with pytest.raises(MigrationError, match=r"^[^\n]*'gone'[^\n]*$"):
        migrate.pending(url)


def test_another_prefix_is_used_throughout(url: str) -> None:
    """Names of tables, constraints and version tables, in the rooms and in the shipped revisions of the team."""
    program = """
import importlib, sys
importlib.import_module(sys.argv[1] + ".defaults").TABLE_PREFIX = "elsewhere_"
importlib.import_module(sys.argv[1] + ".migrate").upgrade(sys.argv[2])
"""
    subprocess.run([sys.executable, "-c", program, PACKAGE, url], cwd=ROOT, check=True)

    def names(connection: sa.Connection) -> set[str | None]:
        inspector = sa.inspect(connection)
        made = set(inspector.get_table_names())
        constraints = {inspector.get_pk_constraint(table)["name"] for table in made if "version" not in table}
        return made | constraints

    found = run_alone(url, names)
    assert {"elsewhere_clients", "pk_elsewhere_clients", "elsewhere_version"} <= found
    assert all(name and name.removeprefix("pk_").startswith("elsewhere_") for name in found)


def test_migrations_need_no_event_loop_of_ours(url: str) -> None:
    """From inside one, a thread will do."""

    async def start() -> list[str]:
        return await asyncio.to_thread(migrate.upgrade, url)

    assert asyncio.run(start())


REVISIONS = {
    "0001_parents": "op.create_table('parents', sa.Column('id', sa.Integer, primary_key=True),"
    " sa.Column('n', sa.Integer))",
    "0002_children": "op.create_table('children', sa.Column('parent', sa.Integer,"
    " sa.ForeignKey('parents.id', ondelete='CASCADE')))",
    "0003_text": "\n    with op.batch_alter_table('parents') as batch: batch.alter_column('n', type_=sa.String(9))",
    "0004_fails": "op.create_table('halfway', sa.Column('id', sa.Integer)); op.execute('SELECT nonsense FROM nowhere')",
}


@pytest.fixture
def make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> MakeRoom:
    """Make a room with so many of the revisions above, as a feature that comes and goes has."""
    name = f"room_of_{request.node.name.partition('[')[0]}"
    folder = tmp_path / name
    folder.mkdir()
    for revision, body in REVISIONS.items():
        undo = f"op.drop_table({body.split(chr(39))[1]!r})" if "create_table" in body else "pass"
        (folder / f"{revision}.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\ndef upgrade(): {body}\ndef downgrade(): {undo}\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]
    return lambda count: Room("attic", name, tuple(REVISIONS)[:count])


def test_a_room_goes_on_where_it_stopped(url: str, make_room: MakeRoom) -> None:
    """A feature that comes back with newer revisions finds its rows as they were."""
    run_alone(url, make_room(1).upgrade)
    execute(url, "INSERT INTO parents (id, n) VALUES (1, 7)")
    migrate.upgrade(url)

    run_alone(url, make_room(2).upgrade)

    assert {"parents", "children"} <= tables(url)
    assert run_alone(url, lambda connection: connection.execute(sa.text("SELECT n FROM parents")).scalar()) == 7
    assert run_alone(url, make_room(2).count_applied) == 2


def test_a_change_of_a_parent_keeps_its_children(url: str, make_room: MakeRoom) -> None:
    """SQLite replaces the table, which must not delete what points to it."""
    run_alone(url, make_room(2).upgrade)
    execute(url, "INSERT INTO parents (id, n) VALUES (1, 7)", "INSERT INTO children (parent) VALUES (1)")

    run_alone(url, make_room(3).upgrade)

    assert run_alone(url, lambda connection: connection.execute(sa.text("SELECT parent FROM children")).all())


def test_an_upgrade_that_fails_changes_nothing(url: str, make_room: MakeRoom) -> None:
    """All revisions of one upgrade are one transaction, tables included."""
    with pytest.raises(Exception, match="nowhere"):
        run_alone(url, make_room(4).upgrade)

    assert tables(url) == set()


def test_a_room_can_be_moved_to_any_of_its_revisions(url: str, make_room: MakeRoom) -> None:
    """Forward and back."""
    room: Room = make_room(3)

    def move(connection: sa.Connection) -> list[int]:
        positions = []
        for direction, target in [
            (room.upgrade, "0002_children"),
            (room.downgrade, "0001_parents"),
            (room.upgrade, "head"),
            (room.downgrade, "base"),
        ]:
            direction(connection, target)
            positions.append(room.count_applied(connection))
        return positions

    assert run_alone(url, move) == [2, 1, 3, 0]


def test_a_database_that_is_ahead_is_one_clear_line(url: str, make_room: MakeRoom) -> None:
    """An older server says what it does not know, and touches nothing."""
    run_alone(url, make_room(3).upgrade)

    with pytest.raises(
        MigrationError, match="attic: revision '0003_text' is not known here, the newest is 0002_children"
    ):
        run_alone(url, make_room(2).upgrade)


def test_shipped_revisions_have_names_that_fit() -> None:
    """Each room counts 0001, 0002, 0003: two revisions with one number would have no order."""
    for room in rooms():
        assert [int(name.partition("_")[0]) for name in room.revisions] == [*range(1, len(room.revisions) + 1)]
        assert get_room(room.name) == room
