"""A server of two APIs, beside its default audience."""

from collections.abc import AsyncIterator

import pytest

from ....tests.harness import ServerUnderTest, serving
from .apis import NOTES, ORDERS


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A composed server on each kind of database, with a client `web`."""
    async with serving(database_url, resource_indicators={"resources": (ORDERS, NOTES)}) as running:
        await running.add_client("web")
        yield running
