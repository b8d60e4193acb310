"""The demo: a small OAuth client and an API behind this server, to see it at work. Development only.

Read `client.py` for what a client has to do and `notes.py` for what an API has to do; both are made to be copied.
"""

from collections.abc import Sequence

from fastapi import APIRouter

from ...endpoints.forms import Forms
from ...endpoints.routing import Endpoint
from ...feature import Composition, Feature
from ...server import Server
from ...settings import ServerSettings
from .client import OAuthClient
from .notes import Authors, Names, make_guard, notes_router
from .pages import Pages
from .registration import CLIENT_ID, ClientTable, register
from .site import CALLBACK, DemoSite
from .visits import Visits

_visits = Visits()
"""Of this process: the server that answers knows the link that was printed before it was composed."""


def feature(settings: ServerSettings, *, principals: Names, clients: ClientTable) -> Feature:
    """Return the feature: nothing but a refusal to demonstrate, unless in development mode."""

    def endpoints(composition: Composition) -> Sequence[Endpoint]:
        return _site(composition.server).endpoints()

    def routers(composition: Composition) -> Sequence[APIRouter]:
        authors = Authors(composition.server.database, principals)
        return (notes_router(make_guard(composition, authors)),)

    async def demonstrate(server: Server) -> Sequence[str]:
        if server.settings.mode != "development":
            raise RuntimeError("the demo is for development only")
        await register(clients, server, _client(server).redirect_uri)
        return _site(server).invitation()

    if settings.mode != "development":
        return Feature(name="demo", specification="", demonstrate=demonstrate)
    return Feature(name="demo", specification="", endpoints=endpoints, routers=routers, demonstrate=demonstrate)


def _site(server: Server) -> DemoSite:
    pages = Pages(server.urls.origin, server.settings.prefix)
    forms = Forms(max_size=server.settings.max_body_size)
    return DemoSite(server=server, forms=forms, client=_client(server), visits=_visits, pages=pages)


def _client(server: Server) -> OAuthClient:
    return OAuthClient(
        issuer=server.urls.issuer,
        client_id=CLIENT_ID,
        redirect_uri=f"{server.urls.origin}{CALLBACK}",
        now=server.now,
    )
