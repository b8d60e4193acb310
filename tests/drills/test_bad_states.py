"""`hooks/upgrade` where something is not as it should be: it refuses with one line, and touches nothing."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ..template import contents
from ..test_update import commit, git
from .cells import ANSWERS, begin, upgrade
from .releases import HEAD, History

pytestmark = pytest.mark.slow

FIX = "0.12.1"
"""What is upgraded to: `core/encoding.py` and `core/secrets.py` change."""

Spoil = Callable[[History, Path], None]


def replace(project: Path, old: str, new: str) -> None:
    """Change the answers file and commit it."""
    answers = project / ".copier-answers.yml"
    assert re.search(old, answers.read_text())
    answers.write_text(re.sub(old, new, answers.read_text()))
    commit(project, "Answers")


def write_something(history: History, project: Path) -> None:
    (project / "README.md").write_text("Ours.")


def add_something(history: History, project: Path) -> None:
    (project / "new.txt").write_text("Ours.")


def stage_something(history: History, project: Path) -> None:
    (project / "README.md").write_text("Ours.")
    git(project, "add", "--all")


def forget_git(history: History, project: Path) -> None:
    subprocess.run(["rm", "-rf", project / ".git"], check=True)


def forget_answers(history: History, project: Path) -> None:
    (project / ".copier-answers.yml").unlink()
    commit(project, "Gone")


def spoil_answers(history: History, project: Path) -> None:
    (project / ".copier-answers.yml").write_text("{")
    commit(project, "Spoilt")


def forget_version(history: History, project: Path) -> None:
    replace(project, "_commit: .*\n", "")


def name_no_version(history: History, project: Path) -> None:
    replace(project, "_commit: .*", "_commit: 9.9.9")


def lose_template(history: History, project: Path) -> None:
    replace(project, "_src_path: .*", "_src_path: /nowhere/at/all")


def cut_template(history: History, project: Path) -> None:
    shallow = project.parent / "shallow"
    git(project, "clone", "--quiet", "--depth=1", "--branch", FIX, history.repo.as_uri(), str(shallow))
    replace(project, "_src_path: .*", f"_src_path: {shallow}")


def be_in_a_merge(history: History, project: Path) -> None:
    git(project, "checkout", "--quiet", "-b", "other")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "Other")
    git(project, "checkout", "--quiet", "main")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "Main")
    git(project, "merge", "--quiet", "--no-commit", "--no-ff", "other")


def be_in_a_rebase(history: History, project: Path) -> None:
    git(project, "commit", "--quiet", "--allow-empty", "--message", "Main")
    git(project, "-c", "sequence.editor=echo break >", "rebase", "--quiet", "--interactive", "HEAD~1")


def lose_the_package(history: History, project: Path) -> None:
    subprocess.run(["rm", "-rf", project / "authserver"], check=True)
    commit(project, "Gone")


def hide_a_file(history: History, project: Path) -> None:
    """A file that git ignores is where the next version brings one."""
    (project / ".gitignore").write_text("always.py\n")
    commit(project, "Ignored")
    (project / "authserver/core/always.py").write_text("Ours.")


def leave(history: History, project: Path) -> None:
    """Nothing is wrong with the project."""


BAD: dict[str, tuple[Spoil, tuple[str, ...], str]] = {
    "a changed file": (write_something, ("--to", FIX), "not clean"),
    "an untracked file": (add_something, ("--to", FIX), "not clean"),
    "a staged file": (stage_something, ("--to", FIX), "not clean"),
    "no repository": (forget_git, ("--to", FIX), "git"),
    "no answers": (forget_answers, ("--to", FIX), "answers"),
    "spoilt answers": (spoil_answers, ("--to", FIX), "answers"),
    "no version": (forget_version, ("--to", FIX), "_commit"),
    "an unknown version": (name_no_version, ("--to", FIX), "9.9.9"),
    "no template": (lose_template, ("--to", FIX), "/nowhere/at/all"),
    "a shallow template": (cut_template, ("--to", FIX), "shallow"),
    "a merge": (be_in_a_merge, ("--to", FIX), "merge"),
    "a rebase": (be_in_a_rebase, ("--to", FIX), "rebase"),
    "no package": (lose_the_package, ("--to", FIX), "authserver"),
    "an ignored file in the way": (hide_a_file, ("--to", "0.9.0"), "always.py"),
    "an unknown target": (leave, ("--to", "7.0.0"), "7.0.0"),
    "a downgrade": (leave, ("--to", "0.2.0"), "older"),
    "an unknown question": (leave, ("--to", FIX, "--data", "nonsense=1"), "nonsense"),
    "no value": (leave, ("--to", FIX, "--data", "prefix"), "prefix"),
    "a bad value": (leave, ("--to", FIX, "--data", "prefix=oauth"), "prefix"),
    "no such choice": (leave, ("--to", FIX, "--data", "database=oracle"), "database"),
    "an unknown feature": (leave, ("--to", FIX, "--on", "devise"), "device"),
    "on and off": (leave, ("--to", FIX, "--on", "dpop", "--off", "dpop"), "dpop"),
    "a feature without what it needs": (leave, ("--to", FIX, "--on", "device"), "code_flow"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_state_is_refused_in_one_line(case: str, history: History, tmp_path: Path) -> None:
    """Exit code 2, a line that names the trouble, and every file is as it was."""
    spoil, words, named = BAD[case]
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    spoil(history, project)
    before, told = contents(tmp_path), status(project)

    done = upgrade(project, *words)

    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert named in done.stderr
    assert contents(tmp_path) == before
    assert status(project) == told


def test_a_removed_choice_is_asked_for(history: History, tmp_path: Path) -> None:
    """An answer that the new version does not take is never replaced by a default; `--data` gives another."""
    project = begin(history, tmp_path / "project", ANSWERS["custom"])

    refused = upgrade(project, "--to", "0.11.0")

    assert refused.returncode == 2
    assert "PS256" in refused.stderr
    assert status(project) == ""
    assert upgrade(project, "--to", "0.11.0", "--data", "signing_algorithms=[EdDSA]").returncode == 0


def test_the_newest_is_the_newest(history: History, tmp_path: Path) -> None:
    """There is nothing to do, and nothing is done."""
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])

    done = upgrade(project, "--to", HEAD)

    assert (done.returncode, status(project)) == (0, ""), done.stderr


def status(project: Path) -> str:
    return git(project, "status", "--porcelain", "--untracked-files=all") if (project / ".git").exists() else ""
