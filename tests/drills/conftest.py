"""One history of releases for the whole run."""

import pytest

from . import releases
from .releases import History


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """The releases, which no test changes."""
    return releases.build(tmp_path_factory.mktemp("releases"))
