"""Databases for the tests, once of each kind: `database` is open and has all tables and no rows.

How to get one of a kind is in `sqlite_databases.py` and `postgresql_databases.py`.
"""

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from types import ModuleType

import pytest

from ..database import Database, open_database
from ..defaults import DATABASES
from ..migrate import upgrade


@pytest.fixture(scope="session", params=list(DATABASES))
def databases(request: pytest.FixtureRequest) -> ModuleType:
    """Where databases of a kind come from."""
    return import_module(f"..{request.param}_databases", __name__)


@pytest.fixture(scope="session")
def migrated_url(databases: ModuleType) -> Iterator[str]:
    """The URL of a database with all tables that `without_rows` may use."""
    with databases.new_database() as url:
        upgrade(url)
        yield url


@pytest.fixture
def empty_database_url(databases: ModuleType) -> Iterator[str]:
    """The URL of a new database with nothing in it."""
    with databases.new_database() as url:
        yield url


@pytest.fixture
def database_url(databases: ModuleType, migrated_url: str) -> Iterator[str]:
    """The URL of a database with all tables and no rows."""
    with databases.without_rows(migrated_url) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables and no rows."""
    opened = open_database(database_url)
    yield opened
    await opened.close()
