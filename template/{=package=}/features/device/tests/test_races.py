"""One answer, one use, one poll in time, and a bound that holds: over separate connections (J2, V1, V2, V6)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import pytest

from ....core.secrets import digest
from ....database import Database, Transaction, open_database
from ....stores.grants import Grants
from ....tests.stores.authorizations import NOW, make_grant
from ..attempts import WINDOW, Attempts
from ..device_code import SLOWED_BY, DeviceCode
from ..store import DeviceCodes
from .test_store import INTERVAL, make_code

NAMES = [f"device {number}" for number in range(8)]
T = TypeVar("T")
Work = Callable[[Transaction], Awaitable[T]]


@pytest.fixture
async def others(database: Database, database_url: str) -> AsyncIterator[list[Database]]:
    """The same database, opened three times more, with a code and two grants of each name."""
    async with database.transaction() as transaction:
        for number, name in enumerate(NAMES):
            await Grants(transaction).add(make_grant(f"first {name}"))
            await Grants(transaction).add(make_grant(f"second {name}"))
            assert await DeviceCodes(transaction).add(make_code(name), f"user code {number}")
        await transaction.commit()
    opened = [open_database(database_url) for _ in range(3)]
    yield opened
    for each in opened:
        await each.close()


async def run(database: Database, work: Work[T]) -> T:
    """Return what `work` returns in a transaction that is committed once the others have tried too."""
    async with database.transaction() as transaction:
        result = await work(transaction)
        await asyncio.sleep(0)
        await transaction.commit()
    return result


async def run_all(databases: Sequence[Database], *works: Work[T]) -> list[T]:
    """Return what each of `works` returns, all begun at once over each of the databases."""
    return list(await asyncio.gather(*(run(database, work) for work in works for database in databases)))


def approve(name: str, by: str) -> Work[bool]:
    return lambda transaction: DeviceCodes(transaction).approve(digest(name), f"{by} {name}", NOW)


def deny(name: str) -> Work[bool]:
    return lambda transaction: DeviceCodes(transaction).deny(digest(name), NOW)


def find(name: str) -> Work[DeviceCode | None]:
    return lambda transaction: DeviceCodes(transaction).find(digest(name))


def consume(name: str) -> Work[bool]:
    async def look_and_consume(transaction: Transaction) -> bool:
        code = await DeviceCodes(transaction).find(digest(name))
        return code is not None and await DeviceCodes(transaction).consume(code.digest, NOW)

    return look_and_consume


async def test_of_many_answers_the_first_counts(database: Database, others: list[Database]) -> None:
    """V1: one allows, another allows as somebody else, and a third says no."""
    for name in NAMES:
        answers = await run_all(others, approve(name, "first"), deny(name), approve(name, "second"))

        assert answers.count(True) == 1
        winner = ("first", "no", "second")[answers.index(True) // len(others)]
        code = await run(database, find(name))
        assert code is not None
        assert (code.denied_at is not None) is (winner == "no")
        assert (code.grant.id if code.grant else None) == (None if winner == "no" else f"{winner} {name}")


async def test_of_many_uses_one_is_the_first(others: list[Database]) -> None:
    """V6, F1: twelve on each of eight."""
    for name in NAMES:
        await run(others[0], approve(name, "first"))

        uses = await run_all(others, *[consume(name)] * 4)

        assert uses.count(True) == 1


async def test_nothing_is_used_beside_the_end_of_its_grant(others: list[Database]) -> None:
    """F6: whichever comes first, no use wins after the end."""
    for name in NAMES:
        await run(others[0], approve(name, "first"))

        def end(transaction: Transaction, name: str = name) -> Awaitable[bool]:
            return Grants(transaction).end(f"first {name}", NOW)

        await run_all(others, consume(name), end)

        assert not await run(others[0], consume(name))


async def test_of_a_flood_of_polls_one_is_in_time_and_each_other_slows_the_device_down(others: list[Database]) -> None:
    """V6, RFC 8628 §3.5: all have read the same row when they ask."""
    for name in NAMES:

        async def poll(transaction: Transaction, name: str = name) -> timedelta | None:
            code = await DeviceCodes(transaction).find(digest(name))
            assert code is not None
            await asyncio.sleep(0.01)
            return await DeviceCodes(transaction).poll(code, NOW)

        intervals = await run_all(others, *[poll] * 4)

        assert sorted(filter(None, intervals)) == [INTERVAL + number * SLOWED_BY for number in range(12)]


async def test_guesses_side_by_side_are_counted_like_guesses_one_after_the_other(others: list[Database]) -> None:
    """V2: no two have the same number, so that no more than the allowed ones are looked up."""
    first = await run_all(others, *[lambda transaction: Attempts(transaction).count("203.0.113.7", NOW)] * 6)
    other = await run_all(others, lambda transaction: Attempts(transaction).count("203.0.113.8", NOW))
    later = NOW + WINDOW
    anew = await run_all(others, *[lambda transaction: Attempts(transaction).count("203.0.113.7", later)] * 2)

    assert sorted(attempt.number for attempt in first) == list(range(1, 19))
    assert {attempt.window_ends_at for attempt in first} == {NOW + WINDOW}
    assert sorted(attempt.number for attempt in other) == [1, 2, 3]
    assert sorted(attempt.number for attempt in anew) == list(range(1, 7))
    assert {attempt.window_ends_at for attempt in anew} == {later + WINDOW}


async def test_who_waited_for_an_answer_that_was_given_up_may_answer(others: list[Database]) -> None:
    """D7: the second is held at the row, the first is cancelled, and the second has it."""
    holds = asyncio.Event()

    async def allow_and_linger() -> None:
        async with others[0].transaction() as transaction:
            assert await approve(NAMES[0], "first")(transaction)
            holds.set()
            await asyncio.sleep(60)

    first = asyncio.create_task(allow_and_linger())
    await holds.wait()
    second = asyncio.create_task(run(others[1], deny(NAMES[0])))
    await asyncio.sleep(0.05)
    first.cancel()

    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_user_code_has_one_device_while_it_waits(database: Database, others: list[Database]) -> None:
    """V2, RFC 8628 §6.1: of many that want it one gets it, and it is free again once somebody has answered."""

    def take(name: str) -> Work[bool]:
        return lambda transaction: DeviceCodes(transaction).add(make_code(name), "BCDFGHJK")

    taken = await run_all(others, take("a"), take("b"), take("c"))
    winner = "abc"[taken.index(True) // len(others)]
    await run(database, deny(winner))

    assert taken.count(True) == 1
    assert await run(database, take("another"))
