"""The token endpoint for devices (RFC 8628 §3.4, §3.5): what each poll is told, and what a device code buys, once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from ....core.secrets import digest
from ....endpoints import token
from ....grants.issuing import TokenIssuer
from ....policy.principals import Principals
from ....stores.grants import Grants
from ....stores.refresh_tokens import RefreshTokens
from ....tests.harness import ISSUER, Answer, ServerUnderTest
from ....tests.people import Browser, is_alive, read_claims, refresh
from ..device_code import GRANT_TYPE, DeviceCode
from ..grant import DeviceCodeGrant
from ..store import DeviceCodes
from .devices import add_device, ask, enter, let_in, obtain_tokens, poll

Break = Callable[[pytest.MonkeyPatch], None]
PENDING, SLOW_DOWN = (400, "authorization_pending"), (400, "slow_down")


async def find(server: ServerUnderTest, asked: Answer) -> DeviceCode:
    """Return what is kept of a device code."""
    async with server.database.transaction() as transaction:
        code = await DeviceCodes(transaction).find(digest(asked["device_code"]))
    assert code is not None
    return code


async def poll_at(server: ServerUnderTest, asked: Answer, *seconds: float) -> list[str]:
    """Poll after each of these pauses; return what the device is told."""
    told = []
    for pause in seconds:
        server.clock.advance(pause)
        told.append((await poll(server, asked)).body.get("error", "tokens"))
    return told


async def test_a_device_code_buys_tokens_for_the_person_who_let_it_in(server: ServerUnderTest) -> None:
    """E2, RFC 8628 §3.5, RFC 9068 §2.2: they name who, whose, for whom, since when and by which authorization."""
    asked = await ask(server)
    signed_in = int(server.clock().timestamp())
    await let_in(server, asked)
    server.clock.advance(10)

    answer = await poll(server, asked)

    claims = read_claims(answer["access_token"])
    assert (answer.status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 900)
    assert answer["scope"] == claims["scope"] == "notes:read notes:write offline_access"
    assert (claims["sub"][:5], claims["client_id"], claims["iss"], claims["aud"]) == ("user_", "tv", ISSUER, ISSUER)
    assert (claims["auth_time"], claims["iat"]) == (signed_in, signed_in + 10)
    assert await is_alive(server, answer)
    assert (await refresh(server, answer["refresh_token"], "tv")).status == 200


async def test_what_is_issued_is_told(server: ServerUnderTest) -> None:
    """K3, E7: with the grant type, and the same grant throughout."""
    await obtain_tokens(server)

    approved, refresh_issued, issued = server.events.events[-3:]
    assert server.events.names[-3:] == ["device_approved", "refresh_issued", "token_issued"]
    assert approved.grant_id == refresh_issued.grant_id == issued.grant_id
    assert (issued.grant_type, issued.client_id, issued.token_type) == (GRANT_TYPE, "tv", "Bearer")


@pytest.mark.parametrize("form", [{"device_code": ""}, {"device_code": "unknown"}, {"device_code": "é" * 50}])
async def test_a_device_code_must_be_there(server: ServerUnderTest, form: dict[str, str]) -> None:
    """RFC 8628 §3.4: missing is malformed, wrong is not good."""
    answer = await server.token("tv", grant_type=GRANT_TYPE, **form)

    assert answer.refusal == (400, "invalid_grant" if form["device_code"] else "invalid_request")


async def test_whoever_keeps_to_the_interval_is_never_slowed_down(server: ServerUnderTest) -> None:
    """V6, RFC 8628 §3.5: nor whoever is early by what the way here takes."""
    asked = await ask(server)

    assert await poll_at(server, asked, 0, 5, 5, 4.6, 5.4, 300) == ["authorization_pending"] * 6
    assert (await find(server, asked)).interval == timedelta(seconds=5)


async def test_each_poll_that_comes_too_soon_adds_five_seconds_for_good(server: ServerUnderTest) -> None:
    """V6, RFC 8628 §3.5: "this and all subsequent requests", counted from the last one."""
    asked = await ask(server)

    told = await poll_at(server, asked, 0, 4, 9, 15, 14, 20, 20, 19)

    assert told == [
        "authorization_pending",
        "slow_down",  # 4 of 5 s: now 10
        "slow_down",  # 9 of 10 s: now 15
        "authorization_pending",
        "slow_down",  # 14 of 15 s: now 20
        "authorization_pending",
        "authorization_pending",
        "slow_down",  # 19 of 20 s: now 25
    ]
    assert (await find(server, asked)).interval == timedelta(seconds=25)


async def test_a_device_that_was_slowed_down_gets_its_tokens_at_once(server: ServerUnderTest) -> None:
    """RFC 8628 §3.5: it is told to slow down only while the request is pending."""
    asked = await ask(server)
    assert await poll_at(server, asked, 0, 0, 0) == ["authorization_pending", "slow_down", "slow_down"]
    await let_in(server, asked)

    assert await poll_at(server, asked, 0) == ["tokens"]


async def test_the_audit_log_hears_of_denials_and_not_of_waiting(server: ServerUnderTest) -> None:
    """K3, E7: a device asks a hundred times while somebody looks for their telephone."""
    asked = await ask(server)
    await poll_at(server, asked, 0, 5, 5, 1, 700)

    denied = [event.result for event in server.events.events if event.name == "token_denied"]
    assert denied == ["slow_down", "expired_token"]


async def test_polls_of_two_devices_do_not_count_together(server: ServerUnderTest) -> None:
    """V6: although they run the same client behind the same address."""
    first, second = await ask(server), await ask(server)

    assert (await poll(server, first)).refusal == PENDING
    assert (await poll(server, second)).refusal == PENDING
    assert (await poll(server, first)).refusal == SLOW_DOWN


async def test_an_answer_that_crosses_a_poll_is_told_at_the_next_one(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8628 §3.5: the person clicks while the device asks."""
    asked = await ask(server)
    poll_row = DeviceCodes.poll

    async def let_in_meanwhile(codes: DeviceCodes, code: DeviceCode, now: Any) -> timedelta | None:
        await let_in(server, asked)
        return await poll_row(codes, code, now)

    with monkeypatch.context() as crossed:
        crossed.setattr(DeviceCodes, "poll", let_in_meanwhile)
        crossing = await poll(server, asked)

    assert crossing.refusal == PENDING
    assert (await poll(server, asked)).status == 200


