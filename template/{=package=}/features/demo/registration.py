"""How the demo's client stands among the clients: registered by hand, as yours will be."""

from datetime import datetime
from typing import Protocol

from ...core.client import AuthMethod, Client
from ...database import Transaction
from ...server import Server
from .notes import READ, WRITE

CLIENT_ID = "demo"
SCOPE = f"openid profile email offline_access {READ}"
FURTHER_SCOPE = f"{SCOPE} {WRITE}"
"""What the client asks for at first, and what it asks for when more is needed."""


class ClientTable(Protocol):
    """What the demo asks of `policy/clients.py`."""

    async def find(self, client_id: str, transaction: Transaction) -> Client | None: ...
    async def create(self, client: Client, transaction: Transaction, *, now: datetime) -> str | None: ...
    async def delete(self, client_id: str, transaction: Transaction) -> bool: ...


async def register(clients: ClientTable, server: Server, redirect_uri: str) -> None:
    """Keep the client: public, so it must use PKCE. One that is there is replaced if it differs, as the port may."""
    wanted = Client(
        client_id=CLIENT_ID,
        client_name="Demo notes",
        token_endpoint_auth_method=AuthMethod.NONE,
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        redirect_uris=(redirect_uri,),
        scope=frozenset(FURTHER_SCOPE.split()),
    )
    async with server.database.transaction() as transaction:
        if await clients.find(CLIENT_ID, transaction) != wanted:
            await clients.delete(CLIENT_ID, transaction)
            await clients.create(wanted, transaction, now=server.now())
            await transaction.commit()
