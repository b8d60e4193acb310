"""Single use under concurrency: over separate connections and separate processes, one attempt of many wins (J2)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from ...core.secrets import digest
from ...database import Database, open_database
from ...stores.authorization_codes import AuthorizationCodes
from ...stores.grants import Grants
from ...stores.interactions import Interactions
from ..processes import run_together, start_together
from .authorizations import NOW, RACES, Attempt, add_everything, end, redeem, refresh_tokens, rotate

NAMES = [f"authorization {number}" for number in range(8)]


@pytest.fixture
async def names(database: Database) -> dict[str, list[str]]:
    """For each kind of race the names of what is raced for: a refresh token is called what it is."""
    tokens = []
    async with database.transaction() as transaction:
        for name in NAMES:
            tokens.append(await add_everything(transaction, name))
        for name in NAMES:
            await add_everything(transaction, f"ending {name}")
        await transaction.commit()
    ending = [f"ending {name}" for name in NAMES]
    return {"rotate": tokens, "end": ending, **dict.fromkeys(("redeem", "claim", "finish"), NAMES)}


@pytest.fixture
async def others(database_url: str) -> AsyncIterator[list[Database]]:
    """The same database, opened three times more."""
    opened = [open_database(database_url) for _ in range(3)]
    yield opened
    for database in opened:
        await database.close()


async def attempt(database: Database, race: Attempt, name: str, by: str = "somebody") -> bool:
    async with database.transaction() as transaction:
        won = await race(transaction, name, by)
        await asyncio.sleep(0)  # whoever won is not done before the others have tried
        await transaction.commit()
    return won


@pytest.mark.parametrize("kind", RACES)
async def test_of_many_attempts_over_separate_connections_one_wins(
    names: dict[str, list[str]], others: list[Database], kind: str
) -> None:
    """J2, K3, F1: twelve attempts on each of eight."""
    for name in names[kind]:
        wins = await asyncio.gather(
            *(attempt(database, RACES[kind], name, f"{number}") for database in others for number in range(4))
        )

        assert wins.count(True) == 1


async def test_of_many_attempts_in_separate_processes_one_wins(names: dict[str, list[str]], database_url: str) -> None:
    """J2: three processes start at once and want everything; nobody is told that it is locked."""
    answers = run_together(want_everything, [(database_url, names, f"browser {number}") for number in range(3)])

    won = Counter(prize for answer in answers for prize in answer)
    assert won == Counter(f"{kind} {name}" for kind in RACES for name in names[kind])


def want_everything(database_url: str, names: dict[str, list[str]], by: str) -> list[str]:
    """Try each race for each name, and return what was won."""

    async def race() -> list[str]:
        database, won = open_database(database_url), []
        await database.check()
        start_together()
        for kind, tried in RACES.items():
            for name in names[kind]:
                async with database.transaction() as transaction:
                    if await tried(transaction, name, by):
                        won.append(f"{kind} {name}")
                    await transaction.commit()
        await database.close()
        return won

    return asyncio.run(race())


@pytest.mark.parametrize("kind", RACES)
async def test_a_winner_that_does_not_commit_has_not_won(
    database: Database, names: dict[str, list[str]], kind: str
) -> None:
    """D7, K5: a crash between the statement and the commit leaves everything as it was."""
    name = names[kind][0]
    async with database.transaction() as transaction:
        assert await RACES[kind](transaction, name, "one")

    assert await attempt(database, RACES[kind], name, "two")


@pytest.mark.parametrize("kind", RACES)
async def test_who_waited_for_a_winner_that_gave_up_wins(
    database: Database, others: list[Database], names: dict[str, list[str]], kind: str
) -> None:
    """D7: the second is held at the row, the first is cancelled, and the second has it."""
    name, holds = names[kind][0], asyncio.Event()

    async def win_and_linger() -> None:
        async with database.transaction() as transaction:
            assert await RACES[kind](transaction, name, "first")
            holds.set()
            await asyncio.sleep(60)

    first = asyncio.create_task(win_and_linger())
    await holds.wait()
    second = asyncio.create_task(attempt(others[0], RACES[kind], name, "second"))
    await asyncio.sleep(0.05)
    first.cancel()

    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.parametrize("race", [redeem, rotate])
@pytest.mark.parametrize("is_held", [True, False])
async def test_nothing_that_is_won_beside_the_end_of_its_grant_lives(
    database: Database, others: list[Database], race: Attempt, is_held: bool
) -> None:
    """F6: whichever of the two commits last, the family is over and stays over."""
    async with database.transaction() as transaction:
        token = await add_everything(transaction, "one")
        await transaction.commit()
    first, second = (race, end) if is_held else (end, race)
    prizes: dict[Attempt, str] = {redeem: "one", rotate: token, end: "one"}
    holds, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> bool:
        async with database.transaction() as transaction:
            won = await first(transaction, prizes[first], "first")
            holds.set()
            await go_on.wait()
            await transaction.commit()
        return won

    held = asyncio.create_task(hold())
    await holds.wait()
    beside = asyncio.create_task(attempt(others[0], second, prizes[second], "second"))
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.gather(held, beside)

    async with database.transaction() as transaction:
        assert await Grants(transaction).find_live("one") is None
        assert not await redeem(transaction, "one", "third")
        presented = await refresh_tokens(transaction).find(token)
        code = await AuthorizationCodes(transaction).find(digest("one"))
    assert presented is not None
    assert code is not None
    assert presented.grant.ended_at == code.grant.ended_at == NOW


@pytest.mark.parametrize("race", [redeem, rotate])
async def test_nothing_is_won_once_the_grant_has_ended(database: Database, race: Attempt) -> None:
    """F3, J2: the statement itself looks at the grant, whatever was read before."""
    async with database.transaction() as transaction:
        token = await add_everything(transaction, "one")
        await add_everything(transaction, "another grant that lives")
        await transaction.commit()
    await attempt(database, end, "one")

    assert not await attempt(database, race, token if race is rotate else "one")


async def test_a_choice_that_comes_after_the_end_of_the_page_changes_nothing(database: Database) -> None:
    """U1: what was answered was answered for whoever was shown."""
    async with database.transaction() as transaction:
        await add_everything(transaction, "one")
        interactions = Interactions(transaction)
        await interactions.record_choice(digest("one"), "user_ada")
        await interactions.finish(digest("one"), NOW)
        await interactions.record_choice(digest("one"), "user_eve")
        await transaction.commit()

        interaction = await interactions.find(digest("one"))

    assert interaction is not None
    assert interaction.account_chosen == "user_ada"


async def test_ending_all_ends_what_this_person_gave_this_client_and_nothing_else(database: Database) -> None:
    """M1: another person's, another client's and what was ended before stay as they are."""
    async with database.transaction() as transaction:
        for name in ("one", "two", "gone"):
            await add_everything(transaction, name)
        grants = Grants(transaction)
        await grants.end("gone", NOW)
        await transaction.commit()

        foreign = [await grants.end_all("user_eve", "web", NOW), await grants.end_all("user_ada", "other", NOW)]
        own = await grants.end_all("user_ada", "web", NOW)
        await transaction.commit()

        assert foreign == [0, 0]
        assert own == 2
        assert await grants.find_live("one") is None
