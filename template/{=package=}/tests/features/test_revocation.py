"""Revocation: a client hands back a token, and the whole authorization ends (RFC 7009)."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import datetime

import pytest

from ...core.access_token import TYPE
from ...core.jose import sign_jwt
from ...stores.grants import Grants
from ..harness import Answer, ServerUnderTest
from ..people import add_person, is_alive, obtain_code, obtain_tokens, read_claims, redeem, refresh


@pytest.fixture
async def tokens(server: ServerUnderTest) -> Answer:
    """What ada's authorization bought the client `web`; there are another and a public one."""
    await add_person(server)
    await server.add_client("web")
    await server.add_client("other")
    await server.add_client("app", token_endpoint_auth_method="none")
    return await obtain_tokens(server)


async def revoke(server: ServerUnderTest, token: str, client: str | None = "web", **form: str) -> Answer:
    """Hand back a token; a good answer is empty and must not be kept."""
    answer = await server.post("revoke", client, token=token, **form)
    assert answer.headers["cache-control"] == "no-store"
    return answer


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_either_token_ends_the_whole_authorization(server: ServerUnderTest, tokens: Answer, kind: str) -> None:
    """H1, F9, DOT #746: its refresh tokens, superseded ones too, and its access tokens."""
    current = await refresh(server, tokens["refresh_token"])

    answer = await revoke(server, current[kind])

    assert (answer.status, answer.body) == (200, {})
    assert not await is_alive(server, tokens)
    for each in (tokens, current):
        assert (await refresh(server, each["refresh_token"])).refusal == (400, "invalid_grant")


async def test_a_superseded_refresh_token_can_be_handed_back(server: ServerUnderTest, tokens: Answer) -> None:
    """H1: a client that lost an answer knows no newer one."""
    await refresh(server, tokens["refresh_token"])

    await revoke(server, tokens["refresh_token"])

    assert not await is_alive(server, tokens)


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "saml2", "\u00e9"])
async def test_the_hint_is_only_a_hint(server: ServerUnderTest, tokens: Answer, hint: str) -> None:
    """N2, RFC 7009 §2.1: a wrong or unknown one changes nothing."""
    assert (await revoke(server, tokens["refresh_token"], token_type_hint=hint)).status == 200
    assert not await is_alive(server, tokens)


@pytest.mark.parametrize("thief", ["other", "app"])
@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_no_client_can_revoke_what_is_anothers(
    server: ServerUnderTest, tokens: Answer, kind: str, thief: str
) -> None:
    """N1, H1, DOT #727: and it is told nothing of what it found."""
    answer = await revoke(server, tokens[kind], thief)

    assert (answer.status, answer.body) == (200, {})
    assert await is_alive(server, tokens)
    assert "token_revoked" not in server.events.names


UNKNOWN = ["unknown", "a.b.c", "..", "None", "' OR 1=1 --", "x" * 5_000, "é", "null", "\u2028"]


@pytest.mark.parametrize("token", UNKNOWN)
async def test_an_unknown_token_is_answered_like_a_known_one(
    server: ServerUnderTest, tokens: Answer, token: str
) -> None:
    """N3, RFC 7009 §2.2: nobody learns what exists."""
    answer = await revoke(server, token)

    assert (answer.status, answer.body) == (200, {})
    assert await is_alive(server, tokens)


async def test_handing_back_twice_is_fine_and_told_once(server: ServerUnderTest, tokens: Answer) -> None:
    """RFC 7009 §2.2: also at the same time."""
    answers = await asyncio.gather(*(revoke(server, tokens["refresh_token"]) for _ in range(8)))

    (event,) = [event for event in server.events.events if event.name == "token_revoked"]
    assert {answer.status for answer in answers} == {200}
    assert (event.client_id, event.client_ip) == ("web", "127.0.0.1")
    assert event.subject == read_claims(tokens["access_token"])["sub"]


