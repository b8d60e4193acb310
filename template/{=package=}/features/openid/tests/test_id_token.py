"""ID tokens: who signed in, when and how, and for which tokens (E2, B4, C14, M6)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ....core.encoding import decode_base64url
from ....core.jose import left_half_hash, verify_jwt
from ....policy.claims import Claims
from ....policy.principals import Principals
from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.people import Browser, add_person, obtain_code, obtain_tokens, redeem
from ....tests.sqlite_server import serving_on_sqlite

ASKED = json.dumps({"id_token": {"email": None, "notes:read": None}, "userinfo": {"name": None}})


def header_of(token: str) -> dict[str, Any]:
    return json.loads(decode_base64url(token.partition(".")[0]))  # type: ignore[no-any-return]


async def read(server: ServerUnderTest, token: str, audience: str = "web") -> Mapping[str, Any]:
    """Return the claims as a client reads them: with the published keys, and everything checked."""
    ring, now = await server.authorization_server.server.keys.current(), server.clock()
    algorithm = header_of(token)["alg"]
    return verify_jwt(
        token,
        ring.verification_keys(now),
        typ="JWT",
        algorithms=(algorithm,),
        now=now,
        issuer=ISSUER,
        audience=audience,
        strict_audience=True,
        required=("sub", "iat"),
    )


async def test_the_id_token_says_who_signed_in_when_and_how(server: ServerUnderTest) -> None:
    """E2, OIDC Core §2: on each database."""
    subject = await add_person(server)
    await server.add_client()
    signed_in_at = int(server.clock().timestamp())
    code = await obtain_code(server, nonce="n-1")
    server.clock.advance(30)

    tokens = await redeem(server, code)

    claims = await read(server, tokens["id_token"])
    algorithm = header_of(tokens["id_token"])["alg"]
    assert dict(claims) == {
        "iss": ISSUER,
        "sub": subject,
        "aud": "web",
        "iat": signed_in_at + 30,
        "exp": signed_in_at + 930,
        "auth_time": signed_in_at,
        "nonce": "n-1",
        "amr": ["pwd"],
        "sid": claims["sid"],
        "at_hash": left_half_hash(tokens["access_token"], algorithm),
        "c_hash": left_half_hash(code, algorithm),
    }
    assert len(claims["sid"]) >= 16


async def test_a_session_keeps_its_sid_and_another_has_another() -> None:
    """E2: it names the session, not the token."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()
        browser = Browser(server)
        first = await browser.allow(await browser.sign_in(await browser.authorize()))
        server.clock.advance(10)
        second = await browser.allow(await browser.authorize())

        claims = [await read(server, (await redeem(server, page.code))["id_token"]) for page in (first, second)]
        elsewhere = await read(server, (await obtain_tokens(server))["id_token"])

        assert claims[0]["sid"] == claims[1]["sid"] != elsewhere["sid"]
        assert claims[0]["auth_time"] == claims[1]["auth_time"]


async def test_the_acr_that_was_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """E2, H7."""
    authenticate = Principals.authenticate

    async def with_acr(self: Principals, *arguments: Any, **named: Any) -> Any:
        found = await authenticate(self, *arguments, **named)
        return found and replace(found, acr="phr", amr=("hwk", "pin"))

    monkeypatch.setattr(Principals, "authenticate", with_acr)
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()

        claims = await read(server, (await obtain_tokens(server))["id_token"])

        assert (claims["acr"], claims["amr"]) == ("phr", ["hwk", "pin"])


async def test_without_openid_there_is_no_id_token() -> None:
    """OIDC Core §3.1.2.1: it is a plain OAuth request then."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()

        tokens = await obtain_tokens(server, scope="profile offline_access")
        refreshed = await server.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

        assert "id_token" not in tokens.body
        assert refreshed.status == 200
        assert "id_token" not in refreshed.body


async def test_a_refreshed_id_token_is_of_the_same_sign_in_and_without_nonce() -> None:
    """OIDC Core §12.2: same iss, sub, aud and auth_time; at_hash of the new token, no c_hash."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()
        tokens = await obtain_tokens(server)
        server.clock.advance(600)

        refreshed = await server.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

        before, after = await read(server, tokens["id_token"]), await read(server, refreshed["id_token"])
        for name in ("iss", "sub", "aud", "auth_time", "sid", "amr"):
            assert after[name] == before[name]
        assert after["iat"] == before["iat"] + 600
        assert after["at_hash"] == left_half_hash(refreshed["access_token"], "ES256") != before["at_hash"]
        assert not {"nonce", "c_hash"} & after.keys()


