"""Nonces of the server: who has to have one, how long it is good, and on which node (RFC 9449 §8, §9)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ..nonces import HEADER, SINGLE_USE, Nonces, NoNonces, SharedNonces, SingleUseNonces
from ..proof import UseDPoPNonce
from .records import RecordsInMemory

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
LIFETIME = timedelta(minutes=5)
KINDS: list[Callable[[RecordsInMemory], Nonces]] = [
    lambda records: SharedNonces(records, LIFETIME),
    lambda records: SingleUseNonces(records, LIFETIME),
]

both_kinds = pytest.mark.parametrize("make", KINDS, ids=["shared", "single use"])


def after(seconds: float) -> datetime:
    """Return a later instant."""
    return NOW + timedelta(seconds=seconds)


async def obtain(nonces: Nonces, nonce: str | None = None, now: datetime = NOW) -> str:
    """Return the nonce that a refusal brings."""
    with pytest.raises(UseDPoPNonce) as caught:
        await nonces.check(nonce, now)
    assert (caught.value.error, caught.value.status) == ("use_dpop_nonce", 400)
    return caught.value.headers[HEADER]


async def test_where_none_is_asked_for_any_will_do() -> None:
    """RFC 9449 §8: it is the server's choice; a client may still have one of before."""
    assert await NoNonces().check(None, NOW) == {}
    assert await NoNonces().check("of another server", NOW) == {}


@both_kinds
async def test_a_proof_without_a_nonce_is_answered_with_one_that_is_good(
    make: Callable[[RecordsInMemory], Nonces],
) -> None:
    """G2, RFC 9449 §8: the retry works."""
    nonces = make(RecordsInMemory())

    nonce = await obtain(nonces)

    assert len(nonce) >= 43
    await nonces.check(nonce, NOW)


@both_kinds
@pytest.mark.parametrize("foreign", ["", "of another server", "x" * 43, "x" * 10_000, "\x00", "n\u00f6nce"])
async def test_a_nonce_of_another_server_is_answered_with_one_of_ours(
    make: Callable[[RecordsInMemory], Nonces], foreign: str
) -> None:
    """D1, RFC 9449 §9: servers do not know each other's."""
    nonces = make(RecordsInMemory())

    nonce = await obtain(nonces, foreign)

    assert nonce != foreign
    await nonces.check(nonce, NOW)


@both_kinds
async def test_a_node_accepts_the_nonce_of_another(make: Callable[[RecordsInMemory], Nonces]) -> None:
    """G2: nodes that share a store share their nonces."""
    records = RecordsInMemory()
    here, there = make(records), make(records)

    await there.check(await obtain(here), NOW)


@both_kinds
async def test_nodes_that_share_nothing_do_not(make: Callable[[RecordsInMemory], Nonces]) -> None:
    """D1: such a nonce is foreign."""
    nonce = await obtain(make(RecordsInMemory()))

    assert await obtain(make(RecordsInMemory()), nonce) != nonce


@both_kinds
async def test_a_nonce_is_stale_once_its_lifetime_is_over(make: Callable[[RecordsInMemory], Nonces]) -> None:
    """D1, G2: as at each later time."""
    nonces = make(RecordsInMemory())
    nonce = await obtain(nonces)

    for seconds in (LIFETIME.total_seconds(), 1_000, 100_000):
        assert await obtain(nonces, nonce, after(seconds)) != nonce


@both_kinds
async def test_a_nonce_is_good_for_half_of_its_lifetime_at_least(make: Callable[[RecordsInMemory], Nonces]) -> None:
    """G2: wherever in a period it was handed out, and after a restart too."""
    for handed_out in (0, 1, 149):
        records = RecordsInMemory()
        nonce = await obtain(make(records), now=after(handed_out))

        await make(records).check(nonce, after(handed_out + 149))


async def test_all_get_the_same_nonce_and_none_costs_a_record() -> None:
    """P6: whoever asks for nonces without end fills no store."""
    records = RecordsInMemory()
    nonces = SharedNonces(records, LIFETIME)

    handed_out = {await obtain(nonces, now=after(second)) for second in range(100)}

    assert len(handed_out) == 1
    assert len(records.records) == 1
    assert len(records.calls) == 3


async def test_the_next_nonce_comes_with_the_answer_once_there_is_one() -> None:
    """RFC 9449 §8.2: so that no client has to fail first; the current one is not repeated."""
    nonces = SharedNonces(RecordsInMemory(), LIFETIME)
    nonce = await obtain(nonces)

    same_period, next_period = await nonces.check(nonce, after(149)), await nonces.check(nonce, after(150))

    assert same_period == {}
    assert next_period[HEADER] not in (None, nonce)
    assert await nonces.check(next_period[HEADER], after(150)) == {}


async def test_a_clock_that_is_behind_knows_the_nonce_of_the_next_period() -> None:
    """G2: nodes' clocks differ a little; the client is told the current one of this node."""
    records = RecordsInMemory()
    here, ahead = SharedNonces(records, LIFETIME), SharedNonces(records, LIFETIME)
    current = await obtain(here, now=after(149))

    headers = await here.check(await obtain(ahead, now=after(151)), after(149))

    assert headers == {HEADER: current}


async def test_of_nodes_that_begin_a_period_together_one_makes_its_nonce() -> None:
    """G2, under concurrency: all hand out the winner's."""

    class Slow(RecordsInMemory):
        async def find(self, kind: str, key: str, *, now: datetime) -> str | None:
            found = await super().find(kind, key, now=now)
            await asyncio.sleep(0)  # all have looked before the first has made one
            return found

    records = Slow()

    nonces = await asyncio.gather(*(obtain(SharedNonces(records, LIFETIME)) for _ in range(20)))

    assert len(set(nonces)) == 1


async def test_old_nonces_do_not_stay_in_memory() -> None:
    """P6: a node that runs for years keeps a handful."""
    nonces = SharedNonces(RecordsInMemory(), LIFETIME)

    for period in range(50):
        await obtain(nonces, now=after(150 * period))

    assert len(nonces._known) <= 5


async def test_a_store_that_forgets_at_once_is_a_fault_and_no_loop() -> None:
    """E6: 500 rather than a nonce that nobody knows."""

    class Forgetful(RecordsInMemory):
        async def find(self, kind: str, key: str, *, now: datetime) -> None:
            return None

    with pytest.raises(RuntimeError, match="forgets"):
        await SharedNonces(Forgetful(), LIFETIME).check(None, NOW)


async def test_a_single_use_nonce_is_used_once_and_brings_the_next() -> None:
    """G2: of 20 proofs with it one is accepted; the others, too, learn one that is good."""
    records = RecordsInMemory()
    nonces = [SingleUseNonces(records, LIFETIME) for _ in range(20)]
    nonce = await obtain(nonces[0])

    answers = await asyncio.gather(*(each.check(nonce, NOW) for each in nonces), return_exceptions=True)

    accepted = [answer for answer in answers if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, UseDPoPNonce)]
    handed_out = {answer[HEADER] for answer in accepted} | {answer.headers[HEADER] for answer in refused}
    assert (len(accepted), len(refused), len(handed_out)) == (1, 19, 20)
    await nonces[0].check(accepted[0][HEADER], NOW)


async def test_a_single_use_nonce_is_kept_as_long_as_it_is_good() -> None:
    """J1: and no longer."""
    records = RecordsInMemory()
    nonce = await obtain(SingleUseNonces(records, LIFETIME))

    assert records.records[SINGLE_USE, nonce][0] == NOW + LIFETIME
