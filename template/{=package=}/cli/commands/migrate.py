"""Create or update the tables.

`alembic upgrade heads` does the same.
"""

from argparse import ArgumentParser, Namespace

from ...migrate import upgrade
from ..configuration import DEVELOPMENT_FOLDER, database_url
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
    if str(DEVELOPMENT_FOLDER) in url:
        DEVELOPMENT_FOLDER.mkdir(mode=0o700, exist_ok=True)
    try:
        return upgrade(url)
    except ValueError as error:
        raise Refusal(f"{error}") from error
