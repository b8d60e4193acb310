"""The authorization code grant: what a code is bound to, and what does not spend it (RFC 6749 §4.1.3)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ...core.events import Event
from ...core.grant import Authentication
from ...core.secrets import digest
from ...endpoints import token
from ...endpoints.render import render_json
from ...grants import granted_tokens
from ...grants.issuing import TokenIssuer
from ...policy.consent import Consent
from ...policy.principals import Principals
from ...stores.authorization_codes import AuthorizationCodes
from ...stores.grants import Grants
from ...stores.refresh_tokens import RefreshTokens
from ..harness import ISSUER, EventLog, ServerUnderTest, serving
from ..people import VERIFIER, add_person, is_alive, obtain_code, obtain_tokens, read_claims, redeem, refresh

Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
async def ada(server: ServerUnderTest) -> str:
    """Ada's subject. There are two confidential clients and a public one."""
    await server.add_client("web")
    await server.add_client("other")
    await server.add_client("app", token_endpoint_auth_method="none")
    return await add_person(server)


async def test_a_code_buys_an_access_token_for_the_person_who_allowed_it(server: ServerUnderTest, ada: str) -> None:
    """E2, RFC 9068 §2.2: it names who, whose, for whom, since when and by which authorization."""
    signed_in = int(server.clock().timestamp())
    code = await obtain_code(server, scope="notes:read")
    server.clock.advance(10)

    answer = await redeem(server, code)

    claims = read_claims(answer["access_token"])
    assert answer["scope"] == claims["scope"] == "notes:read"
    assert (claims["sub"], claims["client_id"]) == (ada, "web")
    assert (claims["iss"], claims["aud"]) == (ISSUER, ISSUER)
    assert (claims["auth_time"], claims["iat"], claims["exp"]) == (signed_in, signed_in + 10, signed_in + 910)
    assert await is_alive(server, answer)


async def test_a_code_is_good_until_its_last_second(server: ServerUnderTest, ada: str) -> None:
    """K2: sixty seconds, and not one more."""
    early, late = await obtain_code(server), await obtain_code(server)

    server.clock.advance(59)
    in_time = await redeem(server, early)
    server.clock.advance(1)
    too_late = await redeem(server, late)

    assert in_time.status == 200
    assert too_late.refusal == (400, "invalid_grant")


REDIRECTS = [
    "https://client.example/callback/",
    "https://client.example/callback?x=1",
    "https://CLIENT.example/callback",
]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        *(({"redirect_uri": uri}, "invalid_grant") for uri in REDIRECTS),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": VERIFIER + "x"}, "invalid_grant"),
        ({"code_verifier": "too-short"}, "invalid_request"),
        ({"code_verifier": "x" * 129}, "invalid_request"),
        ({"code_verifier": VERIFIER[:-1] + "é"}, "invalid_request"),
    ],
)
async def test_a_code_is_bound_to_its_redirect_uri_and_its_verifier_and_a_refusal_spends_nothing(
    server: ServerUnderTest, ada: str, changes: dict[str, str], error: str
) -> None:
    """K4, K6, D7: an honest retry succeeds and is no replay."""
    code = await obtain_code(server)

    refused = await redeem(server, code, **changes)
    honest = await redeem(server, code)

    assert refused.refusal == (400, error)
    assert honest.status == 200
    assert await is_alive(server, honest)
    assert "token_revoked" not in server.events.names


async def test_the_challenge_is_not_its_own_verifier(server: ServerUnderTest, ada: str) -> None:
    """K4: nobody falls back to `plain`."""
    code = await obtain_code(server, code_challenge=VERIFIER[:43], code_challenge_method="S256")

    assert (await redeem(server, code, code_verifier=VERIFIER[:43])).refusal == (400, "invalid_grant")


