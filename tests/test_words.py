"""What a rendered project says of itself is so: its README and `.env.example` against the command itself (A1, A6)."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Render

SERVICES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "m2m": {"profile": "m2m"},
    "postgresql": {"database": "postgresql", "package": "gatekeeper"},
}
PACKAGE: dict[str, Any] = {"layout": "package"}

services = pytest.mark.parametrize("name", SERVICES)


def ask(project: Path, *words: str) -> str:
    """Return what Python prints, with the rendered package at hand and nothing set."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AUTHSERVER_", "GATE"))}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=project,
        env=environment | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return done.stdout


def commands_in(page: str, package: str) -> list[list[str]]:
    """Every command line of the package that a page shows, in a block or within a sentence."""
    lines = [line for block in re.findall(r"```\w*\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))
    shown = [re.search(rf"(?:^|[/ ]){package} (.+)", line) for line in lines]
    return [shlex.split(found[1], comments=True) for found in shown if found]


@pytest.mark.parametrize("name", [*SERVICES, "package"])
def test_every_command_that_the_readme_shows_is_one(rendered: Render, name: str) -> None:
    """A1, A6: with its options."""
    answers = SERVICES.get(name, PACKAGE)
    package = answers.get("package", "authserver")
    project = rendered(**answers)
    page = project / (f"{package}/README.md" if name == "package" else "README.md")
    asked = commands_in(page.read_text(), package)

    script = (
        f"import sys, json; from {package}.cli import parse\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    try: parse(words)\n"
        "    except SystemExit as left: print('refused', words) if left.code else None\n"
        "print('all asked')"
    )
    refused = ask(project, "-c", script, json.dumps(asked))

    assert len(asked) > 3
    assert "refused" not in refused


@services
def test_every_path_that_the_readme_names_is_there(rendered: Render, name: str) -> None:
    """A1: the tour leads somewhere."""
    package = SERVICES[name].get("package", "authserver")
    project = rendered(**SERVICES[name])
    page = (project / "README.md").read_text()

    named = re.findall(r"`([\w./-]+(?:/|\.py|\.yml|\.toml|\.example))`", page)
    places = (project, project / package, project / package / "policy", project / package / "endpoints")

    made_later = {".dev/", "keys/", "/demo/"}
    assert not [path for path in {*named} - made_later if not any((place / path).exists() for place in places)]


@services
def test_every_name_in_the_example_is_a_setting(rendered: Render, name: str) -> None:
    """A1: and what is set there is understood."""
    package = SERVICES[name].get("package", "authserver")
    project = rendered(**SERVICES[name])
    named = re.findall(r"^([A-Z_]+)=", (project / ".env.example").read_text(), re.MULTILINE)

    known = {row["variable"] for row in json.loads(ask(project, "-m", package, "settings", "--json"))}

    assert {name for name in named if name != "POSTGRES_PASSWORD"} <= known
