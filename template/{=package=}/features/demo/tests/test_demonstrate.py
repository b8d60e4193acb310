"""The demo prepares itself in development, and is not there in production."""

import pytest

from ....policy.clients import Clients
from ....tests.harness import ServerUnderTest, serving
from ..registration import CLIENT_ID
from .conftest import demonstrate

LOCAL = "http://localhost:8000"


async def redirect_uris(server: ServerUnderTest) -> tuple[str, ...]:
    """Return where the demo's client may be answered."""
    async with server.database.transaction() as transaction:
        client = await Clients().find(CLIENT_ID, transaction)
    assert client is not None
    return client.redirect_uris


async def test_it_can_be_prepared_again_and_on_another_port(database_url: str) -> None:
    """`dev` runs on what an earlier `dev` left behind."""
    async with serving(database_url, issuer=LOCAL, mode="development") as server:
        await demonstrate(server)
        lines = await demonstrate(server)
        assert lines[0] == f"a client: {LOCAL}/demo/"
        assert await redirect_uris(server) == (f"{LOCAL}/demo/callback",)

    async with serving(database_url, issuer="http://localhost:9000", mode="development") as server:
        await demonstrate(server)
        assert await redirect_uris(server) == ("http://localhost:9000/demo/callback",)


async def test_in_production_there_is_no_demo(server: ServerUnderTest) -> None:
    """No page, no API, no client: nothing of it answers, and nothing can prepare it."""
    for path in ("/demo", "/demo/", "/demo/login", "/demo/callback", "/demo/style.css", "/demo/api/notes"):
        assert (await server.http.get(path)).status_code == 404

    with pytest.raises(RuntimeError):
        await demonstrate(server)


async def test_a_server_that_cannot_reach_itself_says_so(database_url: str) -> None:
    """The client speaks HTTP to the issuer; without anybody there it shows a page, not a fault."""
    async with serving(database_url, issuer="http://localhost:1", mode="development") as server:
        response = await server.http.get("/demo/login")

    assert response.status_code == 503
    assert "The server cannot be reached" in response.text
