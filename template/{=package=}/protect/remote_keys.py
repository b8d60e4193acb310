"""The keys of an authorization server elsewhere, fetched from its `jwks_uri` (RFC 7517 §5, RFC 8414 §2)."""

import logging
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import anyio
import httpx

from ..core.encoding import parse_json_object
from ..core.errors import TemporarilyUnavailable
from ..core.jwk import JoseError, load_jwk_set
from ..core.reading import read_at_most
from .keys import Keys

log = logging.getLogger(__name__)

_MAX_SIZE: Final = 65_536
_TIMEOUT: Final = 5.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# No compression: a small answer must not be able to become a large one.
_HEADERS: Final = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}


class RemoteKeys:
    """A `KeySource` that fetches a JWK Set and keeps it.

    It is fetched again after `lifetime` seconds, and when a `kid` is unknown; never twice within `cool_down`
    seconds, whatever comes in, and never twice at a time. While that fails the keys at hand stay in use until
    `stale_for` seconds after they were fetched: a key that was withdrawn must not live on.
    """

    def __init__(
        self,
        jwks_uri: str,
        *,
        lifetime: float = 300,
        cool_down: float = 10,
        stale_for: float = 3600,
        client: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError unless `jwks_uri` is https, or http on loopback."""
        _check_uri(jwks_uri)
        self._uri = jwks_uri
        self._lifetime, self._cool_down, self._stale_for = lifetime, cool_down, stale_for
        self._client = client
        self._clock = clock
        self._one_at_a_time = anyio.Lock()
        self._keys: Keys | None = None
        self._fetched_at = self._tried_at = float("-inf")

    async def current(self) -> Keys:
        """Return the keys at hand, fetched again if they are old. Raises TemporarilyUnavailable."""
        if self._keys is not None and self._clock() < self._fetched_at + self._lifetime:
            return self._keys
        return await self.refreshed()

    async def refreshed(self) -> Keys:
        """Return the keys, fetched again unless that was tried just now. Raises TemporarilyUnavailable."""
        async with self._one_at_a_time:  # whoever waited here finds that it was tried just now
            if self._clock() >= self._tried_at + self._cool_down:
                self._tried_at = self._clock()
                await self._try_to_fetch()
        if self._keys is None or self._clock() >= self._fetched_at + self._stale_for:
            raise TemporarilyUnavailable("the keys of the authorization server cannot be had now")
        return self._keys

    async def _try_to_fetch(self) -> None:
        try:
            with anyio.fail_after(_TIMEOUT):
                if self._client is not None:
                    data = await _fetch(self._client, self._uri)
                else:
                    async with httpx.AsyncClient() as client:
                        data = await _fetch(client, self._uri)
            keys = load_jwk_set(parse_json_object(data))
            if not keys:
                raise ValueError("no usable key in it")
        except (httpx.HTTPError, TimeoutError, ValueError, JoseError) as error:
            log.warning("cannot fetch the keys at %s: %s", self._uri, str(error) or type(error).__name__)
        else:
            self._keys, self._fetched_at = keys, self._clock()


async def _fetch(client: httpx.AsyncClient, uri: str) -> bytes:
    request = client.stream("GET", uri, headers=_HEADERS, timeout=_TIMEOUT, follow_redirects=False)
    async with request as response:
        if response.status_code != 200 or "content-encoding" in response.headers:
            raise ValueError(f"status {response.status_code}, or compressed")
        return await read_at_most(_MAX_SIZE, response.aiter_bytes())


def _check_uri(uri: str) -> None:
    parts = urlsplit(uri)
    allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not allowed or not parts.hostname or parts.username is not None or "#" in uri:
        raise ValueError(f"jwks_uri must be https, or http on loopback: {uri}")
