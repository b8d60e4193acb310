"""The server, composed: settings, policies and features become endpoints of a FastAPI app.

server = AuthorizationServer()
app = FastAPI(lifespan=server.lifespan)
server.mount(app)
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from . import policy
from .core.finding import Finding
from .core.keys import KeyStore
from .core.seam import Undecided, find_undecided
from .core.urls import URLs
from .database import Database, open_database
from .endpoints.metadata import build_metadata, metadata_endpoints
from .endpoints.openapi import add_to_openapi
from .endpoints.render import JSONRefusal
from .endpoints.routing import Endpoint, EndpointDispatcher
from .endpoints.token import TokenEndpoint
from .endpoints.transport import TransportPolicy
from .feature import Composition
from .features import SEAMS, Settings, make_features
from .grants.issuing import TokenIssuer
from .protect.refused import Refused, answer_refusal
from .server import EventSink, Server
from .settings import ENV_PREFIX
from .stores.key_files import FileKeys
from .stores.sweeper import sweep

log = logging.getLogger(__name__)


class ConfigurationError(Exception):
    """The server must not start like this. The text is one line that says what to mend."""


class AuthorizationServer:
    """One authorization server. Everything it needs is made here, once.

    What is not given is made from the settings and the policies; `now` tells aware UTC. Raises ConfigurationError, and
    TypeError for policies that do not fit.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        database: Database | None = None,
        events: EventSink | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        if misfits := find_misfits():
            raise TypeError("\n".join(misfits))
        # Imported late: what an older file has no name for would be told by a stack trace, and alone.
        from .policy.clients import Clients
        from .policy.errors import ErrorEnvelope
        from .policy.events import Events
        from .policy.keys import key_store
        from .policy.scopes import Scopes

        self.settings = settings = settings or Settings()
        database = database or open_database(settings.database_url)
        self.features = make_features(settings, database)
        scopes = Scopes({name: text for feature in self.features for name, text in feature.scopes.items()})
        keys = key_store(settings, FileKeys(settings.key_directory))
        urls = URLs(issuer=settings.issuer, prefix=settings.prefix, overrides=settings.paths)
        self.server = Server(
            settings=settings,
            urls=urls,
            database=database,
            keys=keys,
            issuer=_make_issuer(settings, keys),
            clients=Clients(),
            scopes=scopes,
            events=events or Events(),
            envelope=ErrorEnvelope(),
            now=now or _utc_now,
        )
        self._check_decisions()
        self.endpoints = self._compose()

    @property
    def undecided(self) -> list[Undecided]:
        """The policies that still are as shipped."""
        marks = [find_undecided(seam.find(policy.__name__)) for seam in SEAMS]
        return [mark for mark in marks if mark is not None]

    def mount(self, app: FastAPI) -> None:
        """Put the endpoints before the routes of `app`, and describe them in its OpenAPI document."""
        self._join(app)
        app.add_middleware(
            EndpointDispatcher, endpoints=self.endpoints, transport=self._transport, cors=self.composition.cors
        )

    def before(self, app: FastAPI) -> ASGIApp:
        """Return `app` behind the endpoints, for who serves it himself: what ends here costs nothing there."""
        self._join(app)
        return EndpointDispatcher(app, self.endpoints, self._transport, self.composition.cors)

    def _join(self, app: FastAPI) -> None:
        for router in self._routers:
            app.include_router(router)
        describe = app.openapi

        def openapi() -> dict[str, Any]:
            composition = self.composition
            further = composition.authentication.parameters
            return add_to_openapi(describe(), self.endpoints, further, composition.forms.repeatable)

        app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document

    @contextlib.asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Check what the server stands on, sweep while it runs, and let go of everything at the end."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.close)
            await self.server.database.check()
            ring = await self.server.keys.current()
            for algorithm in self.settings.signing_algorithms:
                ring.signing_key(algorithm, self.server.now())  # raises for one that no key signs
            await self._check_features()
            sweeper = asyncio.create_task(self._sweep_for_ever())
            stack.push_async_callback(_cancel, sweeper)
            yield

    async def close(self) -> None:
        """Let go of everything. What is used again is opened again."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.server.database.close)
            for feature in self.features:
                if feature.close:
                    stack.push_async_callback(feature.close)

    async def examine(self, processes: int) -> list[Finding]:
        """Look at what the features stand on, for a server of so many processes."""
        examined = [await feature.examine(processes) for feature in self.features if feature.examine]
        return [finding for findings in examined for finding in findings]

    async def purge(self) -> dict[str, int]:
        """Delete what has expired; return how many rows of each table."""
        expirables = [expirable for feature in self.features for expirable in feature.expirable]
        return dict(await sweep(self.server.database, expirables, self.server.now()))

    def _compose(self) -> Sequence[Endpoint]:
        server, settings = self.server, self.settings
        self._transport = TransportPolicy.of(settings.trusted_proxies, issuer=settings.issuer)
        self.composition = composition = Composition(
            server=server,
            features=self.features,
            transport=self._transport,
            refuse=JSONRefusal(server.envelope, settings.realm),
        )
        authentication = composition.authentication
        grants = {
            name: make
            for feature in self.features
            if feature.grants
            for name, make in feature.grants(composition).items()
        }
        self.grant_types, self.authentication_methods = list(grants), authentication.names
        document = build_metadata(
            server,
            grant_types=self.grant_types,
            authentication=authentication,
            contributions=[feature.metadata(composition) for feature in self.features if feature.metadata],
        )
        names = [name for each in self.features for name in each.metadata_names]
        token = TokenEndpoint(
            server=server,
            grants=grants,
            authentication=authentication,
            senders=composition.senders,
            forms=composition.forms,
            transport=self._transport,
            parameters={name: text for each in self.features for name, text in each.token_parameters.items()},
            members={name: text for each in self.features for name, text in each.token_members.items()},
        )
        endpoints = [
            token.endpoint(composition.refuse),
            *(e for each in self.features if each.endpoints for e in each.endpoints(composition)),
            *metadata_endpoints(server, document, names, composition.refuse),
        ]
        self._routers = [r for each in self.features if each.routers for r in each.routers(composition)]
        paths = [endpoint.path for endpoint in endpoints]
        mounted = set(paths)
        if len(mounted) != len(paths):
            taken = max(paths, key=paths.count)
            raise ConfigurationError(f"{ENV_PREFIX}PATHS or {ENV_PREFIX}PREFIX puts two endpoints at {taken}")
        for name, path in settings.paths.items():
            if path not in mounted:
                raise ConfigurationError(f"{ENV_PREFIX}PATHS names {name}, and there is no such endpoint here")
        return endpoints

    async def _check_features(self) -> None:
        for finding in await self.examine(1):
            if finding.level == "error":
                raise ConfigurationError(str(finding))
            if finding.level == "warning":
                log.warning("%s", finding)

    def _check_decisions(self) -> None:
        if self.settings.mode == "production":
            for mark in self.undecided:
                if mark.must_decide:
                    raise ConfigurationError(f"{mark.policy} is undecided: {mark.question}")

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self.settings.purge_interval.total_seconds())
            try:
                await self.purge()
            except Exception:
                log.exception("sweeping failed; the next attempt is in %s", self.settings.purge_interval)


def find_misfits() -> list[str]:
    """Return a text for each policy that does not fit this server: what is wrong, and how to mend it."""
    looked_at = [seam.find_misfit(policy.__name__) for seam in SEAMS]
    return [misfit for misfit in looked_at if misfit]


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Return the server as an app of its own. Raises what AuthorizationServer raises.

    That is a TypeError for policies that do not fit, of which uvicorn prints the text alone.
    """
    server = AuthorizationServer(settings)
    app = FastAPI(
        title="Authorization server",
        lifespan=server.lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # such a redirect goes wherever the Host header says
    )
    app.add_exception_handler(Refused, answer_refusal)
    return server.before(app)


def _make_issuer(settings: Settings, keys: KeyStore) -> TokenIssuer:
    return TokenIssuer(
        issuer=settings.issuer,
        default_audience=settings.default_audience,
        lifetime=settings.access_token_lifetime,
        algorithm=settings.signing_algorithms[0],
        keys=keys,
    )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _utc_now() -> datetime:
    return datetime.now(UTC)
