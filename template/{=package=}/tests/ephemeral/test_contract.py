"""What every ephemeral store promises, whichever was rendered (J1, J2)."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ...ephemeral import MAX_KEY_LENGTH, EphemeralStore
from .places import Place

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MINUTE, TICK = timedelta(minutes=1), timedelta(microseconds=1)
KIND = "test"

Verb = Callable[[EphemeralStore, str], Awaitable[object]]


@pytest.fixture
async def store(place: Place) -> AsyncIterator[EphemeralStore]:
    """An open store, in which others may have records too."""
    opened = place.open()
    yield opened.store
    await opened.close()


@pytest.fixture
def key() -> str:
    """A key that nobody has used."""
    return secrets.token_urlsafe()


async def add(
    store: EphemeralStore, key: str, *, now: datetime = NOW, expires_at: datetime = NOW + MINUTE, value: str = ""
) -> bool:
    return await store.add(KIND, key, now=now, expires_at=expires_at, value=value)


async def test_a_record_is_kept_once(store: EphemeralStore, key: str) -> None:
    """D2, C2: whoever comes second is told so, and changes nothing."""
    first = await add(store, key, value="one")
    second = await add(store, key, value="two", expires_at=NOW + 2 * MINUTE)

    assert (first, second) == (True, False)
    assert await store.find(KIND, key, now=NOW) == "one"
    assert await store.find(KIND, key, now=NOW + MINUTE) is None


async def test_a_record_can_be_found_again_and_taken_once(store: EphemeralStore, key: str) -> None:
    """J1: looking spends nothing, taking does."""
    await add(store, key, value="one")

    found = [await store.find(KIND, key, now=NOW) for _ in range(2)]
    taken = [await store.take(KIND, key, now=NOW) for _ in range(2)]

    assert found == ["one", "one"]
    assert taken == ["one", None]
    assert await store.find(KIND, key, now=NOW) is None


async def test_what_was_taken_can_be_kept_anew(store: EphemeralStore, key: str) -> None:
    """It is as if it had never been there."""
    await add(store, key, value="one")
    await store.take(KIND, key, now=NOW)

    assert await add(store, key, value="two")
    assert await store.find(KIND, key, now=NOW) == "two"


async def test_what_was_kept_anew_ends_when_it_should(store: EphemeralStore, key: str) -> None:
    """D2: and not when the one before it would have ended, however many others come and go meanwhile."""
    await add(store, key, expires_at=NOW + MINUTE)
    await store.take(KIND, key, now=NOW)
    await add(store, key, expires_at=NOW + 3 * MINUTE)

    for number in range(20):
        await add(store, f"{key} {number}", now=NOW + 2 * MINUTE, expires_at=NOW + 2 * MINUTE)

    assert await store.find(KIND, key, now=NOW + 2 * MINUTE) == ""
    assert await add(store, key, now=NOW + 2 * MINUTE) is False


async def test_what_is_not_there_is_none(store: EphemeralStore, key: str) -> None:
    """And an empty value is a value."""
    assert await store.find(KIND, key, now=NOW) is None
    assert await store.take(KIND, key, now=NOW) is None

    await add(store, key)

    assert await store.find(KIND, key, now=NOW) == ""
    assert await store.take(KIND, key, now=NOW) == ""


async def test_a_record_ends_at_its_instant_and_not_before(store: EphemeralStore, key: str) -> None:
    """J2: expiry is checked on read, to the microsecond, by the clock of whoever asks."""
    await add(store, key, value="one")
    last = NOW + MINUTE - TICK

    assert await store.find(KIND, key, now=last) == "one"
    assert await add(store, key, now=last) is False
    assert await store.find(KIND, key, now=NOW + MINUTE) is None
    assert await store.take(KIND, key, now=NOW + MINUTE) is None


async def test_a_record_can_be_taken_in_its_last_instant(store: EphemeralStore, key: str) -> None:
    """J2."""
    await add(store, key, value="one")

    assert await store.take(KIND, key, now=NOW + MINUTE - TICK) == "one"


async def test_an_expired_record_gives_way_to_a_new_one(store: EphemeralStore, key: str) -> None:
    """J3: whether or not anybody has deleted it."""
    await add(store, key, value="one")

    later = NOW + MINUTE
    kept = [await add(store, key, now=later, expires_at=later + MINUTE, value=value) for value in ("two", "three")]

    assert kept == [True, False]
    assert await store.find(KIND, key, now=later + MINUTE - TICK) == "two"


async def test_a_record_that_has_expired_already_is_none(store: EphemeralStore, key: str) -> None:
    """It harms nobody and keeps nobody out."""
    kept = [await add(store, key, expires_at=NOW) for _ in range(2)]

    assert kept == [True, True]
    assert await store.find(KIND, key, now=NOW) is None


async def test_kinds_and_keys_are_strangers(store: EphemeralStore, key: str) -> None:
    """J5: what is one thing's key is nothing to another, and no kind and key make up another pair."""
    await store.add("some", f"thing{key}", now=NOW, expires_at=NOW + MINUTE, value="one")

    for kind, other in [("something", key), ("some", key), ("some", f"thing{key}\x00"), ("somet", f"hing{key}")]:
        assert await store.find(kind, other, now=NOW) is None
        assert await store.take(kind, other, now=NOW) is None


