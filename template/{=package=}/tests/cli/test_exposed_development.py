"""`dev` where others can reach it: nothing there may be open to whoever has read our pages."""

import asyncio
from datetime import UTC, datetime

import pytest

from ...cli.commands.users import DEMO_PASSWORD, DEMO_PERSON
from ...cli.configuration import load_settings
from ...database import open_database
from ...policy.principals import Principals
from .conftest import CommandLine, find_free_port

PORT = str(find_free_port())


def can_sign_in(password: str) -> bool:
    """Say whether the demo's person can, in the database of development."""

    async def ask() -> bool:
        database = open_database(load_settings().database_url)
        try:
            async with database.transaction() as transaction:
                found = await Principals().authenticate(
                    DEMO_PERSON, password, transaction, acr_values=(), now=datetime.now(UTC)
                )
                return found is not None
        finally:
            await database.close()

    return asyncio.run(ask())


@pytest.fixture
def at_home(command: CommandLine) -> CommandLine:
    """A folder in which `dev` has run before, on this computer alone."""
    command.keep_from_answering()
    command.told(issuer=None, database_url=None, key_directory=None, mode="development")
    assert command("dev", "--port", PORT).code == 0
    assert can_sign_in(DEMO_PASSWORD)
    return command


@pytest.mark.parametrize(
    ("host", "issuer"), [("0.0.0.0", None), ("127.0.0.1", "https://tunnel.example")], ids=["network", "tunnel"]
)
def test_nobody_has_a_password_that_all_know(at_home: CommandLine, host: str, issuer: str | None) -> None:
    """Neither from now nor from before."""
    at_home.told(issuer=issuer)

    outcome = at_home("dev", "--host", host, "--port", PORT)

    assert outcome.code == 0
    assert "there is nobody and nothing to try it with" in outcome.out
    assert not can_sign_in(DEMO_PASSWORD)


def test_a_password_of_ones_own_stays(at_home: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not ours to take."""
    with monkeypatch.context() as typed:
        typed.setattr("sys.stdin.readline", lambda: "my own\n")
        assert at_home("users", "set-password", DEMO_PERSON, "--password-stdin").code == 0

    at_home("dev", "--host", "0.0.0.0", "--port", PORT)

    assert can_sign_in("my own")


def test_at_home_everybody_is_back(at_home: CommandLine) -> None:
    """It can be tried again."""
    at_home("dev", "--host", "0.0.0.0", "--port", PORT)
    at_home("dev", "--port", PORT)

    assert can_sign_in(DEMO_PASSWORD)
