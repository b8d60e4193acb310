"""UserInfo: what a client may know, of whom, with which token (H8, A3, I1)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ....core.encoding import decode_base64url
from ....core.jose import sign_jwt
from ....endpoints.routing import EndpointDispatcher
from ....grants.issuing import AudienceRule
from ....policy.claims import Claims
from ....policy.principals import Principals
from ....stores.grants import Grants
from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.people import add_person, obtain_tokens
from ....tests.sqlite_server import serving_on_sqlite
from ....tests.userinfo import userinfo
from ..claims import ClaimRelease
from ..userinfo import UserInfoEndpoint

PATH = "/oauth/userinfo"


async def prepare(server: ServerUnderTest, **changes: Any) -> tuple[str, str]:
    """Have ada sign in at a client; return her subject and an access token."""
    subject = await add_person(server)
    await server.add_client()
    return subject, (await obtain_tokens(server, **changes))["access_token"]


def claims_of(token: str) -> dict[str, Any]:
    return json.loads(decode_base64url(token.split(".")[1]))  # type: ignore[no-any-return]


async def sign(server: ServerUnderTest, claims: Mapping[str, Any], typ: str = "at+jwt") -> str:
    """Sign `claims` with the server's own key."""
    ring = await server.authorization_server.server.keys.current()
    return await sign_jwt(ring.signing_key("ES256", server.clock()), claims, typ=typ)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return status and error, which the challenge and the body must both name."""
    error: str = response.json()["error"]
    assert f'error="{error}"' in response.headers["www-authenticate"]
    return response.status_code, error


async def test_each_scope_opens_what_it_stands_for(server: ServerUnderTest) -> None:
    """H8, OIDC Core §5.4: `sub` is the token's; on each database."""
    subject = await add_person(server)
    await server.add_client()
    claims = {
        "openid": {"sub": subject},
        "openid profile": {"sub": subject, "name": "ada", "preferred_username": "ada"},
        "openid email": {"sub": subject, "email": "ada@example.org", "email_verified": False},
    }

    for scope, expected in claims.items():
        tokens = await obtain_tokens(server, scope=scope)
        response = await userinfo(server, tokens["access_token"])

        assert (response.status_code, response.json()) == (200, expected)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "application/json"


async def test_the_token_may_stand_in_the_header_or_in_a_form() -> None:
    """H8, RFC 6750 §2.1, §2.2."""
    async with serving_on_sqlite() as server:
        subject, token = await prepare(server)
        header = {"Authorization": f"Bearer {token}"}

        answers = [
            await server.http.get(PATH, headers=header),
            await server.http.head(PATH, headers=header),
            await server.http.post(PATH, headers=header),
            await server.http.post(PATH, data={"access_token": token}),
            await server.http.get(PATH, headers={"authorization": f"bearer {token}"}),
        ]

        assert [answer.status_code for answer in answers] == [200] * 5
        assert answers[3].json() == answers[0].json()
        assert answers[0].json()["sub"] == subject


async def test_the_token_stands_nowhere_else_and_once() -> None:
    """RFC 6750 §2, §3.1; RFC 9700 §4.3.2: never in a URL, never twice."""
    async with serving_on_sqlite() as server:
        _, token = await prepare(server)
        header = {"Authorization": f"Bearer {token}"}

        refused = [
            await server.http.get(PATH, params={"access_token": token}),
            await server.http.get(PATH, params={"access_token": token}, headers=header),
            await server.http.post(PATH, data={"access_token": token}, headers=header),
            await server.http.get(PATH, headers=[("Authorization", f"Bearer {token}")] * 2),
        ]
        json_body = await server.http.post(PATH, json={"access_token": token})

        assert [refusal(answer) for answer in refused] == [(400, "invalid_request")] * 4
        assert json_body.status_code == 401


async def test_without_a_token_the_challenge_names_no_error() -> None:
    """RFC 6750 §3.1: but the scope that would do."""
    async with serving_on_sqlite(realm="the realm") as server:
        for method in ("GET", "POST"):
            response = await server.http.request(method, PATH)

            assert response.status_code == 401
            challenge = response.headers["www-authenticate"]
            assert challenge.startswith('Bearer realm="the realm", scope="openid"')
            assert "error" not in challenge
            assert response.headers["cache-control"] == "no-store"


