"""Ephemeral records in Redis: what is kept there and for how long, and what becomes of a Redis that fails (J1, J2)."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ...database import DatabaseUnavailable, open_database
from ...defaults import TABLE_PREFIX
from ...ephemeral import open_store, redis
from ...ephemeral.redis import RedisStore
from ..redis_stores import redis_in
from .places import NOWHERE

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that nobody else uses."""
    with redis_in(tmp_path_factory.mktemp("redis")) as url:
        yield url


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisStore]:
    store = open_store(url, open_database(NOWHERE))
    assert isinstance(store, RedisStore)
    yield store
    await store.close()


@pytest.fixture
async def store(url: str) -> AsyncIterator[RedisStore]:
    """An empty store there."""
    async with opened(url) as store:
        await store._ask("FLUSHALL")
        yield store


async def add(store: RedisStore, key: str = "key", **changes: Any) -> bool:
    return await store.add("test", key, **{"now": NOW, "expires_at": NOW + MINUTE, **changes})


async def test_the_names_of_records_begin_with_the_prefix_and_hide_their_keys(store: RedisStore) -> None:
    """K8: whoever reads Redis can use nothing that stands there, and sees what it is for."""
    await add(store, "hunter2", value="kept")

    (name,) = await store._ask("KEYS", "*")

    assert re.fullmatch(rf"{TABLE_PREFIX}ephemeral:test:[0-9a-f]{{64}}".encode(), name)


async def test_redis_forgets_a_record_by_itself_a_little_later(store: RedisStore) -> None:
    """J3: no sweeper is needed, and another server's clock may be slow."""
    await add(store)
    (name,) = await store._ask("KEYS", "*")

    lifetime = timedelta(milliseconds=await store._ask("PTTL", name))

    assert MINUTE < lifetime <= MINUTE + 10 * SECOND


async def test_a_record_of_long_ago_is_forgotten_at_once(store: RedisStore) -> None:
    """A lifetime is never negative, which Redis would refuse."""
    assert await add(store, expires_at=NOW - timedelta(days=1))

    assert await store._ask("PTTL", *await store._ask("KEYS", "*") or ["nothing"]) <= 1


async def test_a_redis_that_has_forgotten_the_script_is_told_again(store: RedisStore) -> None:
    """J2: after a restart, or a failover to one that never saw it."""
    await add(store, "one")
    await store._ask("SCRIPT", "FLUSH")

    assert await add(store, "two") is True
    assert await add(store, "two") is False


async def test_a_restart_costs_nothing_but_what_it_held(tmp_path: Path) -> None:
    """J2: connections that the other side has closed are not used again."""
    with redis_in(tmp_path) as url:
        store = RedisStore(url)
        await asyncio.gather(*(add(store, f"{number}") for number in range(5)))
    with pytest.raises(DatabaseUnavailable, match=rf"^Redis {tmp_path}/redis\.sock: [^\n]+$"):
        await add(store)
    with redis_in(tmp_path):
        kept = await asyncio.gather(*(add(store, f"{number}") for number in range(5)))
        await store.close()

    assert kept == [True] * 5


async def test_no_more_connections_than_allowed(store: RedisStore) -> None:
    """P6: the others wait their turn, and each gets its own answer."""
    for number in range(100):
        await add(store, f"{number}", value=f"{number}")

    found = await asyncio.gather(*(store.find("test", f"{number}", now=NOW) for number in range(100)))

    connected = (await store._ask("CLIENT", "LIST")).count(b"\n")
    assert found == [f"{number}" for number in range(100)]
    assert 1 < connected <= redis.POOL_SIZE


