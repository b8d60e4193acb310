"""What was pushed: kept behind its reference for a while, and good for one answer (RFC 9126 §2.2, §7.3)."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...core.interaction import Interaction
from ...core.parameters import Parameters
from ...core.secrets import digest, mint_secret
from ...endpoints.authorization_rules import Sourced
from ...ephemeral import EphemeralStore

URN = "urn:ietf:params:oauth:request_uri:"
MAX_LIFETIME = timedelta(minutes=10)
"""The longest that a reference may be good, whatever is set."""

DETAIL = "pushed_request"
"""Under this name the details of a request say which reference it came by."""

_REFERENCE = re.compile(re.escape(URN) + r"[A-Za-z0-9_\-]{43}")


def mint_request_uri() -> str:
    """Return a new reference, which nobody can guess (RFC 9126 §7.1)."""
    return URN + mint_secret()


def name_of(request_uri: str) -> str:
    """Return what stands for a reference where it must not be readable."""
    return digest(request_uri).hex()


def as_text(pushed: Sourced) -> str:
    """Return what `from_text` reads."""
    return json.dumps([pushed.parameters.as_json(), pushed.confirmation, pushed.details], separators=(",", ":"))


def from_text(text: str) -> Sourced:
    """Return the request that `as_text` was given."""
    parameters, confirmation, details = json.loads(text)
    return Sourced(parameters=Parameters.of(parameters), confirmation=confirmation, details=details)


@dataclass(frozen=True, slots=True)
class PushedRequests:
    """Pushed requests in `records`, each good for `lifetime`. Their `client_id` is whose they are."""

    records: EphemeralStore
    lifetime: timedelta

    async def keep(self, request_uri: str, pushed: Sourced, now: datetime) -> None:
        """Keep a request behind a new reference."""
        expires_at = now + self.lifetime
        await self.records.add("pushed_request", request_uri, now=now, expires_at=expires_at, value=as_text(pushed))

    async def find(self, request_uri: str, now: datetime) -> Sourced | None:
        """Return the request as often as it is asked for, or None if it was never kept or has expired."""
        if not _REFERENCE.fullmatch(request_uri):
            return None
        text = await self.records.find("pushed_request", request_uri, now=now)
        return None if text is None else from_text(text)

    async def is_claimed(self, name: str, now: datetime) -> bool:
        """Say whether the reference of this name was used already."""
        return await self.records.find("claimed_request", name, now=now) is not None

    async def claim(self, name: str, interaction: Interaction, now: datetime) -> bool:
        """Say whether this interaction is the one that the reference is for: the first that claims it.

        It may claim again. All others began while the reference was good, so none of them lasts longer than the
        claim is remembered.
        """
        expires_at, by = interaction.expires_at + MAX_LIFETIME, interaction.digest.hex()
        if await self.records.add("claimed_request", name, now=now, expires_at=expires_at, value=by):
            return True
        return await self.records.find("claimed_request", name, now=now) == by
