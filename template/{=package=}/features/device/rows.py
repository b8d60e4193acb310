"""The rows of devices that wait, and of those who try codes that nobody was given."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.types import JSON
from sqlmodel import Field

from ...database.tables import ServerTable
from ...database.types import Instant, Words
from ...defaults import TABLE_PREFIX


class DeviceCodeRow(ServerTable, table=True):
    """A device that asked (RFC 8628 §3.1). The user code is forgotten once somebody answered: it is used up."""

    __tablename__ = f"{TABLE_PREFIX}device_codes"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    user_code_digest: bytes | None = Field(sa_type=LargeBinary, unique=True)
    client_id: str
    scope: str
    resources: tuple[str, ...] = Field(sa_type=Words)
    confirmation: dict[str, str] | None = Field(sa_type=JSON(none_as_null=True))
    client_ip: str | None
    interval_seconds: int
    last_polled_at: datetime | None = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant, index=True)
    denied_at: datetime | None = Field(sa_type=Instant)
    consumed_at: datetime | None = Field(sa_type=Instant)
    grant_id: str | None = Field(foreign_key=f"{TABLE_PREFIX}core_grants.id", ondelete="CASCADE", index=True)


class UserCodeAttemptsRow(ServerTable, table=True):
    """How many user codes an address tried in vain since its window began."""

    __tablename__ = f"{TABLE_PREFIX}device_attempts"

    address: str = Field(primary_key=True)
    attempts: int
    expires_at: datetime = Field(sa_type=Instant, index=True)
