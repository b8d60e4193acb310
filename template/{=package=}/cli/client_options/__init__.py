"""What `clients create` may be told beyond the id: each module here, and `client_options.py` of a feature's folder,
is what one feature adds.

A module has `add_arguments(parser)`, and `describe(client, arguments, server)`, which returns the client with what
was asked for, or raises ValueError with one line that says what is wrong. It may have `add_change_arguments(parser)`
and `change(client, arguments, server)`, the same for the `metadata` of a client that is there, and
`end(client_id, transaction, now)`, for what ends with a client.
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

_PACKAGE = __package__.rpartition(".cli.")[0]
_FEATURES = Path(__file__).parents[2] / "features"


def load() -> list[Any]:
    """Return the modules that are here, and those of features."""
    here = sorted(module.name for module in iter_modules([str(Path(__file__).parent)]))
    rooms = sorted(path.parent.name for path in _FEATURES.glob("*/client_options.py"))
    names = [f"{__package__}.{name}" for name in here]
    return [import_module(name) for name in (*names, *(f"{_PACKAGE}.features.{room}.client_options" for room in rooms))]
