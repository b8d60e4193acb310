"""What an endpoint learns of the access token that it was called with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic

from typing_extensions import TypeVar

from ..core.errors import InvalidScope, InvalidToken
from ..core.scope import Scope, covers

Principal = TypeVar("Principal", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenContext(Generic[Principal]):
    """A verified access token. `principal` is what the guard's `load_principal` made of it, `headers` belong into
    the answer.
    """

    subject: str
    client_id: str
    scope: Scope
    expires_at: datetime
    claims: Mapping[str, Any]
    principal: Principal
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def acr(self) -> str | None:
        """How the person was authenticated, when the server said so (RFC 9068 §2.2.1)."""
        return self.claims.get("acr")

    @property
    def auth_time(self) -> datetime | None:
        """When the person was authenticated, when the server said so (RFC 9068 §2.2.1)."""
        seconds = self.claims.get("auth_time")
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    @property
    def grant_id(self) -> str | None:
        """The authorization that the token descends from; the server can say whether it still stands."""
        return self.claims.get("grant_id")

    def has_scope(self, *required: str) -> bool:
        """Say whether the token reaches each of `required`, wildcards counted."""
        return covers(self.scope, required)


def read_context(claims: Mapping[str, Any]) -> TokenContext[None]:
    """Return what the claims of a verified token say (RFC 9068 §2.2). Raises InvalidToken."""
    for name in ("sub", "client_id", "jti"):
        if not isinstance(claims[name], str) or not claims[name]:
            raise _malformed(name)
    for name in ("acr", "grant_id", "scope"):
        if not isinstance(claims.get(name, ""), str):
            raise _malformed(name)
    try:
        scope = Scope.parse(claims.get("scope", ""))
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        datetime.fromtimestamp(claims.get("auth_time", 0), UTC)
    except (InvalidScope, TypeError, ValueError, OverflowError, OSError):
        raise _malformed("scope, exp or auth_time") from None
    return TokenContext(
        subject=claims["sub"],
        client_id=claims["client_id"],
        scope=scope,
        expires_at=expires_at,
        claims=claims,
        principal=None,
    )


def _malformed(name: str) -> InvalidToken:
    return InvalidToken("the access token is not valid", reason=f"malformed claim: {name}")
