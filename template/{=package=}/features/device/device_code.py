"""A device code, and what a device is told that asks for tokens with it (RFC 8628 §3.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...core.errors import OAuthError
from ...core.grant import AuthorizationGrant

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"

SLOWED_BY = timedelta(seconds=5)
"""What each poll that comes too soon adds to the interval, for good (RFC 8628 §3.5)."""

JITTER = timedelta(milliseconds=500)
"""How much sooner than the interval a poll may arrive: the way here does not take the same time twice."""


class AuthorizationPending(OAuthError):
    """Nobody has answered yet (RFC 8628 §3.5). The audit log is not told of it, every few seconds."""

    error = "authorization_pending"
    is_denial = False


class SlowDown(OAuthError):
    """Nobody has answered yet, and the device asks too often (RFC 8628 §3.5)."""

    error = "slow_down"


class AccessDenied(OAuthError):
    """The person said no (RFC 8628 §3.5)."""

    error = "access_denied"


class ExpiredToken(OAuthError):
    """The device code has expired (RFC 8628 §3.5)."""

    error = "expired_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What a device asked for, and what became of it. It is pending until there is a `grant`, or it is denied.

    `client_ip` is where the device asked from, `confirmation` the key that it proved to hold.
    """

    digest: bytes
    client_id: str
    scope: str
    resources: tuple[str, ...]
    confirmation: Mapping[str, str] | None
    client_ip: str | None
    interval: timedelta
    created_at: datetime
    expires_at: datetime
    denied_at: datetime | None = None
    consumed_at: datetime | None = None
    grant: AuthorizationGrant | None = None
