"""The refresh token grant: rotation, honest retries and reuse (RFC 6749 §6, RFC 9700 §4.14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ..core.confirmation import check_confirmation
from ..core.errors import InvalidGrant
from ..core.events import EventName
from ..core.parameters import Parameters
from ..core.refresh_token import Presented, RefreshTokenFamily, judge
from ..core.scope import Scope, narrow_scope
from ..core.sealing import unseal
from .granted_tokens import GrantedTokens
from .token_request import TokenRequest, TokenResponse

GRANT_TYPE = "refresh_token"


class RefreshTokens(Protocol):
    """What is asked of storage. `rotate` returns the successor, or None to whoever lost the race."""

    async def find(self, presented: str) -> RefreshTokenFamily | None: ...
    async def rotate(self, presented: str, now: datetime) -> str | None: ...


class Grants(Protocol):
    """How a family ends: with its grant, for good."""

    async def end(self, grant_id: str, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenGrant:
    """`grace` is how long a retry of a lost answer counts as honest; `rotates` may be off for confidential clients."""

    refresh_tokens: RefreshTokens
    grants: Grants
    tokens: GrantedTokens
    grace: timedelta
    rotates: bool

    async def exchange(self, request: TokenRequest) -> TokenResponse:
        """Return new tokens for a presented refresh token. Raises InvalidGrant, InvalidScope or InvalidRequest.

        Of parallel presentations one rotates; the others are retries of it and get the same successor, or, with a
        grace of zero, reuse.
        """
        presented = request.parameters.require("refresh_token")
        family = await self._find(presented, request)
        grant = family.grant
        meaning = judge(family, presented, request.now, grace=self.grace)
        if meaning is Presented.EXPIRED:
            raise InvalidGrant("unknown refresh token", reason="the refresh token has expired")
        if meaning is Presented.REUSED:
            raise await self._end(family, request)
        asked = request.parameters.get("scope")
        scope = str(narrow_scope(Scope.parse(grant.scope), Scope.parse(asked) if asked else None))
        response = await self.tokens.issue(grant, request, scope=scope)

        response = response.with_member("refresh_token", await self._advance(family, presented, request, meaning))
        request.report(EventName.TOKEN_ISSUED, subject=grant.subject, grant_id=grant.id, scope=scope)
        return response

    async def find_confirmation(self, parameters: Parameters) -> Mapping[str, str] | None:
        """Return what the presented token is bound to: the key of a public client."""
        family = await self.refresh_tokens.find(parameters.get("refresh_token", ""))
        return family.confirmation if family else None

    async def _find(self, presented: str, request: TokenRequest) -> RefreshTokenFamily:
        family = await self.refresh_tokens.find(presented)
        if family is None:
            raise InvalidGrant("unknown refresh token")
        if family.grant.client_id != request.client.client_id:
            raise InvalidGrant("unknown refresh token", reason=f"it belongs to {family.grant.client_id}")
        if family.grant.ended_at is not None:
            raise InvalidGrant("unknown refresh token", reason="its grant has ended")
        # Before it is judged: who does not hold the key must not be able to end the family either.
        check_confirmation(family.confirmation, request.confirmation)
        return family

    async def _advance(
        self, family: RefreshTokenFamily, presented: str, request: TokenRequest, meaning: Presented
    ) -> str:
        """Return the refresh token to answer with: a new one, the successor of a retry, or the same one."""
        if meaning is Presented.CURRENT:
            # A public client's token must rotate: nothing else would show that it was stolen (RFC 9700 §2.2.2).
            if not (self.rotates or request.client.is_public):
                return presented
            successor = await self.refresh_tokens.rotate(presented, request.now)
            if successor is not None:
                request.report(EventName.REFRESH_ROTATED, subject=family.grant.subject, grant_id=family.grant.id)
                return successor
            family = await self._find(presented, request)
            meaning = judge(family, presented, request.now, grace=self.grace)
        retried = unseal(family.sealed, presented) if family.sealed else None
        if meaning is not Presented.RETRIED or retried is None:
            raise await self._end(family, request)
        return retried

    async def _end(self, family: RefreshTokenFamily, request: TokenRequest) -> InvalidGrant:
        """Two parties hold the token and we cannot tell which is the thief: both lose (RFC 9700 §4.14.2)."""
        if await self.grants.end(family.grant.id, request.now):
            request.report(
                EventName.REFRESH_REUSE_DETECTED,
                subject=family.grant.subject,
                grant_id=family.grant.id,
                reason="a superseded refresh token was presented",
            )
        await request.transaction.commit()
        return InvalidGrant("unknown refresh token", reason="a superseded refresh token was presented")
