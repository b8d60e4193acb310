"""What every test may ask for. It stands here because features keep their tests in their own rooms."""

from collections.abc import AsyncIterator

import pytest

from .tests.databases import database, database_url, databases, empty_database_url, migrated_url
from .tests.harness import ServerUnderTest, serving

__all__ = ["database", "database_url", "databases", "empty_database_url", "migrated_url"]


@pytest.fixture
def anyio_backend() -> str:
    """Our server runs on asyncio."""
    return "asyncio"


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A composed server on each kind of database, called over ASGI."""
    async with serving(database_url) as running:
        yield running
