"""Several want the same row at once: one wins, and nobody is kept waiting by those who gave up."""

import asyncio

import pytest

from ...database import Database, open_database
from ..processes import run_together, start_together
from .tickets import NOW, add_ticket, find, redeem

pytestmark = pytest.mark.anyio


async def test_one_redemption_of_many_at_once_wins(opened: Database, database_url: str) -> None:
    """Twenty tickets, eight tries each, over separate connections: one winner each."""
    others = [open_database(database_url) for _ in range(4)]
    digests = [bytes([number]) for number in range(20)]
    for digest in digests:
        await add_ticket(opened, digest)

    async def attempt(database: Database, digest: bytes, by: str) -> bool:
        async with database.transaction() as transaction:
            assert await transaction.first(find, ticket=digest)
            won = await transaction.first(redeem, ticket=digest, by=by, now=NOW) is not None
            await asyncio.sleep(0)
            await transaction.commit()
        return won

    for digest in digests:
        wins = await asyncio.gather(*(attempt(database, digest, f"{n}") for database in others for n in range(2)))
        assert wins.count(True) == 1
    for database in others:
        await database.close()


async def test_processes_share_the_wins_without_an_error(opened: Database, database_url: str) -> None:
    """Fifty tickets, four processes that want them all: fifty wins, and nobody is told that it is locked."""
    for number in range(50):
        await add_ticket(opened, bytes([number]))

    wins = run_together(redeem_all, [(database_url, f"{n}") for n in range(4)])

    assert sum(wins) == 50


def redeem_all(database_url: str, by: str) -> int:
    """Try every ticket, and count those that were got."""

    async def race() -> int:
        database = open_database(database_url)
        await database.check()
        start_together()
        wins = 0
        for number in range(50):
            async with database.transaction() as transaction:
                row = await transaction.first(redeem, ticket=bytes([number]), by=by, now=NOW)
                wins += row is not None
                await transaction.commit()
        await database.close()
        return wins

    return asyncio.run(race())


async def test_a_cancelled_writer_lets_the_next_one_in(opened: Database) -> None:
    """Whether it is cancelled while it writes or while it waits for its turn."""
    await add_ticket(opened)
    holds = asyncio.Event()

    async def write_and_linger() -> None:
        async with opened.transaction() as transaction:
            await transaction.run(redeem, ticket=b"one", by="cancelled", now=NOW)
            holds.set()
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(write_and_linger()) for _ in range(3)]
    await holds.wait()
    await asyncio.sleep(0.05)
    for task in reversed(tasks):
        task.cancel()
        await asyncio.wait([task])

    async with asyncio.timeout(5), opened.transaction() as transaction:
        assert await transaction.first(redeem, ticket=b"one", by="next", now=NOW)
        await transaction.commit()
