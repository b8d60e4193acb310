"""A history of releases: the repo's own past, the working tree, and next versions that one change makes of it."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..template import ROOT, render, snapshot
from ..test_update import commit, git
from . import changes
from .changes import Change

PAST = {"0.1.0": "7698cf1", "0.2.0": "5f73aeb"}
"""Commits of this repo that stand for releases. A shallow clone has none of them."""

HEAD = "0.3.0"
"""The working tree."""

NEXT: dict[str, Change] = {
    "0.4.0": changes.rename_module,
    "0.4.1": changes.rename_with_shim,
    "0.5.0": changes.delete_module,
    "0.6.0": changes.split_module,
    "0.7.0": changes.move_folders,
    "0.8.0": changes.change_defaults,
    "0.9.0": changes.add_question,
    "0.9.1": changes.add_question_unguarded,
    "0.10.0": changes.rename_question,
    "0.11.0": changes.remove_choice,
    "0.12.0": changes.change_seam,
    "0.12.1": changes.fix_vulnerability,
    "0.13.0": changes.add_migrations,
    "0.14.0": changes.edit_everywhere,
    "1.0.0": changes.all_at_once,
}
"""Each is made from the working tree, not from the one before; the last one is all of them."""

RENAMED_QUESTIONS = {"table_prefix": "tables_begin_with"}


@dataclass(frozen=True)
class History:
    """The releases in one repo with a tag each, and as folders to render from; and what was rendered from them."""

    folder: Path
    versions: list[str] = field(default_factory=list)

    @property
    def repo(self) -> Path:
        return self.folder / "repo"

    def project(self, version: str, answers: Mapping[str, Any], destination: Path) -> Path:
        """Render `version` to `destination`, as `copier copy` does from the repo. Renders once for the same answers."""
        made = self._render(version, answers)
        shutil.copytree(made, destination)
        for path in destination.glob("*copier-answers.yml"):
            told = yaml.safe_load(path.read_text())
            told |= {"_commit": version, "_src_path": str(self.repo)}
            comment = path.read_text().partition("\n")[0]
            path.write_text(f"{comment}\n{yaml.safe_dump(told, sort_keys=True, allow_unicode=True)}")
        return destination

    def fresh(self, version: str, answers: Mapping[str, Any]) -> Path:
        """Return what somebody gets who renders `version` with these answers for the first time. Leave it alone."""
        return self._render(version, answers)

    def _render(self, version: str, answers: Mapping[str, Any]) -> Path:
        template = self.folder / "versions" / version
        asked = {RENAMED_QUESTIONS.get(name, name): value for name, value in answers.items()}
        given = {**answers, **asked}
        key = repr(sorted((name, value) for name, value in given.items()))
        made = self.folder / "renders" / version / f"{abs(hash(key))}"
        if not made.exists():
            render(template, made, given)
        return made


def build(folder: Path) -> History:
    """Make the history in `folder`. Releases of a past that this clone does not have are left out."""
    history = History(folder)
    history.repo.mkdir(parents=True)
    git(history.repo, "init", "--quiet", "--initial-branch", "main")
    for version, sha in PAST.items():
        if has_commit(sha):
            _clear(history.repo)
            packed = subprocess.run(
                ["git", "archive", sha, "copier.yml", "questions", "template"],
                cwd=ROOT,
                check=True,
                capture_output=True,
            )
            subprocess.run(["tar", "-x"], cwd=history.repo, check=True, input=packed.stdout)
            _release(history, version)
    _clear(history.repo)
    snapshot(folder / "head")
    shutil.copytree(folder / "head", history.repo, dirs_exist_ok=True, symlinks=True)
    _release(history, HEAD)
    for version, change in NEXT.items():
        git(history.repo, "checkout", "--quiet", "--detach", HEAD)
        change(history.repo)
        _release(history, version)
    return history


def has_commit(sha: str) -> bool:
    """Say whether this clone has the commit."""
    asked = subprocess.run(["git", "cat-file", "-e", f"{sha}^{{tree}}"], cwd=ROOT, check=False, capture_output=True)
    return asked.returncode == 0


def summary() -> str:
    """Say in a line which releases there are."""
    past = [version for version, sha in PAST.items() if has_commit(sha)]
    lost = f", without {', '.join(PAST.keys() - {*past})}, whose commits this shallow clone lacks"
    return f"{len(past)} releases of the past, the working tree, {len(NEXT)} next ones" + (
        lost if len(past) < len(PAST) else ""
    )


def _release(history: History, version: str) -> None:
    commit(history.repo, version)
    git(history.repo, "tag", version)
    history.versions.append(version)
    shutil.copytree(
        history.repo, history.folder / "versions" / version, symlinks=True, ignore=shutil.ignore_patterns(".git")
    )


def _clear(repo: Path) -> None:
    for path in repo.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
