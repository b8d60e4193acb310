"""Explain every setting."""

from argparse import ArgumentParser, Namespace

from ..catalogue import catalogue
from ..configuration import load_settings
from ..refusal import Refusal
from ..tables import print_rows


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print a table for documents, without values")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print all settings. Raises Refusal after that if they are wrong, because then is when they are looked up."""
    if arguments.markdown:
        _print_markdown()
        return
    values, wrong = None, None
    try:
        values = load_settings().model_dump_public()
    except Refusal as refusal:
        wrong = refusal
    rows = [
        {
            "variable": entry.variable,
            "kind": entry.kind,
            "default": entry.default,
            "now": entry.read(values) if values else None,
            "meaning": entry.meaning,
        }
        for entry in catalogue()
    ]
    print_rows(rows, as_json=arguments.json)
    if wrong:
        raise wrong


def _print_markdown() -> None:
    print("| variable | kind | default | meaning |")
    print("|---|---|---|---|")
    for entry in catalogue():
        default = f"`{entry.default}`" if entry.default else ""
        cells = (f"`{entry.variable}`", entry.kind, default, entry.meaning)
        print("|", " | ".join(cell.replace("|", "\\|") for cell in cells), "|")
