"""A place where ephemeral records are kept, as tests go there."""

from dataclasses import dataclass

from ...database import Database, open_database
from ...ephemeral import OpenedStore, open_store

NOWHERE = "sqlite:////nowhere/at/all.db"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A store, and the database that it may be in."""

    store: OpenedStore
    database: Database

    async def close(self) -> None:
        """Let go of both."""
        await self.store.close()
        await self.database.close()


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a server is told to keep its records there, or the one store where nobody else can reach them."""

    url: str
    database_url: str = NOWHERE
    only: OpenedStore | None = None

    def open(self) -> Opened:
        """Return a store over connections of its own."""
        database = open_database(self.database_url)
        return Opened(store=self.only or open_store(self.url, database), database=database)
