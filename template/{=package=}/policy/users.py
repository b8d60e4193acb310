"""Your people's table as shipped: a user name, a name to show, an address, a password hash."""

from datetime import datetime

from sqlmodel import Field

from ..database.types import Instant
from ..defaults import TABLE_PREFIX
from .tables import TeamTable


class UserRow(TeamTable, table=True):
    """A person who can sign in. `id` becomes the subject of tokens; it never changes and is never given twice."""

    __tablename__ = f"{TABLE_PREFIX}users"

    id: str = Field(primary_key=True)
    username: str = Field(unique=True)
    name: str
    email: str | None
    email_verified: bool
    password_hash: str
    created_at: datetime = Field(sa_type=Instant)
    disabled_at: datetime | None = Field(sa_type=Instant)
