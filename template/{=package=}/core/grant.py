"""What a person allowed a client, once: the parent of its code, its refresh tokens and its access tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Who signed in, when and how (OIDC Core §2). `sid` names the session, an opaque string."""

    subject: str
    auth_time: datetime
    acr: str | None = None
    amr: tuple[str, ...] = ()
    sid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationGrant:
    """A person, a client, a scope, resources (RFC 6749 §1.3). Once `ended_at` is set nothing of it works any more.

    `details` is what features kept of the authorization request, `claims` what the consent policy added.
    """

    id: str
    client_id: str
    authentication: Authentication
    scope: str
    resources: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    @property
    def subject(self) -> str:
        """The person, as tokens name them."""
        return self.authentication.subject
