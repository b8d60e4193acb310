"""The authorization code grant (RFC 6749 §4.1.3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..core.authorization_code import AuthorizationCode, check_exchange
from ..core.client import Client
from ..core.errors import InvalidGrant
from ..core.events import EventName
from ..core.scope import Scope
from ..core.secrets import digest
from .granted_tokens import GrantedTokens
from .refresh_token import RefreshTokens
from .token_request import TokenRequest, TokenResponse

GRANT_TYPE = "authorization_code"


class AuthorizationCodes(Protocol):
    """What this grant asks of storage."""

    async def find(self, digest: bytes) -> AuthorizationCode | None: ...
    async def redeem(self, digest: bytes, now: datetime) -> bool: ...


class Grants(Protocol):
    """How a grant ends: at once, for everything that descends from it."""

    async def end(self, grant_id: str, now: datetime) -> bool: ...


class RefreshTokenRule(Protocol):
    """The team's rule of who gets a refresh token."""

    def is_wanted(self, client: Client, scope: Scope) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCodeGrant:
    codes: AuthorizationCodes
    grants: Grants
    refresh_tokens: RefreshTokens
    tokens: GrantedTokens
    refresh_token_rule: RefreshTokenRule

    async def exchange(self, request: TokenRequest) -> TokenResponse:
        """Find, check, make the answer, then redeem: only the redemption decides who won a race.

        A refusal before it, and a fault before the commit, leave the code as it was. Raises InvalidGrant.
        """
        presented = request.parameters.require("code")
        code = await self.codes.find(digest(presented))
        if code is None:
            raise InvalidGrant("unknown code")
        client, grant = request.client, code.grant
        if grant.client_id != client.client_id:
            raise InvalidGrant("unknown code", reason=f"the code belongs to {grant.client_id}")
        # A late replay must still be seen as one, so expiry is judged after this.
        if code.redeemed_at is not None:
            raise await self._end(code, request)
        check_exchange(
            code,
            redirect_uri=request.parameters.get("redirect_uri"),
            code_verifier=request.parameters.get("code_verifier"),
            now=request.now,
        )
        access_token, members = await self.tokens.issue(
            grant, client, scope=grant.scope, now=request.now, code=presented
        )

        if not await self.codes.redeem(code.digest, request.now):
            raise await self._end(code, request)
        if "refresh_token" in client.grant_types and self.refresh_token_rule.is_wanted(
            client, Scope.parse(grant.scope)
        ):
            members["refresh_token"] = await self.refresh_tokens.begin(grant.id, request.now)
            request.report(EventName.REFRESH_ISSUED, subject=grant.subject, grant_id=grant.id)
        request.report(EventName.TOKEN_ISSUED, subject=grant.subject, grant_id=grant.id, scope=grant.scope)
        return TokenResponse(
            access_token=access_token,
            expires_in=self.tokens.issuer.expires_in,
            scope=grant.scope,
            members=members,
        )

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
