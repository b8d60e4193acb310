"""Who are your people, and how do they prove it?

Decide: keep the shipped users table with its passwords, or ask your own. Three ways, from small to large: check
passwords elsewhere (`authenticate`), trust the session of an app on this host (`recognise`), or send people to your
own login (`login_url`) and let `recognise` tell who came back.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, insert, select, update
from sqlmodel import col
from starlette.requests import Request

from ..core.access_token import PrincipalKind
from ..core.grant import Authentication
from ..core.seam import stub
from ..database import Statement, Transaction
from .users import UserRow as Row

T = TypeVar("T")

PASSWORD = ("pwd",)
"""The authentication method of a password (RFC 8176 §2)."""

_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106 §4, second recommended option
# Each hash takes 64 MiB and four cores for its time: a flood of logins waits here, and not where others wait too.
_threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="password")

_find = Statement(select(Row).where(col(Row.id) == bindparam("user")).where(col(Row.disabled_at).is_(None)))
_find_by_name = Statement(
    select(Row).where(col(Row.username) == bindparam("name_")).where(col(Row.disabled_at).is_(None))
)
_list = Statement(select(Row).order_by(col(Row.username)))
_insert = Statement(insert(Row))
_set_password = Statement(
    update(Row).where(col(Row.username) == bindparam("name_")).values(password_hash=bindparam("hash_"))
)
_set_disabled = Statement(
    update(Row).where(col(Row.username) == bindparam("name_")).values(disabled_at=bindparam("at"))
)


@stub("Decide who your people are and how they sign in; as shipped, with passwords in your users table.")
class Principals:
    """People in the team's own table, with argon2id passwords."""

    contract = 1
    kind = PrincipalKind(name="user", prefix="user_")
    acr_values: tuple[str, ...] = ()
    """The authentication contexts that `authenticate` can reach, for metadata (OIDC Discovery §3)."""

    async def authenticate(
        self, username: str, password: str, transaction: Transaction, *, acr_values: Sequence[str], now: datetime
    ) -> Authentication | None:
        """Return who this is, or None. A name nobody has costs the same work as a wrong password.

        `acr_values` is what the client would like, best first; passwords can only ever reach one context.
        """
        row = await transaction.first(_find_by_name, name_=username)
        is_right = await _in_turn(_is_password, row.password_hash if row else None, password)
        if not (row and is_right):
            return None
        return Authentication(subject=self.kind.prefix + row.id, auth_time=now, amr=PASSWORD)

    async def recognise(self, request: Request, *, now: datetime) -> Authentication | None:
        """Return who your own login says is here; None leaves it to the shipped login page and its session.

        Raise AccessDenied to refuse somebody here, InteractionRequired if a page of yours would be needed first.
        """
        return None

    def login_url(self, return_to: str) -> str | None:
        """Return where your own login page is, told where to come back to; None means the shipped page."""
        return None

    async def is_active(self, subject: str, transaction: Transaction) -> bool:
        """Say whether tokens may still be issued for this person. Asked at every issuance."""
        return await self._find(subject, transaction) is not None

    async def display_name(self, subject: str, transaction: Transaction) -> str:
        """Return what the pages call this person."""
        row = await self._find(subject, transaction)
        return row.username if row else subject

    async def profile(self, subject: str, transaction: Transaction) -> Mapping[str, Any] | None:
        """Return what is known of this person, under the names of OIDC Core §5.1; None if nobody is active."""
        row = await self._find(subject, transaction)
        if row is None:
            return None
        return {
            "name": row.name,
            "preferred_username": row.username,
            "email": row.email,
            "email_verified": row.email_verified,
        }

    async def _find(self, subject: str, transaction: Transaction) -> Any:
        if not subject.startswith(self.kind.prefix):
            return None
        return await transaction.first(_find, user=subject.removeprefix(self.kind.prefix))

    # The rest is for the command line and may change as you like.

    async def create(
        self, username: str, password: str, transaction: Transaction, *, now: datetime, **profile: Any
    ) -> str:
        """Keep a new person and return the subject. Raises Conflict if the user name is taken."""
        user_id = secrets.token_hex(10)
        await transaction.run(
            _insert,
            id=user_id,
            username=username,
            name=profile.get("name") or username,
            email=profile.get("email"),
            email_verified=bool(profile.get("email_verified")),
            password_hash=await _in_turn(_hasher.hash, password),
            created_at=now,
            disabled_at=None,
        )
        return self.kind.prefix + user_id

    async def set_password(self, username: str, password: str, transaction: Transaction) -> bool:
        """Set the password; say whether there is such a person."""
        hashed = await _in_turn(_hasher.hash, password)
        return await transaction.run(_set_password, name_=username, hash_=hashed) > 0

    async def disable(self, username: str, transaction: Transaction, *, now: datetime | None) -> bool:
        """Disable the person, or with `now` None enable them again; say whether there is such a person."""
        return await transaction.run(_set_disabled, name_=username, at=now) > 0

    async def find_subject(self, username: str, transaction: Transaction) -> str | None:
        """Return the subject of an active person."""
        row = await transaction.first(_find_by_name, name_=username)
        return self.kind.prefix + row.id if row else None

    async def list(self, transaction: Transaction) -> list[Any]:
        """Return every person's row, by user name."""
        return await transaction.all(_list)


async def _in_turn(work: Callable[..., T], *arguments: str | None) -> T:
    """Return what `work` returns, done on a thread: hashing takes long on purpose, and holds up only who also waits."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)


@cache
def _nobodys_hash(hasher: PasswordHasher) -> str:
    """Return what stands in for the hash of somebody unknown. Not made at import: most commands check no password."""
    return hasher.hash(secrets.token_urlsafe())


def _is_password(stored: str | None, password: str) -> bool:
    nobodys = _nobodys_hash(_hasher)  # for known people too, or the first who is not would take twice as long
    try:
        return _hasher.verify(stored or nobodys, password)
    except (VerificationError, InvalidHashError):
        return False
