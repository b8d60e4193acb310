"""The authorization code grant (RFC 6749 §4.1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..core.authorization_code import AuthorizationCode, check_exchange
from ..core.errors import InvalidGrant
from ..core.events import EventName
from ..core.parameters import Parameters
from ..core.secrets import digest
from .granted_tokens import GrantedTokens
from .token_request import TokenRequest, TokenResponse

GRANT_TYPE = "authorization_code"


class AuthorizationCodes(Protocol):
    """What this grant asks of storage."""

    async def find(self, digest: bytes) -> AuthorizationCode | None: ...
    async def redeem(self, digest: bytes, now: datetime) -> bool: ...


class Grants(Protocol):
    """How a grant ends: at once, for everything that descends from it."""

    async def end(self, grant_id: str, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCodeGrant:
    codes: AuthorizationCodes
    grants: Grants
    tokens: GrantedTokens

    async def exchange(self, request: TokenRequest) -> TokenResponse:
        """Find, check, make the answer, then redeem: only the redemption decides who won a race.

        A refusal before it, and a fault before the commit, leave the code as it was. Raises InvalidGrant.
        """
        presented = request.parameters.require("code")
        code = await self.codes.find(digest(presented))
        if code is None:
            raise InvalidGrant("unknown code")
        grant = code.grant
        if grant.client_id != request.client.client_id:
            raise InvalidGrant("unknown code", reason=f"the code belongs to {grant.client_id}")
        # A late replay must still be seen as one, so expiry is judged after this.
        if code.redeemed_at is not None:
            raise await self._end(code, request)
        check_exchange(
            code,
            redirect_uri=request.parameters.get("redirect_uri"),
            code_verifier=request.parameters.get("code_verifier"),
            confirmation=request.confirmation,
            now=request.now,
        )
        response = await self.tokens.issue(grant, request, scope=grant.scope, code=presented)

        if not await self.codes.redeem(code.digest, request.now):
            raise await self._end(code, request)
        return await self.tokens.begin_family(response, grant, request)

    async def find_confirmation(self, parameters: Parameters) -> Mapping[str, str] | None:
        """Return what the presented code is bound to, without spending it."""
        code = await self.codes.find(digest(parameters.get("code", "")))
        return code.confirmation if code else None

    async def _end(self, code: AuthorizationCode, request: TokenRequest) -> InvalidGrant:
        """A second use ends what the first bought (RFC 6749 §4.1.2), and that must outlive the refusal."""
        if await self.grants.end(code.grant.id, request.now):
            request.report(
                EventName.TOKEN_REVOKED,
                subject=code.grant.subject,
                grant_id=code.grant.id,
                reason="the code was replayed",
            )
        await request.transaction.commit()
        return InvalidGrant("unknown code", reason="the code was replayed")
