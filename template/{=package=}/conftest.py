"""What every test may ask for. It stands here because features keep their tests in their own rooms."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .app import find_misfits
from .tests.databases import database, database_url, databases, empty_database_url, migrated_url
from .tests.harness import ServerUnderTest, serving

__all__ = ["database", "database_url", "databases", "empty_database_url", "migrated_url"]

CONTRACTS = Path(__file__).parent / "tests" / "policy" / "test_contracts.py"
MISFITS = find_misfits()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Where a policy does not fit there is no server to test: say that alone."""
    on_the_way = collection_path in (CONTRACTS, *CONTRACTS.parents)
    return True if MISFITS and not on_the_way else None


@pytest.fixture
def anyio_backend() -> str:
    """Our server runs on asyncio."""
    return "asyncio"


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A composed server on each kind of database, called over ASGI."""
    async with serving(database_url) as running:
        yield running
