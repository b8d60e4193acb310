"""`drift` and `doctor` tell which fixes have not reached the code, and `drift` what the team changed."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..template import ROOT, SUPERSET, render, snapshot, update
from ..test_update import commit, git
from .weaknesses import WEAKNESSES, note

DRIFT = ROOT / "hooks/drift"
ROOMS = {"profile": "custom", "features": ["code_flow", "openid", "dpop"]}
"""Those that have a weakness."""


@dataclass(frozen=True)
class Mended:
    """A template of two releases: 8.0.0 has every weakness, 9.0.0 mends them; and a project of the first."""

    template: Path
    project: Path

    @property
    def package(self) -> Path:
        return self.project / "authserver"

    def drift(self, *words: str) -> tuple[int, Any]:
        """Run `drift`; return its exit code and report."""
        done = run_drift(self.project, "--json", *words)
        return done.returncode, json.loads(done.stdout)

    def open_ids(self) -> tuple[int, set[str]]:
        """What `drift` says has not reached the code."""
        code, report = self.drift()
        return code, {fix["id"] for fix in report["security"] if fix["verdict"] != "fixed"}

    def told_by_doctor(self) -> set[str]:
        """What the rendered `doctor` says has not reached the code."""
        script = (
            "import json, pathlib; from authserver.cli.commands.doctor import examine_releases\n"
            "findings = examine_releases(pathlib.Path('authserver'))\n"
            "print(json.dumps([each.what for each in findings if each.level == 'error']))"
        )
        environment = {**os.environ, "PYTHONPATH": str(self.project), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, check=True)
        return {what.partition(" ")[0] for what in json.loads(done.stdout)}


def run_drift(*words: object) -> subprocess.CompletedProcess[str]:
    """Run `drift` as `uv run` would, with what it needs at hand."""
    command = [sys.executable, str(DRIFT), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


IDS = {f"CHY-2027-{number:02}" for number in range(1, len(WEAKNESSES) + 1)}
POLICIES = {
    f"CHY-2027-{number:02}"
    for number, weakness in enumerate(WEAKNESSES, start=1)
    if weakness.paths[0].startswith("policy/")
}


@pytest.fixture(scope="module")
def releases_made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The template with both releases, and a project of the first one."""
    template = snapshot(tmp_path_factory.mktemp("mended") / "template")
    package = template / "template/{=package=}"
    fixed = {package / path: (package / path).read_text() for each in WEAKNESSES for path in each.paths}
    for weakness in WEAKNESSES:
        weakness.plant(package)
    git(template, "init", "--quiet")
    commit(template, "Weak")
    git(template, "tag", "8.0.0")
    project = render(template, template.parent / "project", ROOMS)
    for path, text in fixed.items():
        path.write_text(text)
    for room in {weakness.room for weakness in WEAKNESSES}:
        folder = package / "features" / room / "releases" if room else package / "releases"
        folder.mkdir(exist_ok=True)
        (folder / "9.0.0.toml").write_text(note(*(each for each in WEAKNESSES if each.room == room), version="9.0.0"))
    commit(template, "Mended")
    git(template, "tag", "9.0.0")
    git(project, "init", "--quiet")
    commit(project, "Rendered")
    return template, project


@pytest.fixture
def mended(releases_made: tuple[Path, Path], tmp_path: Path) -> Mended:
    """A project that has every weakness."""
    template, made = releases_made
    project = tmp_path / "project"
    shutil.copytree(made, project)
    return Mended(template, project)


@pytest.fixture(scope="module")
def updated_once(releases_made: tuple[Path, Path]) -> Path:
    """The project after a plain `copier update`."""
    template, made = releases_made
    project = template.parent / "updated"
    shutil.copytree(made, project)
    update(project, {})
    commit(project, "Updated")
    return project


@pytest.fixture
def updated(releases_made: tuple[Path, Path], updated_once: Path, tmp_path: Path) -> Mended:
    """A project that has the new version."""
    project = tmp_path / "updated"
    shutil.copytree(updated_once, project)
    return Mended(releases_made[0], project)


@pytest.mark.slow
def test_every_weakness_of_a_project_that_took_nothing_is_told(mended: Mended) -> None:
    """In core, in features, in a policy, on a page and in a workflow."""
    assert mended.open_ids() == (1, IDS)


@pytest.mark.slow
def test_what_an_update_does_not_bring_is_told_until_it_is_taken(updated: Mended) -> None:
    """Policies are written once: `drift` and `doctor` tell, and nobody else would."""
    assert updated.open_ids() == (1, POLICIES)
    assert updated.told_by_doctor() == POLICIES

    for path in {path for each in WEAKNESSES for path in each.paths if path.startswith("policy/")}:
        shutil.copy(SUPERSET / path, updated.package / path)

    assert updated.open_ids() == (0, set())
    assert updated.told_by_doctor() == set()


