"""What people gave shows at introspection as it is now: access tokens, refresh tokens, and their end (H2, D7, K3)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ....core.client import Client
from ....policy.introspection import Introspection
from ....policy.principals import Principals
from ....policy.refresh_tokens import RefreshTokenRule
from ....stores.grants import Grants
from ....stores.refresh_tokens import RefreshTokens
from ....tests.harness import ISSUER, Answer, ServerUnderTest
from ....tests.people import add_person, is_alive, obtain_code, obtain_tokens, read_claims, redeem, refresh
from .asking import INACTIVE, ask, introspect, sign


@pytest.fixture(autouse=True)
async def ada(server: ServerUnderTest) -> str:
    """Her subject; there are a client, an API that it calls, and another client."""
    await server.add_client("web")
    await server.add_client("api", metadata={"introspects": [ISSUER]})
    await server.add_client("other")
    return await add_person(server)


async def test_an_access_token_tells_who_allowed_it_and_when_they_signed_in(server: ServerUnderTest, ada: str) -> None:
    """H2, E2, RFC 7662 §2.2: to the API that it is for."""
    token = (await obtain_tokens(server))["access_token"]

    told = await ask(server, token, "api")

    assert told == {**read_claims(token), "active": True, "token_type": "Bearer"}
    assert (told["sub"], told["client_id"]) == (ada, "web")
    assert told["auth_time"] == int(server.clock().timestamp())


async def test_a_refresh_token_tells_its_own_client_what_it_stands_for(server: ServerUnderTest, ada: str) -> None:
    """H2, RFC 7662 §2.2: it has no audience, and is not presented in any way at an API."""
    tokens = await obtain_tokens(server)
    lasts_until = int(server.clock().timestamp()) + 14 * 24 * 3_600

    told = await ask(server, tokens["refresh_token"])

    assert told == {
        "active": True,
        "iss": ISSUER,
        "client_id": "web",
        "sub": ada,
        "scope": tokens["scope"],
        "exp": lasts_until,
    }


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "saml2"])
async def test_the_hint_is_only_a_hint_for_either_kind(server: ServerUnderTest, hint: str) -> None:
    """N2, RFC 7662 §2.1: a wrong or unknown one changes nothing."""
    tokens = await obtain_tokens(server)

    for kind in ("access_token", "refresh_token"):
        assert (await introspect(server, tokens[kind], token_type_hint=hint))["active"] is True


async def test_a_refresh_token_is_nobody_elses_business(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N1, F4: whatever the team's rule says, or an API could take it for an access token."""

    async def may_see(self: Introspection, *arguments: object, **further: object) -> bool:
        return True

    monkeypatch.setattr(Introspection, "may_see", may_see)
    tokens = await obtain_tokens(server)

    for caller in ("api", "other"):
        assert await ask(server, tokens["refresh_token"], caller) == INACTIVE
        assert (await ask(server, tokens["access_token"], caller))["active"] is True


