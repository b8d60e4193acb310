"""What an optional specification may add to the server. Nothing else can be hooked.

Never optional, so never a slot: client binding, exact redirect URIs, S256, the refusal of duplicates, `iss`,
no-store, hashed storage, and the end of a family.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import APIRouter

from .database import Transaction
from .endpoints.client_authentication import ClientAuthentication, ClientAuthenticator
from .endpoints.render import JSONRefusal
from .endpoints.routing import Endpoint
from .endpoints.transport import TransportPolicy
from .grants.token_request import Grant
from .server import Server
from .settings import ENV_PREFIX
from .stores.sweeper import Expirable

Slot = TypeVar("Slot")


@dataclass(frozen=True, slots=True)
class PolicyContract:
    """A policy of the team and the version of the seam that it must be written for."""

    policy: object
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One room. Every slot may stay empty; functions are called once, when the server is composed.

    `token_parameters` and `token_members` describe, for the OpenAPI document, what its grants read and what the
    token response gains. `metadata_names` are further well-known names of the metadata document. `scopes` are those
    that the feature itself understands, described for people. `extends` returns values of the slots that another
    room owns and asks for by their type, such as a check of authorization requests. `routers` are FastAPI's own
    routes, for what is no endpoint of the protocol: an example API. `demonstrate` prepares what `dev` needs and
    returns the lines that it prints.
    """

    name: str
    specification: str
    endpoints: Callable[["Composition"], Sequence[Endpoint]] | None = None
    grants: Callable[["Composition"], Mapping[str, Callable[[Transaction], Grant]]] | None = None
    token_parameters: Mapping[str, str] = field(default_factory=dict)
    token_members: Mapping[str, str] = field(default_factory=dict)
    client_authentication: Sequence[ClientAuthenticator] = ()
    metadata: Callable[["Composition"], Mapping[str, Any]] | None = None
    metadata_names: Sequence[str] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)
    expirable: Sequence[Expirable] = ()
    policies: Sequence[PolicyContract] = ()
    extends: Callable[[Server], Sequence[object]] | None = None
    routers: Callable[["Composition"], Sequence[APIRouter]] | None = None
    demonstrate: Callable[[Server], Awaitable[Sequence[str]]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A server and the features it was composed of, while its endpoints and grants are being made."""

    server: Server
    features: Sequence[Feature]
    transport: TransportPolicy
    refuse: JSONRefusal

    def extensions(self, slot: type[Slot]) -> list[Slot]:
        """Return what the features put into `slot`, in the order of the feature list."""
        values = [value for each in self.features if each.extends for value in each.extends(self.server)]
        return [value for value in values if isinstance(value, slot)]

    @property
    def authentication(self) -> ClientAuthentication:
        """The client authentication that every endpoint shares. Raises ValueError if a setting names no method."""
        methods = [method for feature in self.features for method in feature.client_authentication]
        wanted = self.server.settings.token_endpoint_auth_methods
        unknown = set(wanted) - {method.method for method in methods}
        if unknown:
            raise ValueError(f"{ENV_PREFIX}TOKEN_ENDPOINT_AUTH_METHODS names {min(unknown)}, which is not built in")
        chosen = [method for method in methods if not wanted or method.method in wanted]
        return ClientAuthentication(methods=chosen, clients=self.server.clients)
