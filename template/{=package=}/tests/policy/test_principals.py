"""People: how they prove who they are, and what their absence looks like from outside (C6, D4)."""

import importlib.util
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from ...core.seam import find_undecided
from ...database import Conflict, Database
from ...policy import principals
from ...policy.principals import Principals

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

Enter = Callable[..., Awaitable[str | None]]


class CountingHasher(PasswordHasher):
    """The cheapest argon2id, which remembers what it was asked to verify, and in which thread."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[tuple[str, str]] = []
        self.threads: set[threading.Thread] = set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        """Verify and remember."""
        self.verified.append((str(hash), str(password)))
        self.threads.add(threading.current_thread())
        return super().verify(hash, password)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    """The hasher in place of the real one."""
    counting = CountingHasher()
    monkeypatch.setattr(principals, "_hasher", counting)
    return counting


@pytest.fixture
async def ada(database: Database, hasher: CountingHasher) -> str:
    """Ada's subject."""
    async with database.transaction() as transaction:
        subject = await Principals().create("ada", PASSWORD, transaction, now=NOW, email="ada@example.org")
        await transaction.commit()
    return subject


@pytest.fixture
def enter(database: Database) -> Enter:
    """Sign in; return the subject or None."""

    async def sign_in(username: str = "ada", password: str = PASSWORD) -> str | None:
        async with database.transaction() as transaction:
            found = await Principals().authenticate(username, password, transaction, acr_values=(), now=NOW)
        return found.subject if found else None

    return sign_in


def test_passwords_are_hashed_by_argon2id_at_full_cost() -> None:
    """C6, RFC 9106 §4: the second recommended option. Other tests make it cheap, so the module is read afresh."""
    spec = importlib.util.spec_from_file_location(f"{principals.__package__}.fresh", principals.__file__)
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)

    for hashed in (fresh._hasher.hash(PASSWORD), fresh._nobodys_hash(fresh._hasher)):
        found = extract_parameters(hashed)
        assert (found.type, found.version) == (Type.ID, 19)
        assert (found.memory_cost, found.time_cost, found.parallelism) == (65_536, 3, 4)
        assert (found.salt_len, found.hash_len) == (16, 32)


async def test_the_right_password_and_no_other(ada: str, database: Database) -> None:
    """D4, E3: a prefixed subject, the moment, and the method."""
    async with database.transaction() as transaction:
        people = Principals()
        right = await people.authenticate("ada", PASSWORD, transaction, acr_values=("x",), now=NOW)
        wrong = [
            await people.authenticate("ada", password, transaction, acr_values=(), now=NOW)
            for password in ("", "wrong", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1])
        ]

    assert right is not None
    assert (right.subject, right.auth_time, right.amr, right.acr) == (ada, NOW, ("pwd",), None)
    assert ada.startswith("user_")
    assert wrong == [None] * 5


async def test_who_is_not_there_costs_the_same_work(ada: str, enter: Enter, hasher: CountingHasher) -> None:
    """C3, C6: one verification each, of hashes of equal cost, so time tells nothing."""
    for username in ("ada", "nobody", "", "ADA", "ada "):
        hasher.verified.clear()

        assert await enter(username, "wrong") is None

        ((stored, password),) = hasher.verified
        assert password == "wrong"
        assert extract_parameters(stored) == extract_parameters(hasher.hash(""))


async def test_nobodys_password_lets_nobody_in(ada: str, enter: Enter) -> None:
    """C6: even who knows it is not there."""
    assert await enter("nobody", "nobody's") is None


async def test_hashing_holds_up_nobody_else(ada: str, enter: Enter, hasher: CountingHasher) -> None:
    """K: it runs beside the event loop, not on it."""
    assert await enter() == ada

    assert threading.main_thread() not in hasher.threads


async def test_a_disabled_person_is_nobody_until_enabled(
    ada: str, database: Database, enter: Enter, hasher: CountingHasher
) -> None:
    """F8, C3: at the login, with the same work, and at every issuance."""
    people = Principals()
    async with database.transaction() as transaction:
        assert await people.disable("ada", transaction, now=NOW)
        await transaction.commit()
        hasher.verified.clear()

        assert await enter() is None
        assert len(hasher.verified) == 1
        assert not await people.is_active(ada, transaction)
        assert await people.profile(ada, transaction) is None

        assert await people.disable("ada", transaction, now=None)
        await transaction.commit()
        assert await enter() == ada
        assert await people.is_active(ada, transaction)
        assert not await people.disable("nobody", transaction, now=NOW)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken", "$2b$12$abcdefghijklmnopqrstuv"])
async def test_a_hash_that_cannot_be_read_fits_no_password(
    ada: str, database: Database, enter: Enter, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    """C6: imported rows must not break the login, nor open it."""
    monkeypatch.setattr(CountingHasher, "hash", lambda *_: stored)
    async with database.transaction() as transaction:
        await Principals().set_password("ada", "x", transaction)
        await transaction.commit()

    for password in ("", "x", "plain", stored):
        assert await enter("ada", password) is None


async def test_a_new_password_replaces_the_old_one(ada: str, database: Database, enter: Enter) -> None:
    """C6: and only of somebody who is there."""
    async with database.transaction() as transaction:
        changed = await Principals().set_password("ada", "new", transaction)
        nobody = await Principals().set_password("nobody", "new", transaction)
        await transaction.commit()

    assert (changed, nobody) == (True, False)
    assert await enter("ada", "new") == ada
    assert await enter("ada", PASSWORD) is None


async def test_no_password_is_kept(ada: str, database: Database) -> None:
    """C6: and equal ones are salted apart."""
    async with database.transaction() as transaction:
        await Principals().create("bob", PASSWORD, transaction, now=NOW)
        rows = await Principals().list(transaction)

    assert [row.username for row in rows] == ["ada", "bob"]
    assert rows[0].password_hash != rows[1].password_hash
    assert all(row.password_hash.startswith("$argon2id$") for row in rows)
    assert PASSWORD not in str(rows)


async def test_a_user_name_is_given_once(ada: str, database: Database) -> None:
    """C6: the first keeps it."""
    with pytest.raises(Conflict):
        async with database.transaction() as transaction:
            await Principals().create("ada", "other", transaction, now=NOW)


async def test_a_subject_of_another_kind_is_nobody(ada: str, database: Database) -> None:
    """E3, RFC 9068 §5: a client is never taken for a person, whatever its id."""
    people = Principals()
    async with database.transaction() as transaction:
        for subject in (ada.removeprefix("user_"), ada.replace("user_", "client_"), "", "user_", f"user_{ada}"):
            assert not await people.is_active(subject, transaction)
            assert await people.profile(subject, transaction) is None
            assert await people.display_name(subject, transaction) == subject


async def test_what_is_known_of_a_person(ada: str, database: Database) -> None:
    """H8, OIDC Core §5.1."""
    async with database.transaction() as transaction:
        assert await Principals().display_name(ada, transaction) == "ada"
        assert await Principals().profile(ada, transaction) == {
            "name": "ada",
            "preferred_username": "ada",
            "email": "ada@example.org",
            "email_verified": False,
        }


async def test_as_shipped_it_is_undecided_and_asks_here() -> None:
    """D4, D5: `doctor` lists it; the shipped pages are used."""
    people = Principals()

    assert find_undecided(people) is not None
    assert people.login_url("https://as.example/back") is None
    assert await people.recognise(None, now=NOW) is None  # type: ignore[arg-type]