async def test_the_rule_can_hide_a_refresh_token(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """H2: narrower is always possible."""

    async def may_see(self: Introspection, caller: Client, token: dict[str, Any], *, by_default: bool) -> bool:
        return by_default and "aud" in token

    monkeypatch.setattr(Introspection, "may_see", may_see)
    tokens = await obtain_tokens(server)

    assert await ask(server, tokens["refresh_token"]) == INACTIVE


async def test_only_the_newest_refresh_token_is_active_and_asking_is_not_using(server: ServerUnderTest) -> None:
    """N1, F2: a superseded one is inactive at once, and to ask about it ends nothing, within the grace or after it."""
    first = await obtain_tokens(server)
    second = await refresh(server, first["refresh_token"])
    third = await refresh(server, second["refresh_token"])

    for _ in range(2):
        for old in (first, second):
            assert await ask(server, old["refresh_token"]) == INACTIVE
        assert (await ask(server, third["refresh_token"]))["active"] is True
        server.clock.advance(61)
    assert await is_alive(server, third)
    assert (await refresh(server, third["refresh_token"])).status == 200
    assert "refresh_reuse_detected" not in server.events.names


async def test_a_guess_at_a_family_finds_nothing(server: ServerUnderTest) -> None:
    """N3: whoever knows how a family begins does not hold a token of it, and ends nothing by trying."""
    tokens = await obtain_tokens(server)
    token = tokens["refresh_token"]

    for guess in (token[:43], token[:-1], token[:43] + "x" * 43, token + "x"):
        assert await ask(server, guess) == INACTIVE
    assert (await ask(server, token))["active"] is True


async def test_a_refresh_token_is_active_until_it_expires(server: ServerUnderTest) -> None:
    """RFC 7662 §2.2: at that moment it is over."""
    token = (await obtain_tokens(server))["refresh_token"]

    server.clock.advance(14 * 24 * 3_600 - 1)
    assert (await ask(server, token))["active"] is True
    server.clock.advance(1)
    assert await ask(server, token) == INACTIVE


async def test_a_grant_without_scope_names_none(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 6749 §3.3: the grammar has no empty form."""
    monkeypatch.setattr(RefreshTokenRule, "is_wanted", lambda *_: True)
    tokens = await obtain_tokens(server, scope=None)

    for kind in ("access_token", "refresh_token"):
        told = await ask(server, tokens[kind])
        assert told["active"] is True
        assert "scope" not in told


async def replay_the_code(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """K3, RFC 6749 §4.1.2."""
    await redeem(server, code)


async def reuse_the_refresh_token(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """F2, RFC 9700 §4.14.2."""
    successor = await refresh(server, tokens["refresh_token"])
    await refresh(server, successor["refresh_token"])
    await refresh(server, tokens["refresh_token"])


async def end_the_grant(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """M1, H1."""
    async with server.database.transaction() as transaction:
        await Grants(transaction).end(read_claims(tokens["access_token"])["grant_id"], server.clock())
        await transaction.commit()


async def disable_the_person(server: ServerUnderTest, code: str, tokens: Answer) -> None:
    """F8: though nobody ended the grant."""
    async with server.database.transaction() as transaction:
        await Principals().disable("ada", transaction, now=server.clock())
        await transaction.commit()


WAYS = [replay_the_code, reuse_the_refresh_token, end_the_grant, disable_the_person]


@pytest.mark.parametrize("end", WAYS)
async def test_what_has_ended_shows_at_once(
    server: ServerUnderTest, end: Callable[[ServerUnderTest, str, Answer], Awaitable[None]]
) -> None:
    """D7, K3, F2, F8, RFC 7662 §2.2: long before it expires, to its client and to the API; on each database."""
    code = await obtain_code(server)
    tokens = await redeem(server, code)
    before = [await ask(server, tokens[kind]) for kind in ("access_token", "refresh_token")]

    await end(server, code, tokens)

    assert [told["active"] for told in before] == [True, True]
    assert await ask(server, tokens["access_token"], "api") == INACTIVE
    for kind in ("access_token", "refresh_token"):
        assert await ask(server, tokens[kind]) == INACTIVE


async def test_the_grant_of_another_person_does_not_keep_a_token_alive(server: ServerUnderTest, ada: str) -> None:
    """D7, E3: subject and grant belong together, even if our own key signed it."""
    bob = await add_person(server, "bob")
    claims = read_claims((await obtain_tokens(server))["access_token"])

    assert (await ask(server, await sign(server, claims)))["active"] is True
    assert await ask(server, await sign(server, claims, sub=bob)) == INACTIVE


async def test_a_public_client_holds_tokens_that_its_api_can_ask_about(server: ServerUnderTest) -> None:
    """N/C1, H2: the client itself cannot."""
    await server.add_client("app", token_endpoint_auth_method="none")
    tokens = await obtain_tokens(server, "app")

    assert (await ask(server, tokens["access_token"], "api"))["client_id"] == "app"
    for kind in ("access_token", "refresh_token"):
        assert (await introspect(server, tokens[kind], "app")).refusal == (401, "invalid_client")


async def test_a_code_is_no_token(server: ServerUnderTest) -> None:
    """RFC 7662 §2.1: and is not spent by the question."""
    code = await obtain_code(server)

    assert await ask(server, code) == INACTIVE
    assert (await redeem(server, code)).status == 200


async def test_an_id_token_is_no_token_to_ask_about(server: ServerUnderTest) -> None:
    """A3, J5: it is for the client and says so by its `typ`."""
    claims = read_claims((await obtain_tokens(server))["access_token"])

    assert await ask(server, await sign(server, {**claims, "aud": "web"}, typ="JWT")) == INACTIVE


async def test_questions_during_a_refresh_change_nothing(server: ServerUnderTest) -> None:
    """F1, J2: many at once, on each database; each answer is of before or after."""
    tokens = await obtain_tokens(server)

    *answers, renewed = await asyncio.gather(
        *(introspect(server, tokens["refresh_token"]) for _ in range(8)), refresh(server, tokens["refresh_token"])
    )

    assert {answer.status for answer in answers} == {200}
    assert (await ask(server, renewed["refresh_token"]))["active"] is True
    assert await ask(server, tokens["refresh_token"]) == INACTIVE


async def test_a_question_writes_nothing(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """J2: neither rotation nor end is within its reach."""

    async def write(self: object, *arguments: object) -> None:
        raise AssertionError("a question is no use")

    tokens = await obtain_tokens(server)
    newer = await refresh(server, tokens["refresh_token"])
    monkeypatch.setattr(RefreshTokens, "rotate", write)
    monkeypatch.setattr(Grants, "end", write)
    server.clock.advance(61)

    told = [await ask(server, each["refresh_token"]) for each in (tokens, newer)]

    assert [each["active"] for each in told] == [False, True]
