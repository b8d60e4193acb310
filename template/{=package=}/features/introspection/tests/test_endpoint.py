"""The introspection endpoint: who may ask, how, and what everybody is answered alike (RFC 7662 §2, §4)."""

import logging

import httpx
import pytest

from ....app import AuthorizationServer
from ....features import Settings
from ....policy.clients import Clients
from ....policy.introspection import Introspection
from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.sqlite_server import serving_on_sqlite
from .asking import INACTIVE, ask, buy, claims_of, introspect, sign

PATH = "/oauth/introspect"
UNKNOWN = ["unknown", "a.b.c", "..", ".", "None", "null", "' OR 1=1 --", "x'; DROP TABLE clients; --", "x" * 16_384]


async def test_an_active_token_is_told_with_all_its_claims(server: ServerUnderTest) -> None:
    """H2, RFC 7662 §2.2: on each database."""
    await server.add_client("web")
    token = await buy(server)

    told = await ask(server, token)

    assert told == {**claims_of(token), "active": True, "token_type": "Bearer"}
    assert {"iss": ISSUER, "aud": ISSUER, "client_id": "web", "sub": "client_web", "scope": "notes:read"}.items() <= (
        told.items()
    )
    assert {"exp", "iat", "jti"} <= told.keys()


@pytest.mark.parametrize("token", [*UNKNOWN, "é", "\u2028", "\U0001f511.x.y"])
async def test_an_unknown_token_is_inactive_and_nothing_else_is_said(server: ServerUnderTest, token: str) -> None:
    """N3, RFC 7662 §2.2, §4: whatever it looks like; on each database."""
    await server.add_client("web")

    answer = await introspect(server, token)

    assert (answer.status, answer.body) == (200, INACTIVE)


async def test_every_reason_to_be_inactive_is_answered_in_the_same_bytes() -> None:
    """N1, RFC 7662 §4: unknown, foreign, expired, forged, and another client's look alike."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        await server.add_client("other")
        good = await buy(server)
        claims, now = claims_of(good), int(server.clock().timestamp())
        header, payload, signature = good.split(".")
        tokens = [
            "unknown",
            await buy(server, "other"),
            await sign(server, claims, exp=now),
            await sign(server, claims, iss="https://evil.example"),
            await sign(server, claims, typ="JWT"),
            f"{header}.{payload}.{signature[:-4]}AAAA",
        ]

        answers = [
            await server.http.post(PATH, data={"token": token}, auth=("web", server.secrets["web"])) for token in tokens
        ]

        assert {(answer.status_code, answer.content) for answer in answers} == {(200, b'{"active":false}')}
        assert len({str(answer.headers) for answer in answers}) == 1
        assert (await ask(server, good))["active"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": None},
        {"exp": None},
        {"aud": None},
        {"sub": None},
        {"client_id": None},
        {"client_id": "nobody"},
        {"iat": None},
        {"jti": None},
        {"typ": "JWT"},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"grant_id": "unknown"},
        {"cnf": {"unknown": "binding"}},
        {"cnf": {}},
    ],
)
async def test_what_our_own_guards_would_refuse_is_inactive(changes: dict[str, object]) -> None:
    """A3, J5, RFC 9068 §4: even if our own key signed it. What nobody can check is no bearer token."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        claims = claims_of(await buy(server))

        assert (await ask(server, await sign(server, claims)))["active"] is True
        assert await ask(server, await sign(server, claims, **changes)) == INACTIVE  # type: ignore[arg-type]


async def test_a_token_is_active_until_the_moment_of_its_expiry(server: ServerUnderTest) -> None:
    """RFC 7662 §2.2, RFC 7519 §4.1.4: no leeway here, the server asks its own clock."""
    await server.add_client("web")
    token = await buy(server)

    server.clock.advance(899)
    assert (await ask(server, token))["active"] is True
    server.clock.advance(1)
    assert await ask(server, token) == INACTIVE


