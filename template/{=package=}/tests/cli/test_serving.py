"""`serve`, `dev`, `migrate` and `purge`: a server's whole life."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from ...app import AuthorizationServer
from ...cli.commands import clients
from ...cli.composing import run_with_server
from ...cli.configuration import DEVELOPMENT_FOLDER
from ...core.seam import Undecided
from ...settings import ENV_PREFIX
from .conftest import CommandLine, find_free_port

PROXIED = {"X-Forwarded-Proto": "https"}


@contextmanager
def client_of(port: int) -> Iterator[httpx.Client]:
    """Give a client of the server at `port`, once it answers."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=PROXIED, timeout=60) as http:
        deadline = time.monotonic() + 60
        while True:
            try:
                http.get("/.well-known/jwks.json").raise_for_status()
                break
            except httpx.ConnectError:
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
        yield http


def kids(http: httpx.Client) -> list[str]:
    """Return the keys that the server publishes."""
    return [key["kid"] for key in http.get("/.well-known/jwks.json").json()["keys"]]


def test_the_tables_are_made_once(command: CommandLine) -> None:
    """J2: and a second time there is nothing to do."""
    first, second = command("migrate"), command("migrate")

    assert first.lines[-1].startswith("applied team/")
    assert second.lines == ["the tables are up to date"]


def test_what_was_purged_is_told_by_table(command: CommandLine) -> None:
    """J3."""
    command("migrate")

    outcome = command("purge")
    counts = command("purge", "--json").json

    assert outcome.code == 0
    assert set(counts.values()) <= {0}
    assert outcome.lines == [f"{table}: 0 deleted" for table in counts] or outcome.lines == ["nothing here expires"]


def test_a_server_without_tables_or_keys_does_not_start(command: CommandLine) -> None:
    """How it must behave: a line for each, and how to mend it."""
    outcome = command("serve")

    assert (outcome.code, outcome.out) == (1, "")
    database, keys = outcome.err.splitlines()
    assert "there is no such file" in database
    assert "make one with `keys rotate`" in keys


def test_a_server_whose_tables_are_behind_does_not_start(command: CommandLine) -> None:
    """How it must behave."""
    command("keys", "rotate")
    (command.folder / "server.db").touch(0o600)

    assert "run `alembic upgrade heads`" in command("serve").refusal


def test_a_server_with_unreadable_keys_does_not_start(command: CommandLine) -> None:
    """How it must behave."""
    command.prepared()
    (command.folder / "keys").chmod(0o755)

    assert "run `chmod 700" in command("serve").refusal


def test_a_server_with_a_policy_that_must_be_decided_does_not_start(command: CommandLine) -> None:
    """The policy files: production refuses it."""
    mark = Undecided("policy.clients.Clients", "Decide.", must_decide=True)
    command.monkeypatch.setattr(AuthorizationServer, "undecided", [mark])

    assert command.prepared()("serve").refusal == "policy.clients.Clients is as shipped: Decide."


@pytest.mark.parametrize("words", [("serve", "--host", "127.0.0.1"), ("dev",)])
def test_a_taken_port_is_a_line_and_nothing_is_touched(command: CommandLine, words: tuple[str, ...]) -> None:
    """How it must behave."""
    command.keep_from_answering()
    command.prepared() if words[0] == "serve" else command.told(mode="development")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        refusal = command(*words, "--port", port).refusal

    assert refusal.startswith(f"port {port} of ")
    assert refusal.endswith("is taken: stop what listens there, or give another --port")
    assert words[0] == "serve" or not (command.folder / "server.db").exists()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_here_is_a_line(command: CommandLine, host: str) -> None:
    """How it must behave."""
    assert f"--host {host} is " in command.prepared()("serve", "--host", host).refusal


def test_production_has_no_development_server(command: CommandLine) -> None:
    """B6."""
    command.told(mode="production")

    assert f"{ENV_PREFIX}MODE is not development here" in command("dev").refusal
    assert not list(command.folder.iterdir())


def test_development_makes_what_it_needs_and_tells_what_to_try(command: CommandLine, free_port: int) -> None:
    """Again and again, with a new secret each time."""
    command.keep_from_answering()
    command.told(issuer=None, database_url=None, key_directory=None)

    first = command("dev", "--port", str(free_port))
    second = command("dev", "--port", str(free_port))

    assert (first.code, second.code, second.err) == (0, 0, "")
    assert first.lines[0] == f"the issuer: http://localhost:{free_port}"
    assert f"a token: curl --user {clients.DEMO_CLIENT}:" in first.out
    assert first.out != second.out
    assert [path.name for path in command.folder.iterdir()] == [str(DEVELOPMENT_FOLDER)]


def test_development_that_others_can_reach_has_nobody_in_it(command: CommandLine, free_port: int) -> None:
    """An issuer on the network must have no password that all know."""
    command.keep_from_answering()

    outcome = command("dev", "--port", str(free_port))

    assert "there is nobody and nothing to try it with" in outcome.out
    command.told(mode="development")
    assert command("clients", "list").out == ""


def test_a_server_is_made_started_asked_and_stopped(command: CommandLine, free_port: int) -> None:
    """E1: a whole life, ended by its process id. Its workers, if it may have several, share the port and the checks."""
    command.told(trusted_proxies="loopback")
    command.prepared()
    credentials = command("clients", "create", "worker", "--json").json

    is_alone = any(finding.level == "error" for finding in run_with_server(lambda server: server.examine(2)))
    words = ("serve", "--port", str(free_port), "--workers", "1" if is_alone else "2")
    with command.started(*words) as process, client_of(free_port) as http:
        metadata = http.get("/.well-known/oauth-authorization-server")
        answer = http.post(
            urlsplit(metadata.json()["token_endpoint"]).path,
            data={"grant_type": "client_credentials"},
            auth=(credentials["client_id"], credentials["client_secret"]),
        )
        os.kill(process.pid, signal.SIGTERM)
        code = process.wait(timeout=20)

    assert answer.status_code == 200, answer.text
    assert "server" not in metadata.headers
    assert code in (0, -signal.SIGTERM)
    said = (command.folder / "said").read_text()
    assert said.startswith(f"https://as.example is served on port {free_port} of 127.0.0.1\n")
    assert '"name":"token_issued"' in said
    assert "Traceback" not in said
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{free_port}/")


def test_running_servers_see_a_rotation_without_a_restart(command: CommandLine) -> None:
    """B4: both of them, within seconds."""
    command.prepared()
    one, other = find_free_port(), find_free_port()

    with (
        command.forked("serve", "--port", str(one)),
        command.forked("serve", "--port", str(other)),
        client_of(one) as first,
        client_of(other) as second,
    ):
        before = kids(first), kids(second)
        command("keys", "rotate")
        deadline = time.monotonic() + 10
        while len(kids(first)) + len(kids(second)) < 4 and time.monotonic() < deadline:
            time.sleep(0.1)
        after = kids(first), kids(second)

    assert before[0] == before[1] == after[0][:1]
    assert after[0] == after[1] == [row["kid"] for row in command("keys", "list", "--json").json]
