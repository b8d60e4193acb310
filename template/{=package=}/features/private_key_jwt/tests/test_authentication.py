"""A client authenticates with its key, at every endpoint, and each assertion once (RFC 7523 §2.2)."""

import asyncio
import json
import logging
from base64 import b64encode
from typing import Any

import httpx
import pytest

from ....core.encoding import encode_base64url
from ....core.jwk import Algorithm, VerificationKey
from ....core.keys import LocalKey
from ....policy.clients import Clients
from ....tests.harness import Answer, ServerUnderTest, serving
from ..assertion import ASSERTION_TYPE
from .assertions import KEY, KEYS, add_signing_client, claims, honest, offer, public, sign

pytestmark = pytest.mark.anyio

GENERIC = {"error": "invalid_client", "error_description": "client authentication failed"}
ASK = {"grant_type": "client_credentials", "scope": "notes:read"}


@pytest.fixture
async def web(server: ServerUnderTest) -> ServerUnderTest:
    """The server, with a client that has a key of each kind."""
    await add_signing_client(server)
    return server


async def ask(server: ServerUnderTest, form: dict[str, str], headers: Any = ()) -> Answer:
    path = server.authorization_server.server.urls.path("token")
    return Answer.of(await server.http.post(path, data={**ASK, **form}, headers=headers))


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


async def metadata_of(server: ServerUnderTest) -> dict[str, Any]:
    document: dict[str, Any] = (await server.http.get("/.well-known/oauth-authorization-server")).json()
    return document


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
async def test_a_client_authenticates_with_its_key(web: ServerUnderTest, algorithm: Algorithm) -> None:
    """C1, C4: each algorithm that is offered by default; and it is a confidential client without a secret."""
    answer = await ask(web, offer(await honest(web, KEYS[algorithm])))

    assert (answer.status, answer["scope"]) == (200, "notes:read")
    assert "web" not in web.secrets


async def test_client_id_may_be_said_and_must_be_the_same(web: ServerUnderTest) -> None:
    """RFC 7521 §4.2: it is not needed, and cannot name another."""
    await add_signing_client(web, "other")

    assert (await ask(web, offer(await honest(web), client_id="web"))).status == 200
    assert (await ask(web, offer(await honest(web), client_id="other"))).refusal == (401, "invalid_client")
    assert (await ask(web, offer(await honest(web), client_id="WEB"))).refusal == (401, "invalid_client")


async def test_every_endpoint_that_clients_authenticate_to_takes_assertions(web: ServerUnderTest) -> None:
    """C1: one implementation. Which endpoints these are is in the OpenAPI document (B7)."""
    document = (await web.http.get("/openapi.json")).json()
    operations = {path: item["post"] for path, item in document["paths"].items() if "post" in item}
    paths = [path for path, each in operations.items() if {"oauthClient": []} in each.get("security", [])]

    for path in paths:
        form = operations[path]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        forged = await honest(web, LocalKey.generate("ES256"))
        refused = await web.http.post(path, data=offer(forged))
        passed = await web.http.post(path, data=offer(await honest(web)))
        replayed = [await web.http.post(path, data=data) for data in [offer(await honest(web))] * 2]

        assert {"client_assertion", "client_assertion_type"} <= set(form["properties"])
        assert (refused.status_code, refused.json()) == (401, GENERIC)
        assert passed.status_code != 401
        assert [each.status_code == 401 for each in replayed] == [False, True]
    assert web.authorization_server.server.urls.path("token") in paths


async def test_metadata_says_what_is_accepted(web: ServerUnderTest) -> None:
    """C4, C5, B2, RFC 8414 §2: at each endpoint that names its methods."""
    metadata = await metadata_of(web)

    named = {name for name, value in metadata.items() if name.endswith("_auth_methods_supported")}
    assert "token_endpoint_auth_methods_supported" in named
    for name in named:
        algorithms = metadata[name.replace("auth_methods", "auth_signing_alg_values")]
        assert "private_key_jwt" in metadata[name]
        assert algorithms == ["PS256", "ES256", "EdDSA"]


async def test_one_setting_is_enforced_and_advertised(database_url: str) -> None:
    """C4: RS256 for those who ask for it, and only that."""
    algorithms: list[Algorithm] = ["PS256", "ES256", "EdDSA", "RS256"]
    async with serving(database_url, private_key_jwt={"signing_algorithms": "RS256"}) as server:
        await add_signing_client(server)
        statuses = [(await ask(server, offer(await honest(server, KEYS[each])))).status for each in algorithms]
        metadata = await metadata_of(server)

    assert statuses == [401, 401, 401, 200]
    assert metadata["token_endpoint_auth_signing_alg_values_supported"] == ["RS256"]


