"""The seam: what goes in and comes out, and when it lasts."""

import asyncio
from datetime import UTC, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, String, Table, bindparam, select
from sqlalchemy.dialects.postgresql import insert as upsert

from ...database import Conflict, Database, DatabaseUnavailable, Statement, open_database, run_alone
from .tickets import NOW, add, add_ticket, delete_all, find, list_all, make_tickets, redeem, tickets, transfer_all

pytestmark = pytest.mark.anyio


async def test_every_kind_of_value_comes_back_as_it_went_in(opened: Database) -> None:
    """Bytes, text, JSON, truth and instants mean the same on both databases."""
    details = {"scope": ["a", "ü"], "deep": {"n": 1, "no": None}}
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))

    async with opened.transaction() as transaction:
        count = await transaction.run(
            add, digest=b"\x00\xff", holder="Zoë 💡", details=details, is_valid=False, used_at=elsewhere
        )
        await transaction.commit()
        row = await transaction.first(find, ticket=b"\x00\xff")

    assert count == 1
    assert row == (b"\x00\xff", "Zoë 💡", details, False, NOW)
    assert (row.is_valid, row.used_at.tzinfo, row.details["deep"]["n"]) == (False, UTC, 1)


async def test_a_naive_instant_is_refused(opened: Database) -> None:
    """Nobody could say which moment it is."""
    async with opened.transaction() as transaction:
        with pytest.raises(ValueError, match="time zone"):
            await transaction.run(redeem, ticket=b"one", by="me", now=NOW.replace(tzinfo=None))


async def test_what_is_not_there_is_none(opened: Database) -> None:
    """`first` returns None, `all` an empty list, `run` zero."""
    async with opened.transaction() as transaction:
        assert await transaction.first(find, ticket=b"none") is None
        assert await transaction.all(list_all) == []
        assert await transaction.run(delete_all) == 0


async def test_run_counts_rows_with_and_without_returning(opened: Database) -> None:
    """A RETURNING clause does not change how many rows were touched."""
    for digest in (b"one", b"two", b"three"):
        await add_ticket(opened, digest)

    async with opened.transaction() as transaction:
        assert await transaction.run(redeem, ticket=b"one", by="me", now=NOW) == 1
        assert await transaction.run(transfer_all) == 3
        assert [row.holder for row in await transaction.all(list_all)] == ["somebody"] * 3
        assert await transaction.run(delete_all) == 3


async def test_constants_in_a_statement_need_no_parameter(opened: Database) -> None:
    """Literals, lists and NULL are bound when the statement is compiled."""
    await add_ticket(opened, b"one", "me")
    one_of = Statement(
        select(tickets.c.holder)
        .where(tickets.c.digest.in_([b"one", b"two"]))
        .where(tickets.c.is_valid == True)  # noqa: E712
        .where(tickets.c.holder == bindparam("holder"))
        .limit(1)
    )

    async with opened.transaction() as transaction:
        row = await transaction.first(one_of, holder="me")

    assert row.holder == "me"


@pytest.mark.parametrize("given", [{}, {"ticket": b"one", "tocket": b"one"}, {"tocket": b"one"}])
async def test_a_missing_or_unknown_parameter_is_a_type_error(opened: Database, given: dict[str, bytes]) -> None:
    """A misspelt parameter is found at once, not by what the database makes of it."""
    async with opened.transaction() as transaction:
        with pytest.raises(TypeError, match=r"missing \['ticket'\]|unknown \['tocket'\]"):
            await transaction.first(find, **given)


async def test_a_list_of_unknown_length_is_a_type_error(opened: Database) -> None:
    """A statement that is compiled once has a fixed number of parameters."""
    statement = Statement(select(tickets).where(tickets.c.digest.in_(bindparam("digests", expanding=True))))

    async with opened.transaction() as transaction:
        with pytest.raises(TypeError, match="unknown length"):
            await transaction.all(statement, digests=[b"one"])


async def test_leaving_without_commit_rolls_back(opened: Database) -> None:
    """Nothing lasts that was not committed, whether or not there was an error."""
    await add_ticket(opened)
    async with opened.transaction() as transaction:
        assert await transaction.first(redeem, ticket=b"one", by="me", now=NOW)
        assert (await transaction.first(find, ticket=b"one")).holder == "me"

    async def fail() -> None:
        async with opened.transaction() as transaction:
            await transaction.run(transfer_all)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()

    async with opened.transaction() as transaction:
        row = await transaction.first(find, ticket=b"one")

    assert (row.holder, row.used_at) == (None, None)


async def test_nobody_else_sees_what_is_not_committed(opened: Database) -> None:
    """Reads before the first write see the last commit."""
    await add_ticket(opened)

    async with opened.transaction() as writing, opened.transaction() as reading:
        await writing.run(redeem, ticket=b"one", by="me", now=NOW)
        before = await reading.first(find, ticket=b"one")
        await writing.commit()
        after = await reading.first(find, ticket=b"one")

    assert (before.holder, after.holder) == (None, "me")


