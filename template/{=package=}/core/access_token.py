"""The claims of an access token (RFC 9068 §2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .secrets import mint_secret

TYPE = "at+jwt"
RESERVED = frozenset(
    [
        "iss",
        "sub",
        "aud",
        "client_id",
        "scope",
        "jti",
        "iat",
        "nbf",
        "exp",
        "cnf",
        "act",
        "auth_time",
        "acr",
        "amr",
        "sid",
        "grant_id",
        "nonce",
        "azp",
        "at_hash",
        "c_hash",
    ]
)
"""Claims that the server alone sets: a policy that supplies one is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalKind:
    """A kind of subject: its prefix keeps a client from ever being taken for a person (RFC 9068 §5)."""

    name: str
    prefix: str
    required_claims: frozenset[str] = frozenset()

    def check(self, claims: Mapping[str, Any]) -> None:
        """Check that claims about to be signed fit this kind. Raises ValueError: it is policy's mistake."""
        subject = claims["sub"]
        if not subject.startswith(self.prefix) or subject == self.prefix:
            raise ValueError(f"the subject {subject!r} of a {self.name} does not begin with {self.prefix!r}")
        missing = self.required_claims - claims.keys()
        if missing:
            raise ValueError(f"the claim {min(missing)} is missing that a {self.name} needs")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token before it is signed. `authenticated_at` and `acr` only where a person signed in."""

    issuer: str
    subject: str
    kind: PrincipalKind
    audience: tuple[str, ...]
    client_id: str
    scope: str
    issued_at: datetime
    lifetime: timedelta
    grant_id: str | None = None
    authenticated_at: datetime | None = None
    acr: str | None = None
    confirmation: Mapping[str, str] | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)

    def as_claims(self) -> dict[str, Any]:
        """Return the claims to sign. Raises ValueError when policy supplied a reserved claim or a wrong subject."""
        taken = RESERVED & self.claims.keys()
        if taken:
            raise ValueError(f"policy supplied the claim {min(taken)}, which only the server sets")
        issued_at = int(self.issued_at.timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience[0] if len(self.audience) == 1 else list(self.audience),
            "client_id": self.client_id,
            "iat": issued_at,
            "exp": issued_at + int(self.lifetime.total_seconds()),
            "jti": mint_secret()[:22],
            **self.claims,
        }
        if self.scope:
            claims["scope"] = self.scope
        if self.grant_id:
            claims["grant_id"] = self.grant_id
        if self.authenticated_at:
            claims["auth_time"] = int(self.authenticated_at.timestamp())
        if self.acr:
            claims["acr"] = self.acr
        if self.confirmation:
            claims["cnf"] = dict(self.confirmation)
        self.kind.check(claims)
        return claims