async def test_no_connection_in_time_is_one_clear_line(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: nobody waits for ever, and who gave up holds nothing."""
    monkeypatch.setattr(redis, "POOL_SIZE", 1)
    monkeypatch.setattr(redis, "PATIENCE", 0.05)
    await store.close()
    connection, slots = await store._acquire()
    await connection.connect()  # type: ignore[no-untyped-call]

    with pytest.raises(DatabaseUnavailable, match=r"no connection became free in 0 s$"):
        await add(store)

    slots.release()
    await store._keep(connection, slots)
    assert await add(store)


async def test_a_connection_that_cannot_even_be_made_takes_no_place(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: a place that is lost is lost for ever, and with the last one the store."""
    monkeypatch.setattr(redis, "POOL_SIZE", 1)
    monkeypatch.setattr(redis, "PATIENCE", 0.05)
    await store.close()

    with monkeypatch.context() as broken:
        broken.setattr(store, "_make", None)
        with pytest.raises(TypeError):
            await add(store)

    monkeypatch.setattr(redis, "PATIENCE", 5.0)
    assert await add(store)


async def test_an_old_connection_is_not_used_again(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall in between may have forgotten it without a word."""
    monkeypatch.setattr(redis, "MAX_IDLE", 0.0)
    name = await store._ask("CLIENT", "ID")

    assert await store._ask("CLIENT", "ID") != name


async def test_connections_of_an_event_loop_that_has_ended_are_not_used(store: RedisStore) -> None:
    """J1: a store that nobody closed serves the next loop all the same."""
    await add(store, "one")
    ((connection, _),) = store._idle
    ended = asyncio.new_event_loop()
    ended.close()
    store._loop = ended

    assert await add(store, "two")
    assert connection not in [idle for idle, _ in store._idle]
    await connection.disconnect()


async def test_connections_in_use_when_it_closes_are_closed_when_they_are_released(store: RedisStore) -> None:
    """Nothing stays open that nobody knows of."""
    connection, slots = await store._acquire()
    await connection.connect()  # type: ignore[no-untyped-call]
    await store.close()

    slots.release()
    await store._keep(connection, slots)

    assert not connection.is_connected


async def test_the_answer_to_one_who_gave_up_is_nobody_elses(store: RedisStore) -> None:
    """J2: a cancelled request leaves its connection with an answer to come."""
    for key in ("one", "two"):
        await add(store, key, value=key)
    await store._ask("CLIENT", "PAUSE", 60_000, "WRITE")
    waiting = [asyncio.create_task(store.take("test", "one", now=NOW)) for _ in range(5)]
    await asyncio.sleep(0.05)

    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    await store._ask("CLIENT", "UNPAUSE")

    assert all(task.cancelled() for task in waiting)
    assert await asyncio.gather(*(store.find("test", "two", now=NOW) for _ in range(10))) == ["two"] * 10


@asynccontextmanager
async def impostor(folder: Path, answer: bytes | None) -> AsyncIterator[tuple[RedisStore, list[bytes]]]:
    """Give a store on what is no Redis, and the commands that it was asked: it always says the same, or hangs up."""
    asked: list[bytes] = []
    answering: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        while data := await reader.read(4096):
            commands = re.findall(rb"\*\d+\r\n\$\d+\r\n(\w+)", data)
            asked.extend(commands)
            for command in commands:
                if command in (b"HELLO", b"CLIENT"):
                    writer.write(b"%1\r\n+proto\r\n:3\r\n")
                elif answer is None:
                    writer.close()
                else:
                    writer.write(answer)
        writer.close()
        await writer.wait_closed()

    path = folder / "impostor.sock"
    async with await asyncio.start_unix_server(serve, path):
        async with opened(f"redis+unix://{path}") as store:
            yield store, asked
        await asyncio.wait([task for task in answering if task])


async def test_nothing_is_tried_twice(tmp_path: Path) -> None:
    """D2: the first attempt may have kept the record, and the second would call an honest request a replay."""
    async with impostor(tmp_path, None) as (store, asked):
        with pytest.raises(DatabaseUnavailable, match=r"^Redis \S+: [^\n]+$"):
            await add(store)

    assert [command for command in asked if command not in (b"HELLO", b"CLIENT")] == [b"EVALSHA"]


@pytest.mark.parametrize(
    "refusal",
    [
        b"OOM command not allowed when used memory > 'maxmemory'.",
        b"READONLY You can't write against a read only replica.",
        b"LOADING Redis is loading the dataset in memory",
        b"MOVED 3999 127.0.0.1:6381",
        b"NOAUTH Authentication required.",
    ],
)
async def test_a_refusal_of_redis_is_one_clear_line(tmp_path: Path, refusal: bytes) -> None:
    """J2: what could not be kept must not pass as kept, nor as a replay."""
    async with impostor(tmp_path, b"-%b\r\n" % refusal) as (store, _):
        for verb in (add(store), store.find("test", "key", now=NOW), store.take("test", "key", now=NOW)):
            with pytest.raises(DatabaseUnavailable, match=r"^Redis \S+: [^\n]+$"):
                await verb


async def test_a_redis_that_does_not_answer_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6."""
    monkeypatch.setattr(redis, "PATIENCE", 0.1)

    async with impostor(tmp_path, b"") as (store, _):
        with pytest.raises(DatabaseUnavailable, match=r": no answer in 0 s$"):
            await add(store)


@pytest.mark.parametrize(
    "url", ["redis://me:hunter2@127.0.0.1:1/3", "redis://:hunter2@127.0.0.1:1/3", "rediss://me:hunter2@127.0.0.1:1/3"]
)
async def test_an_unreachable_redis_is_one_clear_line(url: str) -> None:
    """C13: it says which, and not the password."""
    async with opened(url) as store:
        with pytest.raises(DatabaseUnavailable) as raised:
            await add(store)

        assert re.fullmatch(r"Redis 127\.0\.0\.1/3: [^\n]+", str(raised.value))
        assert "hunter2" not in f"{raised.value!r} {raised.value.__cause__!r} {store!r}"


@pytest.mark.parametrize(
    "url",
    [
        "redis:localhost",
        "redis:///run/redis.sock",
        "redis://localhost/one",
        "redis://localhost/0/1",
        "redis://localhost:port/0",
        "redis://localhost:70000/0",
        "redis://me:hunter/2@localhost/0",
        "redis://me:hunter#2@localhost/0",
        "redis://localhost/0?max_connections=5",
        "redis://localhost/0?db=hunter2",
        "redis+ssl://localhost/0",
        "redis+unix://",
    ],
)
def test_what_would_be_another_redis_than_was_meant_is_refused(url: str) -> None:
    """B6: one line with an example, and nothing of a password."""
    with pytest.raises(ValueError, match=r"^not the URL of a Redis: use redis://localhost:6379/0, ") as refused:
        open_store(url, open_database(NOWHERE))

    assert "hunter" not in str(refused.value)
    assert refused.value.__suppress_context__


async def test_an_option_of_the_url_that_would_change_what_comes_back_is_ignored(url: str) -> None:
    """J1."""
    async with opened(f"{url}&decode_responses=yes&socket_timeout=0.000001") as store:
        await add(store, value="\udfff")

        assert await store.take("test", "key", now=NOW) == "\udfff"


async def test_databases_with_numbers_are_apart(store: RedisStore, url: str) -> None:
    """J1: `db` of a socket, or the path of an address."""
    await add(store)

    async with opened(url.replace("db=0", "db=1")) as other:
        assert await add(other) is True


async def test_a_password_opens_what_is_closed(tmp_path: Path) -> None:
    """J1: and a wrong one is said to be wrong, and not which it was."""
    with redis_in(tmp_path, "--requirepass", "s3cret/%") as url:
        async with opened(f"{url}&password=s3cret%2F%25") as store:
            assert await add(store)
        async with opened(f"{url}&password=hunter2") as store:
            with pytest.raises(DatabaseUnavailable, match=r"^Redis \S+: (?!.*hunter2)[^\n]+$"):
                await add(store)


async def test_a_redis_as_it_should_be_is_found_so(store: RedisStore) -> None:
    """B6: for any number of processes, and nothing is left there that anybody could meet."""
    (finding,) = await store.examine(8)

    assert (finding.level, finding.what.partition(" keeps ")[2]) == ("ok", "what it is given")
    assert await store._ask("KEYS", "*") == []


async def test_a_redis_that_may_drop_records_is_a_warning(tmp_path: Path) -> None:
    """D2: what was used once would work again."""
    with redis_in(tmp_path, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as url:
        async with opened(url) as store:
            (finding,) = await store.examine(1)

    assert finding.level == "warning"
    assert "allkeys-lru" in finding.what
    assert "noeviction" in finding.mend


@pytest.mark.parametrize("options", [("--maxmemory", "1"), ("--min-replicas-to-write", "1"), ("--requirepass", "x")])
async def test_a_redis_that_would_keep_nothing_is_an_error(tmp_path: Path, options: tuple[str, str]) -> None:
    """B6: although it answers."""
    with redis_in(tmp_path, *options) as url:
        async with opened(url) as store:
            (finding,) = await store.examine(1)

    assert finding.level == "error"
    assert "EPHEMERAL_URL" in finding.mend


async def test_a_user_of_redis_needs_few_rights(store: RedisStore, url: str) -> None:
    """docs/ephemeral-stores.md: what is told there is enough."""
    rights = ("resetkeys", f"~{TABLE_PREFIX}ephemeral:*", "-@all", "+get", "+getdel", "+set", "+eval", "+evalsha")
    await store._ask("ACL", "SETUSER", "server", "reset", "on", ">hunter2", *rights)

    async with opened(f"{url}&username=server&password=hunter2") as other:
        (finding,) = await other.examine(1)
        assert await add(other)
        assert await other.find("test", "key", now=NOW) == ""

    assert finding.level == "ok"
