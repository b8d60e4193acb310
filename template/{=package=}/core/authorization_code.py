"""An authorization code and the rules of its exchange (RFC 6749 §4.1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .confirmation import Confirmation, check_confirmation
from .errors import InvalidGrant
from .grant import AuthorizationGrant
from .pkce import check_verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """A code as it is kept: its digest, what it is bound to, and the grant it stands for."""

    digest: bytes
    redirect_uri: str
    code_challenge: str | None
    confirmation: Mapping[str, str] | None = None
    expires_at: datetime
    redeemed_at: datetime | None
    grant: AuthorizationGrant


def check_exchange(
    code: AuthorizationCode,
    *,
    redirect_uri: str | None,
    code_verifier: str | None,
    confirmation: Confirmation | None,
    now: datetime,
) -> None:
    """Check everything about an unredeemed code but its client. Raises InvalidGrant or InvalidRequest; spends nothing.

    An ended grant is judged like an expired code: both mean that the client came too late.
    """
    if code.expires_at <= now:
        raise InvalidGrant("unknown code", reason="the code has expired")
    if code.grant.ended_at is not None:
        raise InvalidGrant("unknown code", reason="the grant of the code has ended")
    if redirect_uri != code.redirect_uri:
        raise InvalidGrant("redirect_uri is not the one of the authorization request")
    check_verifier(code.code_challenge, code_verifier)
    check_confirmation(code.confirmation, confirmation)
