"""Turning a person's yes into a grant and its code (RFC 6749 §4.1.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..core.authorization_code import AuthorizationCode
from ..core.authorization_request import AuthorizationRequest
from ..core.grant import Authentication, AuthorizationGrant
from ..core.secrets import digest, mint_secret


class AuthorizationCodes(Protocol):
    """Where the code is kept."""

    async def add(self, code: AuthorizationCode) -> None: ...


@dataclass(frozen=True, slots=True)
class CodeIssuer:
    """Issues codes that are good for `lifetime`."""

    codes: AuthorizationCodes
    lifetime: timedelta

    async def issue(self, request: AuthorizationRequest, grant: AuthorizationGrant, *, now: datetime) -> str:
        """Keep a new code of a grant that is kept already, and return it."""
        code = mint_secret()
        await self.codes.add(
            AuthorizationCode(
                digest=digest(code),
                redirect_uri=request.redirect_uri,
                code_challenge=request.code_challenge,
                confirmation=request.confirmation,
                expires_at=now + self.lifetime,
                redeemed_at=None,
                grant=grant,
            )
        )
        return code


def begin_grant(
    request: AuthorizationRequest,
    authentication: Authentication,
    *,
    claims: Mapping[str, Any],
    now: datetime,
    lifetime: timedelta,
) -> AuthorizationGrant:
    """Return the grant that a person gave, which is kept for `lifetime` if it gets no refresh token."""
    return AuthorizationGrant(
        id=mint_secret(),
        client_id=request.client_id,
        authentication=authentication,
        scope=request.scope,
        resources=request.resources,
        details=request.details,
        claims=claims,
        created_at=now,
        expires_at=now + lifetime,
    )
