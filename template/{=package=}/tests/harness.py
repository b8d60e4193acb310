"""A server to test: composed as in production, with its own database, keys and clock, called over HTTP."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from ..app import AuthorizationServer
from ..core.client import AuthMethod, Client
from ..core.events import Event
from ..features import Settings
from ..stores.key_files import ensure_keys

ISSUER = "https://as.example"
REDIRECT_URI = "https://client.example/callback"


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class EventLog:
    """An event sink that remembers."""

    events: list[Event] = field(default_factory=list)

    async def emit(self, event: Event) -> None:
        """Remember `event`."""
        self.events.append(event)

    @property
    def names(self) -> list[str]:
        """What happened, in order."""
        return [str(event.name) for event in self.events]


@dataclass(frozen=True)
class Answer:
    """A JSON answer: its status, its headers, and what stands in its body."""

    status: int
    headers: httpx.Headers
    body: dict[str, Any]

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and error code."""
        return self.status, self.body["error"]

    @classmethod
    def of(cls, response: httpx.Response) -> "Answer":
        """Read a response of an endpoint that answers with JSON or with nothing."""
        return cls(response.status_code, response.headers, response.json() if response.content else {})

    def __getitem__(self, member: str) -> Any:
        return self.body[member]


@dataclass(frozen=True)
class ServerUnderTest:
    """A server, and the verbs that tests need. Secrets of clients made here are kept in `secrets`."""

    authorization_server: AuthorizationServer
    app: FastAPI
    http: httpx.AsyncClient
    clock: Clock
    events: EventLog
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """What the server was told."""
        return self.authorization_server.settings

    @property
    def database(self) -> Any:
        """Where the server keeps its rows."""
        return self.authorization_server.server.database

    async def add_client(self, client_id: str = "web", **changes: Any) -> Client:
        """Keep a confidential client that may do everything, or one that differs in `changes`."""
        known = {
            "client_name": client_id.title(),
            "token_endpoint_auth_method": AuthMethod.CLIENT_SECRET_BASIC,
            "grant_types": frozenset(self.authorization_server.grant_types),
            "redirect_uris": (REDIRECT_URI,),
            "scope": frozenset(self.authorization_server.server.scopes.supported()),
        }
        client = Client(client_id=client_id, **{**known, **changes})
        from ..policy.clients import Clients  # late, so that `conftest.py` comes to say where a policy does not fit

        async with self.database.transaction() as transaction:
            secret = await Clients().create(client, transaction, now=self.clock())
            await transaction.commit()
        if secret:
            self.secrets[client_id] = secret
        return client

    async def post(self, endpoint: str, client: str | None = "web", **form: str) -> Answer:
        """Post a form to an endpoint by name, authenticated as `client` (None: not at all)."""
        path = self.authorization_server.server.urls.path(endpoint)
        secret = self.secrets.get(client or "")
        if client and not secret:
            form = {"client_id": client, **form}
        auth = httpx.BasicAuth(client, secret) if client and secret else None
        return Answer.of(await self.http.post(path, data=form, auth=auth or httpx.USE_CLIENT_DEFAULT))

    async def token(self, client: str | None = "web", **form: str) -> Answer:
        """Post a form to the token endpoint."""
        return await self.post("token", client, **form)


class Told(Settings):
    """Settings that a test tells, and no environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing else, which takes a third of the time."""
        return (init_settings,)


def alone() -> dict[str, str]:
    """Return what to tell a server so that it needs no other service, or the one that `TEST_<setting>` names."""
    return {name: os.environ.get(f"TEST_{name.upper()}", value) for name, value in Settings.alone.items()}


@asynccontextmanager
async def serving(database_url: str, **settings: Any) -> AsyncIterator[ServerUnderTest]:
    """Compose a server on a database that has its tables; `settings` differ from the defaults."""
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "issuer": ISSUER,
            "prefix": "/oauth",
            "database_url": database_url,
            "key_directory": Path(folder) / "keys",
            "signing_algorithms": ("ES256",),
            **alone(),
            **settings,
        }
        clock, events = Clock(), EventLog()
        made = Told(**told)
        ensure_keys(made.key_directory, made.signing_algorithms, now=clock.now - timedelta(days=1))
        composed = AuthorizationServer(made, now=clock, events=events)
        app = FastAPI(lifespan=composed.lifespan)
        composed.mount(app)
        async with (
            composed.lifespan(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=made.issuer) as http,
        ):
            yield ServerUnderTest(composed, app, http, clock, events)
