"""What the demo's client believes of a server, one lie at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from ....core.errors import TemporarilyUnavailable
from ....core.jose import left_half_hash, sign_jwt
from ....core.keys import LocalKey
from ..client import AnswerRefused, OAuthClient, ServerRefused
from ..tokens import Tokens
from ..visits import Attempt

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://as.example"
KEY = LocalKey.generate("ES256")
CLIENT = OAuthClient(issuer=ISSUER, client_id="demo", redirect_uri="https://app.example/callback", now=lambda: NOW)
ATTEMPT = Attempt.begin("openid", browser=None, now=NOW)
METADATA = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/jwks"}


def server(
    answer: Mapping[str, Any], *, status: int = 200, metadata: Mapping[str, Any] = METADATA
) -> httpx.AsyncClient:
    """Return an HTTP client at whose other end a server answers as told."""

    def respond(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/token":
                return httpx.Response(status, json=dict(answer))
            case "/jwks":
                return httpx.Response(200, json={"keys": [dict(KEY.public_jwk)]})
            case _:
                return httpx.Response(200, json=dict(metadata))

    return httpx.AsyncClient(transport=httpx.MockTransport(respond))


async def token_response(key: LocalKey = KEY, *, typ: str = "JWT", **changes: Any) -> dict[str, Any]:
    """Return a good answer to `ATTEMPT` with changed claims in its ID token; None takes a claim away."""
    claims = {
        "iss": ISSUER,
        "sub": "user_ada",
        "aud": "demo",
        "iat": SECONDS,
        "exp": SECONDS + 900,
        "nonce": ATTEMPT.nonce,
        "at_hash": left_half_hash("opaque", "ES256"),
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    id_token = await sign_jwt(key, kept, typ=typ)
    return {"access_token": "opaque", "id_token": id_token, "token_type": "Bearer", "expires_in": 900}


async def redeem(http: httpx.AsyncClient) -> Tokens:
    """Redeem a code at the server behind `http`."""
    async with http:
        return await CLIENT.redeem(http, "code", ATTEMPT)


async def test_a_good_answer_is_believed() -> None:
    """OIDC Core §3.1.3.7."""
    tokens = await redeem(server(await token_response()))

    assert tokens.person["sub"] == "user_ada"
    assert tokens.scope == "openid"


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["demo", "another"]},
        {"exp": SECONDS - 60},
        {"exp": None},
        {"sub": None},
        {"nonce": "another"},
        {"nonce": None},
        {"at_hash": left_half_hash("another", "ES256")},
        {"at_hash": None},
        {"key": LocalKey.generate("ES256")},
        {"typ": "at+jwt"},
    ],
    ids=lambda lie: next(iter(lie)),
)
async def test_an_id_token_with_one_lie_in_it_is_not_believed(lie: dict[str, Any]) -> None:
    """OIDC Core §3.1.3.7, §3.1.3.8: issuer, audience, expiry, nonce, at_hash, signature."""
    answer = await token_response(**lie)

    with pytest.raises(AnswerRefused):
        await redeem(server(answer))


async def test_an_answer_without_an_id_token_is_not_believed() -> None:
    """The client asked for `openid`: whoever leaves the ID token out leaves all its checks out."""
    answer = await token_response()
    del answer["id_token"]

    with pytest.raises(AnswerRefused):
        await redeem(server(answer))


async def test_metadata_of_another_issuer_is_not_believed() -> None:
    """OIDC Discovery §4.3."""
    answer = await token_response()

    with pytest.raises(AnswerRefused):
        await redeem(server(answer, metadata={**METADATA, "issuer": "https://evil.example"}))


async def test_a_refreshed_id_token_is_about_the_same_person() -> None:
    """OIDC Core §12.2."""
    tokens = await redeem(server(await token_response()))
    swapped = server(await token_response(sub="user_eve", nonce=None))

    async with swapped:
        with pytest.raises(AnswerRefused, match="somebody else"):
            await CLIENT.refresh(swapped, tokens)


async def test_userinfo_about_somebody_else_is_not_believed() -> None:
    """OIDC Core §5.3.2: the `sub` of UserInfo must be that of the ID token."""
    tokens = await redeem(server(await token_response()))

    with pytest.raises(AnswerRefused):
        CLIENT.read_userinfo({"sub": "user_eve"}, tokens)


async def test_a_refusal_keeps_the_words_of_the_server() -> None:
    """RFC 6749 §5.2."""
    with pytest.raises(ServerRefused) as refused:
        await redeem(server({"error": "invalid_grant", "error_description": "too late"}, status=400))

    assert (refused.value.code, refused.value.said) == ("invalid_grant", "too late")


async def test_a_server_that_is_away_is_a_refusal_and_no_fault() -> None:
    """What is on the other side of a network may be gone."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    with pytest.raises(TemporarilyUnavailable):
        await redeem(httpx.AsyncClient(transport=httpx.MockTransport(fail)))
