"""The commands: each module here is one, named as it is.

The first line of its docstring is its help. `add_arguments(parser)` says what it may be told and sets `run`, which
gets the parsed arguments and may return an exit code. A module that keeps things may have `demonstrate(server)`:
it prepares one of them for `dev` and returns the lines to print; and `withdraw(server)`, which takes back what must
not be there once others can reach the server.
"""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all commands."""
    return sorted(module.name for module in iter_modules([str(_FOLDER)]))


@cache
def description(name: str) -> list[str]:
    """Return the lines that say what a command does, without importing it: some import half the server."""
    source = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or name).splitlines()


def load(name: str) -> Any:
    """Return the module of a command."""
    return import_module(f".{name}", __package__)
