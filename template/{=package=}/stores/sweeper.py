"""Deleting what has expired. Nothing depends on it: every read checks expiry itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..database import Database, Statement


@dataclass(frozen=True, slots=True)
class Expirable:
    """A table and the statement that deletes its rows from before the instant `now`."""

    table: str
    delete_expired: Statement


async def sweep(database: Database, expirables: Sequence[Expirable], now: datetime) -> Mapping[str, int]:
    """Delete what expired before `now`, one instant for all tables; return how many rows of each."""
    async with database.transaction() as transaction:
        deleted = {each.table: await transaction.run(each.delete_expired, now=now) for each in expirables}
        await transaction.commit()
    return deleted