async def test_an_end_that_somebody_else_was_faster_with_is_not_told_again(
    server: ServerUnderTest, tokens: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K3: one end is one event."""
    usual = Grants.end

    async def end_second(grants: Grants, grant_id: str, now: datetime) -> bool:
        async with server.database.transaction() as transaction:
            await usual(Grants(transaction), grant_id, now)
            await transaction.commit()
        return await usual(grants, grant_id, now)

    monkeypatch.setattr(Grants, "end", end_second)

    assert (await revoke(server, tokens["refresh_token"])).status == 200
    assert "token_revoked" not in server.events.names


async def test_a_revoked_token_gets_no_grace(server: ServerUnderTest, tokens: Answer) -> None:
    """F3, DOT #1816: a retry inside the grace brings nothing back."""
    current = await refresh(server, tokens["refresh_token"])
    await revoke(server, current["refresh_token"])

    assert (await refresh(server, tokens["refresh_token"])).refusal == (400, "invalid_grant")


async def test_other_authorizations_live_on(server: ServerUnderTest, tokens: Answer) -> None:
    """H1: the same person and client, asked another time."""
    another = await obtain_tokens(server)

    await revoke(server, tokens["refresh_token"])

    assert await is_alive(server, another)
    assert (await refresh(server, another["refresh_token"])).status == 200


async def test_a_public_client_hands_back_its_own(server: ServerUnderTest, tokens: Answer) -> None:
    """H1, N C1: `none` is accepted here."""
    own = await obtain_tokens(server, "app")

    answer = await revoke(server, own["refresh_token"], "app")

    assert answer.status == 200
    assert not await is_alive(server, own)


async def test_who_does_not_authenticate_revokes_nothing(server: ServerUnderTest, tokens: Answer) -> None:
    """C1, RFC 7009 §2.1: a leaked token alone must not end anything; the answer has its challenge."""
    secret = server.secrets["web"]
    answers = [await revoke(server, tokens["refresh_token"], None), await revoke(server, "x", "nobody")]
    for wrong in ("wrong", None):
        server.secrets["web"] = wrong or ""
        answers.append(await revoke(server, tokens["refresh_token"]))
    server.secrets["web"] = secret

    assert {answer.refusal for answer in answers} == {(401, "invalid_client")}
    assert all(answer.headers["www-authenticate"].startswith("Basic ") for answer in answers)
    assert await is_alive(server, tokens)


async def test_a_token_must_be_there(server: ServerUnderTest, tokens: Answer) -> None:
    """RFC 7009 §2.1."""
    assert (await revoke(server, "")).refusal == (400, "invalid_request")


async def test_a_token_that_no_grant_stands_behind_cannot_be_revoked(server: ServerUnderTest, tokens: Answer) -> None:
    """RFC 7009 §2.2.1: the owner is told so, and others nothing."""
    own = await server.token(grant_type="client_credentials", scope="notes:read")

    assert (await revoke(server, own["access_token"])).refusal == (400, "unsupported_token_type")
    assert (await revoke(server, own["access_token"], "other")).status == 200


async def test_a_forged_an_expired_and_another_kind_of_jwt_revoke_nothing(
    server: ServerUnderTest, tokens: Answer
) -> None:
    """J5, A3: the grant's id is no secret, so only a signed access token of ours may name it."""
    claims = read_claims(tokens["access_token"])
    header, _, signature = tokens["access_token"].split(".")
    none = urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    payload = tokens["access_token"].split(".")[1]
    key = (await server.authorization_server.server.keys.current()).signing_key("ES256", server.clock())
    now = int(server.clock().timestamp())
    forged = [
        f"{none}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        await sign_jwt(key, claims, typ="JWT"),
        await sign_jwt(key, {**claims, "iss": "https://evil.example"}, typ=TYPE),
        await sign_jwt(key, {**claims, "exp": now - 3_600}, typ=TYPE),
    ]

    answers = [await revoke(server, each) for each in forged]

    assert {answer.status for answer in answers} == {200}
    assert await is_alive(server, tokens)


async def test_the_endpoint_answers_post_only_and_reads_forms_only(server: ServerUnderTest, tokens: Answer) -> None:
    """P1, P2, P7, D8."""
    path = server.authorization_server.server.urls.path("revoke")
    token, auth = tokens["refresh_token"], ("web", server.secrets["web"])

    got = await server.http.get(path, auth=auth)
    in_query = await server.http.post(f"{path}?token={token}", data={"token": token}, auth=auth)
    as_json = await server.http.post(path, json={"token": token}, auth=auth)
    twice = await server.http.post(path, data={"token": [token, token]}, auth=auth)

    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert {response.status_code for response in (in_query, as_json, twice)} == {400}
    assert await is_alive(server, tokens)


async def test_the_endpoint_is_advertised_with_its_methods(server: ServerUnderTest) -> None:
    """N B2, RFC 8414 §2: those of the token endpoint."""
    metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

    assert metadata["revocation_endpoint"].endswith("/revoke")
    assert metadata["revocation_endpoint_auth_methods_supported"] == metadata["token_endpoint_auth_methods_supported"]


async def test_a_code_under_way_is_not_hurt_by_the_end_of_another(server: ServerUnderTest, tokens: Answer) -> None:
    """H1: only what descends from the same authorization."""
    code = await obtain_code(server)

    await revoke(server, tokens["access_token"])

    assert (await redeem(server, code)).status == 200
