"""What commands say of records that are kept in memory (J1)."""

from .conftest import CommandLine
from .test_serving import client_of


def test_several_workers_are_refused(command: CommandLine, free_port: int) -> None:
    """D2, J1: each would accept once more what another has seen. One worker is served."""
    command.prepared().keep_from_answering()
    command.told(ephemeral_url="memory:")

    refused = command("serve", "--port", str(free_port), "--workers", "2").refusal
    served = command("serve", "--port", str(free_port), "--workers", "1")

    assert "in the memory of one process: serve with 1 worker instead of 2, or name a store for all" in refused
    assert (served.code, served.err) == (0, "")


def test_doctor_warns_of_it(command: CommandLine) -> None:
    """M4."""
    command.prepared().told(ephemeral_url="memory:")

    outcome = command("doctor")

    (line,) = [line for line in outcome.lines if "in the memory of one process" in line]
    assert line.startswith("warning ")
    assert outcome.code == 0


def test_a_server_says_so_when_it_starts(command: CommandLine, free_port: int) -> None:
    """J1: in one line of its log."""
    command.prepared().told(ephemeral_url="memory:")

    with command.forked("serve", "--port", str(free_port)), client_of(free_port):
        pass

    said = (command.folder / "said").read_text()
    assert said.count("in the memory of one process") == 1
    assert "WARNING" in said.partition("in the memory of one process")[0].rpartition("\n")[2]
