"""What `clients create` may be told beyond the id: each module here is what one feature adds.

A module has `add_arguments(parser)`, and `describe(client, arguments, server)`, which returns the client with what
was asked for, or raises Refusal. It may have `end(client_id, transaction, now)`, for what ends with a client.
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any


def load() -> list[Any]:
    """Return the modules that are here."""
    names = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]))
    return [import_module(f".{name}", __package__) for name in names]