async def test_a_code_ends_when_the_device_was_told_it_would(server: ServerUnderTest) -> None:
    """V6, RFC 8628 §3.5: `expired_token`, whether somebody has answered or not."""
    silent, denied, allowed, in_time = [await ask(server) for _ in range(4)]
    await let_in(server, allowed)
    await let_in(server, in_time)
    browser = Browser(server)
    await browser.submit(await enter(browser, denied["user_code"]), "cancel")

    server.clock.advance(599)
    early = await poll(server, in_time)
    server.clock.advance(1)

    assert early.status == 200
    for asked in (silent, denied, allowed):
        assert (await poll(server, asked)).refusal == (400, "expired_token")


async def test_another_clients_guess_reveals_and_changes_nothing(server: ServerUnderTest) -> None:
    """V3, CVE-2026-55672: whatever state the code is in, it looks unknown; nobody is slowed down, nothing ends."""
    await add_device(server, "other")
    pending, allowed = await ask(server), await ask(server)
    tokens = await obtain_tokens(server)
    used = {"device_code": "unknown"}
    await let_in(server, allowed)
    unknown = await server.token("other", grant_type=GRANT_TYPE, **used)

    await poll(server, pending)
    guesses = [await poll(server, asked, "other") for asked in (pending, pending, allowed)]

    assert [guess.body for guess in guesses] == [unknown.body] * 3
    assert unknown.refusal == (400, "invalid_grant")
    assert (await find(server, pending)).interval == timedelta(seconds=5)
    server.clock.advance(5)
    assert (await poll(server, pending)).refusal == PENDING
    assert (await poll(server, allowed)).status == 200
    assert await is_alive(server, tokens)


async def test_another_clients_replay_ends_nothing(server: ServerUnderTest) -> None:
    """V3: or whoever saw a code once could end what it bought."""
    await add_device(server, "other")
    asked = await ask(server)
    await let_in(server, asked)
    tokens = await poll(server, asked)

    replay = await poll(server, asked, "other")

    assert replay.refusal == (400, "invalid_grant")
    assert await is_alive(server, tokens)
    assert "token_revoked" not in server.events.names


async def test_a_replayed_device_code_ends_what_it_bought(server: ServerUnderTest) -> None:
    """V6, D7 by analogy, RFC 6749 §4.1.2: two parties hold it, and we cannot tell which is the device."""
    asked = await ask(server)
    await let_in(server, asked)
    tokens = await poll(server, asked)
    server.clock.advance(700)

    replays = [await poll(server, asked) for _ in range(2)]

    assert [replay.refusal for replay in replays] == [(400, "invalid_grant")] * 2
    assert not await is_alive(server, tokens)
    assert (await refresh(server, tokens["refresh_token"], "tv")).refusal == (400, "invalid_grant")
    revoked = [event for event in server.events.events if event.name == "token_revoked"]
    assert [event.reason for event in revoked] == ["the device code was replayed"]


async def test_of_many_polls_at_once_one_gets_tokens_and_then_nobody_has_any(server: ServerUnderTest) -> None:
    """V6, K3 of the attacks by analogy, F1: ten side by side."""
    asked = await ask(server)
    await let_in(server, asked)

    answers = await asyncio.gather(*(poll(server, asked) for _ in range(10)))

    (tokens,) = [answer for answer in answers if answer.status == 200]
    assert {answer.refusal for answer in answers if answer is not tokens} == {(400, "invalid_grant")}
    assert not await is_alive(server, tokens)


