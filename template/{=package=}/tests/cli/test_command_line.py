"""What all commands have in common."""

import subprocess
import sys

import pytest

from ...cli import NAME, commands
from ...cli.commands import purge
from .conftest import PROGRAM, CommandLine


def test_help_names_every_command_with_a_line_about_it(command: CommandLine) -> None:
    """M4."""
    outcome = command("--help")

    assert outcome.code == 0
    assert NAME in outcome.lines[0]
    for name in commands.names():
        assert commands.description(name)[0] in outcome.out


@pytest.mark.parametrize("name", commands.names())
def test_every_command_has_help(command: CommandLine, name: str) -> None:
    """M4."""
    outcome = command(name, "--help")

    assert outcome.code == 0
    assert commands.description(name)[0] in " ".join(outcome.out.split())


def test_help_waits_for_nothing() -> None:
    """Half the server is imported by the command that needs it, and by no other."""
    look = f"import sys, {NAME}.cli as cli; cli.main(['--help']); print([*sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", look], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )

    for heavy in ("fastapi", "sqlalchemy", "pydantic", "uvicorn"):
        assert f"'{heavy}'" not in done.stdout


@pytest.mark.parametrize(
    "words", [(), ("dance",), ("keys",), ("keys", "lose"), ("keys", "list", "--loud"), ("serve", "--port", "0")]
)
def test_a_question_asked_wrong_is_answered_in_a_line_with_code_2(command: CommandLine, words: tuple[str, ...]) -> None:
    """M4."""
    outcome = command(*words)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1


def test_options_cannot_be_shortened(command: CommandLine) -> None:
    """A new option must not change what an old script means."""
    assert command("doctor", "--js").code == 2


def test_a_fault_of_ours_keeps_its_traceback(command: CommandLine) -> None:
    """Only what the operator can mend is told in a line."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    command.monkeypatch.setattr(purge, "run_with_server", fail)

    with pytest.raises(ZeroDivisionError):
        command("purge")


def test_the_package_runs_as_a_program(command: CommandLine) -> None:
    """`python -m` and the installed command are the same."""
    with command.started("migrate") as process:
        assert process.wait(timeout=60) == 0

    assert "applied" in (command.folder / "said").read_text()
    assert PROGRAM[-1] == NAME
