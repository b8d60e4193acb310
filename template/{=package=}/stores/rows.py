"""The rows of the code flow: grants and what descends from them, interactions and their browsers.

Secrets are kept as digests. A subject and a `sid` are opaque strings: no foreign key leads to the team's
tables.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlalchemy.types import JSON
from sqlmodel import Field

from ..database.tables import ServerTable
from ..database.types import Instant, Words
from ..defaults import TABLE_PREFIX

_GRANTS = f"{TABLE_PREFIX}core_grants"


class AuthorizationGrantRow(ServerTable, table=True):
    """What a person allowed a client, once (RFC 6749 §1.3)."""

    __tablename__ = _GRANTS
    __table_args__ = (Index(f"ix_{_GRANTS}_subject_client", "subject", "client_id"),)

    id: str = Field(primary_key=True)
    client_id: str
    subject: str
    auth_time: datetime = Field(sa_type=Instant)
    acr: str | None
    amr: tuple[str, ...] = Field(sa_type=Words)
    sid: str | None = Field(index=True)
    scope: str
    resources: tuple[str, ...] = Field(sa_type=Words)
    details: dict[str, Any] = Field(sa_type=JSON)
    claims: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant, index=True)
    ended_at: datetime | None = Field(sa_type=Instant)


class AuthorizationCodeRow(ServerTable, table=True):
    """A code (RFC 6749 §4.1.2)."""

    __tablename__ = f"{TABLE_PREFIX}core_authorization_codes"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    grant_id: str = Field(foreign_key=f"{_GRANTS}.id", ondelete="CASCADE", index=True)
    redirect_uri: str
    code_challenge: str | None
    confirmation: dict[str, str] | None = Field(sa_type=JSON(none_as_null=True))
    expires_at: datetime = Field(sa_type=Instant, index=True)
    redeemed_at: datetime | None = Field(sa_type=Instant)


class RefreshTokenRow(ServerTable, table=True):
    """The refresh token of a grant (RFC 6749 §1.5), the one that it replaced, and itself sealed under that one.

    A family is one row, found by what all of its tokens begin with: to rotate is to update it.
    """

    __tablename__ = f"{TABLE_PREFIX}core_refresh_tokens"

    family_digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    grant_id: str = Field(foreign_key=f"{_GRANTS}.id", ondelete="CASCADE", index=True)
    digest: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=Instant, index=True)
    previous_digest: bytes | None = Field(sa_type=LargeBinary)
    rotated_at: datetime | None = Field(sa_type=Instant)
    sealed: bytes | None = Field(sa_type=LargeBinary)
    confirmation: dict[str, str] | None = Field(sa_type=JSON(none_as_null=True))


class BrowserSessionRow(ServerTable, table=True):
    """A browser with a cookie of ours, and who is signed in there, if anybody."""

    __tablename__ = f"{TABLE_PREFIX}core_browser_sessions"

    id: str = Field(primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    previous_digest: bytes | None = Field(sa_type=LargeBinary, index=True)
    subject: str | None
    auth_time: datetime | None = Field(sa_type=Instant)
    acr: str | None
    amr: tuple[str, ...] | None = Field(sa_type=Words)
    sid: str | None
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant, index=True)


class InteractionRow(ServerTable, table=True):
    """An authorization request that waits for a person."""

    __tablename__ = f"{TABLE_PREFIX}core_interactions"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    request: dict[str, Any] = Field(sa_type=JSON)
    browser_id: str | None
    account_chosen: str | None
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant, index=True)
    finished_at: datetime | None = Field(sa_type=Instant)
