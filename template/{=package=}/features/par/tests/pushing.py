"""Clients that push, browsers that bring what they were answered, and a way to prove a key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

import httpx
import pytest
from starlette.requests import Request

from .... import app
from ....core.client import Client
from ....core.confirmation import Confirmation
from ....core.errors import InvalidRequest
from ....core.parameters import Parameters
from ....endpoints.authorization_rules import RequestSource, Sourced
from ....endpoints.sender import Sender
from ....feature import Feature
from ....features import make_features
from ....tests.harness import Answer, ServerUnderTest
from ....tests.people import Browser, Page, authorization_request

URN_OF_OURS = re.compile(r"urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}")


async def push(server: ServerUnderTest, client_id: str = "web", **changes: str | None) -> Answer:
    """Push a good request with `changes`, as the client would."""
    return await push_with({}, server, client_id, **changes)


async def push_with(
    headers: Mapping[str, str], server: ServerUnderTest, client_id: str = "web", **changes: str | None
) -> Answer:
    """Do the same, with further headers."""
    secret = server.secrets.get(client_id)
    response = await server.http.post(
        server.authorization_server.server.urls.path("par"),
        data=authorization_request(client_id, **changes),
        auth=httpx.BasicAuth(client_id, secret) if secret else httpx.USE_CLIENT_DEFAULT,
        headers=headers,
    )
    return Answer.of(response)


async def push_well(server: ServerUnderTest, client_id: str = "web", **changes: str | None) -> str:
    """Push a good request with `changes`; return its reference."""
    answer = await push(server, client_id, **changes)
    assert answer.status == 201, answer.body
    return str(answer["request_uri"])


async def bring(browser: Browser, request_uri: str, client_id: str = "web", **beside: str) -> Page:
    """Have a browser bring a reference to the authorization endpoint, with other parameters `beside` it."""
    path = browser.server.authorization_server.server.urls.path("authorize")
    query = urlencode({"client_id": client_id, "request_uri": request_uri, **beside})
    return await browser.open(f"{path}?{query}")


async def sign_in(
    server: ServerUnderTest, request_uri: str, client_id: str = "web", **beside: str
) -> tuple[Browser, Page]:
    """Have ada bring a reference in a browser of her own and sign in; return that and the consent page."""
    browser = Browser(server)
    return browser, await browser.sign_in(await bring(browser, request_uri, client_id, **beside))


async def look_up(server: ServerUnderTest, request_uri: str, client: Client) -> Sourced:
    """Return what is kept behind a reference."""
    brought = Parameters({"request_uri": request_uri})
    sources = server.authorization_server.composition.extensions(RequestSource)
    return await next(source for source in sources if source.applies(brought)).read(brought, client)


def is_dead_end(page: Page) -> bool:
    """Say whether the browser is on a page of ours that leads nowhere."""
    return (page.status, page.heading, "location" in page.response.headers) == (400, "This link does not work", False)


def add_features(monkeypatch: pytest.MonkeyPatch, *further: Feature) -> None:
    """Let servers that are composed from now on have further features."""
    monkeypatch.setattr(app, "make_features", lambda *given: [*make_features(*given), *further])


@dataclass(frozen=True)
class Seal:
    """A way to prove a sender: the header named after it is the key, and a client's metadata may ask for it."""

    name: str
    request_headers: ClassVar = {"wax": "a key"}
    response_headers: ClassVar = {"Next": "what to prove next"}

    @property
    def token_type(self) -> str:
        return self.name.title()

    def is_used(self, request: Request) -> bool:
        return self.name in request.headers

    def is_required_of(self, client: Client) -> bool:
        return client.metadata.get(self.name) is True

    async def identify(self, request: Request, client: Client) -> Sender:
        value = request.headers.get(self.name)
        if value is None:
            raise InvalidRequest(f"a {self.name} is missing")
        confirmation = Confirmation(method=self.name, value=value, token_type=self.token_type)
        return Sender(confirmation=confirmation, headers={"Next": f"{self.name} {value}"})
