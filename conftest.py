"""What holds for every run of tests here.

With REQUIRE_ALL=1 a skipped test is a failed one: in CI everything is there, so nothing is left out. Where there is
memory enough, temporary files are kept in it. A run in several processes starts each database server once.
"""

import os
import re
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
MEMORY, ENOUGH = Path("/dev/shm"), 4 * 2**30  # noqa: S108

# At each request httpx looks whether Trio runs, by a package that is not there, and looks everywhere for it.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # what was decided before is decided again


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        from tests.servers import share_servers

        share_servers()


class Scheduler(LoadScopeScheduling):
    """Tests that share something costly are run by one process: those of a set of answers, and those of a file here.

    pytest-xdist's own `loadgroup` does nothing with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        matrix = re.match(r"tests/test_(?:matrix|matrix_suites|ownership)\.py::\w+\[(.+)\]$", nodeid)
        if matrix:
            return matrix[1]
        return nodeid.partition("::")[0] if nodeid.startswith("tests/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    return Scheduler(config, log)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and REQUIRE_ALL=1 says that nothing may be: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> object:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> object:
    report = yield
    _refuse_skip(report)
    return report
