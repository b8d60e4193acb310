"""Your tables. Add columns and tables as you like, then run `alembic revision --autogenerate`."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, MetaData
from sqlalchemy.types import JSON
from sqlmodel import Field, SQLModel

from ..database.types import NAMING_CONVENTION, Instant, Words
from ..defaults import TABLE_PREFIX


class TeamTable(SQLModel):
    """What your rows descend from: a metadata of their own, so that migrations tell yours from the server's."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class ClientRow(TeamTable, table=True):
    """A client (RFC 7591 §2). The secret is kept as a SHA-256 digest: it has 256 bits, so it needs no stretching."""

    __tablename__ = f"{TABLE_PREFIX}clients"

    client_id: str = Field(primary_key=True)
    client_name: str
    secret_digest: bytes | None = Field(sa_type=LargeBinary)
    token_endpoint_auth_method: str
    grant_types: tuple[str, ...] = Field(sa_type=Words)
    redirect_uris: tuple[str, ...] = Field(sa_type=Words)
    scope: str
    is_native: bool
    client_uri: str | None
    details: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=Instant)
    disabled_at: datetime | None = Field(sa_type=Instant)
