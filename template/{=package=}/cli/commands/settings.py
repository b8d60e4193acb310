"""Explain every setting: variable, kind, default, value now, meaning."""

import sys
from argparse import ArgumentParser, Namespace

from ..catalogue import catalogue
from ..configuration import load_settings
from ..refusal import Refusal
from ..tables import print_json, print_rows

_SECRET = "database_url"  # noqa: S105 - it may hold a password


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print a table for a document, without values")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Print the table, and if what is set is wrong, without values but with what is wrong."""
    if arguments.markdown:
        _print_markdown()
        return 0
    settings, faults = None, []
    try:
        settings = load_settings()
    except Refusal as refusal:
        faults = refusal.lines
    rows = [
        {
            "variable": entry.variable,
            "kind": entry.kind,
            "default": entry.default,
            "now": _now(settings, entry) if settings else "?",
            "meaning": entry.meaning,
        }
        for entry in catalogue()
    ]
    if arguments.json:
        print_json(rows)
    else:
        print_rows(rows, as_json=False)
    print(*faults, sep="\n", end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0
