"""The cells: which release meets which team and which toggle, what is done in one, and what became of it."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..matrix import FEATURES, Answers, features_of
from ..template import ROOT
from ..test_update import commit, git
from .planting import Work, answers_of, plant
from .releases import HEAD, NEXT, PAST, History, has_commit
from .teams import TEAMS

UPGRADE = ROOT / "hooks" / "upgrade"
SEED = 20

ANSWERS: dict[str, Answers] = {
    "oidc": {},
    "m2m": {"profile": "m2m"},
    "everything": {"profile": "everything", "demo": True},
    "custom": {
        "profile": "custom",
        "features": ["code_flow", "openid", "dpop", "par", "device", "introspection", "resource_indicators"],
        "signing_algorithms": ["PS256", "EdDSA"],
        "ephemeral_store": "memory",
        "table_prefix": "a_",
        "prefix": "/mcp/oauth",
        "project_name": "Zoë & Söhne's login",
    },
    "package": {"layout": "package", "package": "identity", "database": "postgresql"},
}
OF_OLD = ("oidc", "m2m", "package")
"""The answers that the first release takes too."""

TOGGLES = ("none", "on", "off", "off and on")
CAN_GO = {
    "oidc": ("openid", "revocation", "protected_resource"),
    "m2m": (),
    "everything": ("device", "introspection", "resource_indicators", "dpop"),
    "custom": ("device", "introspection", "openid", "par"),
    "package": ("openid", "revocation"),
}
CAN_COME = {
    "oidc": ("device", "introspection", "dpop"),
    "m2m": ("introspection", "dpop", "protected_resource"),
    "everything": (),
    "custom": ("step_up", "revocation"),
    "package": ("par", "resource_indicators"),
}


@dataclass(frozen=True)
class Cell:
    """One drill. `seed` decides where the edits go."""

    old: str
    new: str
    answers: str
    teams: tuple[str, ...]
    toggle: str
    feature: str
    seed: int

    def __str__(self) -> str:
        feature = f" {self.feature}" if self.feature else ""
        return (
            f"{self.old} to {self.new}, {self.answers}, {' + '.join(self.teams)}, {self.toggle}{feature}, {self.seed}"
        )


@cache
def cover(*, every: bool) -> list[Cell]:
    """Return cells in which each team, toggle and set of answers is several times, and each release is.

    With `every`, each next release is three times.
    """
    chance = random.Random(SEED)
    old = [version for version, sha in PAST.items() if has_commit(sha)]
    later = [new for new in NEXT if new != "0.9.1"]  # which is for plain Copier
    steps = [(HEAD, new) for new in later] + [(past, new) for past in old for new in (HEAD, "1.0.0")]
    steps += [(HEAD, new) for new in later for _ in range(2)] if every else []
    firsts, seconds = _endless(chance, TEAMS), _endless(chance, TEAMS)
    toggles, answers = _endless(chance, TOGGLES), _endless(chance, ANSWERS)
    cells = []
    for seed, (before, after) in enumerate(steps):
        told = next(name for name in answers if before != "0.1.0" or name in OF_OLD)
        toggle = next(toggles)
        able = {"none": (), "on": CAN_COME[told]}.get(toggle, CAN_GO[told])
        feature = chance.choice(able) if able else ""
        pair = sorted({next(firsts), next(seconds)}, key=[*TEAMS].index)
        if {"renames by hand", "renames by answer"} <= {*pair}:
            pair.pop()
        cells.append(Cell(before, after, told, tuple(pair), toggle if feature else "none", feature, seed))
    return cells


def _endless(chance: random.Random, things: Any) -> Iterator[str]:
    while True:
        yield from chance.sample([*things], len(things))


@dataclass
class Outcome:
    """What a cell ended with: the exit code and the report of the last run, and those that were named in any."""

    work: Work
    answers: dict[str, Any]
    before: Path
    said: str = ""
    codes: list[int] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def named(self) -> set[str]:
        return {need["path"] for report in self.reports for need in report["needs_you"]}


def begin(history: History, project: Path, answers: Answers, version: str = HEAD) -> Path:
    """Render a project and commit it."""
    history.project(version, answers, project)
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, "Rendered")
    return project


def prepare(history: History, cell: Cell, folder: Path) -> Work:
    """Render the old release into `folder`, commit it, let the teams edit it, and commit that too."""
    project = begin(history, folder / "project", ANSWERS[cell.answers], cell.old)
    package = str(ANSWERS[cell.answers].get("package", "authserver"))
    work = Work(project, random.Random(cell.seed), cell.seed, package)
    if cell.toggle.startswith("off"):
        edit_feature(work, cell.feature)
    for team in cell.teams:
        TEAMS[team](work)
    commit(project, "Ours")
    return work


def edit_feature(work: Work, feature: str) -> None:
    """Write into the files of a feature, also into its policy."""
    room = work.home / "features" / feature
    files = work.modules(f"features/{feature}") if room.is_dir() else [room.with_suffix(".py")]
    policies = {"introspection": "introspection", "openid": "claims", "resource_indicators": "resources"}
    files = [path for path in work.chance.sample(files, min(3, len(files))) if path.exists()]
    for path in [*files, *work.pick(f"policy/{policies.get(feature, '-')}.py")]:
        plant(work, path)


def new_answers(cell: Cell, work: Work) -> dict[str, Any]:
    """What is answered when all is done."""
    answers = answers_of(work.root)
    before = features_of(answers)
    if cell.new == "0.8.0" and answers["profile"] == "oidc":  # first the version changes, then the answers
        before = [*before, "introspection"]
    if cell.toggle != "none":
        after = {*before, cell.feature} if cell.toggle == "on" else {*before} - {cell.feature}
        after = {*before} if cell.toggle == "off and on" else after
        answers |= {"profile": "custom", "features": [name for name in FEATURES if name in after]}
    for option in work.options:
        if "=" in option:
            name, _, value = option.partition("=")
            answers[name] = value.strip("[]").split(",") if value.startswith("[") else value
    return answers


def run(history: History, cell: Cell, folder: Path) -> Outcome:
    """Do all of a cell with `hooks/upgrade`; raises AssertionError if that refuses."""
    work = prepare(history, cell, folder)
    if cell.new == "0.11.0" and cell.answers == "custom":
        work.options += ["--data", "signing_algorithms=[EdDSA]"]
    before = folder / "before"
    shutil.copytree(work.root, before, ignore=shutil.ignore_patterns(".git"))
    outcome = Outcome(work, new_answers(cell, work), before)
    # It goes off with the new version, or before that; it comes back with the new version.
    early = cell.seed % 2 and cell.new != "0.8.0"
    off, on = ["--to", cell.old if early else cell.new, "--off", cell.feature], ["--to", cell.new, "--on", cell.feature]
    toggles: dict[str, list[list[str]]] = {
        "none": [["--to", cell.new]],
        "on": [on],
        "off": [["--to", cell.new, "--off", cell.feature]],
        "off and on": [off, on],
    }
    for number, toggle in enumerate(toggles[cell.toggle]):
        if number:
            commit(work.root, "Updated")
        done = upgrade(work.root, "--json", *toggle, *([] if number else work.options))
        outcome.codes.append(done.returncode)
        outcome.said = f"{done.args}\n{done.stdout}\n{done.stderr}"
        assert done.returncode in (0, 1), outcome.said
        assert done.stdout, outcome.said
        outcome.reports.append(json.loads(done.stdout))
    return outcome


def upgrade(project: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `hooks/upgrade`."""
    command = [sys.executable, str(UPGRADE), *([] if cwd else [str(project)]), *words]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def summary() -> str:
    """Say in a line how much is drilled."""
    cells, every = cover(every=False), cover(every=True)
    what = f"{len({cell.new for cell in every})} releases, {len(TEAMS)} teams, {len(TOGGLES)} toggles"
    return f"{len(cells)} cells ({len(every)} with EVERY_SUITE=1) of {what}"