async def test_a_method_that_is_switched_off_is_neither_advertised_nor_accepted(database_url: str) -> None:
    """C5: and does not make a public client of who tries it."""
    async with serving(database_url, token_endpoint_auth_methods="client_secret_basic") as server:
        await add_signing_client(server)
        await server.add_client("secret")
        answer = await ask(server, offer(await honest(server)))
        both = await ask(server, offer(await honest(server)), basic("secret", server.secrets["secret"]))
        metadata = await metadata_of(server)
        document = (await server.http.get("/openapi.json")).json()

    assert answer.refusal == (401, "invalid_client")
    assert both.refusal == (400, "invalid_request")
    assert metadata["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    assert not [name for name in metadata if "signing_alg_values" in name and "auth" in name]
    assert "client_assertion" not in json.dumps(document)


@pytest.mark.parametrize("beside", ["basic", "post", "basic of another"])
async def test_an_assertion_beside_a_secret_is_two_ways(web: ServerUnderTest, beside: str) -> None:
    """C2, C8, RFC 6749 §2.3: even if both are right."""
    await web.add_client("secret")
    secret = web.secrets["secret"]
    client = "secret" if beside == "basic of another" else "web"
    headers = (
        {} if beside == "post" else {"authorization": "Basic " + b64encode(f"{client}:{secret}".encode()).decode()}
    )
    form = {"client_secret": secret} if beside == "post" else {}

    answer = await ask(web, {**offer(await honest(web)), **form}, headers)

    assert answer.refusal == (400, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:JWT-bearer"},
        {"client_assertion_type": ASSERTION_TYPE + " "},
        {"client_assertion_type": ""},
        {"client_assertion": ""},
        {"client_assertion": "x.y.z"},
        {"client_assertion": "é" * 10},
    ],
)
async def test_half_an_attempt_fails_like_a_whole_one(web: ServerUnderTest, changes: dict[str, str]) -> None:
    """RFC 7521 §4.2, C3: another type, no type, no assertion, nonsense."""
    answer = await ask(web, {**offer(await honest(web)), **changes})

    assert (answer.status, answer.body) == (401, GENERIC)


async def test_a_public_client_cannot_slip_through_with_half_an_attempt(web: ServerUnderTest) -> None:
    """C2: whoever tries to authenticate and fails has failed."""
    await web.add_client("app", token_endpoint_auth_method="none")

    for form in ({"client_assertion": "x"}, {"client_assertion_type": ASSERTION_TYPE}):
        assert (await ask(web, {**form, "client_id": "app"})).refusal == (401, "invalid_client")


REFUSED: dict[str, Any] = {
    "audience of the token endpoint": {"aud": "https://as.example/oauth/token"},
    "audience in a list": {"aud": ["https://as.example"]},
    "audience of another": {"aud": "https://other.example"},
    "expired": {"exp": 1},
    "without end": {"exp": None},
    "for long": {"exp": 10**10},
    "from the future": {"iat": 10**10},
    "not yet": {"nbf": 10**10},
    "another issuer": {"iss": "other"},
    "another subject": {"sub": "other"},
    "nameless": {"jti": None},
}


@pytest.mark.parametrize("case", REFUSED)
async def test_an_assertion_that_does_not_hold_fails_like_any_other(web: ServerUnderTest, case: str) -> None:
    """C1, C3: one answer, with a challenge; every rule is in test_assertion.py."""
    answer = await ask(web, offer(await honest(web, **REFUSED[case])))

    assert (answer.status, answer.body) == (401, GENERIC)
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


async def test_a_header_that_brings_a_key_fails_like_any_other(web: ServerUnderTest) -> None:
    """C4 (CVE-2026-27962, CVE-2025-59420)."""
    stranger = LocalKey.generate("ES256")

    for header in (
        {"jwk": dict(stranger.public_jwk)},
        {"jku": "https://evil.example/"},
        {"crit": ["b64"], "b64": False},
    ):
        token = await sign(claims(web.clock()), stranger, kid=KEY.kid, **header)
        assert (await ask(web, offer(token))).body == GENERIC


async def test_another_token_that_the_client_signed_is_no_assertion(web: ServerUnderTest) -> None:
    """J5: whatever it is, if it says so."""
    for typ in ("at+jwt", "oauth-authz-req+jwt", "logout+jwt"):
        token = await sign(claims(web.clock()), typ=typ)
        assert (await ask(web, offer(token))).body == GENERIC


