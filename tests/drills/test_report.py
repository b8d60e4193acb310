"""What `hooks/upgrade` says to a person: before it changes anything, and when it is done."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ..test_update import commit, git
from .cells import UPGRADE, begin, upgrade
from .releases import HEAD, History

pytestmark = pytest.mark.slow

OIDC = {"profile": "custom", "features": ["code_flow", "openid", "revocation", "device"]}


@pytest.fixture
def project(history: History, tmp_path: Path) -> Path:
    """A project whose team wrote into a file of the device grant."""
    project = begin(history, tmp_path / "project", OIDC)
    edited = project / "authserver/features/device/store.py"
    edited.write_text(f"{edited.read_text()}\n# Ours.\n")
    commit(project, "Ours")
    return project


def test_it_says_what_goes_what_stays_and_what_to_do(project: Path) -> None:
    """A9: files by their folders, the edit that stays, the tables that stay, and the next step."""
    done = upgrade(project, "--to", HEAD, "--off", "device")

    said = done.stdout
    assert said.startswith("project: 0.3.0, from ")
    assert "  features: code_flow, openid, revocation, device -> code_flow, openid, revocation\n" in said
    before, _, after = said.partition("\nTaken over ")
    assert "With the new answers" in before
    assert "  Their tables stay in the database, with every row.\n" in before
    assert "  You changed authserver/features/device/store.py: it stays.\n" in before
    assert after.partition("Needs you     ")[2].splitlines() == [
        "1 place",
        "  authserver/features/device/store.py",
        "      with the new answers it is gone, and you changed it: yours stays",
        "",
        "Decide what needs you, then read `git diff`, run the tests and `migrate`, and commit.",
    ]
    assert done.returncode == 1


def test_what_was_rendered_can_be_kept_to_compare_with(project: Path, tmp_path: Path) -> None:
    """Both renders, without the team's edits."""
    upgrade(project, "--to", HEAD, "--off", "device", "--keep", str(tmp_path / "kept"))

    assert "# Ours." not in (tmp_path / "kept/old/authserver/features/device/store.py").read_text()
    assert not (tmp_path / "kept/new/authserver/features/device").exists()
    assert (tmp_path / "kept/new/authserver/app.py").read_bytes() == (project / "authserver/app.py").read_bytes()


def test_who_sits_there_may_say_no(project: Path) -> None:
    """Switching off is asked about at a terminal, before anything is touched."""
    here, there = pty.openpty()
    os.write(here, b"n\n")

    done = subprocess.run(
        [sys.executable, "-B", str(UPGRADE), "--to", HEAD, "--off", "device"],
        cwd=project,
        stdin=there,
        capture_output=True,
        text=True,
    )

    assert "Go on? [y/N]" in done.stdout
    assert done.stderr == "upgrade: nothing was touched, as you wish\n"
    assert done.returncode == 2
    assert git(project, "status", "--porcelain") == ""


def test_nothing_to_do_is_said(project: Path) -> None:
    """And nothing is touched."""
    done = upgrade(project, "--to", HEAD)

    assert done.stdout.splitlines()[1:] == ["", "Nothing to do."]
    assert done.returncode == 0
    assert git(project, "status", "--porcelain") == ""
