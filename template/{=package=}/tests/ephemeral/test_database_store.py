"""Ephemeral records in the database: what stays there, and who deletes it (J2, J3)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ...database import Database, DatabaseUnavailable, Statement, open_database
from ...ephemeral.database import DatabaseStore, EphemeralRecordRow, open_store
from ...stores.sweeper import sweep
from .places import NOWHERE

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
list_all = Statement(select(EphemeralRecordRow))


async def rows(database: Database) -> list[tuple[object, ...]]:
    async with database.transaction() as transaction:
        return list(await transaction.all(list_all))


async def test_the_sweeper_deletes_what_has_expired_and_nothing_else(database: Database) -> None:
    """J3, N J3: strictly before the instant, and counted."""
    store = DatabaseStore(database)
    for key, expires_at in {"gone": NOW - SECOND, "now": NOW, "later": NOW + SECOND}.items():
        await store.add("test", key, now=NOW - 2 * SECOND, expires_at=expires_at)

    first = await sweep(database, store.expirable, NOW)
    second = await sweep(database, store.expirable, NOW)

    assert (first, second) == ({"ephemeral_records": 1}, {"ephemeral_records": 0})
    assert await store.find("test", "later", now=NOW) == ""


async def test_a_record_is_one_row_and_its_key_is_not_in_it(database: Database) -> None:
    """K8: whoever reads the table can use nothing that stands there."""
    store = DatabaseStore(database)
    for now in (NOW, NOW + SECOND):
        await store.add("test", "hunter2", now=now, expires_at=now + SECOND, value="kept")

    (row,) = await rows(database)

    assert "hunter2" not in repr(row)
    assert row[1:] == ("test", b"kept", NOW + 2 * SECOND)


async def test_a_record_lasts_whatever_becomes_of_the_transaction_around_it(database: Database) -> None:
    """J2: a replay must be remembered although the request that brought it failed."""
    store = DatabaseStore(database)

    async with database.transaction() as around:
        await around.all(list_all)
        assert await store.add("test", "key", now=NOW, expires_at=NOW + SECOND)

    assert await store.add("test", "key", now=NOW, expires_at=NOW + SECOND) is False


async def test_taking_leaves_no_row(database: Database) -> None:
    """J1."""
    store = DatabaseStore(database)
    await store.add("test", "key", now=NOW, expires_at=NOW + SECOND)

    await store.take("test", "key", now=NOW)

    assert await rows(database) == []


async def test_closing_the_store_leaves_the_database_open(database: Database) -> None:
    """It is the server's, and whoever opened it closes it."""
    store = DatabaseStore(database)
    async with database.transaction() as transaction:
        await transaction.all(list_all)
        await store.close()
        await transaction.all(list_all)

    assert await store.examine(8) == ()


async def test_a_database_that_is_not_there_is_one_clear_line() -> None:
    """B6: as everywhere else."""
    with pytest.raises(DatabaseUnavailable, match=r"^SQLite /nowhere/at/all\.db: [^\n]+$"):
        await DatabaseStore(open_database(NOWHERE)).find("test", "key", now=NOW)


@pytest.mark.parametrize("url", ["database://", "database:sqlite", "databases:", "database+x:"])
def test_the_url_says_nothing_else(url: str) -> None:
    """B6: nobody believes to have named another database."""
    with pytest.raises(ValueError, match=r"the server's own: use database:$"):
        open_store(url, open_database(NOWHERE))
