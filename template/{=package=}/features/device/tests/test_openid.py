"""Who signed in, for devices that ask (OIDC Core §3.1.3.6)."""

from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.people import Browser, read_claims, refresh
from ....tests.userinfo import userinfo
from .devices import allow, ask, enter, obtain_tokens, poll

SCOPE = "openid profile offline_access"


async def test_a_device_gets_an_id_token(server: ServerUnderTest) -> None:
    """RFC 8628 §3.5, OIDC Core §2: with no code to hash and no nonce that it could have sent."""
    tokens = await obtain_tokens(server, scope=SCOPE)

    claims = read_claims(tokens["id_token"])
    assert (claims["iss"], claims["aud"]) == (ISSUER, "tv")
    assert claims["sub"] == read_claims(tokens["access_token"])["sub"]
    assert "at_hash" in claims
    assert not {"nonce", "c_hash"} & set(claims)
    assert (await userinfo(server, tokens["access_token"])).json()["preferred_username"] == "ada"
    assert "id_token" in (await refresh(server, tokens["refresh_token"], "tv")).body


async def test_a_person_may_keep_from_a_device_who_they_are(server: ServerUnderTest) -> None:
    """N: `openid` is a box like the others, and without it there is no ID token."""
    asked, browser = await ask(server, scope=SCOPE + " notes:read"), Browser(server)
    page = await browser.sign_in(await enter(browser, asked["user_code"]))
    await allow(browser, page, untick=("openid",))

    tokens = await poll(server, asked)

    assert "id_token" not in tokens.body
    assert tokens["scope"] == "profile offline_access notes:read"
    assert (await userinfo(server, tokens["access_token"])).status_code == 403
