"""The composed server: everything that an endpoint, a grant or a feature may touch."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .core.access_token import PrincipalKind
from .core.client import Client
from .core.events import Event
from .core.keys import KeyStore
from .core.scope import Scope
from .core.seam import Seam
from .core.urls import URLs
from .database import Database, Transaction
from .grants.issuing import TokenIssuer
from .settings import ServerSettings

log = logging.getLogger(__name__)


class Clients(Protocol):
    """What the server asks of `policy/clients.py`."""

    kind: PrincipalKind

    async def find(self, client_id: str, transaction: Transaction) -> Client | None: ...
    async def authenticate(self, client_id: str, secret: str, transaction: Transaction) -> Client | None: ...
    def subject(self, client: Client) -> str: ...


class Scopes(Protocol):
    """What the server asks of `policy/scopes.py`."""

    def supported(self) -> Mapping[str, str]: ...
    async def allow(self, client: Client, requested: Scope) -> Scope: ...


class EventSink(Protocol):
    """What the server asks of `policy/events.py`."""

    async def emit(self, event: Event) -> None: ...


class ErrorEnvelope(Protocol):
    """What the server asks of `policy/errors.py`."""

    def wrap(self, members: Mapping[str, str]) -> Mapping[str, object]: ...


SEAMS = (
    Seam("clients.Clients", Clients),
    Seam("scopes.Scopes", Scopes),
    Seam("events.Events", EventSink),
    Seam("errors.ErrorEnvelope", ErrorEnvelope),
    Seam("keys.key_store", KeyStore),
)
"""The policies that every server has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The parts of one authorization server. `now` returns aware UTC; tests bring their own."""

    settings: ServerSettings
    urls: URLs
    database: Database
    keys: KeyStore
    issuer: TokenIssuer
    clients: Clients
    scopes: Scopes
    events: EventSink
    envelope: ErrorEnvelope
    now: Callable[[], datetime]

    async def emit(self, event: Event) -> None:
        """Tell the audit log. A sink that fails is logged and never breaks a request."""
        try:
            await self.events.emit(event)
        except Exception:
            log.exception("the event sink failed on %s", event.name)