async def test_another_scheme_is_no_token() -> None:
    """RFC 6750 §2.1."""
    async with serving_on_sqlite() as server:
        response = await server.http.get(PATH, auth=("web", "secret"))

        assert response.status_code == 401
        assert "error=" not in response.headers["www-authenticate"]


async def test_without_openid_the_token_does_not_reach_this_far() -> None:
    """H8, N: 403 insufficient_scope, and the challenge says which scope would."""
    async with serving_on_sqlite() as server:
        _, token = await prepare(server, scope="profile email notes:read")

        response = await userinfo(server, token)

        assert refusal(response) == (403, "insufficient_scope")
        assert 'scope="openid"' in response.headers["www-authenticate"]


async def test_a_token_ends_with_its_authorization(server: ServerUnderTest) -> None:
    """D7, H1: at once, though it verifies for a while; on each database."""
    _, token = await prepare(server)
    async with server.database.transaction() as transaction:
        await Grants(transaction).end(claims_of(token)["grant_id"], server.clock())
        await transaction.commit()

    assert refusal(await userinfo(server, token)) == (401, "invalid_token")


async def test_nothing_is_told_of_a_person_who_was_disabled(server: ServerUnderTest) -> None:
    """F8: and it is told again when they are back; on each database."""
    _, token = await prepare(server)

    async def disable(at: Any) -> None:
        async with server.database.transaction() as transaction:
            await Principals().disable("ada", transaction, now=at)
            await transaction.commit()

    await disable(server.clock())
    gone = await userinfo(server, token)
    await disable(None)

    assert refusal(gone) == (401, "invalid_token")
    assert (await userinfo(server, token)).status_code == 200


async def test_an_expired_token_opens_nothing() -> None:
    """K2, RFC 6750 §3.1."""
    async with serving_on_sqlite(access_token_lifetime=60) as server:
        _, token = await prepare(server)
        server.clock.advance(71)

        assert refusal(await userinfo(server, token)) == (401, "invalid_token")


async def test_an_id_token_is_no_access_token() -> None:
    """A3, J5, RFC 9068 §4: its `typ` is another, whatever its claims are."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()
        tokens = await obtain_tokens(server)

        id_token = await userinfo(server, tokens["id_token"])
        dressed_up = await userinfo(server, await sign(server, claims_of(tokens["access_token"]), typ="JWT"))

        assert refusal(id_token) == refusal(dressed_up) == (401, "invalid_token")


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"iss": f"{ISSUER}/"},
        {"sub": "user_nobody"},
        {"grant_id": "unknown"},
        {"grant_id": None},
        {"cnf": {"kid": "x"}},
        {"exp": None},
        {"jti": None},
    ],
)
async def test_a_token_of_another_place_person_or_authorization_opens_nothing(change: dict[str, Any]) -> None:
    """A3, M1, D5, RFC 9068 §4: even if our own key signed it."""
    async with serving_on_sqlite() as server:
        _, token = await prepare(server)
        claims = {name: value for name, value in {**claims_of(token), **change}.items() if value is not None}

        honest = await userinfo(server, await sign(server, claims_of(token)))
        forged = await userinfo(server, await sign(server, claims))

        assert honest.status_code == 200
        assert refusal(forged) == (401, "invalid_token")


async def test_a_token_for_this_server_and_another_resource_is_good_here() -> None:
    """H6, H8: UserInfo takes the tokens that a client uses elsewhere too."""
    async with serving_on_sqlite() as server:
        _, token = await prepare(server)
        shared = {**claims_of(token), "aud": [ISSUER, "https://api.example"]}

        assert (await userinfo(server, await sign(server, shared))).status_code == 200


@pytest.mark.parametrize("audience", ["https://api.example", [f"{ISSUER}/", "https://api.example"], []])
async def test_where_nobody_chooses_the_audience_a_token_is_for_this_server(audience: str | list[str]) -> None:
    """A3, RFC 9068 §4: then one for another place can only be a mistake, or worse."""
    async with serving_on_sqlite() as server:
        _, token = await prepare(server)
        composition = server.authorization_server.composition
        without_rule = replace(
            composition, features=[each for each in composition.features if AudienceRule not in each.extends], _made={}
        )
        (endpoint,) = UserInfoEndpoint.of(without_rule, ClaimRelease(Claims(Principals()))).endpoints()
        app = EndpointDispatcher(FastAPI(), [endpoint], composition.transport)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as http:
            header = {"Authorization": f"Bearer {await sign(server, {**claims_of(token), 'aud': audience})}"}
            response = await http.get(PATH, headers=header)

        assert refusal(response) == (401, "invalid_token")


async def test_a_client_in_its_own_name_is_nobody() -> None:
    """H8, RFC 9068 §5: not even with the scope `openid`."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        tokens = await server.token(grant_type="client_credentials", scope="openid profile")

        assert tokens["scope"].split().count("openid") == 1
        assert refusal(await userinfo(server, tokens["access_token"])) == (401, "invalid_token")