async def test_a_refresh_narrowed_below_openid_brings_no_id_token() -> None:
    """RFC 6749 §6, OIDC Core §12.2."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()
        tokens = await obtain_tokens(server)

        narrowed = await server.token(
            grant_type="refresh_token", refresh_token=tokens["refresh_token"], scope="notes:read"
        )

        assert narrowed.status == 200
        assert "id_token" not in narrowed.body


async def test_each_client_gets_the_algorithm_that_it_registered() -> None:
    """B4, M6: hashes are made with it too; access tokens are signed with the server's first whatever it is."""
    async with serving_on_sqlite(signing_algorithms=("ES256", "RS256", "EdDSA")) as server:
        await add_person(server)
        for algorithm in (None, "ES256", "RS256", "EdDSA"):
            client_id = f"client-{algorithm}"
            metadata = {"id_token_signed_response_alg": algorithm} if algorithm else {}
            await server.add_client(client_id, metadata=metadata)

            tokens = await obtain_tokens(server, client_id)

            assert header_of(tokens["id_token"])["alg"] == (algorithm or "ES256")
            assert header_of(tokens["id_token"])["typ"] == "JWT"
            assert header_of(tokens["access_token"])["alg"] == "ES256"
            claims = await read(server, tokens["id_token"], client_id)
            assert claims["at_hash"] == left_half_hash(tokens["access_token"], algorithm or "ES256")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES512", ""])
async def test_an_algorithm_that_is_not_offered_is_never_signed_with(algorithm: str) -> None:
    """C14, B4: no ID token rather than one of another kind; the code is not spent."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client(metadata={"id_token_signed_response_alg": algorithm})
        code = await obtain_code(server)

        answers = [await redeem(server, code) for _ in range(2)]

        assert [answer.refusal for answer in answers] == [(400, "invalid_request")] * 2


async def test_only_claims_that_were_asked_for_by_name_are_in_it() -> None:
    """OIDC Core §5.4, §5.5: scopes are answered at UserInfo; asking reaches no further than the scope does."""
    async with serving_on_sqlite(openid={"claims_parameter": True}) as server:
        await add_person(server)
        await server.add_client()

        plain = await read(server, (await obtain_tokens(server))["id_token"])
        asked = await read(server, (await obtain_tokens(server, claims=ASKED))["id_token"])
        beyond = await read(server, (await obtain_tokens(server, claims=ASKED, scope="openid"))["id_token"])

        assert not {"name", "email", "email_verified", "preferred_username"} & plain.keys()
        assert asked["email"] == "ada@example.org"
        assert not {"name", "notes:read"} & asked.keys()
        assert "email" not in beyond


async def test_claims_that_were_asked_for_are_in_refreshed_tokens_too() -> None:
    """N: the claims request travels into the refresh family."""
    async with serving_on_sqlite(openid={"claims_parameter": True}) as server:
        await add_person(server)
        await server.add_client()
        tokens = await obtain_tokens(server, claims=ASKED)

        refreshed = await server.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

        assert (await read(server, refreshed["id_token"]))["email"] == "ada@example.org"


@pytest.mark.parametrize("claim", ["sub", "iss", "aud", "exp", "nonce", "at_hash", "amr", "sid", "azp"])
async def test_a_policy_cannot_set_what_only_the_server_says(claim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """E2, E6: a fault of ours, told to nobody; the code is not spent, so a mended policy serves the retry."""
    async with serving_on_sqlite(openid={"claims_parameter": True}) as server:
        await add_person(server)
        await server.add_client()
        code = await obtain_code(server, claims=ASKED)

        async def forge(*arguments: object) -> Mapping[str, Any]:
            return {claim: "evil"}

        with monkeypatch.context() as patched:
            patched.setattr(Claims, "release", forge)
            refused = await redeem(server, code)
        mended = await redeem(server, code)

        assert refused.refusal == (500, "server_error")
        assert "evil" not in str(refused.body)
        assert mended.status == 200
