"""The keys of a client: in its registration, or at the `jwks_uri` that stands there (RFC 7591 §2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ...core.client import Client
from ...core.jwk import Algorithm, JoseError, VerificationKey
from ...core.jwk_set import JWKSet
from ...outbound.fetcher import FetchError
from .assertion import METHOD

Keys = Mapping[str, VerificationKey]


class NoKeys(JoseError):
    """There is nothing to verify an assertion with: no such client, no keys of it, or not to be had now."""


class JWKSets(Protocol):
    """What is asked of the floor that fetches. Both raise FetchError."""

    async def current(self, jwks_uri: str) -> JWKSet: ...
    async def refreshed(self, jwks_uri: str) -> JWKSet: ...


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """Finds the public keys of clients."""

    remote: JWKSets

    async def current(self, client: Client | None, algorithm: Algorithm) -> Keys:
        """Return the keys with which `client` may sign `algorithm`, by `kid`. Raises NoKeys."""
        inline, jwks_uri = _registered(client, algorithm)
        try:
            key_set = JWKSet(inline) if inline is not None else await self.remote.current(jwks_uri)
        except (JoseError, FetchError) as error:
            raise NoKeys(str(error)) from None
        return key_set.keys_for(algorithm)

    async def refreshed(self, client: Client | None, algorithm: Algorithm) -> Keys:
        """Return the keys after another look at where they are published. Raises NoKeys."""
        inline, jwks_uri = _registered(client, algorithm)
        if inline is not None:
            raise NoKeys("none of the registered keys is the one that signed")
        try:
            return (await self.remote.refreshed(jwks_uri)).keys_for(algorithm)
        except FetchError as error:
            raise NoKeys(str(error)) from None


def _registered(client: Client | None, algorithm: Algorithm) -> tuple[Mapping[str, object] | None, str]:
    """Return the JWK Set that is registered, or None and the URI of one."""
    if client is None:
        raise NoKeys("there is no such client")
    if client.token_endpoint_auth_method != METHOD:
        raise NoKeys(f"it must use {client.token_endpoint_auth_method}")
    if client.metadata.get("token_endpoint_auth_signing_alg", algorithm) != algorithm:
        raise NoKeys("it registered another alg")
    jwks, jwks_uri = client.metadata.get("jwks"), client.metadata.get("jwks_uri")
    if isinstance(jwks, dict) and jwks_uri is None:
        return jwks, ""
    if isinstance(jwks_uri, str) and jwks is None:
        return None, jwks_uri
    raise NoKeys("it has no keys, or both jwks and jwks_uri")  # RFC 7591 §2: one or the other