@pytest.mark.parametrize(
    "text", ["é", "\x00", "\ud800", "\udfff\ud800", "\U0001f4a1", " ", "\r\n", "%", "a" * MAX_KEY_LENGTH]
)
async def test_any_text_is_a_key_and_a_value(store: EphemeralStore, text: str) -> None:
    """P3: what a JSON string can hold, half a surrogate pair too, is neither a fault nor another text."""
    kind = f"k{secrets.token_hex(8)}"

    assert await store.add(kind, text, now=NOW, expires_at=NOW + MINUTE, value=text)

    assert await store.find(kind, text, now=NOW) == text
    assert await store.find(kind, text[:-1] + "?", now=NOW) is None
    assert await store.take(kind, text, now=NOW) == text


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("", "key"),
        ("a kind", "key"),
        ("Kind", "key"),
        ("kind\x00", "key"),
        ("kind\n", "key"),
        ("1kind", "key"),
        ("k" * 41, "key"),
        ("kind", ""),
        ("kind", "k" * (MAX_KEY_LENGTH + 1)),
    ],
)
async def test_a_kind_or_key_out_of_bounds_is_a_value_error(store: EphemeralStore, kind: str, key: str) -> None:
    """P6: nobody makes us keep or hash more than we want."""
    verbs: list[Awaitable[object]] = [
        store.add(kind, key, now=NOW, expires_at=NOW + MINUTE),
        store.find(kind, key, now=NOW),
        store.take(kind, key, now=NOW),
    ]
    for verb in verbs:
        with pytest.raises(ValueError, match=r"kind of a record|a key of \d+ characters"):
            await verb


async def test_an_instant_is_the_same_in_every_time_zone(store: EphemeralStore, key: str) -> None:
    """J2."""
    elsewhere = timezone(timedelta(hours=-7))
    await add(store, key, now=NOW.astimezone(elsewhere), expires_at=(NOW + MINUTE).astimezone(elsewhere))

    assert await store.find(KIND, key, now=(NOW + MINUTE - TICK).astimezone(elsewhere)) == ""
    assert await store.find(KIND, key, now=(NOW + MINUTE).astimezone(elsewhere)) is None


async def test_an_instant_without_a_time_zone_is_refused(store: EphemeralStore, key: str) -> None:
    """Nobody could say which moment it is."""
    naive = NOW.replace(tzinfo=None)

    for verb in (
        lambda: add(store, key, now=naive),
        lambda: add(store, key, expires_at=naive),
        lambda: store.find(KIND, key, now=naive),
        lambda: store.take(KIND, key, now=naive),
    ):
        with pytest.raises((TypeError, ValueError)):
            await verb()


async def test_a_closed_store_opens_again(place: Place, key: str) -> None:
    """J1: and again in another event loop, as the databases do."""
    opened = place.open()

    async def use() -> bool:
        kept = await add(opened.store, key + secrets.token_hex(4))
        await opened.close()
        return kept

    assert await use()
    assert await use()
    assert await asyncio.to_thread(asyncio.run, use())


def test_a_store_serves_one_event_loop_after_the_other(place: Place, key: str) -> None:
    """J1: what was kept in the first is there in the second."""
    opened = place.open()

    async def use() -> bool:
        kept = await add(opened.store, key)
        if place.only is None:
            await opened.close()
        return kept

    assert [asyncio.run(use()) for _ in range(2)] == [True, False]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "find", "take"]),
        st.sampled_from(["one", "two"]),
        st.integers(min_value=0, max_value=3),
        st.integers(min_value=0, max_value=4),
    ),
    max_size=20,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_it_behaves_like_a_dict_that_forgets(place: Place, steps: list[tuple[str, str, int, int]]) -> None:
    """J2: any sequence of verbs while time goes on, against the simplest thing that could be right."""
    salt = secrets.token_hex(8)

    async def play() -> list[object]:
        opened, now, answers = place.open(), NOW, list[object]()
        for verb, name, passed, lifetime in steps:
            now += passed * TICK
            key = f"{salt} {name}"
            match verb:
                case "add":
                    expires_at = now + lifetime * TICK
                    answers.append(await opened.store.add(KIND, key, now=now, expires_at=expires_at, value=f"{now}"))
                case "find":
                    answers.append(await opened.store.find(KIND, key, now=now))
                case "take":
                    answers.append(await opened.store.take(KIND, key, now=now))
        if place.only is None:
            await opened.close()
        return answers

    assert asyncio.run(play()) == expected(steps)


def expected(steps: list[tuple[str, str, int, int]]) -> list[object]:
    """Return what a dict says, from which the expired are deleted before each step."""
    kept: dict[str, tuple[datetime, str]] = {}
    now, answers = NOW, list[object]()
    for verb, name, passed, lifetime in steps:
        now += passed * TICK
        kept = {name: record for name, record in kept.items() if record[0] > now}
        match verb:
            case "add":
                answers.append(name not in kept)
                kept.setdefault(name, (now + lifetime * TICK, f"{now}"))
            case "find":
                answers.append(kept[name][1] if name in kept else None)
            case "take":
                answers.append(kept.pop(name)[1] if name in kept else None)
    return answers