async def test_a_token_of_a_server_whose_clock_is_ahead_is_active() -> None:
    """M7: of two servers one is a few seconds behind; but a token of tomorrow is none."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        server.clock.advance(9)
        soon = await buy(server)
        server.clock.advance(100)
        later = await buy(server)
        server.clock.advance(-109)

        assert (await ask(server, soon))["active"] is True
        assert await ask(server, later) == INACTIVE


async def test_a_token_outlives_the_setting_of_its_algorithm() -> None:
    """B4, M5: while its key is published."""
    async with serving_on_sqlite(signing_algorithms=("EdDSA", "ES256")) as server:
        await server.add_client("web")
        token = await buy(server)
        told = server.settings.model_copy(update={"signing_algorithms": ("ES256",)})
        restarted = type(server.authorization_server)(told, now=server.clock, database=server.database)
        app = type(server.app)()
        restarted.mount(app)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as http:
            response = await http.post(PATH, data={"token": token}, auth=("web", server.secrets["web"]))

        assert response.json()["active"] is True


@pytest.mark.parametrize("hint", ["access_token", "saml2", "é", "x" * 5_000])
async def test_the_hint_is_only_a_hint(hint: str) -> None:
    """N2, RFC 7662 §2.1: a wrong or unknown one changes nothing."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")

        answer = await introspect(server, await buy(server), token_type_hint=hint)

        assert answer["active"] is True


async def test_who_does_not_authenticate_is_told_nothing(server: ServerUnderTest) -> None:
    """C1, N/C1, RFC 7662 §2.1, §4: neither about a good token nor about a bad one."""
    await server.add_client("web")
    token = await buy(server)
    secret = server.secrets["web"]
    answers = []
    for each in (token, "unknown"):
        answers += [await introspect(server, each, None), await introspect(server, each, "nobody")]
        for wrong in ("wrong", ""):
            server.secrets["web"] = wrong
            answers.append(await introspect(server, each))
        server.secrets["web"] = secret

    assert {answer.refusal for answer in answers} == {(401, "invalid_client")}
    assert len({str(answer.body) for answer in answers}) == 1
    assert all(answer.headers["www-authenticate"].startswith("Basic ") for answer in answers)


async def test_a_public_client_is_told_nothing(server: ServerUnderTest) -> None:
    """C12, N1, N/C1: anybody can name one, so its own tokens are not told of either."""
    await server.add_client("app", token_endpoint_auth_method="none")
    await server.add_client("web")

    by_name = await introspect(server, await buy(server), "app")
    with_secret = await introspect(server, await buy(server), None, client_id="app", client_secret="x")

    assert by_name.refusal == with_secret.refusal == (401, "invalid_client")


async def test_a_disabled_client_is_told_nothing_and_its_tokens_are_over(server: ServerUnderTest) -> None:
    """N C1, F8."""
    await server.add_client("web")
    await server.add_client("api", metadata={"introspects": [ISSUER]})
    token = await buy(server)
    assert (await ask(server, token, "api"))["active"] is True

    async with server.database.transaction() as transaction:
        await Clients().disable("web", transaction, now=server.clock())
        await transaction.commit()

    assert (await introspect(server, token)).refusal == (401, "invalid_client")
    assert await ask(server, token, "api") == INACTIVE


async def test_a_client_that_was_deleted_leaves_no_active_token(server: ServerUnderTest) -> None:
    """F8."""
    await server.add_client("web")
    await server.add_client("api", metadata={"introspects": [ISSUER]})
    token = await buy(server)
    async with server.database.transaction() as transaction:
        await Clients().delete("web", transaction)
        await transaction.commit()

    assert await ask(server, token, "api") == INACTIVE


