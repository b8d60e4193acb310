"""What commands do for records that are kept in the database (J1, J3)."""

import asyncio
from datetime import UTC, datetime

from ...database import open_database
from ...ephemeral import open_store
from .conftest import CommandLine

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def test_what_has_expired_is_purged(settled: CommandLine, database_url: str) -> None:
    """J3: and told by table."""

    async def keep() -> None:
        database = open_database(database_url)
        await open_store("database:", database).add("test", "key", now=LONG_AGO, expires_at=LONG_AGO)
        await database.close()

    asyncio.run(keep())

    assert settled("purge", "--json").json["ephemeral_records"] == 1
    assert "ephemeral_records: 0 deleted" in settled("purge").lines


def test_several_workers_may_share_it(command: CommandLine, free_port: int) -> None:
    """J1."""
    command.prepared().keep_from_answering()
    command.told(ephemeral_url="database:")

    outcome = command("serve", "--port", str(free_port), "--workers", "8")

    assert (outcome.code, outcome.err) == (0, "")


def test_its_tables_have_a_chain_of_their_own(command: CommandLine) -> None:
    """J4: so they can come and go."""
    assert any(line.startswith("applied ephemeral/0001_") for line in command("migrate").lines)
