"""Keys at addresses that others chose: kept, looked for rarely, and never at a stranger's bidding (C5, S3, S8)."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import anyio
import pytest

from ...core.keys import LocalKey
from ...outbound.budget import Budget
from ...outbound.fetcher import Fetched, FetchError
from ...outbound.jwks import MAX_SIZE, RemoteJWKSets
from .publishing import answer, publishing

pytestmark = pytest.mark.anyio

URI = "https://client.example/jwks"
KEY, NEW = LocalKey.generate("ES256"), LocalKey.generate("ES256")


class Publishers:
    """Everybody's `jwks_uri`, how often each was asked, and the time."""

    def __init__(self, *keys: LocalKey, lifetime: float | None = None) -> None:
        self.asked: list[str] = []
        self.seconds = 0.0
        self.lifetime = lifetime
        self.is_down = False
        self.body: Mapping[str, Any] = {}
        self.publish(*keys)

    def publish(self, *keys: LocalKey) -> None:
        self.body = {"keys": [dict(key.public_jwk) for key in keys]}

    async def fetch_json(self, url: str, *, max_size: int = 0) -> Fetched:
        self.asked.append(url)
        assert max_size == MAX_SIZE
        await anyio.lowlevel.checkpoint()
        if self.is_down:
            raise FetchError("down")
        return Fetched(self.body, None if self.lifetime is None else timedelta(seconds=self.lifetime))

    def sets(self, **options: Any) -> RemoteJWKSets:
        return RemoteJWKSets(self, clock=lambda: self.seconds, **options)

    def budget(self, limit: int) -> Budget:
        return Budget(lambda: self.seconds, limit=limit)


async def kids(sets: RemoteJWKSets, uri: str = URI) -> Sequence[str]:
    """Return the names of the keys at hand."""
    return list((await sets.current(uri)).keys_for("ES256"))


async def test_keys_come_from_a_real_server() -> None:
    """S8: through the guarded fetcher, and with a set that is larger than an ordinary document."""
    body = b'{"padding": "' + b"x" * 6_000 + b'", "keys": []}'
    async with publishing(answer(body, content_type="application/jwk-set+json")) as publisher:
        keys = await RemoteJWKSets(publisher.fetcher()).current(publisher.url)

    assert keys.keys_for("ES256") == {}


async def test_a_set_is_fetched_once_for_any_number_of_callers() -> None:
    """S3: one at a time, and then it is there."""
    publishers = Publishers(KEY)
    sets = publishers.sets()

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(sets.current, URI)

    assert await kids(sets) == [KEY.kid]
    assert publishers.asked == [URI]


@pytest.mark.parametrize(
    ("said", "kept"), [(None, 300), (600, 600), (0, 60), (59, 60), (86_400, 86_400), (10**9, 86_400)]
)
async def test_a_set_is_kept_as_long_as_it_says_within_bounds(said: float | None, kept: float) -> None:
    """N H10, RFC 9111: a minute at least, a day at most."""
    publishers = Publishers(KEY, lifetime=said)
    sets = publishers.sets()
    await sets.current(URI)
    publishers.publish(NEW)

    publishers.seconds = kept - 1
    assert await kids(sets) == [KEY.kid]
    publishers.seconds = kept
    assert await kids(sets) == [NEW.kid]
    assert len(publishers.asked) == 2


async def test_an_unknown_kid_is_looked_for_once_in_a_while() -> None:
    """M5: a key that is new is found, half a minute after the last look at the latest."""
    publishers = Publishers(KEY)
    sets = publishers.sets()
    await sets.current(URI)
    publishers.publish(KEY, NEW)

    publishers.seconds = 29
    assert list((await sets.refreshed(URI)).keys_for("ES256")) == [KEY.kid]
    publishers.seconds = 30
    assert list((await sets.refreshed(URI)).keys_for("ES256")) == [KEY.kid, NEW.kid]
    assert len(publishers.asked) == 2


async def test_a_flood_of_unknown_kids_is_one_more_fetch() -> None:
    """C5 (CVE-2026-48524): it neither refetches without bounds nor takes anything from others."""
    publishers = Publishers(KEY)
    sets = publishers.sets(max_sets=2)
    await sets.current("https://other.example/jwks")
    await sets.current(URI)

    publishers.seconds = 30
    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(sets.refreshed, URI)

    assert publishers.asked.count(URI) == 2
    assert await kids(sets, "https://other.example/jwks") == [KEY.kid]
    assert publishers.asked.count("https://other.example/jwks") == 1


async def test_floods_at_many_clients_leave_room_for_what_must_be_fetched() -> None:
    """C5, S3: all of them together stay within half of the budget."""
    publishers = Publishers(KEY)
    sets = publishers.sets(budget=publishers.budget(10))
    uris = [f"https://client{number}.example/jwks" for number in range(9)]
    for uri in uris:
        await sets.current(uri)

    publishers.seconds = 60
    for uri in uris:
        await sets.refreshed(uri)
    assert len(publishers.asked) == 9 + 5

    await sets.current(URI)
    assert publishers.asked[-1] == URI


