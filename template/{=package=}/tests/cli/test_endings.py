"""What ends with a client or a person: everything that was granted, at once and for good (F8)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from ...core.grant import Authentication, AuthorizationGrant
from ...database import open_database
from ...policy import principals
from ...stores.browser_sessions import BrowserSessions
from ...stores.grants import Grants
from .conftest import CommandLine
from .test_users import pipe, sign_in

REDIRECT_URI = "https://client.example/callback"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheapest argon2id there is."""
    monkeypatch.setattr(principals, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def granted(settled: CommandLine, database_url: str) -> Callable[[], tuple[bool, bool]]:
    """Ada, signed in, and what she gave the client `web`; asks whether the grant and the session still stand."""
    pipe(settled, "a long password\n")
    settled("users", "create", "ada", "--password-stdin")
    settled("clients", "create", "web", "--redirect-uri", REDIRECT_URI)
    ada = sign_in(database_url, "ada", "a long password")
    assert ada is not None
    secret = asyncio.run(_give(database_url, ada))
    return lambda: asyncio.run(_look(database_url, ada.subject, secret))


async def _give(database_url: str, ada: Authentication) -> str:
    now, database = datetime.now(UTC), open_database(database_url)
    later = now + timedelta(hours=1)
    async with database.transaction() as transaction:
        await Grants(transaction).add(
            AuthorizationGrant(
                id="a-grant", client_id="web", authentication=ada, scope="", created_at=now, expires_at=later
            )
        )
        sessions = BrowserSessions(transaction)
        browser = await sessions.sign_in(await sessions.begin(now, later), ada, later)
        await transaction.commit()
    await database.close()
    return browser.secret


async def _look(database_url: str, subject: str, secret: str) -> tuple[bool, bool]:
    database = open_database(database_url)
    async with database.transaction() as transaction:
        grant = await Grants(transaction).is_live("a-grant", subject)
        browser = await BrowserSessions(transaction).find(secret, datetime.now(UTC))
    await database.close()
    return grant, browser is not None


@pytest.mark.parametrize("verb", ["disable", "delete"])
def test_what_people_gave_a_client_ends_with_it(
    verb: str, settled: CommandLine, granted: Callable[[], tuple[bool, bool]]
) -> None:
    """F8: not even a new client of its name can use it."""
    assert granted() == (True, True)

    settled("clients", verb, "web")

    assert granted() == (False, True)


def test_a_disabled_person_is_signed_out_and_enabling_revives_nothing(
    settled: CommandLine, granted: Callable[[], tuple[bool, bool]]
) -> None:
    """F8."""
    settled("users", "disable", "ada")
    settled("users", "enable", "ada")

    assert granted() == (False, False)


def test_a_new_password_ends_what_somebody_else_may_hold(
    settled: CommandLine, granted: Callable[[], tuple[bool, bool]]
) -> None:
    """F8: it is set because the old one may be known."""
    pipe(settled, "another long password\n")

    outcome = settled("users", "set-password", "ada", "--password-stdin")

    assert outcome.lines == ["ada has a new password and is signed out everywhere"]
    assert granted() == (False, False)


def test_enabling_a_client_ends_nothing(settled: CommandLine, granted: Callable[[], tuple[bool, bool]]) -> None:
    """M4."""
    settled("clients", "enable", "web")

    assert granted() == (True, True)