async def test_a_token_must_be_there() -> None:
    """RFC 7662 §2.1, P5."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")

        assert (await introspect(server, "")).refusal == (400, "invalid_request")


async def test_the_endpoint_answers_post_only_and_reads_forms_only(server: ServerUnderTest) -> None:
    """P1, P2, P3, P6, P7, D8: refused before anybody looks at a token, so it teaches nothing."""
    await server.add_client("web")
    token, auth = await buy(server), ("web", server.secrets["web"])

    got = await server.http.get(PATH, auth=auth)
    in_query = await server.http.post(f"{PATH}?token={token}", data={"token": token}, auth=auth)
    as_json = await server.http.post(PATH, json={"token": token}, auth=auth)
    twice = await server.http.post(PATH, data={"token": [token, token]}, auth=auth)
    with_nul = await server.http.post(PATH, data={"token": f"{token}\x00"}, auth=auth)
    too_long = await server.http.post(PATH, data={"token": "x" * 16_385}, auth=auth)
    too_large = await server.http.post(PATH, data={"token": "x" * 70_000}, auth=auth)

    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert {each.status_code for each in (in_query, as_json, twice, with_nul, too_long)} == {400}
    assert too_large.status_code == 413


async def test_scripts_of_other_origins_may_not_ask() -> None:
    """B8: an API asks from its server."""
    async with serving_on_sqlite() as server:
        asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}

        preflight = await server.http.options(PATH, headers=asked)

        assert preflight.status_code == 405
        assert "access-control-allow-origin" not in preflight.headers


async def test_the_endpoint_is_advertised_without_none(server: ServerUnderTest) -> None:
    """N B2, N/C1, RFC 8414 §2: what is enforced."""
    metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

    methods = metadata["introspection_endpoint_auth_methods_supported"]
    assert metadata["introspection_endpoint"] == f"{ISSUER}{PATH}"
    assert methods == [each for each in metadata["token_endpoint_auth_methods_supported"] if each != "none"]
    assert "client_secret_basic" in methods


async def test_a_method_that_is_switched_off_is_off_here_too() -> None:
    """C5: one setting for all endpoints."""
    async with serving_on_sqlite(token_endpoint_auth_methods=("client_secret_post",)) as server:
        await server.add_client("web", token_endpoint_auth_method="client_secret_post")
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        form = {"token": "x", "client_id": "web", "client_secret": server.secrets["web"]}

        posted = await server.http.post(PATH, data=form)

        assert metadata["introspection_endpoint_auth_methods_supported"] == ["client_secret_post"]
        assert posted.json() == INACTIVE
        assert (await introspect(server, "x")).refusal == (401, "invalid_client")


async def test_the_path_has_a_setting() -> None:
    """A5, M2: route and metadata follow it."""
    async with serving_on_sqlite(prefix="/auth", paths={"introspect": "/auth/v1/introspection"}) as server:
        await server.add_client("web")
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()

        assert metadata["introspection_endpoint"] == f"{ISSUER}/auth/v1/introspection"
        assert (await ask(server, await buy(server)))["active"] is True
        assert (await server.http.post("/auth/introspect")).status_code == 404


async def test_to_ask_is_no_event_and_writes_no_token_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """K3, C13: APIs ask all the time, with what others must not read."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        token = await buy(server)
        server.events.events.clear()

        with caplog.at_level(logging.DEBUG):
            await ask(server, token)
            await ask(server, "unknown-token")
            await introspect(server, token, None)

        assert server.events.events == []
        assert token not in caplog.text
        assert "unknown-token" not in caplog.text


async def test_every_declared_answer_occurs_and_nothing_undeclared_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """B7."""
    async with serving_on_sqlite() as server:
        await server.add_client("web")
        declared = (await server.http.get("/openapi.json")).json()["paths"][PATH]["post"]
        schema = declared["responses"]["200"]["content"]["application/json"]["schema"]
        form, auth = {"token": await buy(server)}, httpx.BasicAuth("web", server.secrets["web"])

        answers = [
            await server.http.post(PATH, data=form, auth=auth),
            await server.http.post(PATH, data={}, auth=auth),
            await server.http.post(PATH, data=form),
            await server.http.post(PATH, data={"token": "x" * 70_000}),
        ]
        monkeypatch.setattr(type(server.authorization_server.server.keys), "current", None)
        answers.append(await server.http.post(PATH, data=form, auth=auth))

        assert [str(each.status_code) for each in answers] == sorted(declared["responses"])
        assert set(schema["required"]) <= set(answers[0].json()) <= set(schema["properties"])
        assert declared["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["required"] == [
            "token"
        ]


def test_policy_of_another_contract_is_refused_at_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A8."""
    monkeypatch.setattr(Introspection, "contract", 2)

    with pytest.raises(TypeError, match="Introspection is written for contract 2, this server knows none after 1"):
        AuthorizationServer(Settings(_env_file=None, issuer=ISSUER))
