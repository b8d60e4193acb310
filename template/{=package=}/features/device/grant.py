"""The device authorization grant (RFC 8628 §3.4, §3.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ...core.confirmation import check_confirmation
from ...core.errors import InvalidGrant
from ...core.events import EventName
from ...core.parameters import Parameters
from ...core.secrets import digest
from ...grants.granted_tokens import GrantedTokens
from ...grants.token_request import TokenRequest, TokenResponse
from .device_code import AccessDenied, AuthorizationPending, DeviceCode, ExpiredToken, SlowDown


class DeviceCodes(Protocol):
    """What this grant asks of storage."""

    async def find(self, digest: bytes) -> DeviceCode | None: ...
    async def poll(self, code: DeviceCode, now: datetime) -> timedelta | None: ...
    async def consume(self, digest: bytes, now: datetime) -> bool: ...


class Grants(Protocol):
    """How a grant ends: at once, for everything that descends from it."""

    async def end(self, grant_id: str, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeGrant:
    """A device asks again and again, until a person has answered for it elsewhere."""

    codes: DeviceCodes
    grants: Grants
    tokens: GrantedTokens

    async def exchange(self, request: TokenRequest) -> TokenResponse:
        """Find, check, make the answer, then consume: only that decides who won a race.

        Scope and resources are those of the device's own request, as far as the person allowed them; a request for
        tokens can narrow the resources. Raises AuthorizationPending, SlowDown, AccessDenied, ExpiredToken,
        InvalidGrant, or InvalidRequest. A fault before the commit leaves the code as it was.
        """
        code = await self._find(request)
        if code.consumed_at is not None:
            raise await self._end(code, request)
        if code.expires_at <= request.now:
            raise ExpiredToken("the device code has expired")
        if code.denied_at is not None:
            raise AccessDenied("the person said no")
        if code.grant is None:
            raise await self._wait(code, request)
        if code.grant.ended_at is not None:
            raise InvalidGrant("unknown device code", reason="the grant of the device code has ended")
        response = await self.tokens.issue(code.grant, request, scope=code.grant.scope)

        if not await self.codes.consume(code.digest, request.now):
            raise await self._end(code, request)
        return await self.tokens.begin_family(response, code.grant, request)

    async def find_confirmation(self, parameters: Parameters) -> Mapping[str, str] | None:
        """Return what the presented code is bound to, without spending it."""
        code = await self.codes.find(digest(parameters.get("device_code", "")))
        return code.confirmation if code else None

    async def _find(self, request: TokenRequest) -> DeviceCode:
        """Return the client's own code. What another presents must change nothing, not even how often to ask."""
        code = await self.codes.find(digest(request.parameters.require("device_code")))
        if code is None:
            raise InvalidGrant("unknown device code")
        if code.client_id != request.client.client_id:
            raise InvalidGrant("unknown device code", reason=f"the device code belongs to {code.client_id}")
        # Before anything is judged: who does not hold the key must not be able to slow the device down, or to end
        # what it got.
        check_confirmation(code.confirmation, request.confirmation)
        return code

    async def _wait(self, code: DeviceCode, request: TokenRequest) -> AuthorizationPending | SlowDown:
        """Return what to answer while nobody has, once it is written down when the device asked."""
        interval = await self.codes.poll(code, request.now)
        await request.transaction.commit()
        if interval is not None and interval > code.interval:
            return SlowDown("the device asks too often", reason=f"once in {interval.total_seconds():.0f} s from now on")
        return AuthorizationPending("nobody has answered yet")

    async def _end(self, code: DeviceCode, request: TokenRequest) -> InvalidGrant:
        """A second use ends what the first bought, as with an authorization code (RFC 6749 §4.1.2): two parties hold
        the code, or the answer was lost and nobody has the tokens. It must outlive the refusal.
        """
        grant = code.grant
        if grant is not None and await self.grants.end(grant.id, request.now):
            request.report(
                EventName.TOKEN_REVOKED,
                subject=grant.subject,
                grant_id=grant.id,
                reason="the device code was replayed",
            )
        await request.transaction.commit()
        return InvalidGrant("unknown device code", reason="the device code was replayed")
