"""Nonces of the server in proofs: they bound how long a proof made in advance is of use (RFC 9449 §8, §9, §11.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from ...core.secrets import mint_secret
from .proof import UseDPoPNonce

HEADER: Final = "DPoP-Nonce"
SHARED: Final = "dpop_shared_nonce"
SINGLE_USE: Final = "dpop_nonce"
LENGTH: Final = len(mint_secret())


class Records(Protocol):
    """What is asked of the ephemeral store: each an atomic step that lasts at once."""

    async def add(self, kind: str, key: str, *, now: datetime, expires_at: datetime, value: str = "") -> bool: ...
    async def find(self, kind: str, key: str, *, now: datetime) -> str | None: ...
    async def take(self, kind: str, key: str, *, now: datetime) -> str | None: ...


class Nonces(Protocol):
    """`check` returns the headers of the answer to a proof whose nonce is good. Raises UseDPoPNonce, which brings
    one that is.
    """

    async def check(self, nonce: str | None, now: datetime) -> Mapping[str, str]: ...


class NoNonces:
    """No nonce is asked for, and whatever a proof has of another server does not matter."""

    async def check(self, nonce: str | None, now: datetime) -> Mapping[str, str]:
        """Accept anything."""
        return {}


@dataclass(frozen=True, slots=True)
class SharedNonces:
    """One nonce for everybody, and a new one each half of `lifetime`: it is good for its own time and the next.

    Time is cut into periods that every node numbers alike. Whichever node first needs the nonce of a period makes it;
    the store sees to it that there is only one. So nodes accept each other's nonces, a request costs no look-up once
    they are known, and asking for nonces fills no store.
    """

    records: Records
    lifetime: timedelta
    _known: dict[int, str] = field(default_factory=dict)

    async def check(self, nonce: str | None, now: datetime) -> Mapping[str, str]:
        """Accept the nonce of this time or the one before; another clock may be in the next already."""
        period = int(now.timestamp() // self._length)
        current = await self._get(period, now)
        if nonce == current:
            return {}
        fresh = {HEADER: current}
        if nonce is not None and nonce in (await self._find(period - 1, now), await self._find(period + 1, now)):
            return fresh
        raise _refuse(fresh, nonce)

    @property
    def _length(self) -> float:
        return self.lifetime.total_seconds() / 2

    async def _get(self, period: int, now: datetime) -> str:
        """Return the nonce of a period of time, made now if nobody has made it."""
        found = await self._find(period, now)
        if found is None:
            ends = datetime.fromtimestamp((period + 3) * self._length, UTC)
            await self.records.add(SHARED, self._name(period), now=now, expires_at=ends, value=mint_secret())
            found = await self._find(period, now)
        if found is None:
            raise RuntimeError("the ephemeral store forgets what it was told a moment ago")
        return found

    async def _find(self, period: int, now: datetime) -> str | None:
        known = self._known.get(period)
        if known is None:
            known = await self.records.find(SHARED, self._name(period), now=now)
            if known is not None:
                self._remember(period, known)
        return known

    def _remember(self, period: int, nonce: str) -> None:
        """Keep what will not change, but no more of it than can be asked for."""
        for old in [other for other in self._known if abs(other - period) > 2]:
            del self._known[old]
        self._known[period] = nonce

    def _name(self, period: int) -> str:
        return f"{self._length}:{period}"


@dataclass(frozen=True, slots=True)
class SingleUseNonces:
    """A nonce for each request. It is kept until it is used or `lifetime` has passed."""

    records: Records
    lifetime: timedelta

    async def check(self, nonce: str | None, now: datetime) -> Mapping[str, str]:
        """Use the nonce up, and bring the next: of any number of proofs with it, one is accepted."""
        is_good = nonce is not None and await self._use(nonce, now)
        fresh = {HEADER: await self._issue(now)}
        if not is_good:
            raise _refuse(fresh, nonce)
        return fresh

    async def _use(self, nonce: str, now: datetime) -> bool:
        # What another server made may be empty or long, and the store need not be asked for it.
        return len(nonce) == LENGTH and await self.records.take(SINGLE_USE, nonce, now=now) is not None

    async def _issue(self, now: datetime) -> str:
        nonce = mint_secret()
        await self.records.add(SINGLE_USE, nonce, now=now, expires_at=now + self.lifetime)
        return nonce


def _refuse(fresh: Mapping[str, str], nonce: str | None) -> UseDPoPNonce:
    reason = "the proof has no nonce" if nonce is None else "the nonce of the proof is stale, used, or not ours"
    return UseDPoPNonce("the DPoP proof must have the nonce that this answer brings", reason=reason, headers=fresh)