@pytest.mark.parametrize(
    "case", ["unknown", "disabled", "deleted", "secret", "public", "another alg", "no keys", "both"]
)
async def test_a_client_that_cannot_sign_fails_like_one_that_signed_wrongly(web: ServerUnderTest, case: str) -> None:
    """C3, C5, C8, C10: whoever it is, and without keys nothing is right."""
    jwks = public(KEY)
    registered: dict[str, Any] = {
        "secret": {"token_endpoint_auth_method": "client_secret_basic", "metadata": {"jwks": jwks}},
        "public": {"token_endpoint_auth_method": "none", "metadata": {"jwks": jwks}},
        "another alg": {"metadata": {"jwks": jwks, "token_endpoint_auth_signing_alg": "PS256"}},
        "no keys": {"metadata": {}},
        "both": {"metadata": {"jwks": jwks, "jwks_uri": "https://client.example/jwks"}},
    }
    if case != "unknown":
        await add_signing_client(web, "other", **registered.get(case, {}))
    async with web.database.transaction() as transaction:
        if case == "disabled":
            await Clients().disable("other", transaction, now=web.clock())
        if case == "deleted":
            await Clients().delete("other", transaction)
        await transaction.commit()

    answer = await ask(web, offer(await honest(web, iss="other", sub="other")))

    assert (answer.status, answer.body) == (401, GENERIC)


async def test_the_algorithm_that_a_client_registered_is_the_one_it_uses(web: ServerUnderTest) -> None:
    """C5, RFC 7591 §2: `token_endpoint_auth_signing_alg`."""
    registered = {"jwks": public(*KEYS.values()), "token_endpoint_auth_signing_alg": "EdDSA"}
    await add_signing_client(web, "other", metadata=registered)

    answers = [
        await ask(web, offer(await honest(web, KEYS[each], iss="other", sub="other"))) for each in ("EdDSA", "ES256")
    ]

    assert [each.status for each in answers] == [200, 401]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"keys": [{"kty": "oct", "k": encode_base64url(b"secret" * 6)}, *public(KEY)["keys"]]},
        public(KEY, d="AQAB"),
        {"keys": []},
        {"keys": "none"},
        {},
        [],
        "keys",
    ],
)
async def test_keys_that_must_not_be_trusted_are_no_keys(web: ServerUnderTest, spoiled: Any) -> None:
    """C6, C10: whatever came into the registration."""
    await add_signing_client(web, "other", metadata={"jwks": spoiled})

    answer = await ask(web, offer(await honest(web, iss="other", sub="other")))

    assert (answer.status, answer.body) == (401, GENERIC)


async def test_a_client_may_have_an_old_and_a_new_key(web: ServerUnderTest) -> None:
    """M5: while it moves from one to the other, `kid` says which."""
    old, new = LocalKey.generate("ES256"), LocalKey.generate("ES256")
    await add_signing_client(web, "other", metadata={"jwks": public(old, new, alg=None)})
    named = {"iss": "other", "sub": "other"}

    statuses = [(await ask(web, offer(await honest(web, key, **named)))).status for key in (old, new)]
    without_kid = await ask(web, offer(await sign(claims(web.clock(), **named), new, kid=None)))

    assert statuses == [200, 200]
    assert without_kid.status == 401


async def test_a_client_with_one_key_need_not_name_it(web: ServerUnderTest) -> None:
    """RFC 7515 §4.1.4."""
    assert (await ask(web, offer(await sign(claims(web.clock()), kid=None)))).status == 200


async def test_an_assertion_is_good_once(web: ServerUnderTest) -> None:
    """C2 (GHSA-3p3g-vpw6-4w66): and another with the same `jti` is the same."""
    token = await honest(web, jti="once")

    assert (await ask(web, offer(token))).status == 200
    assert (await ask(web, offer(token))).body == GENERIC
    assert (await ask(web, offer(await honest(web, jti="once", exp=int(web.clock().timestamp()) + 90)))).body == GENERIC
    assert (await ask(web, offer(await honest(web, jti="twice")))).status == 200


async def test_a_used_assertion_stays_used_until_it_has_expired(web: ServerUnderTest) -> None:
    """C2, N C4: the leeway included; there is no second between the two in which it works again."""
    token = await honest(web)
    assert (await ask(web, offer(token))).status == 200

    for _ in range(92):
        web.clock.advance(1)
        assert (await ask(web, offer(token))).status == 401


