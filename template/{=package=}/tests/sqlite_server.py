"""A server for tests to which no database matters: on SQLite, whichever others are offered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ..migrate import upgrade
from .harness import ServerUnderTest, serving
from .sqlite_databases import new_database


@asynccontextmanager
async def serving_on_sqlite(**settings: Any) -> AsyncIterator[ServerUnderTest]:
    """Compose a server on a new SQLite database that has its tables; `settings` differ from the defaults."""
    with new_database() as url:
        _file(url).write_bytes(_migrated())
        async with serving(url, **settings) as running:
            yield running


@cache
def _migrated() -> bytes:
    with new_database() as url:
        upgrade(url)
        return _file(url).read_bytes()


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
