"""Two servers behave as one: an assertion that one of them saw is used at both (C2)."""

import asyncio

import pytest

from ....tests.harness import ServerUnderTest, serving
from .assertions import add_signing_client, honest, offer

pytestmark = pytest.mark.anyio


async def ask(server: ServerUnderTest, assertion: str) -> int:
    """Return the status that an assertion gets at the token endpoint."""
    path = server.authorization_server.server.urls.path("token")
    form = {"grant_type": "client_credentials", **offer(assertion)}
    return (await server.http.post(path, data=form)).status_code


async def test_an_assertion_is_good_once_at_two_servers(database_url: str) -> None:
    """C2 (GHSA-3p3g-vpw6-4w66): one after the other, and raced."""
    async with serving(database_url) as one, serving(database_url) as two:
        await add_signing_client(one)
        first = await honest(one)
        in_turn = [await ask(one, first), await ask(two, first)]

        raced = await honest(one)
        statuses = await asyncio.gather(*(ask(server, raced) for server in [one, two] * 10))

    assert in_turn == [200, 401]
    assert sorted(statuses) == [200] + [401] * 19
