"""Several want the same row at once: one wins, and nobody is kept waiting by those who gave up."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from ...database import Database, open_database
from . import tickets
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


RACER = """
import asyncio, sys
from importlib import import_module

tickets = import_module(sys.argv[1])


async def main():
    database = import_module(tickets.Database.__module__).open_database(sys.argv[2])
    wins = 0
    for number in range(50):
        async with database.transaction() as transaction:
            row = await transaction.first(tickets.redeem, ticket=bytes([number]), by=sys.argv[3], now=tickets.NOW)
            wins += row is not None
            await transaction.commit()
    await database.close()
    print(wins)


asyncio.run(main())
"""


async def test_processes_share_the_wins_without_an_error(opened: Database, database_url: str) -> None:
    """Fifty tickets, four processes that want them all: fifty wins, and nobody is told that it is locked."""
    for number in range(50):
        await add_ticket(opened, bytes([number]))
    root = Path(__file__).parents[3]

    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", RACER, tickets.__name__, database_url, f"{n}", cwd=root, stdout=subprocess.PIPE
        )
        for n in range(4)
    ]
    answers = [await racer.communicate() for racer in racers]

    assert [racer.returncode for racer in racers] == [0] * 4
    assert sum(int(out) for out, _ in answers) == 50


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