async def test_clients_do_not_use_up_each_others_names(web: ServerUnderTest) -> None:
    """C2, N C4: a `jti` is unique for one client only (RFC 7523 §3)."""
    await add_signing_client(web, "other")

    assert (await ask(web, offer(await honest(web, jti="same")))).status == 200
    assert (await ask(web, offer(await honest(web, jti="same", iss="other", sub="other")))).status == 200


async def test_of_many_at_once_one_wins(web: ServerUnderTest) -> None:
    """C2: concurrently, on each database."""
    token = await honest(web)

    answers = await asyncio.gather(*(ask(web, offer(token)) for _ in range(20)))

    assert sorted(each.status for each in answers) == [200] + [401] * 19


async def test_a_refused_assertion_uses_up_nothing(web: ServerUnderTest) -> None:
    """C2, C3: whoever guesses a `jti` cannot spend it; nor does a mistake beside the assertion."""
    jti = "precious"
    attempts = [
        await sign(claims(web.clock(), jti=jti), LocalKey.generate("ES256"), kid=KEY.kid),
        await honest(web, jti=jti, aud="https://other.example"),
        await honest(web, jti=jti, exp=10**10),
        await honest(web, jti=jti, iss="other"),
        await sign(claims(web.clock(), jti=jti), typ="at+jwt"),
        await sign(claims(web.clock(), jti=jti), kid="other"),
    ]
    for attempt in attempts:
        assert (await ask(web, offer(attempt))).status == 401
    good = await honest(web, jti=jti)
    for beside in ({"client_id": "other"}, {"client_assertion_type": "x"}, {"client_secret": "x"}):
        assert (await ask(web, offer(good, **beside))).status in (400, 401)

    assert (await ask(web, offer(good))).status == 200


async def test_an_unknown_client_costs_the_same_work_as_a_wrong_signature(
    web: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3, C11: one look-up and one signature, whatever fails."""
    await web.add_client("secret")
    work: list[str] = []
    find, is_signed = Clients.find, VerificationKey.is_signed

    async def counted_find(*arguments: Any) -> Any:
        work.append("look-up")
        return await find(*arguments)

    def counted(key: VerificationKey, *arguments: bytes) -> bool:
        work.append(key.algorithm)
        return is_signed(key, *arguments)

    monkeypatch.setattr(Clients, "find", counted_find)
    monkeypatch.setattr(VerificationKey, "is_signed", counted)
    for algorithm in ("ES256", "PS256", "EdDSA"):
        forged = LocalKey.generate(algorithm)
        for client_id, kid in (
            ("web", KEYS[algorithm].kid),
            ("web", "x"),
            ("web", None),
            ("secret", "x"),
            ("nobody", "x"),
        ):
            token = await sign(claims(web.clock(), iss=client_id, sub=client_id), forged, kid=kid)
            work.clear()

            assert (await ask(web, offer(token))).body == GENERIC
            assert work == ["look-up", algorithm], (client_id, kid)


async def test_a_header_that_is_refused_costs_an_unknown_client_no_more(
    web: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3, C11: nor less."""
    work: list[str] = []
    monkeypatch.setattr(VerificationKey, "is_signed", lambda *_: work.append("signature"))

    for client_id in ("web", "nobody"):
        token = await sign(claims(web.clock(), iss=client_id, sub=client_id), jku="https://evil.example/")
        assert (await ask(web, offer(token))).body == GENERIC

    assert work == []


async def test_why_it_failed_is_told_to_the_log_and_the_assertion_to_nobody(
    web: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """E6, C13: the reason for us, and nothing that could be used."""
    forged = await honest(web, LocalKey.generate("ES256"))
    with caplog.at_level(logging.DEBUG):
        await ask(web, offer(forged))
        used = await honest(web)
        for _ in range(2):
            await ask(web, offer(used))

    reasons = [event.reason for event in web.events.events if event.result == "invalid_client"]
    assert reasons == [
        "the assertion of 'web' fails: none of the registered keys is the one that signed",
        "the assertion of 'web' was used before",
    ]
    assert forged not in caplog.text
    assert used not in caplog.text


async def test_an_authorization_header_of_no_known_kind_is_an_attempt_too(web: ServerUnderTest) -> None:
    """C2: whatever a proxy may make of it."""
    answer = await ask(web, offer(await honest(web)), httpx.Headers({"authorization": "Bearer x"}))

    assert answer.refusal == (400, "invalid_request")
