"""A rendered project's own tests, run as its team would run them, where there is every pair of answers (A10, A11)."""

import pytest

from .conftest import Rendered
from .matrix import PAIRWISE, SETS
from .test_matrix import sets

# All features together are the superset, whose suite runs in place, on every database.
WITH_THEIR_SUITE = ("defaults", "none", *PAIRWISE)


@pytest.mark.slow
@sets(*WITH_THEIR_SUITE)
def test_its_own_tests_pass(answered: Rendered) -> None:
    """A11: with warnings as errors, from the project's own folder, on the database and the store that were answered.

    A project on PostgreSQL tests SQLite too; here the rows with SQLite do that.
    """
    patience = ["-o", "faulthandler_timeout=120", "-o", "faulthandler_exit_on_timeout=true"]
    plain = [
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-c",
        str(answered.configuration),
        "--rootdir",
        ".",
    ]
    selection = ["-k", "not sqlite"] if SETS[answered.name].get("database") == "postgresql" else []

    answered.run("-m", "pytest", *plain, *patience, *selection, answered.package)
