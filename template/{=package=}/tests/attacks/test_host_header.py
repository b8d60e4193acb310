"""The Host header is whatever the caller says: nothing that the server answers may depend on it."""

import httpx

from ...app import create_app
from ...features import Settings
from ..harness import ISSUER, ServerUnderTest

EVIL = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}


async def test_no_document_is_of_another_host(server: ServerUnderTest) -> None:
    """M1."""
    for endpoint in server.authorization_server.endpoints:
        for method in ("GET", "POST"):
            response = await server.http.request(method, endpoint.path, headers=EVIL)

            assert "evil" not in response.text + str(response.headers)


async def test_no_spelling_of_a_path_is_redirected_there() -> None:
    """A framework that mends a trailing slash redirects to the host it was told, and a cache may keep that."""
    settings = Settings(_env_file=None, issuer=ISSUER, database_url="sqlite:////nowhere/at/all.db")
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        for path in ("/openapi.json/", "//openapi.json", "/oauth/token/", "//evil.example/oauth/token"):
            response = await http.get(httpx.URL(ISSUER).copy_with(raw_path=path.encode()), headers=EVIL)

            assert response.status_code == 404, path
