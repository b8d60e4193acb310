"""One history of releases for the whole run."""

import pytest

from . import cells, releases
from .releases import History


def pytest_report_header() -> str:
    """Say how much is drilled."""
    return f"drills: releases: {releases.summary()}; {cells.summary()}"


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """The releases, which no test changes."""
    return releases.build(tmp_path_factory.mktemp("releases"))
