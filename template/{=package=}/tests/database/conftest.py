"""What the tests of the seam may ask for."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ...database import Database, open_database, run_alone
from .tickets import make_tickets


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Database]:
    """An open database with the tickets table in it, without rows."""
    await asyncio.to_thread(run_alone, database_url, make_tickets)
    database = open_database(database_url)
    yield database
    await database.close()
