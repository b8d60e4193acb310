"""What every authorization request has to meet, whichever way it comes in (RFC 6749 §4.1.1)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ..core.authorization_request import (
    AuthorizationRequest,
    ResponseMode,
    check_authorization_request,
    get_redirect_uri,
    get_response_mode,
    get_state,
)
from ..core.authorization_response import ResponseTarget
from ..core.client import Client
from ..core.errors import InvalidRequest, OAuthError
from ..core.parameters import Parameters
from ..core.scope import Scope
from ..database import Transaction
from ..server import Server


class RequestNotSupported(OAuthError):
    """A request object was sent, and none is understood here (OIDC Core §3.1.2.6)."""

    error = "request_not_supported"


class RequestURINotSupported(OAuthError):
    """A request was sent by a reference that is not followed here (OIDC Core §3.1.2.6)."""

    error = "request_uri_not_supported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """The parameters that count, what their sender proved, and what is to be found again in the request's `details`."""

    parameters: Parameters
    confirmation: Mapping[str, str] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestSource:
    """A slot: parameters that are elsewhere than in the request itself, such as behind a reference.

    `read` is asked where `applies` says so. It raises OAuthError. `parameters` describes what says where they are.
    """

    applies: Callable[[Parameters], bool]
    read: Callable[[Parameters, Client], Awaitable[Sourced]]
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestCheck:
    """A slot: what a feature checks in a request, and keeps of it."""

    check: Callable[[Parameters, AuthorizationRequest, Client], Awaitable[AuthorizationRequest]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRules:
    """Reads requests and checks them, in this order: `get_client`, `read`, `prove_target`, `check`.

    `response_modes` are those offered. Other rooms find this value by its type, to judge requests as we do.
    """

    server: Server
    sources: Sequence[RequestSource]
    checks: Sequence[RequestCheck]
    response_modes: Sequence[str]
    require_pkce: bool

    async def get_client(self, parameters: Parameters, transaction: Transaction) -> Client:
        """Return the client that the request names. Raises InvalidRequest."""
        client_id = parameters.visible("client_id")
        if client_id is None:
            raise InvalidRequest("client_id is missing")
        client = await self.server.clients.find(client_id, transaction)
        if client is None:
            raise InvalidRequest("client_id names no client here", reason=f"{client_id!r} is unknown")
        return client

    async def read(self, parameters: Parameters, client: Client) -> Sourced:
        """Return the parameters that count, from wherever they are. Raises what the source raises."""
        for source in self.sources:
            if source.applies(parameters):
                return await source.read(parameters, client)
        return Sourced(parameters=parameters)

    def prove_target(self, parameters: Parameters, client: Client) -> ResponseTarget:
        """Return where the answer goes, proved to be the client's. Until then no answer may travel.

        A bad mode or state is refused by `check`; that refusal travels in the default mode and without state.
        Raises InvalidRequest.
        """
        redirect_uri = get_redirect_uri(parameters, client)
        mode, state = ResponseMode.QUERY.value, None
        with suppress(InvalidRequest):
            mode = get_response_mode(parameters, self.response_modes)
        with suppress(InvalidRequest):
            state = get_state(parameters)
        return ResponseTarget(
            redirect_uri=redirect_uri, response_mode=mode, state=state, issuer=self.server.urls.issuer
        )

    async def check(self, sourced: Sourced, client: Client, target: ResponseTarget) -> AuthorizationRequest:
        """Return the request as a value, checked by every feature that has something to say. Raises OAuthError."""
        parameters = sourced.parameters
        if "request" in parameters:
            raise RequestNotSupported("request objects are not accepted here")
        if "request_uri" in parameters:
            raise RequestURINotSupported("request_uri is not accepted here")
        checked = check_authorization_request(
            parameters,
            client,
            redirect_uri=target.redirect_uri,
            response_modes=self.response_modes,
            scope=await self.server.scopes.allow(client, Scope.parse(parameters.get("scope", ""))),
            require_pkce=self.require_pkce,
        )
        checked = replace(checked, confirmation=sourced.confirmation, details=sourced.details)
        for each in self.checks:
            checked = await each.check(parameters, checked, client)
        return checked
