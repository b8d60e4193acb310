"""Delete what has expired.

The server does so by itself now and then; nothing depends on it.
"""

from argparse import ArgumentParser, Namespace

from ..composing import run_with_server
from ..tables import add_json_option, print_json


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print how many rows went from each table."""
    deleted = run_with_server(lambda server: server.purge())
    if arguments.json:
        print_json(deleted)
        return
    for table, count in deleted.items():
        print(f"{table}: {count} deleted")
    if not deleted:
        print("nothing here expires")
