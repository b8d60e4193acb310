"""OpenID Connect's own metadata document, which is the other one (B1, B2)."""

from typing import Any

import httpx
import pytest

from ....tests.harness import ISSUER, ServerUnderTest
from ....tests.sqlite_server import serving_on_sqlite

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


async def read(server: ServerUnderTest, path: str = OPENID) -> dict[str, Any]:
    server.http.base_url = httpx.URL(server.authorization_server.server.urls.origin)
    response = await server.http.get(path)
    assert response.status_code == 200, path
    return response.json()  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", ["", "/t1", "/t1/t2"])
async def test_both_documents_are_one(path: str) -> None:
    """B1, M1, RFC 8414 §5: behind the well-known name, and for OpenID Connect before it too."""
    async with serving_on_sqlite(issuer=ISSUER + path) as server:
        documents = [await read(server, each) for each in (OAUTH + path, OPENID + path, path + OPENID)]

        assert documents[0] == documents[1] == documents[2]
        assert documents[0]["issuer"] == ISSUER + path
        assert (await server.http.get(path + OAUTH)).status_code == (404 if path else 200)


async def test_the_document_may_be_kept_and_read_by_all() -> None:
    """B1, B8."""
    async with serving_on_sqlite(metadata_cache_lifetime=120) as server:
        response = await server.http.get(OPENID)

        assert response.headers["cache-control"] == "public, max-age=120"
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["content-type"] == "application/json"


async def test_what_discovery_requires_is_there() -> None:
    """B1, OIDC Discovery §3; MCP's TypeScript client cannot read the document without."""
    async with serving_on_sqlite(signing_algorithms=("ES256", "RS256")) as server:
        metadata = await read(server)

        assert metadata["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
        assert metadata["subject_types_supported"] == ["public"]
        assert metadata["userinfo_endpoint"] == "https://as.example/oauth/userinfo"
        assert metadata["jwks_uri"] == "https://as.example/.well-known/jwks.json"
        assert {"openid", "profile", "email"} <= set(metadata["scopes_supported"])
        assert {"sub", "name", "email", "email_verified"} <= set(metadata["claims_supported"])


@pytest.mark.parametrize("is_on", [True, False])
async def test_the_claims_parameter_is_advertised_where_it_is_honoured(is_on: bool) -> None:
    """B2, D6."""
    async with serving_on_sqlite(openid={"claims_parameter": is_on}) as server:
        assert (await read(server))["claims_parameter_supported"] is is_on


async def test_request_objects_are_declined_aloud() -> None:
    """B2, N: the default of `request_uri_parameter_supported` is true."""
    async with serving_on_sqlite() as server:
        metadata = await read(server)

        assert metadata["request_parameter_supported"] is False
        assert metadata["request_uri_parameter_supported"] is False


async def test_userinfo_moves_with_its_url() -> None:
    """A5, N."""
    async with serving_on_sqlite(prefix="/a", paths={"userinfo": "/a/me"}) as server:
        url = (await read(server))["userinfo_endpoint"]

        assert url == "https://as.example/a/me"
        assert (await server.http.get(url)).status_code == 401
        assert (await server.http.get("/a/userinfo")).status_code == 404
