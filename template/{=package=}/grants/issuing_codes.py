"""Turning a person's yes into a grant and its code (RFC 6749 §4.1.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..core.authorization_code import AuthorizationCode
from ..core.authorization_request import AuthorizationRequest
from ..core.grant import Authentication, AuthorizationGrant
from ..core.secrets import digest, mint_secret


class Grants(Protocol):
    """Where the grant is kept."""

    async def add(self, grant: AuthorizationGrant) -> None: ...


class AuthorizationCodes(Protocol):
    """Where the code is kept."""

    async def add(self, code: AuthorizationCode) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssuer:
    """`grant_lifetime` is how long a grant is kept that gets no refresh token: as long as its access token is good."""

    grants: Grants
    codes: AuthorizationCodes
    code_lifetime: timedelta
    grant_lifetime: timedelta

    async def issue(
        self,
        request: AuthorizationRequest,
        authentication: Authentication,
        *,
        claims: Mapping[str, Any],
        now: datetime,
    ) -> tuple[str, AuthorizationGrant]:
        """Keep a new grant with its code; return the code and the grant."""
        grant = AuthorizationGrant(
            id=mint_secret(),
            client_id=request.client_id,
            authentication=authentication,
            scope=request.scope,
            details=request.details,
            claims=claims,
            created_at=now,
            expires_at=now + self.grant_lifetime,
        )
        code = mint_secret()
        await self.grants.add(grant)
        await self.codes.add(
            AuthorizationCode(
                digest=digest(code),
                redirect_uri=request.redirect_uri,
                code_challenge=request.code_challenge,
                expires_at=now + self.code_lifetime,
                redeemed_at=None,
                grant=grant,
            )
        )
        return code, grant
