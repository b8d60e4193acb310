"""How lists are printed: aligned columns to read, or JSON to pipe."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

Row = Mapping[str, object]


def add_json_option(parser: ArgumentParser) -> None:
    """Give a command the option `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def print_rows(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows that have the same names: a line each, below a line with the names; nothing if there are none."""
    if as_json:
        print_json(rows)
    elif rows:
        lines = [list(rows[0]), *([plain(value) for value in row.values()] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_row(row: Row, *, as_json: bool) -> None:
    """Print one row: a line for each name with its value."""
    if as_json:
        print_json(row)
    else:
        width = max(map(len, row))
        for name, value in row.items():
            print(f"{name:{width}}  {plain(value)}")


def print_json(value: object) -> None:
    """Print JSON, with instants as in RFC 3339."""
    print(json.dumps(value, indent=2, default=lambda other: other.isoformat()))


def plain(value: object) -> str:
    """Return a value for people to read. What a terminal would obey instead of showing is made visible."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return instant(value)
        case list() | tuple():
            return " ".join(map(plain, value)) or "-"
        case _:
            return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value))


def instant(moment: datetime) -> str:
    """Return an instant as people read it, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
