"""How the code is laid out: short files, the RFC's names, no machine's traces."""

import re
import statistics
from pathlib import Path

import pytest

from .template import ROOT, SUPERSET, files

PYTHON = [*files(SUPERSET, "*.py"), *files(ROOT / "tests", "*.py")]
CODE = [path for path in PYTHON if "tests" not in path.parts]


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path: Path) -> None:
    """Never more than 300 lines; a file of tests may be a longer list of sentences."""
    assert len(path.read_text().splitlines()) <= 300


def test_most_files_are_short() -> None:
    assert statistics.median(len(path.read_text().splitlines()) for path in PYTHON) < 150


def test_no_file_is_a_drawer() -> None:
    """A name says what is in it."""
    drawers = {"utils.py", "util.py", "helpers.py", "common.py", "base.py", "misc.py"}

    assert not [path for path in PYTHON if path.name in drawers or "manager" in path.name]


def test_the_package_names_itself_nowhere() -> None:
    """Imports are relative, so that the package may have any name."""
    absolute = re.compile(r"^\s*(from|import) authserver\b", re.MULTILINE)

    assert not [path for path in files(SUPERSET, "*.py") if absolute.search(path.read_text())]


def test_only_the_features_list_imports_features() -> None:
    """A feature is a room of its own: nobody else goes in."""
    doors = re.compile(r"^\s*from \.+features\.|^\s*from \.+ import features\b", re.MULTILINE)

    visitors = [path for path in files(SUPERSET, "*.py") if doors.search(path.read_text())]

    assert not [path for path in visitors if "tests" not in path.parts]
