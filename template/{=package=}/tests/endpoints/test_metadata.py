"""Metadata and keys: what is advertised is there, and what is there is advertised (A5, B1 to B4, E6)."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ...app import AuthorizationServer
from ...core.encoding import decode_base64url
from ...core.urls import URLs
from ...stores.key_files import retire_key, rotate_key
from ..harness import ISSUER, ServerUnderTest
from ..sqlite_server import serving_on_sqlite

METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
PUBLIC_MEMBERS = {
    "EC": {"kty", "crv", "x", "y", "kid", "alg", "use"},
    "RSA": {"kty", "n", "e", "kid", "alg", "use"},
    "OKP": {"kty", "crv", "x", "kid", "alg", "use"},
}


async def read(server: ServerUnderTest, path: str = METADATA) -> dict[str, Any]:
    response = await server.http.get(path)
    assert response.status_code == 200, path
    return response.json()  # type: ignore[no-any-return]


async def keys_of(server: ServerUnderTest) -> list[dict[str, str]]:
    return (await read(server, JWKS))["keys"]  # type: ignore[no-any-return]


def advertised_urls(metadata: dict[str, Any]) -> dict[str, str]:
    """Return every member that is a URL a client calls."""
    return {name: url for name, url in metadata.items() if name.endswith(("_endpoint", "_uri"))}


def protocol_paths(composed: AuthorizationServer) -> set[str]:
    """Return what is mounted for clients, which is what other origins may call, but the documents themselves."""
    return {each.path for each in composed.endpoints if each.cors and "/.well-known/" not in each.path}


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/t1", f"{ISSUER}:8443/t1/t2"])
async def test_the_issuer_is_the_one_in_the_settings(issuer: str) -> None:
    """M1, RFC 8414 §3.3: to the byte, and at the path-inserted place only."""
    async with serving_on_sqlite(issuer=issuer) as server:
        path = issuer.removeprefix(server.authorization_server.server.urls.origin)
        server.http.base_url = httpx.URL(server.authorization_server.server.urls.origin)

        metadata = await read(server, METADATA + path)

        assert metadata["issuer"] == issuer
        for elsewhere in {METADATA, f"{METADATA}/", f"{path}{METADATA}", f"{METADATA}{path}/"} - {METADATA + path}:
            assert (await server.http.get(elsewhere)).status_code == 404


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"prefix": "/auth/v2"},
        {"issuer": f"{ISSUER}/t1"},
        {"paths": {"token": "/oauth/v1/token"}},
        {"prefix": "/a", "issuer": f"{ISSUER}/a", "paths": {"token": "/a/b/token"}},
    ],
)
async def test_every_advertised_url_is_mounted_and_every_endpoint_is_advertised(settings: dict[str, Any]) -> None:
    """A5, B1: prefix and overrides move routes and metadata together."""
    async with serving_on_sqlite(**settings) as server:
        urls = server.authorization_server.server.urls
        server.http.base_url = httpx.URL(urls.origin)
        metadata = await read(server, urls.well_known("oauth-authorization-server"))
        advertised = advertised_urls(metadata)

        for name, url in advertised.items():
            assert url.startswith(f"{urls.origin}/"), name
            assert (await server.http.get(url)).status_code not in (404, 500), name
            assert (await server.http.post(url)).status_code not in (404, 500), name
        paths = {url.removeprefix(urls.origin) for url in advertised.values()}
        assert protocol_paths(server.authorization_server) <= paths
        assert urls.jwks_path in paths
        assert urls.path("token") in paths


async def test_what_has_moved_is_not_at_its_old_place() -> None:
    """A5, N."""
    async with serving_on_sqlite(prefix="/auth", paths={"token": "/auth/v1/token"}) as server:
        for path in ("/oauth/token", "/auth/token"):
            assert (await server.http.post(path)).status_code == 404
        assert (await server.http.post("/auth/v1/token")).status_code == 400


async def test_what_is_advertised_is_what_is_enforced() -> None:
    """B2, C5, E1."""
    async with serving_on_sqlite(token_endpoint_auth_methods=("client_secret_basic",)) as server:
        await server.add_client()
        metadata = await read(server)
        grant_types = set(metadata["grant_types_supported"])

        refused = {name for name in {*grant_types, "password", "x"} if await is_unsupported(server, grant_type=name)}
        in_form = await server.token(
            None, grant_type="client_credentials", client_id="web", client_secret=server.secrets["web"]
        )

        assert metadata["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]
        assert in_form.refusal == (401, "invalid_client")
        assert refused == {"password", "x"}
        assert set(metadata["scopes_supported"]) == set(server.authorization_server.server.scopes.supported())


async def is_unsupported(server: ServerUnderTest, **form: str) -> bool:
    """Say whether the grant type is refused as one that is not offered."""
    return (await server.token(**form)).body.get("error") == "unsupported_grant_type"


async def test_only_what_is_on_is_advertised() -> None:
    """B2, N, RFC 8414 §2: no member is null, no list repeats itself, and a foreign `request_uri` is declined aloud."""
    async with serving_on_sqlite() as server:
        metadata = await read(server)

        assert metadata["request_uri_parameter_supported"] is False
        assert "client_credentials" in metadata["grant_types_supported"]
        for name, value in metadata.items():
            assert value is not None, name
            if isinstance(value, list):
                assert len(set(value)) == len(value), name
        assert "registration_endpoint" not in metadata


async def test_documents_may_be_kept_as_long_as_the_settings_say() -> None:
    """B1, B3: public and cacheable, each for its own time."""
    async with serving_on_sqlite(metadata_cache_lifetime=120, jwks_cache_lifetime=60) as server:
        metadata, jwks = await server.http.get(METADATA), await server.http.get(JWKS)

        assert metadata.headers["cache-control"] == "public, max-age=120"
        assert metadata.headers["content-type"] == "application/json"
        assert jwks.headers["cache-control"] == "public, max-age=60"
        assert jwks.headers["content-type"] == "application/jwk-set+json"


async def test_a_head_request_gets_the_headers_of_get() -> None:
    """RFC 9110 §9.3.2."""
    async with serving_on_sqlite() as server:
        for path in (METADATA, JWKS):
            head, get = await server.http.head(path), await server.http.get(path)

            assert (head.status_code, dict(head.headers)) == (200, dict(get.headers))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY"])
async def test_documents_answer_no_other_method(method: str) -> None:
    """E6, RFC 9110 §15.5.6: refused as JSON that nobody keeps, saying what is answered."""
    async with serving_on_sqlite() as server:
        for path in (METADATA, JWKS):
            response = await server.http.request(method, path)

            assert response.status_code == 405
            assert response.headers["allow"] == "GET, HEAD"
            assert response.headers["cache-control"] == "no-store"
            assert response.json()["error"] == "invalid_request"


async def test_the_token_endpoint_answers_post_alone() -> None:
    """P7, RFC 6749 §3.2."""
    async with serving_on_sqlite() as server:
        for method in ("GET", "HEAD", "PUT"):
            response = await server.http.request(method, server.authorization_server.server.urls.path("token"))

            assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_a_place_with_nothing_is_a_plain_404() -> None:
    """M2: also one that would be an endpoint with one more slash, which is not redirected either."""
    async with serving_on_sqlite() as server:
        for path in ("/oauth/", "/oauth/nothing", "/oauth/token/", "/oauth//token", "/OAUTH/token", f"{JWKS}/"):
            response = await server.http.post(path)

            assert response.status_code == 404, path
            assert "location" not in response.headers


async def test_the_key_set_holds_public_halves_of_every_kind() -> None:
    """B3, B4, RFC 7517 §4: the algorithm of each key is kept, and no private member is there."""
    async with serving_on_sqlite(signing_algorithms=("ES256", "PS256", "RS256", "EdDSA")) as server:
        keys = await keys_of(server)

        assert sorted(key["alg"] for key in keys) == ["ES256", "EdDSA", "PS256", "RS256"]
        assert len({key["kid"] for key in keys}) == 4
        for key in keys:
            assert set(key) == PUBLIC_MEMBERS[key["kty"]]
            assert key["use"] == "sig"


async def test_a_key_is_announced_before_it_signs_and_stays_until_its_last_token_ends() -> None:
    """B4, M5: verifiers that keep the key set for as long as it says never meet an unknown key."""
    async with serving_on_sqlite(jwks_cache_lifetime=3_600, access_token_lifetime=900) as server:
        await server.add_client()
        folder, told = server.settings.key_directory, server.settings
        (old,) = await keys_of(server)
        new = rotate_key(
            folder,
            "ES256",
            now=server.clock(),
            announce=told.jwks_cache_lifetime,
            longest_lifetime=told.access_token_lifetime,
        ).key
        server.authorization_server.server.keys._next_look = 0  # type: ignore[attr-defined]  # seconds pass

        announced, signer_then = await keys_of(server), await signer(server)
        server.clock.advance(3_600)
        retiring, signer_now = await keys_of(server), await signer(server)
        server.clock.advance(900)
        gone = await keys_of(server)

        assert {key["kid"] for key in announced} == {key["kid"] for key in retiring} == {old["kid"], new.kid}
        assert (signer_then, signer_now) == (old["kid"], new.kid)
        assert [key["kid"] for key in gone] == [new.kid]


async def test_a_retired_key_leaves_the_key_set_in_a_running_server() -> None:
    """B4: without a restart."""
    async with serving_on_sqlite() as server:
        folder, now = server.settings.key_directory, server.clock()
        (old,) = await keys_of(server)
        rotate_key(folder, "ES256", now=now, announce=timedelta(0), longest_lifetime=timedelta(hours=1))
        retire_key(folder, old["kid"], now=now, longest_lifetime=timedelta(hours=1), at_once=True)
        server.authorization_server.server.keys._next_look = 0  # type: ignore[attr-defined]  # seconds pass

        kids = {key["kid"] for key in await keys_of(server)}

        assert old["kid"] not in kids
        assert len(kids) == 1


async def signer(server: ServerUnderTest) -> str:
    """Return the key that signs access tokens now."""
    answer = await server.token(grant_type="client_credentials", scope="notes:read")
    header = answer["access_token"].partition(".")[0]
    return json.loads(decode_base64url(header))["kid"]  # type: ignore[no-any-return]


def test_well_known_documents_ignore_the_prefix() -> None:
    """A5."""
    urls = URLs(issuer=ISSUER, prefix="/elsewhere")

    assert urls.well_known("oauth-authorization-server") == METADATA
    assert urls.jwks_path == JWKS
