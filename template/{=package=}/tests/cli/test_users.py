"""`users`: people are kept, and their passwords go by nobody's eyes."""

import asyncio
import io
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from ...cli.commands import users
from ...core.grant import Authentication
from ...database import open_database
from ...policy import principals
from ...policy.principals import Principals
from .conftest import CommandLine


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheapest argon2id there is: these tests are about what happens around it."""
    monkeypatch.setattr(principals, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def type_in(command: CommandLine, *answers: str) -> None:
    """Have somebody sit at the terminal."""
    typed = iter(answers)
    command.monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    command.monkeypatch.setattr(users, "getpass", lambda prompt: next(typed))


def pipe(command: CommandLine, text: str) -> None:
    """Have a program write to standard input."""
    command.monkeypatch.setattr("sys.stdin", io.StringIO(text))


def sign_in(database_url: str, username: str, password: str) -> Authentication | None:
    """Return who signed in."""

    async def run() -> Authentication | None:
        database = open_database(database_url)
        async with database.transaction() as transaction:
            found = await Principals().authenticate(
                username, password, transaction, acr_values=(), now=datetime.now(UTC)
            )
        await database.close()
        return found

    return asyncio.run(run())


def test_a_new_person_can_sign_in(settled: CommandLine, database_url: str) -> None:
    """M4."""
    type_in(settled, "a long password", "a long password")

    outcome = settled("users", "create", "ada", "--email", "ada@example.org")

    signed_in = sign_in(database_url, "ada", "a long password")
    assert signed_in is not None
    assert outcome.lines == [f"ada can sign in, as subject {signed_in.subject}"]


def test_a_password_can_be_piped(settled: CommandLine, database_url: str) -> None:
    """Its line end is not part of it, and all else is."""
    pipe(settled, " a password \r\nnext line\n")

    assert settled("users", "create", "ada", "--password-stdin").code == 0
    assert sign_in(database_url, "ada", " a password ") is not None


def test_a_password_is_no_argument(settled: CommandLine) -> None:
    """Everybody on the computer can read those."""
    assert settled("users", "create", "ada", "--password", "x").code == 2
    assert settled("users", "create", "ada", "x").code == 2


def test_two_different_passwords_change_nothing(settled: CommandLine) -> None:
    """M4."""
    type_in(settled, "one", "other")

    assert settled("users", "create", "ada").refusal == "these are two different passwords: nothing was changed"
    assert settled("users", "list").out == ""


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_password_changes_nothing(settled: CommandLine, text: str) -> None:
    """M4."""
    pipe(settled, text)

    assert "the password is empty" in settled("users", "create", "ada", "--password-stdin").refusal


def test_without_a_terminal_nobody_is_asked(settled: CommandLine) -> None:
    """A script must not hang."""
    pipe(settled, "password\n")

    assert "use --password-stdin" in settled("users", "set-password", "ada").refusal


def test_a_new_password_ends_the_old_one(settled: CommandLine, database_url: str) -> None:
    """M4."""
    type_in(settled, "old", "old", "new", "new")
    settled("users", "create", "ada")

    assert settled("users", "set-password", "ada").lines == ["ada has a new password and is signed out everywhere"]
    assert sign_in(database_url, "ada", "old") is None
    assert sign_in(database_url, "ada", "new") is not None


def test_a_disabled_person_cannot_sign_in_until_enabled(settled: CommandLine, database_url: str) -> None:
    """M4."""
    type_in(settled, "password", "password")
    settled("users", "create", "ada")

    settled("users", "disable", "ada")
    assert sign_in(database_url, "ada", "password") is None

    settled("users", "enable", "ada")
    assert sign_in(database_url, "ada", "password") is not None


def test_a_list_has_a_line_for_each_person_and_no_hash(settled: CommandLine) -> None:
    """C6."""
    for name in ("bob", "ada"):
        pipe(settled, "password\n")
        settled("users", "create", name, "--password-stdin")

    assert [row["username"] for row in settled("users", "list", "--json").json] == ["ada", "bob"]
    assert [line.split()[0] for line in settled("users", "list").lines] == ["username", "ada", "bob"]
    assert "argon2" not in settled("users", "list", "--json").out


@pytest.mark.parametrize("verb", ["set-password", "disable", "enable"])
def test_an_unknown_person_is_a_line(settled: CommandLine, verb: str) -> None:
    """How it must behave."""
    type_in(settled, "password", "password")

    assert settled("users", verb, "nobody").refusal == "there is no person nobody: `users list` shows those there are"


def test_a_name_that_is_taken_is_a_line(settled: CommandLine, database_url: str) -> None:
    """How it must behave: and the first keeps the password."""
    type_in(settled, "first", "first", "second", "second")
    settled("users", "create", "ada")

    assert settled("users", "create", "ada").refusal == "there is a person ada already"
    assert sign_in(database_url, "ada", "first") is not None


def test_development_tells_whom_to_sign_in_as(command: CommandLine, free_port: int) -> None:
    """Each time, though somebody has changed the password meanwhile."""
    command.monkeypatch.setattr("sys.stdin", io.StringIO("another\n"))
    command.told(mode="development", issuer=None)
    command.keep_from_answering()

    command("dev", "--port", str(free_port))
    command("users", "set-password", users.DEMO_PERSON, "--password-stdin")
    outcome = command("dev", "--port", str(free_port))

    assert f"a person: {users.DEMO_PERSON}, whose password is {users.DEMO_PASSWORD}" in outcome.lines
    assert sign_in(f"sqlite:///{command.folder}/server.db", users.DEMO_PERSON, users.DEMO_PASSWORD) is not None
