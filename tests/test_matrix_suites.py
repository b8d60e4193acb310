"""A rendered project's own tests, run as its team would run them, where there is every pair of answers (A10, A11)."""

import os

import pytest

from .conftest import Rendered
from .matrix import PAIRWISE, SETS
from .servers import ephemeral_url_of
from .template import ROOT
from .test_matrix import sets

# All features together are the superset, whose suite runs in place, on every database.
WHOLE = ("defaults", "none")

# These know no feature, no database and no answer: they import `core/` alone, `protect/` and `outbound/` with it, or
# talk with an app of two lines. Another test sees to it that each of their files is byte for byte the superset's. What
# they say was said there.
KNOW_NO_ANSWER = ("tests/core", "tests/protect", "tests/outbound", "tests/cli/test_connections.py")


# Each takes minutes: `make test` runs as many of these as fit into its time, `make test-all` runs every one.
ROWS = (
    tuple(PAIRWISE)
    if os.environ.get("EVERY_SUITE") == "1"
    else ("pairs_01", "pairs_03", "pairs_04", "pairs_05", "pairs_07", "pairs_08")
)


@pytest.mark.slow
@sets(*WHOLE, *ROWS)
def test_its_own_tests_pass(answered: Rendered) -> None:
    """A11: with warnings as errors, from the project's own folder, on the database and the store that were answered.

    A project on PostgreSQL tests SQLite too; here the rows with SQLite do that.
    """
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "lean", "-c", str(answered.configuration)]
    patience = ["-o", "faulthandler_timeout=120", "-o", "faulthandler_exit_on_timeout=true"]
    selection = ["-k", "not sqlite"] if SETS[answered.name].get("database") == "postgresql" else []
    if answered.name not in WHOLE:
        selection += [f"--ignore={answered.folder / path}" for path in KNOW_NO_ANSWER]

    told = {
        "PYTHONPATH": os.pathsep.join([str(answered.project), str(ROOT / "tests" / "plugins")]),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),  # what it reads out of each file is the same for all
        **ephemeral_url_of(SETS[answered.name], "TEST_EPHEMERAL_URL"),
    }

    said = answered.run_tests(*options, "--rootdir", ".", *patience, *selection, answered.package, **told)

    assert "passed" in said
    assert "skipped" not in said or SETS[answered.name].get("ephemeral_store") == "memory"  # of one process alone