async def test_beyond_the_budget_nothing_is_fetched_and_nothing_forgotten() -> None:
    """S3: a flood of addresses amplifies to nothing, and those who were known go on."""
    publishers = Publishers(KEY)
    sets = publishers.sets(budget=publishers.budget(3), max_sets=3)
    await sets.current(URI)

    for number in range(20):
        if number < 2:
            await sets.current(f"https://flood{number}.example/jwks")
            continue
        with pytest.raises(FetchError, match="too many"):
            await sets.current(f"https://flood{number}.example/jwks")

    assert len(publishers.asked) == 3
    assert await kids(sets) == [KEY.kid]
    publishers.seconds = 300
    assert await kids(sets) == [KEY.kid]
    assert len(publishers.asked) == 4


async def test_known_keys_stay_in_use_while_there_is_no_budget_to_renew_them() -> None:
    """S3: a flood elsewhere ends nobody's service."""
    publishers = Publishers(KEY)
    sets = publishers.sets(budget=publishers.budget(2))
    await sets.current(URI)
    publishers.seconds = 300
    await sets.current("https://flood1.example/jwks")
    await sets.current("https://flood2.example/jwks")

    assert await kids(sets) == [KEY.kid]
    assert publishers.asked.count(URI) == 1


async def test_only_so_many_sets_are_kept_those_used_last() -> None:
    """S3: memory has a bound."""
    publishers = Publishers(KEY)
    sets = publishers.sets(max_sets=2)

    for uri in ("https://a.example/", "https://b.example/", "https://a.example/", "https://c.example/"):
        await sets.current(uri)
    await sets.current("https://a.example/")
    assert len(publishers.asked) == 3

    await sets.current("https://b.example/")
    assert len(publishers.asked) == 4


async def test_while_fetching_fails_the_keys_at_hand_hold_for_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    """S3: an error is no document; but a key that was withdrawn must not live on."""
    publishers = Publishers(KEY)
    sets = publishers.sets()
    await sets.current(URI)

    publishers.is_down = True
    publishers.seconds = 3_599
    with caplog.at_level(logging.WARNING):
        assert await kids(sets) == [KEY.kid]
    assert [record.getMessage() for record in caplog.records] == [f"cannot fetch the keys at '{URI}': down"]

    publishers.seconds = 3_600
    with pytest.raises(FetchError, match="cannot be had"):
        await sets.current(URI)


async def test_a_long_lifetime_is_not_cut_short_by_a_failure() -> None:
    """RFC 9111 §4.2: what is fresh is fresh."""
    publishers = Publishers(KEY, lifetime=86_400)
    sets = publishers.sets()
    await sets.current(URI)

    publishers.is_down = True
    publishers.seconds = 80_000

    assert await kids(sets) == [KEY.kid]
    assert list((await sets.refreshed(URI)).keys_for("ES256")) == [KEY.kid]


async def test_a_place_that_fails_is_asked_less_and_less_often() -> None:
    """S3: negative back-off: 30 s, then twice as long each time, ten minutes at most."""
    publishers = Publishers(KEY)
    publishers.is_down = True
    sets = publishers.sets()

    moments = []
    for second in range(0, 3_000, 10):
        publishers.seconds = second
        before = len(publishers.asked)
        with pytest.raises(FetchError):
            await sets.current(URI)
        if len(publishers.asked) > before:
            moments.append(second)

    assert moments == [0, 30, 90, 210, 450, 930, 1530, 2130, 2730]


async def test_a_place_that_works_again_is_trusted_as_before() -> None:
    """S3: the back-off ends with the failure."""
    publishers = Publishers(KEY)
    publishers.is_down = True
    sets = publishers.sets()
    for second in (0, 30, 90):
        publishers.seconds = second
        with pytest.raises(FetchError):
            await sets.current(URI)

    publishers.is_down = False
    publishers.seconds = 210
    assert await kids(sets) == [KEY.kid]
    publishers.publish(NEW)
    publishers.seconds = 240 + 210
    await sets.refreshed(URI)
    publishers.seconds += 30
    publishers.publish(KEY)
    await sets.refreshed(URI)

    assert await kids(sets) == [KEY.kid]


@pytest.mark.parametrize(
    "body", [{}, {"keys": {}}, {"keys": [{"kty": "oct", "k": "AA"}]}, {"keys": [{"kty": "EC", "d": "AA"}]}]
)
async def test_a_set_that_must_not_be_used_is_a_failed_fetch(body: Mapping[str, Any]) -> None:
    """C6: a private or symmetric key in it; the keys from before hold on."""
    publishers = Publishers(KEY)
    publishers.body = body
    sets = publishers.sets()

    with pytest.raises(FetchError):
        await sets.current(URI)
    publishers.publish(KEY)
    publishers.seconds = 30
    assert await kids(sets) == [KEY.kid]
    publishers.body = body
    publishers.seconds = 330
    assert await kids(sets) == [KEY.kid]
