"""Ephemeral stores in a database, for the tests: one on each kind of database."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from ..defaults import DATABASES
from ..migrate import upgrade
from .ephemeral.places import Place

KINDS = tuple(DATABASES)
IS_SHARED = True


def find_url() -> str:
    """Return what keeps a server's records in its own database."""
    return "database:"


@contextmanager
def new_place(kind: str) -> Iterator[Place]:
    """Give a new database of that kind with all tables."""
    with import_module(f"..{kind}_databases", __name__).new_database() as url:
        upgrade(url)
        yield Place(url=find_url(), database_url=url)