async def test_a_transaction_begins_anew_after_a_commit(opened: Database) -> None:
    """What follows a commit is another unit of work."""
    await add_ticket(opened)
    async with opened.transaction() as transaction:
        await transaction.run(redeem, ticket=b"one", by="me", now=NOW)
        await transaction.commit()
        await transaction.run(delete_all)

    async with opened.transaction() as transaction:
        assert (await transaction.first(find, ticket=b"one")).holder == "me"


async def test_callbacks_run_after_the_commit_and_only_then(opened: Database, caplog: pytest.LogCaptureFixture) -> None:
    """One that fails is logged and does not keep the others, or the answer, from going out."""
    seen: list[str] = []

    async def tell(what: str) -> None:
        async with opened.transaction() as another:  # the writer's place must be free by now
            await another.run(transfer_all)
            await another.commit()
        seen.append(what)

    async def fail() -> None:
        raise RuntimeError("lost")

    async with opened.transaction() as transaction:
        await transaction.run(delete_all)
        transaction.after_commit(lambda: tell("rolled back"))
    async with opened.transaction() as transaction:
        await transaction.run(delete_all)
        transaction.after_commit(fail)
        transaction.after_commit(lambda: tell("committed"))
        assert seen == []
        await transaction.commit()
        await transaction.commit()

    assert seen == ["committed"]
    assert "callback" in caplog.text


async def test_a_second_row_with_the_same_key_is_a_conflict(opened: Database) -> None:
    """The whole transaction can then only be rolled back, on both databases."""
    await add_ticket(opened)
    row = {"digest": b"one", "holder": None, "details": None, "is_valid": True, "used_at": None}

    async with opened.transaction() as transaction:
        with pytest.raises(Conflict):
            await transaction.run(add, **row)
        with pytest.raises(RuntimeError, match="failed"):
            await transaction.commit()
    async with opened.transaction() as transaction:
        assert len(await transaction.all(list_all)) == 1
        await transaction.run(add, **{**row, "digest": b"two"})
        await transaction.commit()


async def test_an_insert_may_give_way_to_a_row_that_is_there(opened: Database) -> None:
    """PostgreSQL's INSERT ... ON CONFLICT compiles for SQLite too, and says who won."""
    statement = Statement(
        upsert(tickets)
        .values(digest=bindparam("ticket"), holder=bindparam("by"))
        .on_conflict_do_nothing()
        .returning(tickets.c.digest)
    )

    async with opened.transaction() as transaction:
        first = await transaction.first(statement, ticket=b"one", by="me")
        second = await transaction.first(statement, ticket=b"one", by="you")

    assert (first, second) == ((b"one",), None)


def test_a_database_serves_one_event_loop_after_the_other(database_url: str) -> None:
    """Once it is closed, it can be opened again anywhere."""
    run_alone(database_url, make_tickets)
    database = open_database(database_url)

    async def add_one(digest: bytes) -> int:
        await add_ticket(database, digest)
        async with database.transaction() as transaction:
            count = len(await transaction.all(list_all))
        await database.close()
        return count

    assert [asyncio.run(add_one(digest)) for digest in (b"one", b"two")] == [1, 2]


async def test_the_check_passes_where_there_is_a_database(opened: Database) -> None:
    """And again after closing, since the next use opens it again."""
    await opened.check()
    await opened.close()
    await opened.check()


async def test_a_missing_table_is_one_clear_line(opened: Database) -> None:
    """Whoever forgot the migrations is told so."""
    statement = Statement(select(Table("nowhere", MetaData(), Column("id", String))))

    async with opened.transaction() as transaction:
        with pytest.raises(DatabaseUnavailable, match=r"nowhere.*\(the migrations have not run\)$"):
            await transaction.all(statement)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:////nowhere/at.db", "SQLite /nowhere/at.db: there is no such file (the migrations make it)"),
        ("sqlite:////etc", "SQLite /etc: unable to open database file"),
    ],
)
async def test_an_unusable_file_is_one_clear_line(url: str, reason: str) -> None:
    """It says which file and why."""
    with pytest.raises(DatabaseUnavailable) as raised:
        await open_database(url).check()

    assert str(raised.value) == reason


@pytest.mark.parametrize("url", ["mysql://localhost/x", "authserver.db", "", "sqlite://", "sqlite:///:memory:"])
def test_an_unknown_kind_of_database_is_refused(url: str) -> None:
    """In one line that says what is accepted."""
    with pytest.raises(ValueError, match=r"use .*sqlite:///|needs a file: sqlite:///"):
        open_database(url)
