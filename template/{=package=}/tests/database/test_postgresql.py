"""What only PostgreSQL can do: be far away, hang up, and keep people waiting."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, func, select, update

from ...database import DatabaseUnavailable, Statement, postgresql
from ...database.postgresql import PostgreSQLDatabase
from ..postgresql_databases import HANG_UP, execute, new_database

pytestmark = pytest.mark.anyio

numbers = Table("numbers", MetaData(), Column("number", Integer))
get_number = Statement(select(numbers))
change = Statement(update(numbers).values(number=bindparam("to")))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A database with one number."""
    with new_database() as url:
        execute(url, "CREATE TABLE numbers (number integer)", "INSERT INTO numbers VALUES (1)")
        yield url


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgreSQLDatabase]:
    """That database, open."""
    database = PostgreSQLDatabase(url)
    yield database
    await database.close()


async def test_a_lost_connection_is_one_clear_line_and_the_next_one_works(
    database: PostgreSQLDatabase,
) -> None:
    """A restart of PostgreSQL costs the requests that are under way, and no more."""
    async with database.transaction() as transaction:
        await transaction.run(change, to=2)
        await asyncio.to_thread(execute, database.url, HANG_UP)
        with pytest.raises(DatabaseUnavailable, match=r"^PostgreSQL [^\n]*$"):
            await transaction.run(change, to=3)

    async with database.transaction() as transaction:
        assert await transaction.first(get_number) == (1,)


async def test_a_commit_that_nobody_answers_is_no_commit(database: PostgreSQLDatabase) -> None:
    """A callback runs only when the server has said that the writes last."""
    told: list[str] = []

    async def tell() -> None:
        told.append("committed")

    async with database.transaction() as transaction:
        await transaction.run(change, to=2)
        transaction.after_commit(tell)
        await asyncio.to_thread(execute, database.url, HANG_UP)
        with pytest.raises(DatabaseUnavailable):
            await transaction.commit()

    assert told == []


async def test_more_transactions_than_connections_wait_their_turn(database: PostgreSQLDatabase) -> None:
    """Each of sixty increments is made, over ten connections."""
    increment = Statement(update(numbers).values(number=numbers.c.number + 1))

    async def increase() -> None:
        async with database.transaction() as transaction:
            await transaction.run(increment)
            await transaction.commit()

    await asyncio.gather(*(increase() for _ in range(60)))

    async with database.transaction() as transaction:
        assert await transaction.first(get_number) == (61,)
        await transaction.run(change, to=1)
        await transaction.commit()


async def test_a_cancelled_statement_leaves_a_connection_that_works(database: PostgreSQLDatabase) -> None:
    """Whether it was reading, or waiting for a row that somebody else is changing."""
    wait = Statement(select(func.pg_sleep(60)))

    async def read() -> None:
        async with database.transaction() as transaction:
            await transaction.first(wait)

    async def write() -> None:
        async with database.transaction() as transaction:
            await transaction.run(change, to=3)

    async with database.transaction() as transaction:
        await transaction.run(change, to=2)
        tasks = [asyncio.create_task(work()) for work in (read, write) for _ in range(3)]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    assert all(task.cancelled() for task in tasks)
    async with asyncio.timeout(5):
        for _ in range(8):
            async with database.transaction() as transaction:
                assert await transaction.first(get_number) == (1,)
                await transaction.run(change, to=1)
                await transaction.commit()


async def test_closing_waits_for_nobody(database: PostgreSQLDatabase) -> None:
    """A transaction under way may end; what it used is not used again."""
    async with database.transaction() as transaction:
        await transaction.run(change, to=1)
        await database.close()
        await transaction.commit()

    await database.check()


async def test_no_connection_in_time_is_one_clear_line(
    database: PostgreSQLDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever, and a reader that gave up holds nothing."""
    monkeypatch.setattr(postgresql, "POOL_SIZE", 1)
    monkeypatch.setattr(postgresql, "PATIENCE", 0.05)
    await database.close()

    async with database.transaction() as first, database.transaction() as second:
        await first.run(change, to=1)
        with pytest.raises(DatabaseUnavailable, match="no connection became free"):
            await second.first(get_number)
        await first.commit()
        assert await second.first(get_number) == (1,)


async def test_who_has_only_read_holds_no_connection(
    database: PostgreSQLDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: a request may hash a password between two statements, and others need the connection meanwhile."""
    monkeypatch.setattr(postgresql, "POOL_SIZE", 1)
    monkeypatch.setattr(postgresql, "PATIENCE", 0.05)
    await database.close()

    async with database.transaction() as first, database.transaction() as second:
        assert await first.first(get_number) is not None
        assert len(await second.all(get_number)) == 1
        assert await first.first(get_number) is not None
        await second.run(change, to=1)
        await second.commit()
        assert await first.first(get_number) == (1,)


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:hunter2@127.0.0.1:1/there", "postgresql+asyncpg://me:hunter2@127.0.0.1:1/there"],
)
async def test_an_unreachable_server_is_one_clear_line(url: str) -> None:
    """It says which server, and not the password."""
    with pytest.raises(DatabaseUnavailable) as raised:
        await PostgreSQLDatabase(url).check()

    assert str(raised.value).startswith("PostgreSQL 127.0.0.1/there: ")
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


async def test_a_database_that_is_not_there_is_one_clear_line(database: PostgreSQLDatabase) -> None:
    """Whoever runs PostgreSQL makes it."""
    missing = PostgreSQLDatabase(database.url.replace("/test_", "/nowhere_"))

    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        await missing.check()
