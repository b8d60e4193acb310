"""What OpenID Connect reads of an authorization request: nonce, claims, hints (D4, D6, U6)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ....core.encoding import decode_base64url
from ....core.jose import sign_jwt
from ....core.keys import LocalKey
from ....policy.consent import Consent
from ....tests.harness import ISSUER, ServerUnderTest, serving
from ....tests.people import Browser, Page, add_person, obtain_code, obtain_tokens, redeem
from ....tests.sqlite_server import serving_on_sqlite
from ....tests.userinfo import userinfo

EMAIL = json.dumps({"id_token": {"email": {"essential": True}}})


@pytest.fixture
async def light() -> AsyncIterator[ServerUnderTest]:
    """A server with the claims parameter on, ada, bob, and two clients."""
    async with serving_on_sqlite(openid={"claims_parameter": True}) as server:
        await furnish(server)
        yield server


@pytest.fixture
def no_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The team asks nobody, so that `prompt=none` can succeed."""

    async def is_needed(*arguments: object) -> bool:
        return False

    monkeypatch.setattr(Consent, "is_needed", is_needed)


async def furnish(server: ServerUnderTest) -> None:
    await add_person(server, "ada")
    await add_person(server, "bob")
    await server.add_client("web")
    await server.add_client("other")


def error_of(page: Page) -> str:
    """Return the error that goes back to the client, which needs no page and keeps state and iss."""
    assert page.status == 303
    assert page.answer["iss"] == ISSUER
    assert page.answer["state"] == "af0ifjsldkj"
    return page.answer["error"]


def claims_of(token: str) -> dict[str, Any]:
    return json.loads(decode_base64url(token.split(".")[1]))  # type: ignore[no-any-return]


async def hint_of(server: ServerUnderTest, client: str = "web") -> str:
    """Return an ID token of ada's."""
    return (await obtain_tokens(server, client))["id_token"]  # type: ignore[no-any-return]


async def signed_in(server: ServerUnderTest, username: str) -> Browser:
    browser = Browser(server)
    await browser.sign_in(await browser.authorize(), username)
    return browser


async def test_a_nonce_is_asked_for_where_the_setting_says_so() -> None:
    """D6: only of authentication requests; an empty one is none."""
    async with serving_on_sqlite(openid={"require_nonce": True}) as server:
        await furnish(server)
        browser = Browser(server)

        assert error_of(await browser.authorize(nonce=None)) == "invalid_request"
        assert error_of(await browser.authorize(nonce="")) == "invalid_request"
        assert (await browser.authorize()).status == 200
        assert (await browser.authorize(nonce=None, scope="notes:read")).status == 200


async def test_a_nonce_is_not_needed_by_default(light: ServerUnderTest) -> None:
    """D6, N: and without one the ID token has none."""
    tokens = await obtain_tokens(light, nonce=None)

    assert "nonce" not in claims_of(tokens["id_token"])


@pytest.mark.parametrize("nonce", ["n" * 513, "n\u00e9", "n\n", "n\x7f"])
async def test_a_nonce_is_short_and_printable(light: ServerUnderTest, nonce: str) -> None:
    """P4, P6: it goes into the database and into a token."""
    browser = Browser(light)

    assert error_of(await browser.authorize(nonce=nonce)) == "invalid_request"
    assert (await browser.authorize(nonce="n" * 512)).status == 200


async def test_a_nonce_without_openid_is_nobodys_business(light: ServerUnderTest) -> None:
    """P8: nothing of OpenID Connect is read then, so nothing of it can be refused."""
    page = await Browser(light).authorize(scope="notes:read", nonce="n" * 513, claims="{", id_token_hint="x")

    assert page.status == 200


async def test_claims_are_ignored_where_the_parameter_is_off() -> None:
    """D6, P8: unknown parameters are."""
    async with serving_on_sqlite() as server:
        await furnish(server)

        tokens = await obtain_tokens(server, claims=EMAIL)

        assert "email" not in claims_of(tokens["id_token"])
        assert (await Browser(server).authorize(claims="{")).status == 200


