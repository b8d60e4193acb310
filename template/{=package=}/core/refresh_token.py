"""A refresh token and what presenting it means (RFC 6749 §6, RFC 9700 §4.14)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from .grant import AuthorizationGrant

OFFLINE_ACCESS = "offline_access"
"""The scope by which a client asks for access while the person is away (OIDC Core §11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token as it is kept. All tokens of one grant are one family, and live and die with the grant."""

    digest: bytes
    expires_at: datetime
    superseded_at: datetime | None
    successor: bytes | None
    """The token that replaced this one, sealed under this one."""
    successor_superseded_at: datetime | None
    """When the successor was itself replaced: from then on nobody honest presents this one."""
    grant: AuthorizationGrant


class Presented(Enum):
    """What it means that a token of a living grant is presented now."""

    CURRENT = "the newest of its family"
    RETRIED = "its answer was lost: superseded a moment ago, its successor unused"
    REUSED = "two parties hold it: one of them is not the client"
    EXPIRED = "nobody used it for its whole lifetime"


def judge(token: RefreshToken, now: datetime, *, grace: timedelta) -> Presented:
    """Say what presenting `token` now means. With a `grace` of zero there is no honest retry."""
    if token.superseded_at is None:
        return Presented.EXPIRED if token.expires_at <= now else Presented.CURRENT
    # Who lost a race may have looked at the clock before who won it, so a grace of zero is not left to the comparison.
    in_grace = bool(grace) and now < token.superseded_at + grace
    if in_grace and token.successor is not None and token.successor_superseded_at is None:
        return Presented.RETRIED
    return Presented.REUSED
