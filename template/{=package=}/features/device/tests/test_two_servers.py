"""Two servers on one database are one: asked at one, allowed at the other, polled at both (H5)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from ....tests.harness import ServerUnderTest, serving
from ....tests.people import add_person, is_alive
from .conftest import UNBOUND
from .devices import add_device, ask, let_in, poll


@pytest.fixture
async def servers(database_url: str) -> AsyncIterator[tuple[ServerUnderTest, ServerUnderTest]]:
    """The two, with ada and a device."""
    async with serving(database_url, device=UNBOUND) as one, serving(database_url, device=UNBOUND) as other:
        await add_device(one)
        await add_person(one)
        yield one, other


async def test_what_is_allowed_at_one_is_had_at_the_other(servers: tuple[ServerUnderTest, ServerUnderTest]) -> None:
    """H5: and used up at both."""
    one, other = servers
    asked = await ask(one)
    assert (await poll(one, asked)).refusal == (400, "authorization_pending")

    await let_in(other, asked)
    tokens = await poll(one, asked)
    replayed = await poll(other, asked)

    assert tokens.status == 200
    assert replayed.refusal == (400, "invalid_grant")
    assert not await is_alive(one, tokens)


async def test_polls_at_both_count_together(servers: tuple[ServerUnderTest, ServerUnderTest]) -> None:
    """V6: a device behind a proxy that sends each request elsewhere is not twice as fast."""
    one, other = servers
    asked = await ask(one)

    told = []
    for server in (one, other, one, other):
        told.append((await poll(server, asked))["error"])
        for each in servers:
            each.clock.now += timedelta(seconds=4)

    assert told == ["authorization_pending", "slow_down", "slow_down", "slow_down"]
