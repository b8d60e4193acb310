"""`clients`: applications are kept, shown, changed and forgotten."""

import asyncio

import pytest

from ...core.client import Client
from ...database import open_database
from ...policy.clients import Clients
from .conftest import CommandLine


def authenticate(database_url: str, client_id: str, secret: str) -> Client | None:
    """Return the client if the secret is its own."""

    async def run() -> Client | None:
        database = open_database(database_url)
        async with database.transaction() as transaction:
            found = await Clients().authenticate(client_id, secret, transaction)
        await database.close()
        return found

    return asyncio.run(run())


def test_a_new_client_can_authenticate_with_the_secret_that_was_printed(
    settled: CommandLine, database_url: str
) -> None:
    """C6."""
    outcome = settled("clients", "create", "worker", "--name", "The worker")

    assert outcome.code == 0
    (_, client_id), (_, secret) = (line.split() for line in outcome.lines)
    client = authenticate(database_url, client_id, secret)
    assert client is not None
    assert (client.client_id, client.client_name) == ("worker", "The worker")
    assert client.grant_types == {"client_credentials"}
    assert client.token_endpoint_auth_method == "client_secret_basic"


def test_a_secret_is_printed_once_and_on_standard_output_only(settled: CommandLine) -> None:
    """C6."""
    outcome = settled("clients", "create", "worker", "--json")

    secret = outcome.json["client_secret"]
    later = settled("clients", "show", "worker"), settled("clients", "list"), settled("clients", "list", "--json")
    assert outcome.err == ""
    assert not any(secret in each.out + each.err for each in later)


def test_a_client_without_a_name_gets_one_that_is_safe_everywhere(settled: CommandLine) -> None:
    """No two are the same."""
    ids = {settled("clients", "create", "--json").json["client_id"] for _ in range(2)}

    assert len(ids) == 2
    assert all(each.isalnum() and each.isascii() for each in ids)


def test_a_client_is_shown_with_all_that_is_known_of_it(settled: CommandLine) -> None:
    """M4."""
    settled("clients", "create", "worker", "--auth-method", "client_secret_post")

    shown = settled("clients", "show", "worker", "--json").json

    assert shown["token_endpoint_auth_method"] == "client_secret_post"
    assert shown["disabled_at"] is None
    assert "client_secret_post" in settled("clients", "show", "worker").out


def test_a_list_has_a_line_for_each_client(settled: CommandLine) -> None:
    """M4."""
    for name in ("one", "two"):
        settled("clients", "create", name)

    assert [line.split()[0] for line in settled("clients", "list").lines] == ["client_id", "one", "two"]
    assert [row["client_id"] for row in settled("clients", "list", "--json").json] == ["one", "two"]


def test_what_a_terminal_would_obey_is_made_visible(settled: CommandLine) -> None:
    """A name may hold anything."""
    settled("clients", "create", "worker", "--name", "\x1b[2Jgone")

    assert "\x1b" not in settled("clients", "list").out + settled("clients", "show", "worker").out


def test_a_new_secret_ends_the_old_one(settled: CommandLine, database_url: str) -> None:
    """C6."""
    old = settled("clients", "create", "worker", "--json").json["client_secret"]

    new = settled("clients", "rotate-secret", "worker", "--json").json["client_secret"]

    assert authenticate(database_url, "worker", old) is None
    assert authenticate(database_url, "worker", new) is not None


def test_a_client_gets_another_name(settled: CommandLine, database_url: str) -> None:
    """M4: the secret stays what it was; without anything to change there is a line."""
    secret = settled("clients", "create", "worker", "--name", "Worker", "--json").json["client_secret"]

    assert settled("clients", "change", "worker", "--name", "The worker").lines == ["worker is changed"]
    client = authenticate(database_url, "worker", secret)
    assert client is not None
    assert client.client_name == "The worker"
    assert settled("clients", "change", "worker", "--name", "The worker").refusal == (
        "nothing of worker would change: `clients change --help` says what can"
    )


def test_a_disabled_client_is_unknown_until_it_is_enabled(settled: CommandLine, database_url: str) -> None:
    """C1."""
    secret = settled("clients", "create", "worker", "--json").json["client_secret"]

    assert settled("clients", "disable", "worker").lines == ["worker is disabled"]
    assert authenticate(database_url, "worker", secret) is None
    assert settled("clients", "show", "worker", "--json").json["disabled_at"]

    assert settled("clients", "enable", "worker").lines == ["worker is enabled"]
    assert authenticate(database_url, "worker", secret) is not None


def test_a_deleted_client_is_gone(settled: CommandLine) -> None:
    """M4."""
    settled("clients", "create", "worker")

    assert settled("clients", "delete", "worker").lines == ["worker is deleted"]
    assert settled("clients", "list").out == ""


@pytest.mark.parametrize("verb", ["show", "change", "rotate-secret", "disable", "enable", "delete"])
def test_an_unknown_client_is_a_line(settled: CommandLine, verb: str) -> None:
    """How it must behave."""
    assert settled("clients", verb, "nobody").refusal == (
        "there is no client nobody: `clients list` shows those there are"
    )


def test_an_id_that_is_taken_is_a_line(settled: CommandLine) -> None:
    """How it must behave: and the first keeps its secret."""
    settled("clients", "create", "worker")

    assert settled("clients", "create", "worker").refusal == "there is a client worker already"
    assert len(settled("clients", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--scope", "no:such"), "--scope no:such is not offered here"),
        (("--grant-type", "password"), "--grant-type password is not offered here: choose from "),
        (("--auth-method", "telepathy"), "--auth-method telepathy is not offered here"),
        (("with space",), "cannot be a client id"),
        (("colon:ed",), "cannot be a client id"),
        (("",), "cannot be a client id"),
    ],
)
def test_a_client_that_could_do_nothing_is_refused(settled: CommandLine, options: tuple[str, ...], fault: str) -> None:
    """B6: nothing is half done."""
    assert fault in settled("clients", "create", *options).refusal
    assert settled("clients", "list").out == ""


def test_a_missing_database_is_a_line(command: CommandLine) -> None:
    """How it must behave."""
    refusal = command("clients", "list").refusal

    assert "server.db: there is no such file" in refusal
    assert not (command.folder / "server.db").exists()


def test_a_database_without_tables_is_a_line(command: CommandLine) -> None:
    """How it must behave."""
    (command.folder / "server.db").touch(0o600)

    assert "the migrations have not run" in command("clients", "create", "worker").refusal
