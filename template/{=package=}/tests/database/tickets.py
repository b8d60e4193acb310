"""A table to try the seam with, its statements, and how to fill it."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from ...database import Database, Statement
from ...database.types import Instant

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

tickets = Table(
    "tickets",
    MetaData(),
    Column("digest", LargeBinary, primary_key=True),
    Column("holder", String),
    Column("details", JSON),
    Column("is_valid", Boolean),
    Column("used_at", Instant),
)
add = Statement(insert(tickets))
find = Statement(select(tickets).where(tickets.c.digest == bindparam("ticket")))
list_all = Statement(select(tickets.c.holder).order_by(tickets.c.holder))
redeem = Statement(
    update(tickets)
    .where(tickets.c.digest == bindparam("ticket"))
    .where(tickets.c.used_at.is_(None))
    .values(used_at=bindparam("now"), holder=bindparam("by"))
    .returning(tickets.c.digest)
)
transfer_all = Statement(update(tickets).values(holder="somebody", details=None))
delete_all = Statement(delete(tickets))


def make_tickets(connection: Connection) -> None:
    tickets.drop(connection, checkfirst=True)
    tickets.create(connection)


async def add_ticket(database: Database, digest: bytes = b"one", holder: str | None = None) -> None:
    async with database.transaction() as transaction:
        await transaction.run(add, digest=digest, holder=holder, details=None, is_valid=True, used_at=None)
        await transaction.commit()
