"""What an optional specification may add to the server. Nothing else can be hooked.

Never optional, so never a slot: client binding, exact redirect URIs, S256, the refusal of duplicates, `iss`,
no-store, hashed storage, and the end of a family.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from fastapi import APIRouter

from .core.finding import Finding
from .database import Transaction
from .endpoints.client_authentication import ClientAuthentication, ClientAuthenticator
from .endpoints.forms import Forms
from .endpoints.render import JSONRefusal
from .endpoints.routing import CORS_EXPOSED, CORS_HEADERS, CORSHeaders, Endpoint
from .endpoints.sender import SenderConstraint, Senders
from .endpoints.transport import TransportPolicy
from .grants.token_request import Grant
from .server import Server
from .settings import ENV_PREFIX
from .stores.sweeper import Expirable

Slot = TypeVar("Slot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One room. Every slot may stay empty; functions are called once, when the server is composed.

    `token_parameters` and `token_members` describe, for the OpenAPI document, what its grants read and what the
    token response gains. `metadata_names` are further well-known names of the metadata document. `scopes` are those
    that the feature itself understands, described for people. `extends` has values of the slots that another room
    owns and asks for by their type, such as a check of authorization requests. `repeatable_parameters` may stand in
    a request more than once. `cors_headers` may be sent by scripts of other origins, `cors_exposed` read by them.
    `routers` are FastAPI's own routes, for what is no endpoint of the protocol: an example API. `demonstrate`
    prepares what `dev` needs and returns the lines that it prints. `examine` looks at what the feature stands on, for a
    server of so many processes: at start-up, and for `serve` and `doctor`. `close` lets go of what the feature holds.
    """

    name: str
    specification: str
    endpoints: Callable[["Composition"], Sequence[Endpoint]] | None = None
    grants: Callable[["Composition"], Mapping[str, Callable[[Transaction], Grant]]] | None = None
    token_parameters: Mapping[str, str] = field(default_factory=dict)
    token_members: Mapping[str, str] = field(default_factory=dict)
    client_authentication: Callable[["Composition"], Sequence[ClientAuthenticator]] | None = None
    metadata: Callable[["Composition"], Mapping[str, Any]] | None = None
    metadata_names: Sequence[str] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)
    expirable: Sequence[Expirable] = ()
    extends: Mapping[type, Callable[["Composition"], object]] = field(default_factory=dict)
    repeatable_parameters: frozenset[str] = frozenset()
    cors_headers: Sequence[str] = ()
    cors_exposed: Sequence[str] = ()
    routers: Callable[["Composition"], Sequence[APIRouter]] | None = None
    demonstrate: Callable[[Server], Awaitable[Sequence[str]]] | None = None
    examine: Callable[[int], Awaitable[Sequence[Finding]]] | None = None
    close: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A server and the features it was composed of, while its endpoints and grants are being made."""

    server: Server
    features: Sequence[Feature]
    transport: TransportPolicy
    refuse: JSONRefusal
    _made: dict[tuple[int, type], object] = field(default_factory=dict)

    def extensions(self, slot: type[Slot]) -> list[Slot]:
        """Return what the features put into `slot`, in the order of the feature list; each is made once."""
        return [
            cast(Slot, self._make(position, slot, feature.extends[slot]))
            for position, feature in enumerate(self.features)
            if slot in feature.extends
        ]

    def find(self, slot: type[Slot]) -> Slot | None:
        """Return the one value in `slot`, or None. Raises ValueError if two features want to fill it."""
        found = self.extensions(slot)
        if len(found) > 1:
            raise ValueError(f"two features bring a {slot.__name__}, and there can be one")
        return found[0] if found else None

    def get(self, slot: type[Slot]) -> Slot:
        """Return the one value in `slot`. Raises ValueError if there is none, or more than one."""
        value = self.find(slot)
        if value is None:
            raise ValueError(f"no feature brings a {slot.__name__}")
        return value

    @cached_property
    def authentication(self) -> ClientAuthentication:
        """The client authentication that every endpoint shares. Raises ValueError if a setting names no method."""
        rooms = [feature.client_authentication for feature in self.features if feature.client_authentication]
        methods = [method for make in rooms for method in make(self)]
        wanted = self.server.settings.token_endpoint_auth_methods
        unknown = set(wanted) - {method.method for method in methods}
        if unknown:
            raise ValueError(f"{ENV_PREFIX}TOKEN_ENDPOINT_AUTH_METHODS names {min(unknown)}, which is not built in")
        chosen = [method for method in methods if not wanted or method.method in wanted]
        refused = [method for method in methods if method not in chosen]
        return ClientAuthentication(methods=chosen, clients=self.server.clients, refused=refused)

    @cached_property
    def senders(self) -> Senders:
        """The ways in which a sender can prove itself, which every endpoint shares that issues something."""
        constraints: list[SenderConstraint] = self.extensions(SenderConstraint)  # type: ignore[type-abstract]
        return Senders(constraints)

    @cached_property
    def forms(self) -> Forms:
        """How every endpoint reads parameters."""
        repeatable = {name for feature in self.features for name in feature.repeatable_parameters}
        return Forms(max_size=self.server.settings.max_body_size, repeatable=frozenset(repeatable))

    @cached_property
    def cors(self) -> CORSHeaders:
        """What scripts of other origins may send and read."""
        return CORSHeaders(
            allowed=(*CORS_HEADERS, *(name for feature in self.features for name in feature.cors_headers)),
            exposed=(*CORS_EXPOSED, *(name for feature in self.features for name in feature.cors_exposed)),
        )

    def _make(self, position: int, slot: type, make: Callable[["Composition"], object]) -> object:
        key = position, slot
        if key not in self._made:
            self._made[key] = make(self)
        return self._made[key]