async def test_a_verifier_for_a_code_without_a_challenge_is_a_downgrade(database_url: str) -> None:
    """K4, RFC 9700 §4.8.2: somebody took the challenge out of the request on its way."""
    async with serving(database_url, code_flow={"require_pkce": False}) as server:
        await server.add_client("web")
        await add_person(server)
        code = await obtain_code(server, code_challenge=None, code_challenge_method=None)

        downgraded = await redeem(server, code)
        honest = await redeem(server, code, code_verifier="")

    assert downgraded.refusal == (400, "invalid_grant")
    assert honest.status == 200


async def test_a_code_must_be_there(server: ServerUnderTest, ada: str) -> None:
    """RFC 6749 §4.1.3: missing is malformed, wrong is not good."""
    assert (await redeem(server, "")).refusal == (400, "invalid_request")
    assert (await redeem(server, "unknown")).refusal == (400, "invalid_grant")


async def test_a_foreign_an_expired_and_a_replayed_code_look_unknown(server: ServerUnderTest, ada: str) -> None:
    """E6, K1: whoever guesses learns nothing from the answer."""
    unknown = await redeem(server, "unknown")
    foreign = await redeem(server, await obtain_code(server), "other")
    replayed = await obtain_code(server)
    await redeem(server, replayed)
    replay = await redeem(server, replayed)
    old = await obtain_code(server)
    server.clock.advance(60)
    expired = await redeem(server, old)

    assert foreign.body == expired.body == replay.body == unknown.body


@pytest.mark.parametrize("client", ["other", "app"])
async def test_another_client_cannot_end_what_a_code_bought(server: ServerUnderTest, ada: str, client: str) -> None:
    """K1: a replay is only one if it comes from the client that the code was for."""
    code = await obtain_code(server)
    bought = await redeem(server, code)

    replay = await redeem(server, code, client)

    assert replay.refusal == (400, "invalid_grant")
    assert await is_alive(server, bought)


@pytest.mark.parametrize("changes", [{}, {"code_verifier": ""}, {"redirect_uri": "https://client.example/other"}])
async def test_a_replay_is_one_whatever_else_is_wrong_with_it(
    server: ServerUnderTest, ada: str, changes: dict[str, str]
) -> None:
    """K3: who stole a code seldom has its verifier. It is told to the audit log once."""
    code = await obtain_code(server)
    bought = await redeem(server, code)

    for _ in range(2):
        assert (await redeem(server, code, **changes)).refusal == (400, "invalid_grant")

    assert not await is_alive(server, bought)
    assert (await refresh(server, bought["refresh_token"])).refusal == (400, "invalid_grant")
    assert server.events.names.count("token_revoked") == 1


async def test_a_replay_after_the_sweep_still_ends_the_tokens(server: ServerUnderTest, ada: str) -> None:
    """K3, J3: a redeemed code is kept for as long as its grant."""
    code = await obtain_code(server)
    bought = await redeem(server, code)
    server.clock.advance(86_400)
    await server.authorization_server.purge()

    await redeem(server, code)

    assert (await refresh(server, bought["refresh_token"])).refusal == (400, "invalid_grant")


async def test_of_parallel_redemptions_on_two_nodes_one_wins_and_ends(
    server: ServerUnderTest, ada: str, database_url: str
) -> None:
    """K3, J2: the database decides, not the process."""
    code = await obtain_code(server)
    async with serving(database_url) as other:
        other.secrets.update(server.secrets)
        answers = await asyncio.gather(*(redeem(node, code) for node in (server, other) for _ in range(10)))

    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1
    assert not await is_alive(server, won[0])


async def _fail(*_: object, **__: object) -> Any:
    raise RuntimeError("a fault downstream")