@pytest.mark.slow
def test_a_moved_file_that_an_update_did_not_find_is_told(mended: Mended, updated: Mended) -> None:
    """Plain `copier update` mends our file, and not the one that the team made of it."""
    (updated.package / "acme").mkdir()
    (updated.package / "core/pkce.py").unlink()
    shutil.copy(mended.package / "core/pkce.py", updated.package / "acme/proofs.py")

    code, report = updated.drift()

    [told] = [fix for fix in report["security"] if fix["id"] == "CHY-2027-02"]
    assert (code, told["verdict"]) == (1, "missing")
    assert any(reason.startswith("authserver/acme/proofs.py:") for reason in told["reasons"])


@pytest.mark.slow
def test_what_a_team_accepts_is_told_and_is_no_error(updated: Mended) -> None:
    """`accepted` in the team's copy of the note: both still say so."""
    notes = updated.package / "releases/9.0.0.toml"
    told = re.sub(r'(id = "CHY-2027-0[56]"\n)', r'\1accepted = "We have our own."\n', notes.read_text())
    notes.write_text(told)

    assert updated.open_ids() == (0, POLICIES)
    assert updated.told_by_doctor() == set()


@pytest.mark.slow
def test_drift_says_what_the_team_changed_by_file_and_by_feature(mended: Mended) -> None:
    """Edited, moved, deleted, added; what is ignored or elsewhere is none of its business."""
    package = mended.package
    for path, text in {"policy/scopes.py": "X = 1\n", "features/dpop/nonces.py": "Y = 1\nZ = 2\n"}.items():
        (package / path).write_text((package / path).read_text() + text)
    (package / "core/urls.py").rename(package / "core/addresses.py")
    (package / "features/openid/id_token.py").unlink()
    (package / "core/ours.py").write_text("OURS = 1\n")
    (mended.project / "elsewhere").mkdir()
    (mended.project / "elsewhere/file.py").write_text("")

    changes = mended.drift()[1]["changes"]

    assert [(each["group"], each["how"], each["path"], each["added"]) for each in changes] == [
        ("feature dpop", "edited", "authserver/features/dpop/nonces.py", 2),
        ("feature openid", "deleted", "authserver/features/openid/id_token.py", 0),
        ("policy", "edited", "authserver/policy/scopes.py", 1),
        ("the rest", "moved", "authserver/core/addresses.py", 0),
        ("the rest", "added", "authserver/core/ours.py", 1),
    ]
    assert changes[3]["moved_from"] == "authserver/core/urls.py"


def _forget_answers(mended: Mended) -> None:
    (mended.project / ".copier-answers.yml").unlink()


def _leave_git(mended: Mended) -> None:
    shutil.rmtree(mended.project / ".git")


def _lose_template(mended: Mended) -> None:
    _answer(mended, "_src_path", str(mended.project / "nowhere"))


def _be_of_no_version(mended: Mended) -> None:
    _answer(mended, "_commit", "7.7.7")


def _be_no_project_of_copier(mended: Mended) -> None:
    (mended.project / ".copier-answers.yml").write_text("package: authserver\n")


def _answer(mended: Mended, name: str, value: str) -> None:
    file = mended.project / ".copier-answers.yml"
    file.write_text(re.sub(rf"^{name}: .*$", f"{name}: {value}", file.read_text(), flags=re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        (_forget_answers, "name the project's folder, or the file with --answers-file"),
        (_leave_git, "run `git init`"),
        (_lose_template, "correct _src_path"),
        (_be_of_no_version, "has no version 7.7.7 (it has 9.0.0, 8.0.0)"),
        (_be_no_project_of_copier, "has no _src_path: restore the file"),
    ],
)
def test_a_bad_state_is_refused_with_one_line(mended: Mended, spoil: Callable[[Mended], None], mend: str) -> None:
    """Exit code 2, and nothing on standard output."""
    spoil(mended)

    done = run_drift(mended.project)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert mend in done.stderr


@pytest.mark.slow
def test_a_shallow_template_is_refused_with_one_line(mended: Mended, tmp_path: Path) -> None:
    """It has not the version that the project was rendered from."""
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{mended.template}", "shallow")
    _answer(mended, "_src_path", str(tmp_path / "shallow"))

    done = run_drift(mended.project)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "git fetch --unshallow" in done.stderr
