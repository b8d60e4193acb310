"""A server that listens, as the demo's client speaks to it over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from ....tests.harness import ServerUnderTest, serving
from ....tests.people import Browser, add_person


@pytest.fixture
async def listening(database_url: str) -> AsyncIterator[ServerUnderTest]:
    """A server in development mode on a port of its own, with ada and the demo's client."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # asyncio sends at once only where this is said
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who calls before anybody answers waits
        issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with serving(database_url, issuer=issuer, mode="development") as server:
            await add_person(server)
            await demonstrate(server)
            config = uvicorn.Config(server.app, lifespan="off", log_config=None)
            answering = uvicorn.Server(config)
            task = asyncio.create_task(answering.serve(sockets=[listener]))
            yield server
            answering.should_exit = True
            await task


@pytest.fixture
async def browser(listening: ServerUnderTest) -> AsyncIterator[Browser]:
    """A browser that calls the listening server."""
    opened = open_browser(listening)
    yield opened
    await opened.http.aclose()


def open_browser(server: ServerUnderTest) -> Browser:
    """Return a browser without cookies."""
    browser = Browser(server)
    browser.http = httpx.AsyncClient(base_url=server.settings.issuer, trust_env=False)
    return browser


async def demonstrate(server: ServerUnderTest) -> list[str]:
    """Prepare the demo and return the lines it would have printed."""
    authorization_server = server.authorization_server
    (demo,) = (feature for feature in authorization_server.features if feature.name == "demo")
    assert demo.demonstrate is not None
    return list(await demo.demonstrate(authorization_server.server))