def _break_rendering(patch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault downstream")

    patch.setattr(granted_tokens, "TokenResponse", fail)


FAULTS: Mapping[str, Break] = {
    "signing": lambda patch: patch.setattr(TokenIssuer, "issue", _fail),
    "the look at the person": lambda patch: patch.setattr(Principals, "is_active", _fail),
    "the redemption": lambda patch: patch.setattr(AuthorizationCodes, "redeem", _fail),
    "the refresh token": lambda patch: patch.setattr(RefreshTokens, "begin", _fail),
    "making the answer": _break_rendering,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_downstream_leaves_the_code_redeemable(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """K5, D7: once, and nothing of the failed attempt is told or kept."""
    code = await obtain_code(server)
    before = list(server.events.names)
    with monkeypatch.context() as patch:
        FAULTS[fault](patch)
        failed = await redeem(server, code)
    assert server.events.names == before

    answer = await redeem(server, code)

    assert failed.refusal == (500, "server_error")
    assert "fault" not in failed["error_description"]
    assert answer.status == 200
    assert await is_alive(server, answer)
    assert server.events.names.count("token_issued") == server.events.names.count("refresh_issued") == 1


async def test_a_commit_that_fails_leaves_the_code_redeemable(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K5: the last thing that can go wrong."""
    code = await obtain_code(server)
    async with server.database.transaction() as transaction:
        kind = type(transaction)
    with monkeypatch.context() as patch:
        patch.setattr(kind, "commit", _fail)
        failed = await redeem(server, code)

    answer = await redeem(server, code)

    assert failed.refusal == (500, "server_error")
    assert answer.status == 200


@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_request_that_is_cancelled_leaves_the_code_redeemable(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """K5: before or after the redemption, a worker that is stopped takes nothing along and holds no lock."""
    code = await obtain_code(server)
    stuck, usual = asyncio.Event(), AuthorizationCodes.redeem

    async def hang(store: AuthorizationCodes, *arguments: Any) -> bool:
        if place == "after":
            await usual(store, *arguments)
        stuck.set()
        await asyncio.sleep(60)
        return True

    with monkeypatch.context() as patch:
        patch.setattr(AuthorizationCodes, "redeem", hang)
        request = asyncio.create_task(redeem(server, code))
        await stuck.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    async with asyncio.timeout(5):
        answer = await redeem(server, code)
    assert answer.status == 200


async def test_a_failing_event_sink_breaks_nothing(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """K3: it is logged, and the tokens go out."""
    code = await obtain_code(server)
    monkeypatch.setattr(EventLog, "emit", _fail)

    answer = await redeem(server, code)

    assert answer.status == 200
    assert "the event sink failed on token_issued" in caplog.text


async def test_events_are_told_after_the_commit(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K3: a sink that looks finds what it was told of."""
    code = await obtain_code(server)
    seen: list[bool] = []

    async def look(_: EventLog, event: Event) -> None:
        async with server.database.transaction() as transaction:
            found = await AuthorizationCodes(transaction).find(digest(code))
            seen.append(found is not None and found.redeemed_at is not None)

    monkeypatch.setattr(EventLog, "emit", look)

    await redeem(server, code)

    assert seen == [True, True]


async def test_a_disabled_person_gets_no_tokens_and_the_code_is_not_spent(server: ServerUnderTest, ada: str) -> None:
    """F8: between the click and the exchange somebody may have left."""
    code = await obtain_code(server)
    async with server.database.transaction() as transaction:
        await Principals().disable("ada", transaction, now=server.clock())
        await transaction.commit()
    refused = await redeem(server, code)
    async with server.database.transaction() as transaction:
        await Principals().disable("ada", transaction, now=None)
        await transaction.commit()

    assert refused.refusal == (400, "invalid_grant")
    assert (await redeem(server, code)).status == 200


async def test_a_grant_that_ended_before_the_exchange_buys_nothing(server: ServerUnderTest, ada: str) -> None:
    """M1, K5: ending an app at once includes the code that is under way."""
    code = await obtain_code(server)
    async with server.database.transaction() as transaction:
        await Grants(transaction).end_all(ada, "web", server.clock())
        await transaction.commit()

    assert (await redeem(server, code)).refusal == (400, "invalid_grant")


async def test_a_grant_that_ends_between_the_look_and_the_redemption_buys_nothing(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F6: the redemption itself looks at the grant."""
    code = await obtain_code(server)
    usual = TokenIssuer.issue

    async def issue_late(issuer: TokenIssuer, **named: Any) -> str:
        async with server.database.transaction() as transaction:
            await Grants(transaction).end(named["grant_id"], server.clock())
            await transaction.commit()
        return await usual(issuer, **named)

    monkeypatch.setattr(TokenIssuer, "issue", issue_late)

    assert (await redeem(server, code)).refusal == (400, "invalid_grant")


async def test_a_refresh_token_needs_offline_access(server: ServerUnderTest, ada: str) -> None:
    """E4, OIDC Core §11: what the person was not asked for is not given."""
    online, offline = await obtain_tokens(server, scope="notes:read"), await obtain_tokens(server)

    assert "refresh_token" not in online.body
    assert "refresh_token" in offline.body
    assert server.events.names.count("refresh_issued") == 1


async def test_a_scope_in_the_exchange_widens_nothing(server: ServerUnderTest, ada: str) -> None:
    """F7, P8: RFC 6749 §4.1.3 knows no such parameter."""
    code = await obtain_code(server, scope="notes:read")

    answer = await redeem(server, code, scope="notes:read notes:write")

    assert answer["scope"] == read_claims(answer["access_token"])["scope"] == "notes:read"


async def test_a_public_client_needs_no_secret_but_its_verifier(server: ServerUnderTest, ada: str) -> None:
    """C1, D2."""
    code = await obtain_code(server, "app")

    without = await redeem(server, code, "app", code_verifier="")
    answer = await redeem(server, code, "app")

    assert without.refusal == (400, "invalid_grant")
    assert read_claims(answer["access_token"])["client_id"] == "app"


async def test_what_the_login_reached_is_told_and_kept_through_refresh(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H7, E2: from the original authentication, however long ago."""
    authenticate = Principals.authenticate

    async def authenticate_well(*arguments: Any, **named: Any) -> Authentication | None:
        reached = await authenticate(*arguments, **named)
        return reached and replace(reached, acr="urn:mfa")

    monkeypatch.setattr(Principals, "authenticate", authenticate_well)
    signed_in = int(server.clock().timestamp())

    tokens = await obtain_tokens(server)
    server.clock.advance(1_000)
    refreshed = await refresh(server, tokens["refresh_token"])

    for answer in (tokens, refreshed):
        claims = read_claims(answer["access_token"])
        assert (claims["acr"], claims["auth_time"]) == ("urn:mfa", signed_in)


async def test_claims_of_the_consent_policy_are_in_the_access_token(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N D4: and in those that a refresh buys."""
    monkeypatch.setattr(Consent, "claims", _answer({"tenant": "acme"}))

    tokens = await obtain_tokens(server)
    refreshed = await refresh(server, tokens["refresh_token"])

    assert read_claims(tokens["access_token"])["tenant"] == "acme"
    assert read_claims(refreshed["access_token"])["tenant"] == "acme"


async def test_a_consent_policy_that_names_the_subject_is_our_fault_and_issues_nothing(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E2: `sub` is the server's."""
    monkeypatch.setattr(Consent, "claims", _answer({"sub": "user_root"}))

    answer = await redeem(server, await obtain_code(server))

    assert answer.refusal == (500, "server_error")


async def test_the_endpoint_commits_what_a_grant_left_open(
    server: ServerUnderTest, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D7: the answer goes out only after the redemption lasts."""
    code, committed = await obtain_code(server), []
    usual = render_json

    def look(*arguments: Any, **further: Any) -> Any:
        committed.append(server.events.names.count("token_issued"))
        return usual(*arguments, **further)

    monkeypatch.setattr(token, "render_json", look)

    await redeem(server, code)

    assert committed == [1]


def _answer(value: Mapping[str, Any]) -> Callable[..., Awaitable[Mapping[str, Any]]]:
    async def answer(*_: object) -> Mapping[str, Any]:
        return value

    return answer
