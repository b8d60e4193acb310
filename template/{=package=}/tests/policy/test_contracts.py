"""Policy files are yours and never updated. Here an older one says what to do before a newer server meets it (A8)."""

import pytest

from ...app import find_misfits


def test_every_policy_fits_this_server() -> None:
    """Other tests wait until it does: `conftest.py`."""
    if misfits := find_misfits():
        pytest.fail("\n".join(misfits), pytrace=False)
