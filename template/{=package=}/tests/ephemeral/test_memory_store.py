"""Ephemeral records in memory: bounded, and for one process only (J1)."""

from datetime import UTC, datetime, timedelta

import pytest

from ...database import DatabaseUnavailable, open_database
from ...ephemeral.memory import MemoryStore, open_store
from .places import NOWHERE

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def fill(store: MemoryStore, count: int, *, now: datetime = NOW, value: str = "") -> None:
    for number in range(count):
        await store.add("test", f"{now} {number}", now=now, expires_at=now + SECOND, value=value)


async def test_what_has_expired_makes_room_as_it_goes() -> None:
    """P6: however long the server runs, it holds what lives, and a bounded rest."""
    store = MemoryStore(capacity=100_000)

    for second in range(50):
        await fill(store, 100, now=NOW + second * SECOND)

        assert len(store._records) <= 200
        assert len(store._expiries) <= 200


async def test_what_was_taken_makes_room_too() -> None:
    """P6: at the latest when it would have expired."""
    store = MemoryStore(capacity=100_000)

    for number in range(5_000):
        now = NOW + number * SECOND / 100
        await store.add("test", f"{number}", now=now, expires_at=now + SECOND, value="x")
        assert await store.take("test", f"{number}", now=now) == "x"

        assert len(store._records) == 0
        assert len(store._expiries) <= 101


async def test_a_full_memory_refuses_and_forgets_nothing() -> None:
    """P6, D2: to drop the oldest would let whoever fills it use it twice."""
    store = MemoryStore(capacity=100_000)
    await store.add("test", "first", now=NOW, expires_at=NOW + SECOND, value="kept")

    with pytest.raises(DatabaseUnavailable, match="memory for ephemeral records is full"):
        await fill(store, 100, value="x" * 1_000)

    assert await store.find("test", "first", now=NOW) == "kept"
    assert await store.add("test", "first", now=NOW, expires_at=NOW + SECOND) is False
    await fill(store, 20, now=NOW + SECOND, value="x" * 1_000)


async def test_room_is_given_back_for_every_record() -> None:
    """P6: what was replaced, taken or swept is counted once."""
    store = MemoryStore()
    await fill(store, 10, value="x" * 100)
    await store.take("test", f"{NOW} 0", now=NOW)
    await store.add("test", f"{NOW} 1", now=NOW + SECOND, expires_at=NOW + 2 * SECOND, value="y")

    for _ in range(3):
        await store.add("test", "last", now=NOW + 3 * SECOND, expires_at=NOW + 3 * SECOND)
        await store.add("test", "last", now=NOW + 4 * SECOND, expires_at=NOW + 4 * SECOND)

    assert store._records.keys() <= {next(iter(store._records), b"")}
    assert store._size <= 800


async def test_closing_forgets_everything() -> None:
    """As the end of the process would."""
    store = MemoryStore()
    await fill(store, 10)

    await store.close()

    assert await store.find("test", f"{NOW} 0", now=NOW) is None
    assert (store._records, store._expiries, store._size) == ({}, [], 0)


@pytest.mark.parametrize(("processes", "level"), [(1, "warning"), (2, "error"), (8, "error")])
async def test_it_says_that_it_is_for_one_process(processes: int, level: str) -> None:
    """J1: each of several would accept what another has seen already."""
    (finding,) = await MemoryStore().examine(processes)

    assert finding.level == level
    assert "memory of one process" in str(finding)


@pytest.mark.parametrize("url", ["memory://", "memory:x", "memorys:", "memory+x:"])
def test_the_url_says_nothing_else(url: str) -> None:
    """B6."""
    with pytest.raises(ValueError, match=r"use memory:$"):
        open_store(url, open_database(NOWHERE))
