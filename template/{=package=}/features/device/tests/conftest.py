"""A server with people and devices, on each kind of database."""

from collections.abc import AsyncIterator

import pytest

from ....tests.harness import ServerUnderTest, serving
from ....tests.people import add_person
from .devices import add_device

UNBOUND = {"public_clients_prove_key": False}


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A server with ada and bob, a public client and a confidential one. Nobody has to prove a key."""
    async with serving(database_url, device=UNBOUND) as running:
        await add_device(running)
        await running.add_client("web")
        await add_person(running)
        await add_person(running, "bob")
        yield running
