"""Clients that nobody here wrote, unmodified, against a running server."""

import json
import time
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from .running import Demo, demo

CALLBACK = "http://127.0.0.1:9/callback"
SCOPE = "openid profile email offline_access notes:read"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo server with a client for these tests."""
    with demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def confidential(server: Demo) -> dict[str, Any]:
    """A client with a secret."""
    grants = (
        "--grant-type",
        "authorization_code",
        "--grant-type",
        "refresh_token",
        "--grant-type",
        "client_credentials",
    )
    return server.create_client("confidential", "--redirect-uri", CALLBACK, "--scope", SCOPE, *grants)


@pytest.fixture(scope="module")
def public(server: Demo) -> dict[str, Any]:
    """A client that cannot keep one."""
    return server.create_client("public", "--public", "--native", "--redirect-uri", CALLBACK, "--scope", SCOPE)


def discovered(server: Demo) -> dict[str, Any]:
    """What the server says of itself."""
    document: dict[str, Any] = httpx.get(f"{server.issuer}/.well-known/openid-configuration").json()
    return document


def test_authlib_signs_in_verifies_refreshes_and_revokes(server: Demo, confidential: dict[str, Any]) -> None:
    """Authlib, as a confidential client with PKCE."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations
        from authlib.integrations.httpx_client import OAuth2Client
        from joserfc import jwt
        from joserfc.jwk import KeySet
    told = discovered(server)
    with OAuth2Client(
        confidential["client_id"],
        confidential["client_secret"],
        scope=SCOPE,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint=told["token_endpoint"],
    ) as client:
        verifier = "authlib-verifier-of-at-least-forty-three-characters"
        url, state = client.create_authorization_url(
            told["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
        )

        token = client.fetch_token(authorization_response=server.sign_in(url), state=state, code_verifier=verifier)
        keys = KeySet.import_key_set(httpx.get(told["jwks_uri"]).json())
        claims = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
        person = client.get(told["userinfo_endpoint"]).json()
        refreshed = client.refresh_token(told["token_endpoint"])
        revoked = client.revoke_token(told["revocation_endpoint"], refreshed["refresh_token"])
        afterwards = client.get(told["userinfo_endpoint"])

    assert claims["nonce"] == "n-1"
    assert claims["iss"] == server.issuer
    assert person["sub"] == claims["sub"]
    assert refreshed["refresh_token"] != token["refresh_token"]
    assert revoked.status_code == 200
    assert afterwards.status_code == 401


def test_authlib_gets_a_token_in_its_own_name(server: Demo, confidential: dict[str, Any]) -> None:
    """Authlib, client credentials."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import OAuth2Client
    with OAuth2Client(confidential["client_id"], confidential["client_secret"], scope="notes:read") as client:
        token = client.fetch_token(discovered(server)["token_endpoint"], grant_type="client_credentials")

    assert token["scope"] == "notes:read"


def test_authlib_authenticates_with_a_key(server: Demo) -> None:
    """Authlib's PrivateKeyJWT, told the audience, the algorithm and the lifetime that C4 wants; each assertion once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import OAuth2Client
        from authlib.oauth2.rfc7523 import PrivateKeyJWT
        from joserfc.jwk import ECKey
    key = ECKey.generate_key("P-256", auto_kid=True)
    (server.folder / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    created = server.create_client(
        "signing", "--auth-method", "private_key_jwt", "--jwks", "keys.json", "--scope", "notes:read"
    )
    told = discovered(server)

    def token(audience: str = server.issuer, lifetime: int = 60) -> dict[str, Any]:
        with OAuth2Client("signing", key, token_endpoint_auth_method="private_key_jwt", scope="notes:read") as client:
            claims = {"exp": int(time.time()) + lifetime}
            method = PrivateKeyJWT(audience, claims=claims, headers={"kid": key.kid}, alg="ES256")
            client.register_client_auth_method(method)
            bought: dict[str, Any] = client.fetch_token(told["token_endpoint"], grant_type="client_credentials")
            return bought

    assert created == {"client_id": "signing"}
    assert "ES256" in told["token_endpoint_auth_signing_alg_values_supported"]
    assert token()["scope"] == token()["scope"] == "notes:read"
    with pytest.raises(Exception, match="invalid_client"):
        token(audience=told["token_endpoint"])
    with pytest.raises(Exception, match="invalid_client"):
        token(lifetime=3600)


def test_requests_oauthlib_signs_in_and_refreshes(
    server: Demo, confidential: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests-oauthlib, with PKCE and HTTP Basic."""
    from requests_oauthlib import OAuth2Session

    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback
    told = discovered(server)
    secret = confidential["client_secret"]
    with OAuth2Session(confidential["client_id"], redirect_uri=CALLBACK, scope=SCOPE.split(), pkce="S256") as session:
        url, _ = session.authorization_url(told["authorization_endpoint"])

        token = session.fetch_token(
            told["token_endpoint"], authorization_response=server.sign_in(url), client_secret=secret
        )
        person = session.get(told["userinfo_endpoint"]).json()
        refreshed = session.refresh_token(told["token_endpoint"], auth=(confidential["client_id"], secret))

    assert token["token_type"] == "Bearer"
    assert person["preferred_username"] == "ada"
    assert refreshed["refresh_token"] != token["refresh_token"]


async def test_the_mcp_client_finds_its_way_from_an_api_to_its_tokens(server: Demo, public: dict[str, Any]) -> None:
    """The MCP SDK: from the 401 of an API by RFC 9728 and RFC 8414 to a token, with a client known beforehand."""
    import httpx2
    from mcp.client.auth import OAuthClientProvider, TokenStorage
    from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

    class Storage(TokenStorage):
        tokens: OAuthToken | None = None

        async def get_tokens(self) -> OAuthToken | None:
            return self.tokens

        async def set_tokens(self, tokens: OAuthToken) -> None:
            self.tokens = tokens

        async def get_client_info(self) -> OAuthClientInformationFull | None:
            return OAuthClientInformationFull.model_validate(known)

        async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
            raise AssertionError("it has one")

    known = {
        "client_id": public["client_id"],
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "issuer": server.issuer,
    }
    came_back: list[str] = []

    async def redirect(url: str) -> None:
        came_back.append(server.sign_in(url))

    async def callback() -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(dict(parse_qsl(urlsplit(came_back[-1]).query)))

    storage = Storage()
    provider = OAuthClientProvider(
        server_url=f"{server.issuer}/demo/api/notes",
        client_metadata=OAuthClientMetadata.model_validate({"redirect_uris": [CALLBACK], "scope": SCOPE}),
        storage=storage,
        redirect_handler=redirect,
        callback_handler=callback,
    )
    async with httpx2.AsyncClient(auth=provider) as client:
        response = await client.get(f"{server.issuer}/demo/api/notes")

    assert response.status_code == 200
    assert storage.tokens is not None
    assert storage.tokens.refresh_token
