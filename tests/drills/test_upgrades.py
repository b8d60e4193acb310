"""`hooks/upgrade`, with releases, teams and toggles: nothing that a team wrote is lost without a word."""

import os
from pathlib import Path

import pytest

from ..template import contents
from ..test_update import git
from .cells import Cell, cover, prepare, run, upgrade
from .judging import complaints, own_tests
from .releases import HEAD, PAST, History, has_commit

pytestmark = pytest.mark.slow

EVERY = os.environ.get("EVERY_SUITE") == "1"
HERE = [version for version in ("0.1.0", "0.2.0", HEAD) if version == HEAD or has_commit(PAST[version])]


def name(cell: Cell) -> str:
    return f"{cell.seed}_{cell.old}_{cell.new}_{cell.answers}_{cell.toggle.replace(' ', '_')}"


@pytest.mark.parametrize("cell", cover(every=EVERY), ids=name)
def test_what_a_team_wrote_is_there_or_named(cell: Cell, history: History, tmp_path: Path) -> None:
    """The result is a fresh render with the edits, it runs, and no row is lost; or the report names what is not so."""
    outcome = run(history, cell, tmp_path)

    assert complaints(history, cell, outcome, tmp_path) == [], outcome.said


@pytest.mark.parametrize("old", HERE if EVERY else HERE[:1])
def test_an_upgraded_server_passes_its_own_tests(history: History, tmp_path: Path, old: str) -> None:
    """All of them, in a project whose team edited its code and has rooms of its own. It takes minutes."""
    cell = Cell(old, "0.12.1" if old == HEAD else HEAD, "oidc", ("builds rooms", "dresses"), "none", "", 7)

    outcome = run(history, cell, tmp_path)

    assert outcome.codes == [0], outcome.said
    own_tests(outcome.work.root, "authserver", "")


def test_a_dry_run_says_the_same_and_touches_nothing(history: History, tmp_path: Path) -> None:
    """The report of `--dry-run` is that of the real run, and the work tree is as it was."""
    cell = Cell(HEAD, "1.0.0", "oidc", ("decides", "edits protocol code"), "none", "", 3)
    project = prepare(history, cell, tmp_path).root
    before = contents(project)

    dry = upgrade(project, "--to", "1.0.0", "--json", "--dry-run")

    assert contents(project) == before
    assert git(project, "status", "--porcelain") == ""
    real = upgrade(project, "--to", "1.0.0", "--json")
    assert dry.stdout.replace('"dry_run": true', '"dry_run": false') == real.stdout
    assert dry.returncode == real.returncode
