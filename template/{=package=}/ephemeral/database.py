"""Ephemeral records in the server's own database: a table, and a statement for each verb."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import LargeBinary, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col

from ..core.finding import Finding
from ..database import Database, Statement
from ..database.tables import ServerTable
from ..database.types import Instant
from ..defaults import EPHEMERAL_STORES, TABLE_PREFIX
from ..stores.sweeper import Expirable
from . import as_bytes, as_text, record_digest


class EphemeralRecordRow(ServerTable, table=True):
    """A record under the digest of its kind and key. The kind is there to be read by people."""

    __tablename__ = f"{TABLE_PREFIX}ephemeral_records"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    kind: str
    value: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=Instant, index=True)


Row = EphemeralRecordRow

# One statement, so that of two at once the second sees what the first has kept. PostgreSQL's words are SQLite's too.
_offer = insert(Row)
_add = Statement(
    _offer.values(
        digest=bindparam("digest_"),
        kind=bindparam("kind_"),
        value=bindparam("value_"),
        expires_at=bindparam("expires"),
    )
    .on_conflict_do_update(
        index_elements=["digest"],
        set_={"value": _offer.excluded.value, "expires_at": _offer.excluded.expires_at},
        where=col(Row.expires_at) <= bindparam("now"),
    )
    .returning(col(Row.digest))
)
_find = Statement(
    select(col(Row.value)).where(col(Row.digest) == bindparam("digest_")).where(col(Row.expires_at) > bindparam("now"))
)
_take = Statement(
    delete(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.expires_at) > bindparam("now"))
    .returning(col(Row.value))
)
_delete_expired = Statement(delete(Row).where(col(Row.expires_at) < bindparam("now")))


def open_store(url: str, database: Database) -> "DatabaseStore":
    """Return the store in `database`; raises ValueError if `url` says more than that."""
    if url != EPHEMERAL_STORES["database"]:
        raise ValueError(f"the ephemeral records' database is the server's own: use {EPHEMERAL_STORES['database']}")
    return DatabaseStore(database)


class DatabaseStore:
    """Records in a database, each verb in a short transaction of its own."""

    expirable: Sequence[Expirable] = (Expirable("ephemeral_records", _delete_expired),)

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, kind: str, key: str, *, now: datetime, expires_at: datetime, value: str = "") -> bool:
        """Keep a record, and say whether there was none that has not expired."""
        digest = record_digest(kind, key)
        async with self._database.transaction() as transaction:
            row = await transaction.first(
                _add, digest_=digest, kind_=kind, value_=as_bytes(value), expires=expires_at, now=now
            )
            await transaction.commit()
        return row is not None

    async def find(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value, or None if there is no such record or it has expired."""
        async with self._database.transaction() as transaction:
            row = await transaction.first(_find, digest_=record_digest(kind, key), now=now)
        return None if row is None else as_text(row.value)

    async def take(self, kind: str, key: str, *, now: datetime) -> str | None:
        """Return the value and delete the record, or None if there is none or it has expired."""
        digest = record_digest(kind, key)
        async with self._database.transaction() as transaction:
            row = await transaction.first(_take, digest_=digest, now=now)
            await transaction.commit()
        return None if row is None else as_text(row.value)

    async def close(self) -> None:
        """Do nothing: whoever opened the database closes it."""

    async def examine(self, processes: int) -> Sequence[Finding]:
        """Find nothing: the database is looked at anyway, and any number of processes can share it."""
        return ()
