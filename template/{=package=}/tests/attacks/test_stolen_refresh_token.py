"""Refresh tokens: stolen, used before or after their owner, read from a database (RFC 9700 §4.14)."""

from base64 import urlsafe_b64encode

import pytest

from ...stores.refresh_tokens import RefreshTokens
from ..harness import Answer, ServerUnderTest
from ..people import add_person, is_alive, obtain_tokens, refresh

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
async def people(server: ServerUnderTest) -> None:
    """Ada, a public and a confidential client."""
    await add_person(server)
    await server.add_client("app", token_endpoint_auth_method="none")
    await server.add_client("web")


async def is_refused(server: ServerUnderTest, tokens: Answer, client: str = "app") -> bool:
    answer = await refresh(server, tokens["refresh_token"], client)
    return answer.status == 400 and answer["error"] == "invalid_grant"


async def test_a_thief_who_comes_first_is_found_out_when_the_owner_comes(server: ServerUnderTest) -> None:
    """F2, RFC 9700 §4.14.2: we cannot tell who is who, so both are out."""
    owners = await obtain_tokens(server, "app")
    thiefs = await refresh(server, owners["refresh_token"], "app")
    server.clock.advance(3_600)

    assert await is_refused(server, owners)
    assert await is_refused(server, thiefs)
    assert not await is_alive(server, thiefs)


async def test_a_thief_who_comes_second_is_found_out_at_once(server: ServerUnderTest) -> None:
    """F2."""
    stolen = await obtain_tokens(server, "app")
    owners = await refresh(server, stolen["refresh_token"], "app")
    server.clock.advance(3_600)

    assert await is_refused(server, stolen)
    assert await is_refused(server, owners)


async def test_a_thief_inside_the_grace_gets_no_family_of_its_own(server: ServerUnderTest) -> None:
    """F2, E4: only the same successor, so the next generation shows that there are two."""
    stolen = await obtain_tokens(server, "app")
    owners = await refresh(server, stolen["refresh_token"], "app")
    thiefs = await refresh(server, stolen["refresh_token"], "app")
    newest = await refresh(server, owners["refresh_token"], "app")
    server.clock.advance(61)

    assert thiefs["refresh_token"] == owners["refresh_token"]
    assert await is_refused(server, thiefs)
    assert await is_refused(server, newest)


async def test_a_thief_who_keeps_an_old_generation_ends_the_family(server: ServerUnderTest) -> None:
    """F2, DOT #1617: however many rotations later."""
    stolen = newest = await obtain_tokens(server, "app")
    for _ in range(3):
        newest = await refresh(server, newest["refresh_token"], "app")

    assert await is_refused(server, stolen)
    assert await is_refused(server, newest)


async def test_a_token_made_up_from_a_stolen_one_ends_the_family_and_buys_nothing(server: ServerUnderTest) -> None:
    """F2: tokens of a family begin alike; whoever knows how, and not the rest, is no honest client."""
    tokens = await obtain_tokens(server, "app")
    made_up = tokens["refresh_token"][:43] + tokens["refresh_token"][:43]

    assert (await refresh(server, made_up, "app")).refusal == (400, "invalid_grant")
    assert await is_refused(server, tokens)


@pytest.mark.parametrize("client", ["web", None])
async def test_the_refresh_token_of_a_confidential_client_is_worth_nothing_without_its_secret(
    server: ServerUnderTest, client: str | None
) -> None:
    """E4, F4, RFC 6749 §10.4: it is bound to who authenticates; an attempt ends nothing."""
    tokens = await obtain_tokens(server)
    secret = server.secrets.pop("web")

    answer = await refresh(server, tokens["refresh_token"], client)  # type: ignore[arg-type]

    server.secrets["web"] = secret
    assert answer.refusal == (401, "invalid_client")
    assert (await refresh(server, tokens["refresh_token"])).status == 200


async def test_what_is_read_from_the_database_is_no_token(server: ServerUnderTest) -> None:
    """K8: neither the digest nor the sealed successor, however it is written."""
    tokens = await obtain_tokens(server, "app")
    current = await refresh(server, tokens["refresh_token"], "app")
    async with server.database.transaction() as transaction:
        family = await RefreshTokens(transaction, server.settings.code_flow.refresh_token_lifetime).find(
            tokens["refresh_token"]
        )
    assert family is not None
    assert family.previous_digest is not None
    assert family.sealed is not None
    kept = [family.family_digest, family.digest, family.previous_digest, family.sealed]
    written = [text for value in kept for text in (value.hex(), urlsafe_b64encode(value).decode().rstrip("="))]

    for text in written:
        assert (await refresh(server, text, "app")).refusal == (400, "invalid_grant")

    assert (await refresh(server, current["refresh_token"], "app")).status == 200


async def test_an_access_token_or_a_code_is_no_refresh_token(server: ServerUnderTest) -> None:
    """RFC 8725 §3.11: one kind is never taken for another."""
    tokens = await obtain_tokens(server, "app")

    answer = await refresh(server, tokens["access_token"], "app")

    assert answer.refusal == (400, "invalid_grant")
    assert await is_alive(server, tokens)
