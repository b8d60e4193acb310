"""Client credentials: guessed, stolen, replaced (RFC 6749 §10.1, §10.2; RFC 9700 §2.5)."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from ...core.access_token import TYPE
from ...core.jose import verify_jwt
from ...core.jwk import ALGORITHMS
from ...database import Statement
from ...policy.clients import Clients
from ...policy.tables import ClientRow
from ..harness import Answer, ServerUnderTest

_find_client = Statement(select(ClientRow).where(col(ClientRow.client_id) == "web"))
GRANT = {"grant_type": "client_credentials", "scope": "notes:read notes:write"}


@pytest.fixture
async def secret(server: ServerUnderTest) -> str:
    """The secret of the client `web`, which may read notes."""
    await server.add_client("web", scope=frozenset({"notes:read"}))
    await server.add_client("other", scope=frozenset({"notes:write"}))
    return server.secrets["web"]


async def ask(server: ServerUnderTest, secret: str, client: str = "web") -> Answer:
    server.secrets[client] = secret
    return await server.token(client, **GRANT)


async def test_a_replaced_secret_is_worth_nothing_at_once(server: ServerUnderTest, secret: str) -> None:
    """C6: nothing is cached that outlives it."""
    before = await ask(server, secret)
    async with server.database.transaction() as transaction:
        new = await Clients().rotate_secret("web", transaction)
        await transaction.commit()

    assert before.status == 200
    assert (await ask(server, secret)).refusal == (401, "invalid_client")
    assert (await ask(server, new or "")).status == 200


async def test_a_disabled_client_is_out_at_once(server: ServerUnderTest, secret: str) -> None:
    """N C1, F8."""
    async with server.database.transaction() as transaction:
        await Clients().disable("web", transaction, now=server.clock())
        await transaction.commit()

    assert (await ask(server, secret)).refusal == (401, "invalid_client")


async def test_a_stolen_secret_reaches_no_further_than_its_client(server: ServerUnderTest, secret: str) -> None:
    """E5: neither other scopes nor another client, and nothing that lasts longer than an access token."""
    stolen = await ask(server, secret)

    assert stolen["scope"] == "notes:read"
    assert "refresh_token" not in stolen.body
    assert (await ask(server, secret, "other")).refusal == (401, "invalid_client")


async def test_a_client_cannot_pass_for_a_person(server: ServerUnderTest, secret: str) -> None:
    """E3, RFC 9068 §5: whatever its id looks like."""
    await server.add_client("user_1")

    answer = await server.token("user_1", **GRANT)

    keys = (await server.authorization_server.server.keys.current()).verification_keys(server.clock())
    claims = verify_jwt(answer["access_token"], keys, typ=TYPE, algorithms=ALGORITHMS, now=server.clock())
    assert claims["sub"] == "client_user_1"
    assert "grant_id" not in claims


async def test_guesses_are_all_answered_alike_and_change_nothing(server: ServerUnderTest, secret: str) -> None:
    """C3, C11: near and far, known and unknown client; the owner is not locked out."""
    guesses = [secret[:-1], secret + "x", secret.swapcase(), "x", "'; DROP TABLE clients; --"]

    answers = [await ask(server, guess) for guess in guesses] + [await ask(server, secret, "nobody")]

    assert {answer.refusal for answer in answers} == {(401, "invalid_client")}
    assert len({str(answer.body) for answer in answers}) == 1
    assert len({answer.headers["www-authenticate"] for answer in answers}) == 1
    assert (await ask(server, secret)).status == 200


async def test_the_digest_from_the_database_is_no_secret(server: ServerUnderTest, secret: str) -> None:
    """C6, K8: who reads the table cannot sign in with what stands there."""
    async with server.database.transaction() as transaction:
        row = await transaction.first(_find_client)
    assert row.secret_digest

    for guess in (row.secret_digest.hex(), row.secret_digest.decode("latin-1")):
        assert (await ask(server, guess, row.client_id)).refusal == (401, "invalid_client")


async def test_a_stolen_access_token_ends_by_itself(server: ServerUnderTest, secret: str) -> None:
    """RFC 9700 §2.2: soon, and it says so."""
    answer = await ask(server, secret)

    assert timedelta(seconds=answer["expires_in"]) == server.settings.access_token_lifetime <= timedelta(hours=24)