async def test_claims_are_honoured_where_the_parameter_is_on(light: ServerUnderTest) -> None:
    """D6: and UserInfo answers the scope as before."""
    tokens = await obtain_tokens(light, claims=EMAIL)

    assert claims_of(tokens["id_token"])["email"] == "ada@example.org"
    assert (await userinfo(light, tokens["access_token"])).json()["email"] == "ada@example.org"


@pytest.mark.parametrize(
    "claims",
    [
        "{",
        "[]",
        "null",
        '"x"',
        '{"userinfo": []}',
        '{"userinfo": "x"}',
        '{"id_token": null}',
        '{"id_token": 0}',
        '{"id_token": {"email": true}}',
        '{"id_token": {"email": "x"}}',
        '{"id_token": {"email": {"value": NaN}}}',
        '{"id_token": {"email": {"value": 1e999}}}',
        '{"id_token": {"email": {"value": "\\ud800"}}}',
        '{"id_token": {"email": {"value": "\\u0000"}}}',
        '{"id_token": {"email": null, "email": null}}',
        '{"id_token": {}, "id_token": {}}',
        '{"id_token": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}}',
        "[" * 4_000,
        json.dumps({"userinfo": {f"c{number}": None for number in range(61)}}),
    ],
)
async def test_claims_that_are_not_what_they_should_be_are_refused(light: ServerUnderTest, claims: str) -> None:
    """P6, OIDC Core §5.5: what no database can keep and no answer can say gets no further."""
    assert error_of(await Browser(light).authorize(claims=claims)) == "invalid_request"


@pytest.mark.parametrize(
    "claims",
    ["{}", '{"id_token": {}}', '{"other": {"a": 1}}', '{"userinfo": {"email": {"essential": true, "values": ["x"]}}}'],
)
async def test_claims_of_the_right_form_are_accepted(light: ServerUnderTest, claims: str) -> None:
    """OIDC Core §5.5: further members are ignored."""
    assert (await Browser(light).authorize(claims=claims)).status == 200


async def test_what_can_be_asked_for_can_be_kept(database_url: str) -> None:
    """D6: on each database; quotes, backslashes and letters of every script break nothing."""
    async with serving(database_url, openid={"claims_parameter": True}) as server:
        await furnish(server)
        nonce = "\"'\\ {}[]:,"
        asked = {"id_token": {"email": {"value": f"{nonce} \u00e9\u4e2d\U0001f600", "essential": False}}}

        tokens = await obtain_tokens(server, nonce=nonce, claims=json.dumps(asked, ensure_ascii=False))

        assert claims_of(tokens["id_token"])["nonce"] == nonce
        assert claims_of(tokens["id_token"])["email"] == "ada@example.org"


async def test_a_hint_of_who_is_signed_in_lets_the_client_in_silently(light: ServerUnderTest, no_consent: None) -> None:
    """D4, OIDC Core §3.1.2.1: `prompt=none` with the hint of the same person."""
    hint = (await redeem(light, (await silently(light, "ada")).code))["id_token"]
    browser = await signed_in(light, "ada")

    page = await browser.authorize(prompt="none", id_token_hint=hint)

    assert (await redeem(light, page.code)).status == 200


async def silently(server: ServerUnderTest, username: str) -> Page:
    browser = Browser(server)
    return await browser.sign_in(await browser.authorize(), username)


async def test_a_hint_of_somebody_else_never_lets_in_who_is_there(light: ServerUnderTest, no_consent: None) -> None:
    """U6, CVE-2026-4349: silently it is refused, with pages the other person is asked to sign in."""
    hint = (await redeem(light, (await silently(light, "ada")).code))["id_token"]
    browser = await signed_in(light, "bob")
    light.clock.advance(1)

    silent = await browser.authorize(prompt="none", id_token_hint=hint)
    shown = await browser.authorize(id_token_hint=hint)
    as_bob = await browser.sign_in(shown, "bob")

    assert error_of(silent) == "login_required"
    assert shown.form("login")
    assert error_of(as_bob) == "login_required"


