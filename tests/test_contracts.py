"""A policy that a team wrote meets a server that has come to ask more of it: it is told what to do (A8)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .template import render

TOLD = """authserver.policy.scopes.Scopes is written for contract 1, this server needs 3
  contract 2: it is also given the clients: take clients after of_features
  contract 3: allow() is also given the grant type: add the parameter grant_type after client
  then set contract = 3
"""
CHANGES = re.findall(r"contract \d: (.*)", TOLD)


@pytest.fixture(scope="module", params=["everything", "m2m"])
def project(template: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """What the newer server is rendered as, with the policies of the older one."""
    project = render(template, tmp_path_factory.mktemp("newer") / "project", {"profile": request.param})
    server, app = (project / "authserver" / name for name in ("server.py", "app.py"))
    seam = 'Seam("scopes.Scopes", Scopes)'
    assert seam in server.read_text()
    server.write_text(server.read_text().replace(seam, f'Seam("scopes.Scopes", Scopes, {tuple(CHANGES)!r})'))
    app.write_text(re.sub(r"(scopes = Scopes\(.*)\)\n", r"\1, Clients())\n", app.read_text()))
    assert "}, Clients())" in app.read_text()
    return project


def run(project: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python module in the project."""
    environment = os.environ | {"AUTHSERVER_ISSUER": "https://as.example"}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_the_teams_own_tests_fail_with_that_alone(project: Path) -> None:
    """Hundreds of other failures would bury it, and there is no server that they could test."""
    said = run(project, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist").stdout

    assert re.search(rf"^_+ test_every_policy_fits_this_server _+\n{re.escape(TOLD)}=", said, re.MULTILINE), said
    assert re.search(r"^1 failed in", said, re.MULTILINE), said


@pytest.mark.parametrize("words", ["doctor", "clients list"])
def test_commands_tell_the_same(project: Path, words: str) -> None:
    """And no stack trace, though the server would make the policy in a way that it does not know."""
    ended = run(project, "authserver", *words.split())

    assert ended.returncode == 1
    assert TOLD in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