async def test_a_token_outlives_the_setting_of_its_algorithm() -> None:
    """B4: an algorithm that leaves the setting ends no token while its key is published."""
    async with serving_on_sqlite(signing_algorithms=("EdDSA", "ES256")) as server:
        _, token = await prepare(server)
        told = server.settings.model_copy(update={"signing_algorithms": ("ES256",)})
        restarted = type(server.authorization_server)(told, now=server.clock)
        app = type(server.app)()
        restarted.mount(app)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as http:
            response = await http.get(PATH, headers={"Authorization": f"Bearer {token}"})
        await restarted.server.database.close()

        assert response.status_code == 200


async def test_another_method_is_told_which_there_are() -> None:
    """RFC 9110 §15.5.6."""
    async with serving_on_sqlite() as server:
        response = await server.http.put(PATH)

        assert response.status_code == 405
        assert response.headers["allow"] == "GET, POST, HEAD"
        assert "www-authenticate" not in response.headers


async def test_browsers_may_ask() -> None:
    """B8."""
    async with serving_on_sqlite() as server:
        asked = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, mcp-protocol-version",
        }

        preflight = await server.http.options(PATH, headers=asked)
        refused = await server.http.get(PATH, headers={"Origin": "https://app.example"})

        assert preflight.status_code == 200
        assert refused.headers["access-control-allow-origin"] == "*"
        assert "WWW-Authenticate" in refused.headers["access-control-expose-headers"]


@pytest.mark.parametrize("claim", ["sub", "iss", "sid"])
async def test_a_policy_cannot_say_who_it_is(claim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """E2, N: `sub` comes from the token; a policy that supplies it is a fault, which tells no detail."""
    async with serving_on_sqlite() as server:
        _, token = await prepare(server)

        async def forge(*arguments: object) -> Mapping[str, Any]:
            return {"name": "Ada", claim: "evil"}

        monkeypatch.setattr(Claims, "release", forge)
        response = await userinfo(server, token)

        assert (response.status_code, response.json()["error"]) == (500, "server_error")
        assert "evil" not in response.text
        assert "www-authenticate" not in response.headers


async def test_claims_that_are_not_known_are_left_out() -> None:
    """OIDC Core §5.3.2: never null, never empty."""
    async with serving_on_sqlite() as server:
        await add_person(server)
        await server.add_client()
        profile_of = Principals.profile

        async def without_email(self: Principals, *arguments: Any) -> Mapping[str, Any]:
            return {**(await profile_of(self, *arguments) or {}), "email": None}

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Principals, "profile", without_email)
            token = (await obtain_tokens(server, scope="openid email"))["access_token"]
            told = (await userinfo(server, token)).json()

        assert set(told) == {"sub", "email_verified"}


async def test_every_declared_answer_occurs_with_its_declared_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """B7."""
    async with serving_on_sqlite() as server:
        subject, token = await prepare(server)
        narrow = (await obtain_tokens(server, scope="profile"))["access_token"]
        document = (await server.http.get("/openapi.json")).json()

        answers = [
            await userinfo(server, token),
            await server.http.get(PATH, params={"access_token": "x"}),
            await server.http.get(PATH),
            await userinfo(server, narrow),
        ]
        monkeypatch.setattr(Claims, "release", None)
        answers.append(await userinfo(server, token))

        for method in ("get", "post"):
            declared = document["paths"][PATH][method]["responses"]
            assert (
                [str(each.status_code) for each in answers] == ["200", "400", "401", "403", "500"] == sorted(declared)
            )
            assert all("application/json" in each["content"] for each in declared.values())
        assert answers[0].json()["sub"] == subject
        assert all("error" in each.json() for each in answers[1:])
        token_answer = document["paths"]["/oauth/token"]["post"]["responses"]["200"]["content"]["application/json"]
        assert "id_token" in token_answer["schema"]["properties"]
