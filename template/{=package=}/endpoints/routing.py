"""Endpoints as values, and the dispatcher that finds them.

A look-up by exact path before the framework costs the same however many routes and middlewares it has.
Everything an endpoint must not forget happens here once: methods, https, CORS, refusals and faults.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..core.errors import InvalidRequest, MethodNotAllowed, OAuthError, ServerError
from .transport import TransportPolicy

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
Refusal = Callable[[OAuthError, Request], Awaitable[Response]]

CORS_HEADERS = ("Authorization", "Content-Type", "MCP-Protocol-Version")
CORS_EXPOSED = ("WWW-Authenticate",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CORSHeaders:
    """What scripts of other origins may send and read, beside what every script may (Fetch §3.2)."""

    allowed: Sequence[str] = CORS_HEADERS
    exposed: Sequence[str] = CORS_EXPOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A path, who answers which method, and how a refusal looks there.

    `cors`: browsers' clients call it from other origins. `needs_https`: it carries credentials, so plain http is
    refused. `describe` is its OpenAPI path item.
    """

    path: str
    handlers: Mapping[str, Handler]
    refuse: Refusal
    cors: bool = False
    needs_https: bool = True
    describe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def methods(self) -> list[str]:
        """What the endpoint answers; HEAD wherever GET is."""
        return [*self.handlers, *(["HEAD"] if "GET" in self.handlers else [])]

    async def answer(self, request: Request, transport: TransportPolicy) -> Response:
        """Return the response, whatever happens: a refusal as it looks here, a fault under an id that is in the log."""
        try:
            if self.needs_https and not transport.read_peer(request.scope).is_secure:
                raise InvalidRequest("this endpoint needs https")
            handler = self.handlers.get("GET" if request.method == "HEAD" else request.method)
            if handler is None:
                raise MethodNotAllowed(", ".join(self.methods))
            return await handler(request)
        except OAuthError as refusal:
            told, reason = refusal.description, refusal.reason
            log.debug("%s %s: %s, %s (%s)", request.method, self.path, refusal.error, told, reason)
            return await self.refuse(refusal, request)
        except ClientDisconnect:
            return await self.refuse(InvalidRequest("the request ended early"), request)
        except Exception:
            incident = new_incident()
            log.exception("%s %s failed, incident %s", request.method, self.path, incident)
            failed = ServerError(f"the server failed, incident {incident}", reason=incident)
            return await self.refuse(failed, request)


class EndpointDispatcher:
    """A pure ASGI middleware: requests at the paths of `endpoints` end here, all others go on to `app`.

    Raises ValueError when two endpoints want the same path.
    """

    def __init__(
        self, app: ASGIApp, endpoints: Sequence[Endpoint], transport: TransportPolicy, cors: CORSHeaders | None = None
    ) -> None:
        paths = [endpoint.path for endpoint in endpoints]
        if len(set(paths)) != len(paths):
            raise ValueError(f"two endpoints want the path {max(paths, key=paths.count)}")
        self._app = app
        cors = cors or CORSHeaders()
        self._endpoints = {endpoint.path: _as_app(endpoint, transport, cors) for endpoint in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the endpoint at the path of `scope`, or what stands behind us."""
        app = self._endpoints.get(scope["path"], self._app) if scope["type"] == "http" else self._app
        await app(scope, receive, send)


def new_incident() -> str:
    """Return an id that an error page shows and the log holds."""
    return secrets.token_hex(6)


def _as_app(endpoint: Endpoint, transport: TransportPolicy, cors: CORSHeaders) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint.answer(Request(scope, receive, send), transport)
        await response(scope, receive, send)

    if not endpoint.cors:
        return app
    shared = CORSMiddleware(
        app,
        allow_origins=("*",),
        allow_methods=endpoint.methods,
        allow_headers=cors.allowed,
        expose_headers=cors.exposed,
        max_age=3600,
    )

    async def for_browsers(scope: Scope, receive: Receive, send: Send) -> None:
        # Servers send no Origin. The answer is the same for every origin, so caches need not tell them apart.
        called_by_script = any(name == b"origin" for name, _ in scope["headers"])
        await (shared if called_by_script else app)(scope, receive, send)

    return for_browsers