async def test_with_nobody_there_a_hint_is_no_login(light: ServerUnderTest, no_consent: None) -> None:
    """D4, U6: it says who is meant, not that they are here."""
    hint = (await redeem(light, (await silently(light, "ada")).code))["id_token"]

    page = await Browser(light).authorize(prompt="none", id_token_hint=hint)

    assert error_of(page) == "login_required"


async def test_an_expired_hint_still_says_who_is_meant(light: ServerUnderTest, no_consent: None) -> None:
    """D4, OIDC Core §3.1.2.1: that is the ordinary case."""
    hint = (await redeem(light, (await silently(light, "ada")).code))["id_token"]
    light.clock.advance(40 * 86_400)
    browser = await signed_in(light, "ada")

    page = await browser.authorize(prompt="none", id_token_hint=hint)

    assert page.code


async def test_a_hint_of_another_client_is_refused(light: ServerUnderTest) -> None:
    """U6: a client learns nothing with a token that was not issued to it."""
    hint = await hint_of(light, "other")

    assert error_of(await Browser(light).authorize(id_token_hint=hint)) == "invalid_request"


@pytest.mark.parametrize("change", [{"iss": "https://other.example"}, {"aud": ["web"]}, {"aud": ["web", "other"]}])
async def test_a_hint_that_this_server_would_not_issue_is_refused(
    light: ServerUnderTest, change: dict[str, Any]
) -> None:
    """A3, U6: even if our own key signed it."""
    claims = claims_of(await hint_of(light))
    ring = await light.authorization_server.server.keys.current()
    key = ring.signing_key("ES256", light.clock())

    honest = await Browser(light).authorize(id_token_hint=await sign_jwt(key, claims, typ="JWT"))
    forged = await Browser(light).authorize(id_token_hint=await sign_jwt(key, {**claims, **change}, typ="JWT"))

    assert honest.status == 200
    assert error_of(forged) == "invalid_request"


async def test_a_forged_hint_is_refused(light: ServerUnderTest) -> None:
    """C4, J5, U6: another key, another kind of token, a token cut short, no token at all."""
    tokens = await obtain_tokens(light)
    hint = tokens["id_token"]
    foreign = await sign_jwt(LocalKey.generate("ES256"), claims_of(hint), typ="JWT")
    ring = await light.authorization_server.server.keys.current()
    other_kind = await sign_jwt(ring.signing_key("ES256", light.clock()), claims_of(hint), typ="logout+jwt")

    for forged in (foreign, other_kind, tokens["access_token"], hint[:-4], hint + "x", "x", "a.b.c"):
        assert error_of(await Browser(light).authorize(id_token_hint=forged)) == "invalid_request"


async def test_the_claims_parameter_can_name_the_person_too(light: ServerUnderTest, no_consent: None) -> None:
    """OIDC Core §5.5.1: like a hint, in either half of it."""
    ada = claims_of((await redeem(light, (await silently(light, "ada")).code))["id_token"])["sub"]
    browser = await signed_in(light, "bob")

    for half in ("id_token", "userinfo"):
        claims = json.dumps({half: {"sub": {"value": ada}}})

        assert error_of(await browser.authorize(prompt="none", claims=claims)) == "login_required"


async def test_a_hint_outlives_the_setting_of_its_algorithm(light: ServerUnderTest) -> None:
    """B4: what signs today says nothing of what was signed before."""
    claims = claims_of(await hint_of(light))
    key = LocalKey.generate("EdDSA")
    store = light.authorization_server.server.keys
    ring = await store.current()
    kept = {**ring.verification_keys(light.clock()), key.kid: key.verification_key}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(ring), "verification_keys", lambda self, now: kept)
        page = await Browser(light).authorize(id_token_hint=await sign_jwt(key, claims, typ="JWT"))

    assert page.status == 200


async def test_the_code_of_a_request_is_as_before_without_openid(light: ServerUnderTest) -> None:
    """D6: an OAuth client notices nothing."""
    code = await obtain_code(light, scope="notes:read", nonce=None)

    assert set((await redeem(light, code)).body) == {"access_token", "token_type", "expires_in", "scope"}
