"""The demo: a small OAuth client and an API behind this server, to see it at work. Development only.

Read `client.py` for what a client has to do and `notes.py` for what an API has to do; both are made to be copied.
"""

from collections.abc import Sequence

from fastapi import APIRouter

from ...core.urls import URLs
from ...endpoints.routing import Endpoint
from ...feature import Composition, Feature
from ...server import Server
from ...settings import ServerSettings
from .accounts import Accounts, ClientTable, People, demo_client
from .client import OAuthClient
from .notes import Authors, make_guard, notes_router
from .pages import Pages
from .site import DemoSite
from .visits import Visits


def feature(settings: ServerSettings, *, principals: People, clients: ClientTable) -> Feature:
    """Return the feature: nothing but a refusal to demonstrate, unless in development mode."""
    visits = Visits()

    def site(server: Server) -> DemoSite:
        return DemoSite(server=server, client=_client(server), visits=visits, pages=Pages(server.settings.prefix))

    def endpoints(composition: Composition) -> Sequence[Endpoint]:
        return site(composition.server).endpoints()

    def routers(composition: Composition) -> Sequence[APIRouter]:
        server = composition.server
        return (notes_router(make_guard(server, Authors(server.database, principals))),)

    async def demonstrate(server: Server) -> Sequence[str]:
        if server.settings.mode != "development":
            raise RuntimeError("the demo has a password that everybody knows: it is for development only")
        lines = await Accounts(clients, principals).prepare(server, demo_client(_client(server).redirect_uri))
        return (*lines, *site(server).invitation())

    if settings.mode != "development":
        return Feature(name="demo", specification="", demonstrate=demonstrate)
    return Feature(name="demo", specification="", endpoints=endpoints, routers=routers, demonstrate=demonstrate)


def _client(server: Server) -> OAuthClient:
    return OAuthClient(
        issuer=server.urls.issuer,
        client_id=CLIENT_ID,
        redirect_uri=f"{server.urls.origin}{CALLBACK}",
        now=server.now,
    )
