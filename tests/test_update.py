"""A project that Copier rendered, Copier can bring up to date (A7, A8)."""

import subprocess
from pathlib import Path
from typing import Any

import copier
import pytest

from .template import contents, render, snapshot

ANSWERS: dict[str, dict[str, Any]] = {
    "oidc": {"demo": True},
    "m2m": {"profile": "m2m"},
    "package": {"layout": "package", "package": "identity", "database": "postgresql"},
}


def test_the_same_answers_change_nothing(template: Path, tmp_path: Path) -> None:
    """A7."""
    project = render(template, tmp_path / "project", {"demo": True})
    before = contents(project)

    render(template, project, {"demo": True})

    assert contents(project) == before


def git(folder: Path, *arguments: str) -> str:
    """Run git in `folder`; return what it printed."""
    command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_update_of_a_clean_project_changes_nothing(tmp_path: Path, name: str) -> None:
    """A7, A8: the same version again, in a project under git."""
    template = snapshot(tmp_path / "template")
    git(template, "init", "--quiet")
    commit(template, "First")
    git(template, "tag", "1.0.0")
    project = render(template, tmp_path / "project", ANSWERS[name])
    git(project, "init", "--quiet")
    commit(project, "Rendered")

    copier.run_update(project, defaults=True, overwrite=True, quiet=True, vcs_ref="HEAD")

    assert git(project, "status", "--porcelain") == ""


def test_an_update_keeps_what_the_team_decided(tmp_path: Path) -> None:
    """A8: upstream changes a file that the team owns and one that it does not."""
    template = snapshot(tmp_path / "template")
    git(template, "init", "--quiet")
    commit(template, "First")
    git(template, "tag", "1.0.0")
    project = render(template, tmp_path / "project", {})
    git(project, "init", "--quiet")
    policy, errors = project / "authserver/policy/scopes.py", project / "authserver/core/errors.py"
    policy.write_text(f"# Ours.\n{policy.read_text()}")
    commit(project, "Decided")
    for path in ("policy/scopes.py", "core/errors.py"):
        source = template / "template/{=package=}" / path
        source.write_text(f"{source.read_text()}\n# Upstream.\n")
    commit(template, "Second")
    git(template, "tag", "1.1.0")

    copier.run_update(project, defaults=True, overwrite=True, quiet=True)

    assert policy.read_text().startswith("# Ours.")
    assert "# Upstream." not in policy.read_text()
    assert errors.read_text().endswith("# Upstream.\n")
