"""A policy that does not fit is told in words, whichever way somebody starts the server (A8)."""

import os
import subprocess
import sys

import pytest

from ... import app
from ...cli import NAME
from ...cli.commands import keys
from ...core.seam import Seam
from ...server import ErrorEnvelope, EventSink
from .conftest import CommandLine

CHANGED = [
    Seam("events.Events", EventSink, ("emit() is also given the time: add now",)),
    Seam("errors.ErrorEnvelope", ErrorEnvelope, ("wrap() is asynchronous: write async def",)),
]
TOLD = [
    f"""{NAME}.policy.events.Events is written for contract 1, this server needs 2
  contract 2: emit() is also given the time: add now
  then set contract = 2""",
    f"""{NAME}.policy.errors.ErrorEnvelope is written for contract 1, this server needs 2
  contract 2: wrap() is asynchronous: write async def
  then set contract = 2""",
]
RENAMED = f"""{NAME}/policy/clients.py has no Clients
  give it that name again, or write what {NAME}.server.Clients asks
"""


def test_doctor_finds_each_of_them_and_looks_on(command: CommandLine) -> None:
    """M4: there may be more to mend."""
    command.prepared()
    command.monkeypatch.setattr(app, "SEAMS", CHANGED)

    outcome = command("doctor")

    assert (outcome.code, outcome.err) == (1, "")
    assert "\n".join(f"error    {text}" for text in TOLD) in outcome.out
    assert "ok       the database has all of its tables" in outcome.lines


@pytest.mark.parametrize("words", [("serve",), ("clients", "list"), ("purge",)])
def test_a_command_that_needs_them_ends_with_all_of_them(command: CommandLine, words: tuple[str, ...]) -> None:
    """How it must behave: what is wrong, how to mend it, and nothing else."""
    command.prepared()
    command.monkeypatch.setattr(app, "SEAMS", CHANGED)

    outcome = command(*words)

    assert (outcome.code, outcome.out, outcome.err) == (1, "", "\n".join(TOLD) + "\n")


def without_clients(command: CommandLine, program: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a process of its own, whose policy for clients has another name than it should."""
    source = f"from {NAME}.policy import clients\nclients.Ours = clients.__dict__.pop('Clients')\n{program}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", source], cwd=command.folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_command_that_cannot_be_imported_for_want_of_one_says_so(command: CommandLine, free_port: int) -> None:
    """How it must behave: it names the file and what is not in it. One process tries them all, each imports anew."""
    command.prepared().told(mode="development")
    port = ["--port", str(free_port)]
    asked = [["clients", "list"], ["dev", *port], ["serve", *port]]

    ended = without_clients(command, f"from {NAME}.cli import main\nprint([main(words) for words in {asked}])")

    assert ended.stderr == RENAMED * 3
    assert ended.stdout.splitlines()[-1] == "[1, 1, 1]"


def test_another_program_that_makes_the_app_is_told_the_same(command: CommandLine) -> None:
    """How it must behave: uvicorn prints what the factory says."""
    start = f"main(['{NAME}.app:create_app', '--factory', '--port', '0'])"

    ended = without_clients(command.prepared(), f"from uvicorn.main import main\n{start}")

    assert ended.returncode != 0
    assert ended.stderr == f"ERROR:    Error loading ASGI app factory: {RENAMED}"


def test_a_mistake_of_ours_keeps_its_trace(command: CommandLine) -> None:
    """Where all policies fit, they are not the reason."""
    command.monkeypatch.setattr(keys, "rotate_key", None)

    with pytest.raises(TypeError, match="not callable"):
        command("keys", "rotate")
