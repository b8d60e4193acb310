"""The refresh token grant: rotation, honest retries, reuse, and what no refresh can gain (RFC 6749 §6)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from ...core.sealing import unseal
from ...grants import refresh_token
from ...grants.token_request import TokenResponse
from ...policy.clients import Clients
from ...policy.principals import Principals
from ...stores.grants import Grants
from ...stores.refresh_tokens import RefreshTokens
from ..harness import Answer, Clock, ServerUnderTest, serving
from ..people import add_person, is_alive, obtain_tokens, read_claims, refresh

DAY = 86_400


@pytest.fixture
async def people(server: ServerUnderTest) -> None:
    """Ada, two confidential clients and a public one."""
    await add_everybody(server)


@pytest.fixture
async def tokens(server: ServerUnderTest, people: None) -> Answer:
    """What ada's authorization bought."""
    return await obtain_tokens(server)


async def add_everybody(server: ServerUnderTest) -> None:
    await add_person(server)
    await server.add_client("web")
    await server.add_client("other")
    await server.add_client("app", token_endpoint_auth_method="none")


async def test_a_refresh_token_is_replaced_at_each_use(server: ServerUnderTest, tokens: Answer) -> None:
    """E4, RFC 9700 §4.14.2: a new refresh token, a new access token, the same authorization."""
    first = await refresh(server, tokens["refresh_token"])
    second = await refresh(server, first["refresh_token"])

    assert [first.status, second.status] == [200, 200]
    assert len({answer["refresh_token"] for answer in (tokens, first, second)}) == 3
    assert len({answer["access_token"] for answer in (tokens, first, second)}) == 3
    grants = {read_claims(answer["access_token"])["grant_id"] for answer in (tokens, first, second)}
    assert len(grants) == 1


async def test_a_refreshed_answer_is_like_the_first(server: ServerUnderTest, tokens: Answer) -> None:
    """RFC 6749 §6, H7: the whole scope, the original authentication, and nobody may keep it."""
    server.clock.advance(100)

    refreshed = await refresh(server, tokens["refresh_token"])

    before, after = read_claims(tokens["access_token"]), read_claims(refreshed["access_token"])
    changed = {"jti", "iat", "exp"}
    assert {name: after[name] for name in after.keys() - changed} == {
        name: before[name] for name in before.keys() - changed
    }
    assert after["exp"] == before["exp"] + 100
    assert refreshed["scope"] == tokens["scope"]
    assert refreshed["token_type"] == "Bearer"
    assert refreshed.headers["cache-control"] == "no-store"


async def test_an_honest_retry_gets_the_same_successor(server: ServerUnderTest, tokens: Answer) -> None:
    """E4: a lost answer costs nobody their session, up to the last second of the grace."""
    first = await refresh(server, tokens["refresh_token"])
    server.clock.advance(59)

    retried = await refresh(server, tokens["refresh_token"])

    assert retried["refresh_token"] == first["refresh_token"]
    assert retried["access_token"] != first["access_token"]
    assert (await refresh(server, retried["refresh_token"])).status == 200


async def test_a_retry_rotates_nothing(server: ServerUnderTest, tokens: Answer) -> None:
    """K3, E4: one rotation is told once, however often its answer is fetched."""
    for _ in range(3):
        assert (await refresh(server, tokens["refresh_token"])).status == 200

    assert server.events.names.count("refresh_rotated") == 1


