"""Protected resource metadata: from an API to this server (RFC 9728, B5)."""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI

from ...features.protected_resource import make_guard
from ...policy.scopes import SCOPES
from ...protect.context import TokenContext
from ..harness import ISSUER, ServerUnderTest
from ..sqlite_server import serving_on_sqlite

ROOT = "/.well-known/oauth-protected-resource"


async def read(server: ServerUnderTest, path: str = ROOT) -> dict[str, Any]:
    response = await server.http.get(path)
    assert response.status_code == 200
    return response.json()  # type: ignore[no-any-return]


async def test_the_document_names_the_resource_and_whom_to_ask() -> None:
    """B5, RFC 9728 §2: to the byte, as clients compare it with the address that they were given."""
    async with serving_on_sqlite(audience="https://as.example/mcp") as server:
        document = await read(server)

        assert document["resource"] == "https://as.example/mcp"
        assert document["authorization_servers"] == [ISSUER]
        assert document["bearer_methods_supported"] == ["header"]


async def test_the_scopes_are_those_of_the_api_alone() -> None:
    """B5: a client asks for whatever stands here, so no scope of the server's own does, `offline_access` least."""
    async with serving_on_sqlite() as server:
        assert (await read(server))["scopes_supported"] == list(SCOPES)


@pytest.mark.parametrize(
    ("audience", "paths"),
    [
        (None, [ROOT]),
        ("https://as.example", [ROOT]),
        ("https://as.example/", [ROOT]),
        ("https://as.example/mcp", [ROOT, f"{ROOT}/mcp"]),
        ("https://as.example/a/b", [ROOT, f"{ROOT}/a/b"]),
    ],
)
async def test_the_document_is_at_the_root_and_behind_the_path(audience: str | None, paths: list[str]) -> None:
    """B5, RFC 9728 §3.1: clients try both, some the root only."""
    async with serving_on_sqlite(audience=audience) as server:
        documents = [await read(server, path) for path in paths]

        assert all(document == documents[0] for document in documents)
        assert (await server.http.get(f"{ROOT}/other")).status_code == 404
        described = (await server.http.get("/openapi.json")).json()["paths"]
        assert {path for path in described if path.startswith(ROOT)} == set(paths)


async def test_the_document_is_public() -> None:
    """B5, B8: cacheable, readable from every origin, over http too."""
    async with serving_on_sqlite(metadata_cache_lifetime=90) as server:
        server.http.base_url = httpx.URL("http://as.example")

        response = await server.http.get(ROOT)

        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.headers["cache-control"] == "public, max-age=90"
        assert response.headers["access-control-allow-origin"] == "*"


async def test_an_api_in_the_same_process_leads_to_the_document_and_takes_its_tokens() -> None:
    """I1, B5: from the challenge to the document, and from the document to a token that is good here."""
    async with serving_on_sqlite(audience="https://as.example/notes") as server:
        await server.add_client()
        guard = make_guard(server.authorization_server.composition)
        app = FastAPI()
        server.authorization_server.mount(app)

        @app.get("/notes")
        async def notes(context: Annotated[TokenContext, Depends(guard.requires("notes:read"))]) -> str:
            return context.client_id

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as http:
            refused = await http.get("/notes")
            found = refused.headers["www-authenticate"].partition('resource_metadata="')[2].partition('"')[0]
            document = (await http.get(found)).json()
            token = await server.token(grant_type="client_credentials", scope="notes:read")
            admitted = await http.get("/notes", headers={"Authorization": f"Bearer {token['access_token']}"})

            assert refused.status_code == 401
            assert document["resource"] == "https://as.example/notes"
            assert (admitted.status_code, admitted.json()) == (200, "web")


async def test_a_token_outlives_the_setting_of_its_algorithm() -> None:
    """B4: what signs today says nothing of what was signed before; the published keys do."""
    async with serving_on_sqlite() as server:
        guard = make_guard(server.authorization_server.composition)

        assert set(guard.algorithms) > set(server.settings.signing_algorithms)
