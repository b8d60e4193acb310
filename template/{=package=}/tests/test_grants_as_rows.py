"""Grants are rows: whoever ends one ends its code and its tokens at once (M1, D7)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from ..core.grant import Authentication
from ..core.refresh_token import digest_family
from ..stores.browser_sessions import BrowserSessions
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


async def test_what_a_client_or_a_person_has_ends_with_them_and_is_counted_once(
    server: ServerUnderTest, ada: str
) -> None:
    """F8, M1: nobody else's, and not what had ended before."""
    eve = await add_person(server, "eve")
    for client_id in ("web", "other", "other"):
        await obtain_tokens(server, client_id)

    async with server.database.transaction() as transaction:
        grants = Grants(transaction)
        assert await grants.end_of_person(eve, server.clock()) == 0
        assert await grants.end_of_client("nobody", server.clock()) == 0
        assert await grants.end_of_client("web", server.clock()) == 1
        assert await grants.end_of_client("web", server.clock()) == 0
        assert await grants.end_of_person(ada, server.clock()) == 2
        assert await grants.end_of_person(ada, server.clock()) == 0


async def test_an_ended_grant_is_found_by_none_of_its_names(server: ServerUnderTest, ada: str) -> None:
    """M1, H1: neither by its id, nor by a refresh token, nor together with its person."""
    tokens = await obtain_tokens(server)
    grant_id, family = read_claims(tokens["access_token"])["grant_id"], digest_family(tokens["refresh_token"])

    async with server.database.transaction() as transaction:
        grants = Grants(transaction)
        assert await grants.find_by_refresh_token(family)
        assert await grants.is_live(grant_id, ada)
        assert not await grants.is_live(grant_id, "user_eve")
        await grants.end(grant_id, server.clock())

        assert await grants.find_live(grant_id) is None
        assert await grants.find_by_refresh_token(family) is None
        assert not await grants.is_live(grant_id, ada)


async def test_a_person_is_forgotten_in_their_own_browsers_only(server: ServerUnderTest) -> None:
    """F8: whoever leaves is signed out everywhere, and nobody else is."""
    now, secrets = server.clock(), {}
    async with server.database.transaction() as transaction:
        sessions = BrowserSessions(transaction)
        for subject in ("user_ada", "user_eve"):
            browser = await sessions.begin(now, now + timedelta(hours=1))
            signed_in = Authentication(subject=subject, auth_time=now)
            secrets[subject] = (await sessions.sign_in(browser, signed_in, now + timedelta(hours=1))).secret

        assert await sessions.forget("user_ada") == 1

        assert await sessions.find(secrets["user_ada"], now) is None
        assert await sessions.find(secrets["user_eve"], now) is not None


async def test_a_grant_keeps_what_was_allowed(server: ServerUnderTest, ada: str) -> None:
    """M1: so that a page can say which app may do what, and since when."""
    tokens = await obtain_tokens(server, scope="offline_access notes:read")

    async with server.database.transaction() as transaction:
        grant = await Grants(transaction).find_live(read_claims(tokens["access_token"])["grant_id"])

    assert grant is not None
    assert (grant.subject, grant.client_id, grant.scope) == (ada, "web", "offline_access notes:read")
    assert grant.created_at == grant.authentication.auth_time == server.clock()
    assert grant.authentication.sid
