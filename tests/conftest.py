"""One copy of the template for the whole run, one render for each set of answers, and how they are looked into."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import forks
from .drills import cells, releases
from .matrix import SETS, Answers, features_of, summary
from .ownership import QUESTIONS
from .servers import database_of, ephemeral_url_of
from .template import ROOT, copier_at_speed, render, snapshot

Render = Callable[..., Path]


def pytest_report_header() -> list[str]:
    """Say how much is rendered, and how much is updated."""
    return [f"answers: {summary()}", f"drills: {cells.summary()}; {releases.summary()}"]


@pytest.fixture(scope="session", autouse=True)
def hurry() -> Iterator[None]:
    """Whoever calls Copier in this process need not wait for what it does again and again."""
    with copier_at_speed():
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree's template, which no test changes."""
    return snapshot(tmp_path_factory.mktemp("chancery") / "template")


@pytest.fixture(scope="session")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render once for each set of answers; tests read the result and leave it alone."""
    done: dict[str, Path] = {}

    def give(**answers: Any) -> Path:
        key = repr(sorted(answers.items()))
        if key not in done:
            done[key] = render(template, tmp_path_factory.mktemp("render") / "project", answers)
        return done[key]

    return give


@dataclass(frozen=True)
class Rendered:
    """What became of a set of answers: the project, and the configuration of its tools.

    A package has no configuration; it goes by the one that a service would have.
    """

    name: str
    answers: Answers
    project: Path
    configuration: Path

    @property
    def package(self) -> str:
        """What the package is called."""
        return str(self.answers.get("package", "authserver"))

    @property
    def folder(self) -> Path:
        """Where the package is."""
        return self.project / self.package

    @property
    def features(self) -> list[str]:
        """What was chosen."""
        return features_of(self.answers)

    def run(self, *command: str, **environment: str) -> str:
        """Run a Python tool in the project and return what it printed; fail with everything it said."""
        code, output, errors = forks.run(command, self.project, self._environment | environment)
        assert code == 0, f"{' '.join(command)}\n{output}\n{errors}"
        return output

    def run_tests(self, *options: str, **environment: str) -> str:
        """Run pytest in the project, in a process that begins with nothing, for it rewrites what it imports."""
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=self.project,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, f"{' '.join(options)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.project)}


@pytest.fixture
def answered(rendered: Render, template: Path, tmp_path: Path, name: str) -> Rendered:
    """The set of answers called `name`, rendered."""
    answers = SETS[name]
    project = service = rendered(**answers)
    if answers.get("layout") == "package":
        service = render(template, tmp_path / "service", {**answers, "layout": "service"}, only="pyproject.toml")
    return Rendered(name, answers, project, service / "pyproject.toml")


@pytest.fixture(scope="session")
def probes() -> dict[str, Any]:
    """What was found so far, for `probe`."""
    return {}


@pytest.fixture
def probe(answered: Rendered, probes: dict[str, Any], tmp_path: Path) -> Any:
    """What the server of this set of answers is, once it runs (see `probe.py`): found once."""
    if answered.name not in probes:
        prefix = answered.package.upper()
        with ExitStack() as stack:
            told = {
                f"{prefix}_MODE": "development",
                f"{prefix}_DATABASE_URL": stack.enter_context(database_of(answered.answers, tmp_path)),
                f"{prefix}_KEY_DIRECTORY": str(tmp_path / "keys"),
                **ephemeral_url_of(answered.answers, f"{prefix}_EPHEMERAL_URL"),
            }
            questions = json.dumps(QUESTIONS)
            said = answered.run(str(ROOT / "tests" / "probe.py"), answered.package, questions, **told)
        probes[answered.name] = json.loads(said.splitlines()[-1])
    return probes[answered.name]
