"""Clients as shipped: rows of the team's own table, secrets as digests."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ...core.client import AuthMethod, Client
from ...database import Conflict, Database
from ...policy.clients import Clients

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
WEB = Client(
    client_id="web",
    client_name="Field Notes",
    token_endpoint_auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grant_types=frozenset({"client_credentials", "refresh_token"}),
    redirect_uris=("https://client.example/b", "https://client.example/a"),
    scope=frozenset({"notes:read", "notes:write"}),
    is_native=True,
    client_uri="https://client.example",
    metadata={"software_id": "notes"},
)
PUBLIC = Client(client_id="app")

clients = Clients()


async def keep(database: Database, client: Client = WEB, now: datetime = NOW) -> str:
    """Keep a client; return its secret, empty if it has none."""
    async with database.transaction() as transaction:
        secret = await clients.create(client, transaction, now=now)
        await transaction.commit()
    return secret or ""


async def test_a_client_comes_back_as_it_was_kept(database: Database) -> None:
    """Every member, the order of redirect URIs too."""
    await keep(database)

    async with database.transaction() as transaction:
        assert await clients.find("web", transaction) == WEB
        assert await clients.find("WEB", transaction) is None


async def test_its_own_secret_authenticates_a_client(database: Database) -> None:
    """C3, C6: that one, whole, and no other."""
    secret = await keep(database)
    await keep(database, Client(client_id="other", token_endpoint_auth_method="client_secret_post"))

    async with database.transaction() as transaction:
        assert await clients.authenticate("web", secret, transaction) == WEB
        for wrong in ("", secret[:-1], secret + " ", secret.swapcase(), "None"):
            assert await clients.authenticate("web", wrong, transaction) is None
        assert await clients.authenticate("other", secret, transaction) is None
        assert await clients.authenticate("nobody", secret, transaction) is None


async def test_a_public_client_has_no_secret_that_could_be_right(database: Database) -> None:
    """C10, N C1: a client of unstated type is public."""
    assert PUBLIC.is_public
    assert await keep(database, PUBLIC) == ""

    async with database.transaction() as transaction:
        for guess in ("", "None", "\x00" * 32):
            assert await clients.authenticate("app", guess, transaction) is None


async def test_a_disabled_client_is_unknown_until_it_is_enabled(database: Database) -> None:
    """N C1, F8: it fails like one that never was."""
    secret = await keep(database)

    async with database.transaction() as transaction:
        assert await clients.disable("web", transaction, now=NOW)
        assert await clients.find("web", transaction) is None
        assert await clients.authenticate("web", secret, transaction) is None
        assert [since for _, since in await clients.list(transaction)] == [NOW]
        assert await clients.disable("web", transaction, now=None)
        assert await clients.authenticate("web", secret, transaction) == WEB
        assert not await clients.disable("nobody", transaction, now=NOW)


async def test_a_new_secret_replaces_the_old_one(database: Database) -> None:
    """C6, M4: the old one is worth nothing from then on."""
    old = await keep(database)

    async with database.transaction() as transaction:
        new = await clients.rotate_secret("web", transaction)
        assert new is not None
        assert await clients.authenticate("web", new, transaction) == WEB
        assert await clients.authenticate("web", old, transaction) is None
        assert await clients.rotate_secret("nobody", transaction) is None


async def test_an_update_replaces_name_and_metadata_and_nothing_else(database: Database) -> None:
    """M4: the secret stays, and other clients do."""
    secret = await keep(database)
    await keep(database, PUBLIC)
    changed = replace(WEB, client_name="Notes", metadata={"other": [1]})

    async with database.transaction() as transaction:
        await clients.update(replace(changed, scope=frozenset(), redirect_uris=()), transaction)
        assert await clients.authenticate("web", secret, transaction) == changed
        assert await clients.find("app", transaction) == PUBLIC


@pytest.mark.parametrize("method", ["none", "telepathy"])
async def test_only_a_client_that_authenticates_with_a_secret_gets_one(database: Database, method: str) -> None:
    """C10: what is not there cannot be guessed."""
    assert await keep(database, Client(client_id="app", token_endpoint_auth_method=method)) == ""


async def test_a_deleted_client_is_gone(database: Database) -> None:
    """M4: and only that one."""
    await keep(database)
    await keep(database, PUBLIC)

    async with database.transaction() as transaction:
        assert await clients.delete("web", transaction)
        assert not await clients.delete("web", transaction)
        assert await clients.find("web", transaction) is None
        assert await clients.find("app", transaction) == PUBLIC


async def test_two_clients_cannot_have_one_id(database: Database) -> None:
    """RFC 6749 §2.2."""
    await keep(database)

    with pytest.raises(Conflict):
        await keep(database, Client(client_id="web"))


async def test_clients_are_listed_in_the_order_in_which_they_came(database: Database) -> None:
    """M4: disabled ones too."""
    await keep(database, PUBLIC, NOW.replace(year=2031))
    await keep(database)

    async with database.transaction() as transaction:
        assert [client.client_id for client, _ in await clients.list(transaction)] == ["web", "app"]


def test_the_subject_of_a_client_has_its_own_prefix() -> None:
    """E3, RFC 9068 §5: no person is ever called so."""
    assert clients.subject(WEB) == "client_web"
    clients.kind.check({"sub": clients.subject(WEB), "client_id": "web"})
    assert Client(client_id="app").display_name == "app"
    assert WEB.display_name == "Field Notes"
