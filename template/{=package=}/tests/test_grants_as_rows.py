"""Grants are rows: whoever ends one ends its code and its tokens at once (M1, D7)."""

from collections.abc import Awaitable, Callable

import pytest

from ..stores.grants import Grants
from .harness import ServerUnderTest
from .people import add_person, is_alive, obtain_code, obtain_tokens, read_claims, redeem, refresh

End = Callable[[Grants, str, ServerUnderTest], Awaitable[object]]


async def end_one(grants: Grants, subject: str, server: ServerUnderTest) -> object:
    """As a replay, a revocation or an administrator does."""
    return [await grants.end(event.grant_id, server.clock()) for event in server.events.events if event.grant_id]


async def end_all(grants: Grants, subject: str, server: ServerUnderTest) -> object:
    """As a page of connected apps does."""
    return await grants.end_all(subject, "web", server.clock())


@pytest.fixture
async def ada(server: ServerUnderTest) -> str:
    """Ada's subject; there are two clients."""
    await server.add_client("web")
    await server.add_client("other")
    return await add_person(server)


@pytest.mark.parametrize("end", [end_one, end_all])
async def test_ending_a_grant_refuses_its_code_and_its_refresh_tokens_at_once(
    server: ServerUnderTest, ada: str, end: End
) -> None:
    """M1: one statement, and nobody has to find the tokens."""
    tokens, code = await obtain_tokens(server), await obtain_code(server)
    newer = await refresh(server, tokens["refresh_token"])

    async with server.database.transaction() as transaction:
        await end(Grants(transaction), ada, server)
        await transaction.commit()

    assert (await redeem(server, code)).refusal == (400, "invalid_grant")
    for each in (tokens, newer):
        assert (await refresh(server, each["refresh_token"])).refusal == (400, "invalid_grant")
        assert not await is_alive(server, each)


async def test_ending_what_one_client_has_leaves_the_others(server: ServerUnderTest, ada: str) -> None:
    """M1: and other people's."""
    await add_person(server, "eve")
    tokens = await obtain_tokens(server, "other")

    async with server.database.transaction() as transaction:
        ended = await Grants(transaction).end_all(ada, "web", server.clock())
        await transaction.commit()

    assert ended == 0
    assert (await refresh(server, tokens["refresh_token"], "other")).status == 200


async def test_a_grant_keeps_what_was_allowed(server: ServerUnderTest, ada: str) -> None:
    """M1: so that a page can say which app may do what, and since when."""
    tokens = await obtain_tokens(server, scope="offline_access notes:read")

    async with server.database.transaction() as transaction:
        grant = await Grants(transaction).find_live(read_claims(tokens["access_token"])["grant_id"])

    assert grant is not None
    assert (grant.subject, grant.client_id, grant.scope) == (ada, "web", "offline_access notes:read")
    assert grant.created_at == grant.authentication.auth_time == server.clock()
    assert grant.authentication.sid
