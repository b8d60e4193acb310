"""A refresh token and what presenting it means (RFC 6749 §6, RFC 9700 §4.14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from .grant import AuthorizationGrant
from .secrets import digest, mint_secret

OFFLINE_ACCESS = "offline_access"
"""The scope by which a client asks for access while the person is away (OIDC Core §11)."""

_FAMILY_LENGTH = 43


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenFamily:
    """The refresh tokens of one grant as they are kept: the newest, and the one before it.

    All tokens of a family begin alike. Whoever presents one that begins so and is neither of the two holds an older
    one, so no more than two need to be kept to notice that.
    """

    family_digest: bytes
    digest: bytes
    expires_at: datetime
    previous_digest: bytes | None
    rotated_at: datetime | None
    sealed: bytes | None
    """The newest token, sealed under the previous one."""
    confirmation: Mapping[str, str] | None = None
    """What a public client has to prove with each token; a confidential one proves who it is (RFC 9700 §2.2.2)."""
    grant: AuthorizationGrant


class Presented(Enum):
    """What it means that a token of a living grant is presented now."""

    CURRENT = "the newest of its family"
    RETRIED = "its answer was lost: superseded a moment ago, its successor unused"
    REUSED = "two parties hold it: one of them is not the client"
    EXPIRED = "nobody used it for its whole lifetime"


def mint_refresh_token(predecessor: str | None = None) -> str:
    """Return a new refresh token, of the family of `predecessor` or of a new one."""
    family = predecessor[:_FAMILY_LENGTH] if predecessor else mint_secret()
    return family + mint_secret()


def digest_family(refresh_token: str) -> bytes:
    """Return the digest by which the family of a token is found."""
    return digest(refresh_token[:_FAMILY_LENGTH])


def judge(family: RefreshTokenFamily, presented: str, now: datetime, *, grace: timedelta) -> Presented:
    """Say what presenting a token of this family now means. With a `grace` of zero there is no honest retry."""
    presented_digest = digest(presented)
    if presented_digest == family.digest:
        return Presented.EXPIRED if family.expires_at <= now else Presented.CURRENT
    # Who lost a race may have looked at the clock before who won it, so a grace of zero is not left to the comparison.
    if not grace or presented_digest != family.previous_digest or family.rotated_at is None:
        return Presented.REUSED
    return Presented.RETRIED if now < family.rotated_at + grace else Presented.REUSED