async def test_scope_and_person_come_from_the_row(server: ServerUnderTest) -> None:
    """V4, DOT #1621: what a poll says of scope widens nothing."""
    asked = await ask(server, scope="notes:read")
    await let_in(server, asked)

    answer = await poll(server, asked, scope="notes:read notes:write", sub="user_other", username="bob")

    assert answer["scope"] == read_claims(answer["access_token"])["scope"] == "notes:read"


async def fail(*_: object, **__: object) -> None:
    raise RuntimeError("a fault")


BREAKS: dict[str, Break] = {
    "signing": lambda broken: broken.setattr(TokenIssuer, "issue", fail),
    "the refresh token": lambda broken: broken.setattr(RefreshTokens, "begin", fail),
    "consuming": lambda broken: broken.setattr(DeviceCodes, "consume", fail),
    "before the commit": lambda broken: broken.setattr(
        DeviceCodeGrant, "exchange", _then_fail(DeviceCodeGrant.exchange)
    ),
}


def _then_fail(exchange: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def run(*given: Any) -> None:
        await exchange(*given)
        raise RuntimeError("a fault")

    return run


@pytest.mark.parametrize("where", BREAKS)
async def test_a_fault_leaves_the_code_as_it_was(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """D7, K5: the device asks again, gets its tokens, and that is no replay."""
    asked = await ask(server)
    await let_in(server, asked)

    with monkeypatch.context() as broken:
        BREAKS[where](broken)
        failed = await poll(server, asked)
    honest = await poll(server, asked)

    assert failed.refusal == (500, "server_error")
    assert honest.status == 200
    assert await is_alive(server, honest)
    assert "token_revoked" not in server.events.names


async def test_an_answer_that_cannot_be_written_is_too_late_to_take_back(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D7: after the commit the tokens are issued; a second request is a replay."""
    asked = await ask(server)
    await let_in(server, asked)

    def broken_rendering(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    with monkeypatch.context() as broken:
        broken.setattr(token, "render_json", broken_rendering)
        failed = await poll(server, asked)

    assert failed.refusal == (500, "server_error")
    assert (await poll(server, asked)).refusal == (400, "invalid_grant")


async def test_whoever_was_disabled_meanwhile_gets_nothing(server: ServerUnderTest) -> None:
    """F8: the person is asked about at every issuance; enabled again, the code is as good as before."""
    asked = await ask(server)
    await let_in(server, asked)

    async def set_disabled(at: Any) -> None:
        async with server.database.transaction() as transaction:
            await Principals().disable("ada", transaction, now=at)
            await transaction.commit()

    await set_disabled(server.clock())
    refused = await poll(server, asked)
    await set_disabled(None)

    assert refused.refusal == (400, "invalid_grant")
    assert (await poll(server, asked)).status == 200


async def test_what_the_person_took_back_is_not_given(server: ServerUnderTest) -> None:
    """F8, M1: the grant ends between the answer and the next poll, or while that is answered."""
    asked = await ask(server)
    await let_in(server, asked)
    grant = (await find(server, asked)).grant
    assert grant is not None
    async with server.database.transaction() as transaction:
        await Grants(transaction).end(grant.id, server.clock())
        await transaction.commit()

    assert (await poll(server, asked)).refusal == (400, "invalid_grant")
    assert server.events.events[-1].reason == "the grant of the device code has ended"


async def test_no_refresh_token_for_a_client_that_may_not_use_it(server: ServerUnderTest) -> None:
    """E1, E4."""
    await add_device(server, "short", grant_types=frozenset({GRANT_TYPE}))

    assert "refresh_token" not in (await obtain_tokens(server, "short")).body


async def test_a_confidential_client_authenticates_when_it_polls(server: ServerUnderTest) -> None:
    """RFC 8628 §3.4, RFC 6749 §3.2.1."""
    asked = await ask(server, "web")
    await let_in(server, asked)

    without = await server.token(None, grant_type=GRANT_TYPE, client_id="web", device_code=asked["device_code"])

    assert without.refusal == (401, "invalid_client")
    assert (await poll(server, asked, "web")).status == 200


async def test_no_secret_of_a_device_is_told(server: ServerUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    """K3, C13: neither to the audit log nor to any other."""
    caplog.set_level("DEBUG")
    asked = await ask(server)
    await poll(server, asked)
    await let_in(server, asked)
    tokens = await poll(server, asked)
    await poll(server, asked)

    shown = asked["user_code"]
    secrets = [asked["device_code"], shown, shown.replace("-", ""), tokens["access_token"], tokens["refresh_token"]]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    for text in (*ours, *map(repr, server.events.events)):
        assert not [secret for secret in secrets if secret in text]