async def test_fifty_parallel_refreshes_get_one_successor(server: ServerUnderTest, tokens: Answer) -> None:
    """F1, CVE-2026-1035: a client with several tabs keeps its session, and there is no second family."""
    answers = await asyncio.gather(*(refresh(server, tokens["refresh_token"]) for _ in range(50)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert (await refresh(server, answers[0]["refresh_token"])).status == 200
    assert server.events.names.count("refresh_rotated") == 2


async def test_parallel_refreshes_on_two_nodes_get_one_successor(
    server: ServerUnderTest, tokens: Answer, database_url: str
) -> None:
    """F1, J2: the database decides, not the process."""
    async with serving(database_url) as other:
        other.secrets.update(server.secrets)
        answers = await asyncio.gather(
            *(refresh(node, tokens["refresh_token"]) for node in (server, other) for _ in range(10))
        )

    assert {answer.status for answer in answers} == {200}
    assert len({answer["refresh_token"] for answer in answers}) == 1


async def test_reuse_after_the_grace_ends_the_family(server: ServerUnderTest, tokens: Answer) -> None:
    """F2, RFC 9700 §4.14.2: both who hold it lose, access tokens included."""
    current = await refresh(server, tokens["refresh_token"])
    server.clock.advance(60)

    reused = await refresh(server, tokens["refresh_token"])

    assert reused.refusal == (400, "invalid_grant")
    assert (await refresh(server, current["refresh_token"])).refusal == (400, "invalid_grant")
    assert not await is_alive(server, current)
    assert server.events.names.count("refresh_reuse_detected") == 1


async def test_an_older_generation_ends_the_family_inside_the_grace(server: ServerUnderTest, tokens: Answer) -> None:
    """F2: nobody honest presents a token whose successor was used."""
    second = await refresh(server, tokens["refresh_token"])
    third = await refresh(server, second["refresh_token"])

    older = await refresh(server, tokens["refresh_token"])

    assert older.refusal == (400, "invalid_grant")
    assert (await refresh(server, third["refresh_token"])).refusal == (400, "invalid_grant")


async def test_reuse_ends_the_family_whatever_else_is_wrong_with_it(server: ServerUnderTest, tokens: Answer) -> None:
    """F2: a thief must not be able to probe for free by asking for too much."""
    current = await refresh(server, tokens["refresh_token"])
    server.clock.advance(60)

    reused = await refresh(server, tokens["refresh_token"], scope="admin")

    assert reused.refusal == (400, "invalid_grant")
    assert (await refresh(server, current["refresh_token"])).refusal == (400, "invalid_grant")


async def test_reuse_that_somebody_else_saw_first_is_not_told_again(
    server: ServerUnderTest, tokens: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K3: one end is one event, in a race as well."""
    await refresh(server, tokens["refresh_token"])
    server.clock.advance(60)
    usual = Grants.end

    async def end_second(grants: Grants, grant_id: str, now: datetime) -> bool:
        async with server.database.transaction() as transaction:
            await usual(Grants(transaction), grant_id, now)
            await transaction.commit()
        return await usual(grants, grant_id, now)

    monkeypatch.setattr(Grants, "end", end_second)

    reused = await refresh(server, tokens["refresh_token"])

    assert reused.refusal == (400, "invalid_grant")
    assert "refresh_reuse_detected" not in server.events.names


async def test_an_ended_family_answers_like_an_unknown_token(server: ServerUnderTest, tokens: Answer) -> None:
    """E6: why a token is refused is for the log; reuse is told to the audit log once."""
    await refresh(server, tokens["refresh_token"])
    server.clock.advance(60)

    answers = [await refresh(server, tokens["refresh_token"]) for _ in range(2)]
    unknown = await refresh(server, "unknown")

    assert [answer.body for answer in answers] == [unknown.body, unknown.body]
    assert server.events.names.count("refresh_reuse_detected") == 1


async def test_a_deliberately_revoked_family_gets_no_grace(server: ServerUnderTest, tokens: Answer) -> None:
    """F3: a retry of a token that was superseded a moment ago, of a grant that has ended since."""
    await refresh(server, tokens["refresh_token"])
    await end_grant(server, tokens)

    retried = await refresh(server, tokens["refresh_token"])

    assert retried.refusal == (400, "invalid_grant")
    assert "refresh_reuse_detected" not in server.events.names


async def test_an_unused_refresh_token_expires(server: ServerUnderTest, tokens: Answer) -> None:
    """RFC 9700 §4.14.2: after its whole lifetime, at the very second; its family is not taken for stolen."""
    server.clock.advance(14 * DAY - 1)
    renewed = await refresh(server, tokens["refresh_token"])
    server.clock.advance(14 * DAY)

    late = await refresh(server, renewed["refresh_token"])

    assert renewed.status == 200
    assert late.refusal == (400, "invalid_grant")
    assert await is_alive(server, tokens)


@pytest.mark.parametrize("thief", ["other", "app"])
async def test_a_refresh_token_of_another_client_is_unknown_and_stays_good(
    server: ServerUnderTest, tokens: Answer, thief: str
) -> None:
    """F4, CVE-2026-55672: neither used nor ended by somebody else."""
    stolen = await refresh(server, tokens["refresh_token"], thief)
    unknown = await refresh(server, "unknown", thief)

    assert stolen.refusal == (400, "invalid_grant")
    assert stolen.body == unknown.body
    assert (await refresh(server, tokens["refresh_token"])).status == 200


async def test_a_superseded_token_of_another_client_ends_nothing(server: ServerUnderTest, tokens: Answer) -> None:
    """F4: a thief who is another client cannot even do harm."""
    current = await refresh(server, tokens["refresh_token"])
    server.clock.advance(61)

    stolen = await refresh(server, tokens["refresh_token"], "other")

    assert stolen.refusal == (400, "invalid_grant")
    assert (await refresh(server, current["refresh_token"])).status == 200


async def test_a_narrowed_scope_is_the_access_tokens_alone(server: ServerUnderTest, tokens: Answer) -> None:
    """F7, RFC 6749 §6: the next refresh reaches as far as the grant again."""
    narrow = await refresh(server, tokens["refresh_token"], scope="notes:read")
    whole = await refresh(server, narrow["refresh_token"])

    assert narrow["scope"] == read_claims(narrow["access_token"])["scope"] == "notes:read"
    assert whole["scope"] == tokens["scope"]


@pytest.mark.parametrize("scope", ["notes:read notes:delete", "admin", "notes:*", "notes:read  notes:write"])
async def test_no_refresh_widens_the_scope_and_a_refusal_spends_nothing(server: ServerUnderTest, scope: str) -> None:
    """F7: what the client may ask for, but was not granted here, is refused as well."""
    await add_everybody(server)
    tokens = await obtain_tokens(server, scope="offline_access notes:read")

    wide = await refresh(server, tokens["refresh_token"], scope=scope)
    registered = await refresh(server, tokens["refresh_token"], scope="notes:write")

    assert wide.refusal == registered.refusal == (400, "invalid_scope")
    assert (await refresh(server, tokens["refresh_token"]))["scope"] == "offline_access notes:read"


async def test_a_scope_that_the_client_was_given_later_does_not_reach_an_old_family(server: ServerUnderTest) -> None:
    """F7: the grant counts, not the registration."""
    await add_person(server)
    await server.add_client("web", scope=frozenset({"offline_access"}))
    tokens = await obtain_tokens(server)

    answer = await refresh(server, tokens["refresh_token"], scope="notes:read")

    assert tokens["scope"] == "offline_access"
    assert answer.refusal == (400, "invalid_scope")


async def test_a_disabled_person_gets_no_tokens_and_nothing_is_spent(server: ServerUnderTest, tokens: Answer) -> None:
    """F8: and enabled again, nobody has to sign in anew."""
    async with server.database.transaction() as transaction:
        await Principals().disable("ada", transaction, now=server.clock())
        await transaction.commit()
    refused = await refresh(server, tokens["refresh_token"])
    async with server.database.transaction() as transaction:
        await Principals().disable("ada", transaction, now=None)
        await transaction.commit()

    assert refused.refusal == (400, "invalid_grant")
    assert (await refresh(server, tokens["refresh_token"])).status == 200


@pytest.mark.parametrize("how", ["disable", "delete"])
async def test_a_client_that_is_no_longer_known_gets_no_tokens(
    server: ServerUnderTest, tokens: Answer, how: str
) -> None:
    """F8, C1: it fails like one that never was."""
    async with server.database.transaction() as transaction:
        if how == "disable":
            await Clients().disable("web", transaction, now=server.clock())
        else:
            await Clients().delete("web", transaction)
        await transaction.commit()

    answer = await refresh(server, tokens["refresh_token"])

    assert answer.refusal == (401, "invalid_client")


async def test_a_client_without_the_grant_type_gets_no_refresh_token(server: ServerUnderTest) -> None:
    """E1: nor may it use one."""
    await add_person(server)
    await server.add_client("web", grant_types=frozenset({"authorization_code"}))

    tokens = await obtain_tokens(server)
    answer = await refresh(server, "unknown")

    assert "refresh_token" not in tokens.body
    assert answer.refusal == (400, "unauthorized_client")


async def test_an_ended_family_stays_ended_after_a_restart(
    server: ServerUnderTest, tokens: Answer, database_url: str
) -> None:
    """F5, CVE-2026-9802: nothing that matters was in memory, and a sweep forgets nothing that matters."""
    current = await refresh(server, tokens["refresh_token"])
    server.clock.advance(1_000)
    await refresh(server, tokens["refresh_token"])
    await server.authorization_server.purge()
    await server.database.close()

    async with serving(database_url) as restarted:
        restarted.secrets.update(server.secrets)
        restarted.clock.now = server.clock()
        await restarted.authorization_server.purge()
        answer = await refresh(restarted, current["refresh_token"])

    assert answer.refusal == (400, "invalid_grant")


async def test_ending_the_family_wins_over_a_rotation_beside_it(server: ServerUnderTest, people: None) -> None:
    """F6: whatever came first, no token of the family works afterwards."""
    for _ in range(5):
        tokens = await obtain_tokens(server)

        refreshed, _ = await asyncio.gather(refresh(server, tokens["refresh_token"]), end_grant(server, tokens))

        assert refreshed.status in (200, 400)
        survivors = [tokens, refreshed] if refreshed.status == 200 else [tokens]
        for each in survivors:
            assert (await refresh(server, each["refresh_token"])).refusal == (400, "invalid_grant")


def win_beside(server: ServerUnderTest, patch: pytest.MonkeyPatch) -> None:
    """Have somebody else rotate whatever is rotated, just before."""
    rotate = RefreshTokens.rotate

    async def rotate_second(store: RefreshTokens, presented: str, now: datetime) -> str | None:
        async with server.database.transaction() as transaction:
            lifetime = server.settings.code_flow.refresh_token_lifetime
            assert await rotate(RefreshTokens(transaction, lifetime), presented, now)
            await transaction.commit()
        return await rotate(store, presented, now)

    patch.setattr(RefreshTokens, "rotate", rotate_second)


async def test_who_loses_the_race_is_told_the_winners_successor(
    server: ServerUnderTest, tokens: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1, E4: to lose between the look and the rotation is to retry."""
    with monkeypatch.context() as patch:
        win_beside(server, patch)
        lost = await refresh(server, tokens["refresh_token"])

    retried = await refresh(server, tokens["refresh_token"])

    assert lost["refresh_token"] == retried["refresh_token"]
    assert (await refresh(server, lost["refresh_token"])).status == 200


async def test_a_grant_that_ends_between_the_look_and_the_rotation_gives_nothing(
    server: ServerUnderTest, tokens: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F6: the rotation itself looks at the grant."""
    rotate = RefreshTokens.rotate

    async def rotate_late(store: RefreshTokens, *arguments: object) -> str | None:
        await end_grant(server, tokens)
        return await rotate(store, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RefreshTokens, "rotate", rotate_late)

    answer = await refresh(server, tokens["refresh_token"])

    assert answer.refusal == (400, "invalid_grant")
    assert "refresh_reuse_detected" not in server.events.names


async def test_a_fault_after_the_rotation_leaves_the_token_as_it_was(
    server: ServerUnderTest, tokens: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D7: nothing lasts before the commit, so an honest retry rotates."""
    with monkeypatch.context() as broken:
        broken.setattr(TokenResponse, "with_member", partial(_fail, "with_member"))
        fault = await refresh(server, tokens["refresh_token"])

    answer = await refresh(server, tokens["refresh_token"])

    assert fault.refusal == (500, "server_error")
    assert answer.status == 200
    assert server.events.names.count("refresh_rotated") == 1


async def test_a_successor_that_cannot_be_opened_is_given_to_nobody(
    server: ServerUnderTest, tokens: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E4: then a retry is no proof of honesty."""
    current = await refresh(server, tokens["refresh_token"])
    monkeypatch.setattr(refresh_token, "unseal", lambda sealed, secret: None)

    retried = await refresh(server, tokens["refresh_token"])

    assert retried.refusal == (400, "invalid_grant")
    assert (await refresh(server, current["refresh_token"])).refusal == (400, "invalid_grant")


async def test_a_refresh_without_a_token_is_malformed(server: ServerUnderTest, people: None) -> None:
    """RFC 6749 §6."""
    assert (await server.token(grant_type="refresh_token")).refusal == (400, "invalid_request")


@pytest.fixture
async def strict(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A server on which a lost answer is a lost session."""
    async with serving(database_url, code_flow={"refresh_token_grace": 0}) as running:
        await add_everybody(running)
        yield running


async def test_without_a_grace_a_retry_is_reuse(strict: ServerUnderTest) -> None:
    """E4: 0 is strict."""
    tokens = await obtain_tokens(strict)
    current = await refresh(strict, tokens["refresh_token"])

    retried = await refresh(strict, tokens["refresh_token"])

    assert retried.refusal == (400, "invalid_grant")
    assert (await refresh(strict, current["refresh_token"])).refusal == (400, "invalid_grant")


async def test_without_a_grace_who_loses_the_race_ends_the_family(
    strict: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E4, F2: 0 is strict, in a race as well."""
    tokens = await obtain_tokens(strict)
    win_beside(strict, monkeypatch)

    lost = await refresh(strict, tokens["refresh_token"])

    assert lost.refusal == (400, "invalid_grant")
    assert not await is_alive(strict, tokens)


async def test_without_a_grace_of_parallel_refreshes_one_wins_and_its_family_ends(
    strict: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1, F2: also when every loser looked at the clock before the winner."""
    tokens = await obtain_tokens(strict)
    ticks, now = iter(range(1_000_000)), strict.clock()
    with monkeypatch.context() as backwards:
        backwards.setattr(Clock, "__call__", lambda _: now - timedelta(milliseconds=next(ticks)))
        answers = await asyncio.gather(*(refresh(strict, tokens["refresh_token"]) for _ in range(20)))

    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1
    assert (await refresh(strict, won[0]["refresh_token"])).refusal == (400, "invalid_grant")


@pytest.fixture
async def steady(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A server that does not rotate."""
    async with serving(database_url, code_flow={"refresh_token_rotation": False}) as running:
        await add_everybody(running)
        yield running


async def test_without_rotation_a_confidential_client_keeps_its_token(steady: ServerUnderTest) -> None:
    """E4: the same one is returned, as often as it is used."""
    tokens = await obtain_tokens(steady)

    answers = [await refresh(steady, tokens["refresh_token"]) for _ in range(3)]

    assert {answer["refresh_token"] for answer in answers} == {tokens["refresh_token"]}
    assert "refresh_rotated" not in steady.events.names


async def test_without_rotation_an_ended_grant_is_over_all_the_same(steady: ServerUnderTest) -> None:
    """F8, and expiry as well."""
    tokens, ended = await obtain_tokens(steady), await obtain_tokens(steady)
    await end_grant(steady, ended)

    assert (await refresh(steady, ended["refresh_token"])).refusal == (400, "invalid_grant")
    steady.clock.advance(14 * DAY)
    assert (await refresh(steady, tokens["refresh_token"])).refusal == (400, "invalid_grant")


async def test_a_public_client_rotates_whatever_the_setting_says(steady: ServerUnderTest) -> None:
    """RFC 9700 §2.2.2: without rotation nothing would show that a bearer token of a public client was stolen."""
    tokens = await obtain_tokens(steady, "app")
    current = await refresh(steady, tokens["refresh_token"], "app")
    steady.clock.advance(60)

    reused = await refresh(steady, tokens["refresh_token"], "app")

    assert current["refresh_token"] != tokens["refresh_token"]
    assert reused.refusal == (400, "invalid_grant")
    assert (await refresh(steady, current["refresh_token"], "app")).refusal == (400, "invalid_grant")


async def test_what_was_rotated_once_stays_superseded_when_rotation_goes_off(
    server: ServerUnderTest, tokens: Answer, database_url: str
) -> None:
    """F2: switching a setting makes no old token good."""
    await refresh(server, tokens["refresh_token"])
    server.clock.advance(61)

    async with serving(database_url, code_flow={"refresh_token_rotation": False}) as steady:
        steady.secrets.update(server.secrets)
        steady.clock.now = server.clock()
        answer = await refresh(steady, tokens["refresh_token"])

    assert answer.refusal == (400, "invalid_grant")


async def test_the_successor_is_kept_so_that_only_the_presented_token_opens_it(
    server: ServerUnderTest, tokens: Answer
) -> None:
    """E4, K8."""
    current = await refresh(server, tokens["refresh_token"])

    async with server.database.transaction() as transaction:
        family = await RefreshTokens(transaction, server.settings.code_flow.refresh_token_lifetime).find(
            tokens["refresh_token"]
        )
    assert family is not None
    assert family.sealed is not None
    assert unseal(family.sealed, tokens["refresh_token"]) == current["refresh_token"]
    assert unseal(family.sealed, current["refresh_token"]) is None
    assert current["refresh_token"][43:].encode() not in family.sealed


async def end_grant(server: ServerUnderTest, tokens: Answer) -> None:
    async with server.database.transaction() as transaction:
        await Grants(transaction).end(read_claims(tokens["access_token"])["grant_id"], server.clock())
        await transaction.commit()


def _fail(what: str, *arguments: object, **named: object) -> None:
    raise RuntimeError(f"{what} failed")
