"""The sweeper deletes what has expired, and nothing that still means something (J3)."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from ...core.secrets import digest
from ...database import Database
from ...stores import authorization_codes, browser_sessions, grants, interactions, refresh_tokens
from ...stores.authorization_codes import AuthorizationCodes
from ...stores.browser_sessions import BrowserSessions
from ...stores.grants import Grants
from ...stores.interactions import Interactions
from ...stores.refresh_tokens import RefreshTokens
from ...stores.sweeper import Expirable, sweep
from ..harness import ServerUnderTest
from .authorizations import LIFETIME, NOW, SECOND, make_code, make_grant, make_interaction

ALL = [
    Expirable("interactions", interactions.delete_expired),
    Expirable("browser_sessions", browser_sessions.delete_expired),
    Expirable("authorization_codes", authorization_codes.delete_expired),
    Expirable("refresh_tokens", refresh_tokens.delete_expired),
    Expirable("grants", grants.delete_expired),
]


async def add_all(database: Database, name: str, expires_at: datetime, *, refreshed_at: datetime | None = None) -> str:
    """Add one row of each kind that expires then; a refresh token only if it is issued, at `refreshed_at`."""
    token = ""
    async with database.transaction() as transaction:
        grant = make_grant(name, expires_at=expires_at)
        await Grants(transaction).add(grant)
        await AuthorizationCodes(transaction).add(make_code(name, grant, expires_at=expires_at))
        await Interactions(transaction).add(make_interaction(name, expires_at=expires_at))
        await BrowserSessions(transaction).begin(NOW - LIFETIME, expires_at)
        if refreshed_at:
            token = await RefreshTokens(transaction, LIFETIME).begin(name, refreshed_at, confirmation=None)
        await transaction.commit()
    return token


async def swept(database: Database, now: datetime = NOW, only: Sequence[Expirable] = ALL) -> dict[str, int]:
    """Return which tables lost rows, and how many."""
    return {table: rows for table, rows in (await sweep(database, only, now)).items() if rows}


async def test_what_has_expired_goes_and_is_counted(database: Database) -> None:
    """J3, N J3: the rows of each table."""
    for name in ("one", "two"):
        await add_all(database, name, NOW - SECOND, refreshed_at=NOW - LIFETIME - SECOND)
    await add_all(database, "fresh", NOW + SECOND, refreshed_at=NOW)

    assert await swept(database) == {each.table: 2 for each in ALL}
    assert await swept(database) == {}


async def test_what_expires_at_this_instant_stays(database: Database) -> None:
    """N J3: the comparison is strict, so that no clock's rounding takes a row too early."""
    await add_all(database, "one", NOW, refreshed_at=NOW - LIFETIME)

    assert await swept(database) == {}


async def test_a_grant_lives_as_long_as_its_refresh_tokens(database: Database) -> None:
    """E4: its own expiry is that of the first access token."""
    token = await add_all(database, "one", NOW - SECOND, refreshed_at=NOW)

    await swept(database)

    async with database.transaction() as transaction:
        assert await RefreshTokens(transaction, LIFETIME).find(token)
    assert await swept(database, NOW + LIFETIME + SECOND) == {"refresh_tokens": 1, "grants": 1}


async def test_an_ended_grant_stays_ended_for_as_long_as_somebody_holds_a_token(database: Database) -> None:
    """F5: to forget it would be to forget that its tokens are dead."""
    token = await add_all(database, "one", NOW - SECOND, refreshed_at=NOW)
    async with database.transaction() as transaction:
        await Grants(transaction).end("one", NOW)
        await transaction.commit()

    await swept(database)

    async with database.transaction() as transaction:
        found = await RefreshTokens(transaction, LIFETIME).find(token)
    assert found is not None
    assert found.grant.ended_at == NOW


async def test_a_redeemed_code_stays_with_its_grant(database: Database) -> None:
    """K3: even a late replay is seen as one. With the grant the code goes, and all that is left of both."""
    await add_all(database, "one", NOW - SECOND, refreshed_at=NOW)
    async with database.transaction() as transaction:
        await AuthorizationCodes(transaction).redeem(digest("one"), NOW - SECOND)
        await transaction.commit()

    assert "authorization_codes" not in await swept(database)

    async with database.transaction() as transaction:
        code = await AuthorizationCodes(transaction).find(digest("one"))
        assert code is not None
        assert code.redeemed_at is not None
    await swept(database, NOW + LIFETIME + SECOND)
    async with database.transaction() as transaction:
        assert await AuthorizationCodes(transaction).find(digest("one")) is None


async def test_a_sweep_that_fails_deletes_nothing(database: Database) -> None:
    """J3: one transaction, and the next sweep does it all."""
    await add_all(database, "one", NOW - SECOND)

    with pytest.raises(TypeError):
        await sweep(database, [*ALL, Expirable("broken", interactions._insert)], NOW)

    assert (await swept(database))["grants"] == 1


async def test_the_server_sweeps_every_table_of_the_code_flow(server: ServerUnderTest) -> None:
    """J3: a table that nobody sweeps grows for ever."""
    swept = await server.authorization_server.purge()

    assert {each.table: 0 for each in ALL}.items() <= swept.items()


async def test_the_server_sweeps_by_its_own_clock(server: ServerUnderTest) -> None:
    """J3: one instant for all tables."""
    await add_all(server.database, "one", server.clock() - SECOND)

    assert (await server.authorization_server.purge())["grants"] == 1
