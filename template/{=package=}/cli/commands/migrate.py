"""Create or update the tables.

`alembic upgrade heads` does the same.
"""

from argparse import ArgumentParser, Namespace

from ...migrate import database_url as named_database_url
from ...migrate import upgrade
from ..catalogue import variable
from ..configuration import DEVELOPMENT_DATABASE, DEVELOPMENT_FOLDER, MODE, named_variables
from ..refusal import Refusal


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print each revision that was applied."""
    applied = apply(database_url())
    for revision in applied:
        print(f"applied {revision}")
    if not applied:
        print("the tables are up to date")


def apply(url: str) -> list[str]:
    """Apply what is missing at `url` and return its names. Raises Refusal for an unknown kind of database."""
    if url == DEVELOPMENT_DATABASE:
        DEVELOPMENT_FOLDER.mkdir(mode=0o700, exist_ok=True)
    try:
        return upgrade(url)
    except ValueError as error:
        raise Refusal(f"{error}") from error


def database_url() -> str:
    """Return where the database is, which can be known before the other settings are right."""
    named = named_variables()
    if named.get(MODE) == "development" and variable("database_url") not in named:
        return DEVELOPMENT_DATABASE
    return named_database_url()
