"""SQLite for the tests: a file each."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def new_database() -> Iterator[str]:
    """Give the URL of a database with nothing in it, gone afterwards."""
    folder = tempfile.mkdtemp(prefix="sqlite-")
    yield f"sqlite:///{folder}/test.db"
    shutil.rmtree(folder)


@contextmanager
def without_rows(migrated_url: str) -> Iterator[str]:
    """Give the URL of a copy of a database in which there are tables but no rows."""
    with new_database() as url:
        shutil.copy(migrated_url.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
        yield url
