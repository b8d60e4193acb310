"""UserInfo refuses the access tokens of an authorization as soon as it has ended (D7, F2, M1)."""

from collections.abc import Awaitable, Callable

import pytest

from ....policy.principals import Principals
from ....stores.grants import Grants
from ....tests.harness import Answer, ServerUnderTest
from ....tests.people import add_person, obtain_code, read_claims, redeem, refresh
from ....tests.userinfo import userinfo


@pytest.fixture
async def web(server: ServerUnderTest) -> ServerUnderTest:
    """The server, with ada and a client."""
    await add_person(server)
    await server.add_client("web")
    return server


async def replay_the_code(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """K3, RFC 6749 §4.1.2."""
    await redeem(server, code)


async def reuse_the_refresh_token(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """F2, RFC 9700 §4.14.2."""
    await refresh(server, tokens["refresh_token"])
    server.clock.advance(61)
    await refresh(server, tokens["refresh_token"])


async def end_the_grant(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """M1."""
    async with server.database.transaction() as transaction:
        await Grants(transaction).end(read_claims(tokens["access_token"])["grant_id"], server.clock())
        await transaction.commit()


async def disable_the_person(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """F8."""
    async with server.database.transaction() as transaction:
        await Principals().disable("ada", transaction, now=server.clock())
        await transaction.commit()


WAYS = [replay_the_code, reuse_the_refresh_token, end_the_grant, disable_the_person]


@pytest.mark.parametrize("end", WAYS)
async def test_an_access_token_is_over_once_its_authorization_has_ended(
    web: ServerUnderTest, end: Callable[[ServerUnderTest, str, Answer], Awaitable[None]]
) -> None:
    """D7, F2, F8: long before it expires, the first one and a refreshed one."""
    code = await obtain_code(web)
    tokens = await redeem(web, code)
    newer = await refresh(web, tokens["refresh_token"])
    before = await userinfo(web, newer["access_token"])
    if end is reuse_the_refresh_token:
        tokens = newer

    await end(web, code, tokens)

    assert before.status_code == 200
    for each in (tokens, newer):
        answer = await userinfo(web, each["access_token"])
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
