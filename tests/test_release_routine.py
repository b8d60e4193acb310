"""`dev/release.py` releases what keeps its promises, and refuses the rest in clear lines (CONTRIBUTING, Releasing)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from . import releases
from .small_template import NOTHING, write_template
from .template import ROOT, SUPERSET
from .test_update import commit, git

CHANGELOG = """# Changelog

## 1.1.0 (2026-02-01)

### Security

- **Security** CHY-2026-01: tokens were printed.

### What you get

More.

### What moves in your repository

Nothing.

### What you must do

Nothing.

## 1.0.0 (2026-01-01)

### What you get

All.

### What moves in your repository

Nothing.

### What you must do

Nothing.
"""
NOTE = """version = "1.1.0"
date = 2026-02-01
summary = "More."

[[security]]
id = "CHY-2026-01"
severity = "low"
title = "Tokens were printed"
what = "Whoever reads the log has them."
mend = "Print nothing."

[[security.code]]
path = "core/errors.py"
gone = "print(token)"
"""
NOTE_PATH = "template/{=package=}/releases/1.1.0.toml"
MODULES = ("__init__", "breaches", "changelog", "left_out", "releases", "template")

pytestmark = pytest.mark.slow

Change = Callable[[Path], object]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of the small template, with the routine, 1.0.0 in its record, and 1.1.0 ready to be released."""
    here = write_template(tmp_path / "repository")
    for name in (*(f"tests/{module}.py" for module in MODULES), "dev/release.py"):
        (here / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, here / name)
    (here / "dev/authserver").symlink_to("../template/{=package=}")
    notes = here / "template/{=package=}/releases"
    notes.mkdir()
    for module in (SUPERSET / "releases").glob("*.py"):
        shutil.copy(module, notes)
    (here / NOTE_PATH).write_text(NOTE)
    (here / "CHANGELOG.md").write_text(CHANGELOG)
    (here / "docs/releases").mkdir(parents=True)
    releases.write(
        releases.record({}, releases.promise(here), NOTHING, "1.0.0", "2026-01-01"), here / "docs/releases/released.yml"
    )
    (here / "docs/releases/moved.yml").write_text("files: {}\nquestions: {}\n")
    (here / ".gitignore").write_text("__pycache__/\n")
    git(here, "init", "--quiet")
    commit(here, "First")
    return here


def release(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the routine as a maintainer does."""
    people = {f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        [sys.executable, "dev/release.py", *arguments],
        cwd=repository,
        env=os.environ | people,
        capture_output=True,
        text=True,
    )


def replace(name: str, old: str, new: str) -> Change:
    """Return what puts `new` in place of `old` in a file of a repository."""

    def change(repository: Path) -> None:
        text = (repository / name).read_text()
        assert old in text
        (repository / name).write_text(text.replace(old, new, 1))

    return change


def test_a_release_is_recorded_and_a_person_does_the_rest(repository: Path) -> None:
    """What it wrote is one file; what remains is printed as commands that work."""
    (repository / "template/RUNNING.md").write_text("How to run it.\n")
    commit(repository, "More")

    done = release(repository, "1.1.0")

    assert done.returncode == 0, done.stderr
    assert git(repository, "status", "--porcelain") == " M docs/releases/released.yml\n"
    added = git(repository, "diff", "--unified=0").splitlines()[4:]
    assert [line for line in added if line.startswith(("+", "-"))] == [
        "+  1.1.0: {date: '2026-02-01'}",
        "+  RUNNING.md: {since: 1.1.0}",
    ]
    assert done.stdout.splitlines() == [
        "1.1.0 is recorded. What remains:",
        "  git commit --message 'Release 1.1.0' docs/releases/released.yml",
        "  git tag --annotate 1.1.0 --message 'Chancery 1.1.0'",
        "  git push --follow-tags",
    ]


def test_a_release_is_committed_and_tagged_if_asked(repository: Path) -> None:
    """The tag is the version alone, and has its own record in it."""
    done = release(repository, "1.1.0", "--tag")

    assert done.returncode == 0, done.stderr
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "tag") == "1.1.0\n"
    assert "1.1.0: {date: '2026-02-01'}" in git(repository, "show", "1.1.0:docs/releases/released.yml")
    assert done.stdout.splitlines()[1:] == ["  git push --follow-tags"]


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("v1.1.0", "v1.1.0 is no version: give three numbers, such as 1.2.0, and no v before them"),
        ("1.1", "1.1 is no version"),
        ("1.0.0", "1.0.0 does not come after 1.0.0: release one of 1.0.1, 1.1.0, 2.0.0"),
        ("1.2.0", "1.2.0 does not come after 1.0.0"),
        ("1.1.1", "1.1.1 does not come after 1.0.0"),
        ("1.0.1", "CHANGELOG.md has no section for 1.0.1: begin one with '## 1.0.1 (2026-01-31)'"),
    ],
)
def test_a_version_that_cannot_be_released_is_refused(repository: Path, version: str, sentence: str) -> None:
    done = release(repository, version)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (replace("CHANGELOG.md", "2026-02-01", "unreleased"), "'unreleased' of 1.1.0 in CHANGELOG.md is no date"),
        (
            replace("CHANGELOG.md", "### What you get", "### News"),
            "the section for 1.1.0 has the parts Security, News,",
        ),
        (replace("CHANGELOG.md", "More.\n", "\n"), "'What you get' of 1.1.0 is empty: say Nothing."),
        (
            replace("CHANGELOG.md", "CHY-2026-01: ", ""),
            "no note has an advisory for '- **Security** tokens were printed.'",
        ),
        (replace("CHANGELOG.md", "CHY-2026-01", "CHY-2026-02"), "no note has an advisory for 'CHY-2026-02'"),
        (replace("CHANGELOG.md", "CHY-2026-01", "CHY-2026-02"), "no line begins with **Security** CHY-2026-01"),
        (lambda repository: (repository / NOTE_PATH).unlink(), f"{NOTE_PATH} is not there: write the note"),
        (
            replace(NOTE_PATH, "2026-02-01", "2026-02-02"),
            "the note of 1.1.0 has 2026-02-02, and CHANGELOG.md 2026-02-01",
        ),
        (replace(NOTE_PATH, 'severity = "low"', 'severity = "none"'), "1.1.0.toml: severity is none of low"),
        (
            lambda repository: (repository / "template/README.md").unlink(),
            "README.md was released in 1.0.0 and is gone",
        ),
        (
            replace("docs/releases/moved.yml", "files: {}", "files:\n  README.md: {moved: 1.2.0}"),
            "moved.yml has README.md in 1.2.0, which comes after 1.1.0",
        ),
    ],
)
def test_what_is_not_ready_is_refused(repository: Path, change: Change, sentence: str) -> None:
    """Nothing is written before everything holds."""
    change(repository)
    commit(repository, "Not ready")

    done = release(repository, "1.1.0")

    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert git(repository, "status", "--porcelain") == ""


def test_what_is_not_committed_is_not_released(repository: Path) -> None:
    """A file that nobody added counts too."""
    (repository / "template/RUNNING.md").write_text("How to run it.\n")

    done = release(repository, "1.1.0")

    assert done.stderr == "the work tree is not clean: commit what belongs to the release, and put the rest away\n"


def test_a_tag_is_never_made_twice(repository: Path) -> None:
    """Who has rendered it keeps what it was."""
    git(repository, "tag", "1.1.0")

    done = release(repository, "1.1.0", "--tag")

    assert done.stderr.startswith("the tag 1.1.0 is there already: a released version never changes")
