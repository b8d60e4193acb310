"""The JWK Sets that many others publish, fetched when they are needed and kept for a while (RFC 7517 §5)."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import anyio

from ..core.jwk import JoseError
from ..core.jwk_set import JWKSet
from .budget import Budget
from .fetcher import Fetched, FetchError

log = logging.getLogger(__name__)

MAX_SIZE: Final = 65_536
MAX_SETS: Final = 1_000
LIFETIME: Final = 300.0
SHORTEST: Final = 60.0
LONGEST: Final = 86_400.0
COOL_DOWN: Final = 30.0
LONGEST_COOL_DOWN: Final = 600.0
STALE_FOR: Final = 3_600.0


class JSONFetcher(Protocol):
    """What is asked of a fetcher."""

    async def fetch_json(self, url: str, *, max_size: int = ...) -> Fetched: ...


class RemoteJWKSets:
    """The keys at many a `jwks_uri`, each of which somebody else chose.

    A set is kept for as long as its headers say, within a minute and a day. It is fetched by one caller at a time,
    and never twice within the cool-down, which doubles with each failure: whatever tokens come in, with whatever
    `kid`, they cost the other side a request in half a minute, and all of them together no more than the budget. A
    failure is not kept as an answer: the keys at hand stay in use, until an hour after they were fetched at least,
    since a key that was withdrawn must not live on.
    """

    def __init__(
        self,
        fetcher: JSONFetcher,
        *,
        clock: Callable[[], float] = time.monotonic,
        budget: Budget | None = None,
        max_sets: int = MAX_SETS,
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._budget = budget or Budget(clock)
        self._max_sets = max_sets
        self._sets: OrderedDict[str, _Kept] = OrderedDict()

    async def current(self, jwks_uri: str) -> JWKSet:
        """Return the keys at hand, fetched if there are none or they are old. Raises FetchError."""
        kept = self._find(jwks_uri)
        if kept.keys is not None and self._clock() < kept.fresh_until:
            return kept.keys
        return await self._renewed(jwks_uri, kept, urgent=True)

    async def refreshed(self, jwks_uri: str) -> JWKSet:
        """Return the keys after another look for an unknown `kid`, unless one was had just now. Raises FetchError."""
        return await self._renewed(jwks_uri, self._find(jwks_uri), urgent=False)

    def _find(self, jwks_uri: str) -> "_Kept":
        kept = self._sets.get(jwks_uri)
        if kept is None:
            # Paid for before it takes up room: a flood of new places cannot push the others out any faster.
            if not self._budget.spend():
                raise FetchError(f"{jwks_uri!r}: too many are fetched just now")
            kept = self._sets[jwks_uri] = _Kept(is_paid=True)
            if len(self._sets) > self._max_sets:
                self._sets.popitem(last=False)
        self._sets.move_to_end(jwks_uri)
        return kept

    async def _renewed(self, jwks_uri: str, kept: "_Kept", *, urgent: bool) -> JWKSet:
        async with kept.one_at_a_time:  # whoever waited here finds that it was tried just now
            if self._clock() >= kept.next_try and (kept.is_paid or self._budget.spend(urgent=urgent)):
                kept.is_paid = False
                await self._try_to_fetch(jwks_uri, kept)
        if kept.keys is None or self._clock() >= max(kept.fresh_until, kept.fetched_at + STALE_FOR):
            raise FetchError(f"the keys at {jwks_uri!r} cannot be had now")
        return kept.keys

    async def _try_to_fetch(self, jwks_uri: str, kept: "_Kept") -> None:
        kept.next_try = self._clock() + min(COOL_DOWN * 2**kept.failures, LONGEST_COOL_DOWN)
        try:
            fetched = await self._fetcher.fetch_json(jwks_uri, max_size=MAX_SIZE)
            keys = JWKSet(fetched.body)
        except (FetchError, JoseError) as error:
            kept.failures += 1
            log.warning("cannot fetch the keys at %r: %s", jwks_uri, error)
            return
        lifetime = LIFETIME if fetched.lifetime is None else fetched.lifetime.total_seconds()
        kept.keys, kept.failures, kept.fetched_at = keys, 0, self._clock()
        kept.fresh_until = kept.fetched_at + min(max(lifetime, SHORTEST), LONGEST)


@dataclass(slots=True)
class _Kept:
    is_paid: bool
    keys: JWKSet | None = None
    fetched_at: float = float("-inf")
    fresh_until: float = float("-inf")
    next_try: float = float("-inf")
    failures: int = 0
    one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock)
