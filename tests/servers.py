"""One PostgreSQL and one Redis for the whole run, whatever it renders, and what a rendered project is told of them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from .matrix import Answers
from .template import ROOT

SERVERS = {
    "TEST_POSTGRESQL_URL": ("postgresql_databases", "find_server"),
    "TEST_REDIS_URL": ("redis_stores", "find_url"),
}


def share_servers() -> None:
    """Start what can be started, and tell all processes of this run where it is. It ends with the calling process."""
    for variable, (module, find) in SERVERS.items():
        try:
            os.environ.setdefault(variable, getattr(_of_superset(module), find)())
        except pytest.skip.Exception:  # every test that needs it says so itself
            continue


@contextmanager
def database_of(answers: Answers, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database of the kind that was answered."""
    if answers.get("database") == "postgresql":
        with _of_superset("postgresql_databases").new_database() as url:
            yield url
    else:
        yield f"sqlite:///{folder}/server.db"


def ephemeral_url_of(answers: Answers, variable: str) -> dict[str, str]:
    """What to set so that the server finds the Redis of this run, if Redis was answered."""
    return {variable: _of_superset("redis_stores").find_url()} if answers.get("ephemeral_store") == "redis" else {}


def _of_superset(module: str) -> Any:
    if (folder := str(ROOT / "dev")) not in sys.path:
        sys.path.insert(0, folder)
    return import_module(f"authserver.tests.{module}")
