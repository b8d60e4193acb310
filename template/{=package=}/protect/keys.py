"""Where a guard has its keys from."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from ..core.jwk import VerificationKey
from ..core.keys import KeyStore

Keys = Mapping[str, VerificationKey]


class KeySource(Protocol):
    """Public keys by `kid`. Raises TemporarilyUnavailable when there are none to be had."""

    async def current(self) -> Keys:
        """Return the keys at hand. Asked for each request."""
        ...

    async def refreshed(self) -> Keys:
        """Return the keys after another look, as a `kid` was unknown. Anybody can cause this: look rarely."""
        ...


class LocalKeys:
    """The keys of the server that this guard is part of."""

    def __init__(self, store: KeyStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def current(self) -> Keys:
        """Return the keys announced, signing and retiring. Raises KeyStoreError."""
        return (await self._store.current()).verification_keys(self._now())

    async def refreshed(self) -> Keys:
        """Return the same: the store looks for changes by itself."""
        return await self.current()
