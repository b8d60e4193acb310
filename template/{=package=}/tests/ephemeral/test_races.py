"""Single use under concurrency: over separate connections and separate processes, one attempt of many wins (J2)."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from ...ephemeral import EphemeralStore
from ..processes import run_together, start_together
from .places import Place
from .test_contract import KIND, MINUTE, NOW

CONNECTIONS, ATTEMPTS = 5, 50


@pytest.fixture
async def stores(place: Place) -> AsyncIterator[list[EphemeralStore]]:
    """The same records, opened by several."""
    opened = [place.open() for _ in range(CONNECTIONS)]
    yield [each.store for each in opened]
    for each in opened:
        await each.close()


def make_keys(count: int = 8) -> list[str]:
    return [secrets.token_urlsafe() for _ in range(count)]


async def test_of_fifty_that_add_one_wins(stores: list[EphemeralStore]) -> None:
    """D2, C2: and the value that is kept is the winner's."""
    for key in make_keys():
        won = await asyncio.gather(
            *(
                stores[number % CONNECTIONS].add(KIND, key, now=NOW, expires_at=NOW + MINUTE, value=f"{number}")
                for number in range(ATTEMPTS)
            )
        )

        assert won.count(True) == 1
        assert await stores[0].find(KIND, key, now=NOW) == f"{won.index(True)}"


async def test_of_fifty_that_take_one_gets_it(stores: list[EphemeralStore]) -> None:
    """J1: single use, whoever else looks at it meanwhile."""
    for key in make_keys():
        await stores[0].add(KIND, key, now=NOW, expires_at=NOW + MINUTE, value="one")

        taken, found = await asyncio.gather(
            asyncio.gather(*(stores[n % CONNECTIONS].take(KIND, key, now=NOW) for n in range(ATTEMPTS))),
            asyncio.gather(*(stores[n % CONNECTIONS].find(KIND, key, now=NOW) for n in range(CONNECTIONS))),
        )

        assert Counter(taken) == {"one": 1, None: ATTEMPTS - 1}
        assert set(found) <= {"one", None}


async def test_of_fifty_that_replace_what_has_expired_one_wins(stores: list[EphemeralStore]) -> None:
    """J2: at the very instant, while others look for it and never see the old one."""
    for key in make_keys():
        await stores[0].add(KIND, key, now=NOW, expires_at=NOW + MINUTE, value="old")
        then = NOW + MINUTE

        won, found = await asyncio.gather(
            asyncio.gather(
                *(
                    stores[n % CONNECTIONS].add(KIND, key, now=then, expires_at=then + MINUTE, value="new")
                    for n in range(ATTEMPTS)
                )
            ),
            asyncio.gather(*(stores[n % CONNECTIONS].find(KIND, key, now=then) for n in range(ATTEMPTS))),
        )

        assert won.count(True) == 1
        assert set(found) <= {"new", None}
        assert await stores[0].find(KIND, key, now=then) == "new"


async def test_whatever_is_kept_is_taken_as_often(stores: list[EphemeralStore]) -> None:
    """J2: adding and taking at once, nothing is lost and nothing comes twice."""
    (key,) = make_keys(1)

    won, taken = await asyncio.gather(
        asyncio.gather(
            *(
                stores[n % CONNECTIONS].add(KIND, key, now=NOW, expires_at=NOW + MINUTE, value=f"{n}")
                for n in range(ATTEMPTS)
            )
        ),
        asyncio.gather(*(stores[n % CONNECTIONS].take(KIND, key, now=NOW) for n in range(ATTEMPTS))),
    )
    left = await stores[0].take(KIND, key, now=NOW)

    kept = {f"{number}" for number, has_won in enumerate(won) if has_won}
    got = [value for value in (*taken, left) if value is not None]
    assert sorted(got) == sorted(kept)


async def test_processes_share_the_records(place: Place, stores: list[EphemeralStore]) -> None:
    """D2, J1: three processes start at once and want all; each prize has one winner, and all see what was kept here."""
    if place.only is not None:
        for finding in await place.only.examine(2):
            assert finding.level == "error"
        return
    free, kept = make_keys(40), make_keys(40)
    for key in kept:
        await stores[0].add(KIND, key, now=NOW, expires_at=NOW + MINUTE, value="the parent's")

    won = run_together(want_all, [(place, f"racer {number}", free, kept) for number in range(3)])

    assert Counter(key for keys in won for key in keys) == Counter(free + kept)
    for number, keys in enumerate(won):
        for key in set(keys) & set(free):
            assert await stores[1].find(KIND, key, now=NOW) == f"racer {number}"


def want_all(place: Place, name: str, free: list[str], kept: list[str]) -> list[str]:
    """Try to add each that is free and to take each that is kept; return those that were got."""

    async def race() -> list[str]:
        opened, won = place.open(), []
        await opened.store.find(KIND, "nothing", now=NOW)
        start_together()
        for key in free:
            if await opened.store.add(KIND, key, now=NOW, expires_at=NOW + MINUTE, value=name):
                won.append(key)
        for key in kept:
            if await opened.store.take(KIND, key, now=NOW) == "the parent's":
                won.append(key)
        await opened.close()
        return won

    return asyncio.run(race())


async def test_who_gives_up_waiting_keeps_nobody_else_waiting(stores: list[EphemeralStore]) -> None:
    """P6: a request that is cancelled leaves a store that works, and its answer to nobody."""
    keys = make_keys(200)
    for number, key in enumerate(keys):
        await stores[0].add(KIND, key, now=NOW, expires_at=NOW + MINUTE, value=f"{number}")

    for pause in range(12):
        tasks = [asyncio.create_task(stores[0].find(KIND, key, now=NOW)) for key in keys]
        for _ in range(pause):
            await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

        for number, answer in enumerate(answers):
            assert answer == f"{number}" or (number % 2 == 0 and isinstance(answer, asyncio.CancelledError))

    async with asyncio.timeout(5):
        assert await stores[0].add(KIND, keys[0], now=NOW + MINUTE, expires_at=NOW + MINUTE + timedelta(seconds=1))
