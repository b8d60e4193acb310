"""Ephemeral stores for the tests, once of each kind that was rendered. How to get one is in `<kind>_stores.py`.

A test of the stores asks for `place` and opens it as often as it likes. A test of servers asks for `shared_url`, and
tells it to two of them as `ephemeral_url`.
"""

from collections.abc import Iterator
from importlib import import_module

import pytest

from ..defaults import EPHEMERAL_STORES
from .ephemeral.places import Place

_MODULES = {kind: import_module(f"..{kind}_stores", __name__) for kind in EPHEMERAL_STORES}


@pytest.fixture(
    scope="session", params=[pytest.param((m, kind), id=kind) for m in _MODULES.values() for kind in m.KINDS]
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place of each kind for the whole run, so a test makes up its keys."""
    module, kind = request.param
    with module.new_place(kind) as given:
        yield given


@pytest.fixture(params=[kind for kind, module in _MODULES.items() if module.IS_SHARED])
def shared_url(request: pytest.FixtureRequest) -> str:
    """What to tell several servers that have a database in common, so that each knows what another has kept."""
    return str(_MODULES[request.param].find_url())
