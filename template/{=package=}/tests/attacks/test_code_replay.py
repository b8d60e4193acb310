"""Codes: stolen, replayed, raced (RFC 6749 §4.1.2, §10.5; RFC 9700 §4.5)."""

import asyncio

import pytest

from ..harness import ServerUnderTest
from ..people import VERIFIER, add_person, is_alive, obtain_code, obtain_tokens, redeem

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
async def people(server: ServerUnderTest) -> None:
    """Ada, and two clients."""
    await add_person(server)
    await server.add_client("web")
    await server.add_client("other")


async def test_a_code_of_another_client_is_unknown_and_stays_good(server: ServerUnderTest) -> None:
    """K1, RFC 6749 §4.1.3."""
    code = await obtain_code(server)

    stolen = await redeem(server, code, "other")
    honest = await redeem(server, code)

    assert stolen.refusal == (400, "invalid_grant")
    assert honest.status == 200


async def test_an_expired_code_buys_nothing(server: ServerUnderTest) -> None:
    """K2."""
    code = await obtain_code(server)
    server.clock.advance(61)

    answer = await redeem(server, code)

    assert answer.refusal == (400, "invalid_grant")


@pytest.mark.parametrize("seconds", [0, 1, 30, 3_600, 86_400])
async def test_a_replayed_code_ends_the_tokens_it_had_bought(server: ServerUnderTest, seconds: int) -> None:
    """K3, RFC 6749 §4.1.2: however late the replay comes."""
    code = await obtain_code(server)
    bought = await redeem(server, code)
    server.clock.advance(seconds)

    replay = await redeem(server, code)

    refreshed = await server.token(grant_type="refresh_token", refresh_token=bought["refresh_token"])
    assert replay.refusal == (400, "invalid_grant")
    assert refreshed.refusal == (400, "invalid_grant")
    assert not await is_alive(server, bought)


async def test_of_fifty_parallel_redemptions_one_wins_and_its_tokens_end(server: ServerUnderTest) -> None:
    """K3: a race is a replay."""
    code = await obtain_code(server)

    answers = await asyncio.gather(*(redeem(server, code) for _ in range(50)))

    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1
    assert {answer.refusal for answer in answers if answer.status != 200} == {(400, "invalid_grant")}
    assert not await is_alive(server, won[0])


async def test_a_wrong_verifier_spends_nothing(server: ServerUnderTest) -> None:
    """K5, D7: an honest retry succeeds and is no replay."""
    code = await obtain_code(server)

    wrong = await redeem(server, code, code_verifier=VERIFIER[::-1])
    right = await redeem(server, code)

    assert wrong.refusal == (400, "invalid_grant")
    assert right.status == 200
    assert await is_alive(server, right)


async def test_the_answer_of_a_code_holds_all_tokens(server: ServerUnderTest) -> None:
    """RFC 6749 §5.1, OIDC Core §3.1.3.3."""
    answer = await obtain_tokens(server)

    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 900
    assert {"access_token", "refresh_token", "scope"} <= answer.body.keys()
    assert answer.headers["cache-control"] == "no-store"
