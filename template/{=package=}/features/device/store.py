"""Device codes: kept as digests, each change one statement that says whether it happened (RFC 8628 §3.5)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from ...core.secrets import digest
from ...database import Statement, Transaction
from ...stores.grants import GRANT_COLUMNS, read_grant
from ...stores.rows import AuthorizationGrantRow
from .device_code import JITTER, SLOWED_BY, DeviceCode
from .rows import DeviceCodeRow as Row

_COLUMNS = (
    col(Row.digest),
    col(Row.client_id),
    col(Row.scope),
    col(Row.resources),
    col(Row.confirmation),
    col(Row.client_ip),
    col(Row.interval_seconds),
    col(Row.created_at),
    col(Row.expires_at),
    col(Row.denied_at),
    col(Row.consumed_at),
)
_IS_PENDING = col(Row.grant_id).is_(None) & col(Row.denied_at).is_(None)
_IS_GOOD = col(Row.expires_at) > bindparam("now")

# PostgreSQL's words are SQLite's too.
_insert = Statement(insert(Row).on_conflict_do_nothing(index_elements=["user_code_digest"]).returning(col(Row.digest)))
_find = Statement(
    select(*_COLUMNS, *GRANT_COLUMNS)
    .select_from(Row)
    .outerjoin(AuthorizationGrantRow, col(AuthorizationGrantRow.id) == col(Row.grant_id))
    .where(col(Row.digest) == bindparam("digest_"))
)
# Only what nobody has answered has a user code.
_find_pending = Statement(select(*_COLUMNS).where(col(Row.user_code_digest) == bindparam("user_code")).where(_IS_GOOD))
_approve = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(_IS_PENDING)
    .where(_IS_GOOD)
    .values(grant_id=bindparam("grant"), user_code_digest=None)
    .returning(col(Row.digest))
)
_deny = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(_IS_PENDING)
    .where(_IS_GOOD)
    .values(denied_at=bindparam("now"), user_code_digest=None)
    .returning(col(Row.digest))
)
_poll = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(_IS_PENDING)
    .values(
        interval_seconds=case(
            (
                col(Row.last_polled_at) > bindparam("too_soon_after"),
                col(Row.interval_seconds) + int(SLOWED_BY.total_seconds()),
            ),
            else_=col(Row.interval_seconds),
        ),
        last_polled_at=bindparam("now"),
    )
    .returning(col(Row.interval_seconds))
)
_consume = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.consumed_at).is_(None))
    .where(_IS_GOOD)
    .where(
        exists()
        .where(col(AuthorizationGrantRow.id) == col(Row.grant_id))
        .where(col(AuthorizationGrantRow.ended_at).is_(None))
    )
    .values(consumed_at=bindparam("now"))
    .returning(col(Row.digest))
)
_forget_client = Statement(delete(Row).where(col(Row.client_id) == bindparam("client")))
# A consumed code stays for as long as its grant does, so that even a late replay is seen as one.
delete_expired = Statement(
    delete(Row).where(col(Row.expires_at) < bindparam("now")).where(col(Row.consumed_at).is_(None))
)


class DeviceCodes:
    """The devices that asked."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, code: DeviceCode, user_code: str) -> bool:
        """Keep a new code; say whether its user code was free."""
        row = await self._transaction.first(
            _insert,
            digest=code.digest,
            user_code_digest=digest(user_code),
            client_id=code.client_id,
            scope=code.scope,
            resources=code.resources,
            confirmation=code.confirmation,
            client_ip=code.client_ip,
            interval_seconds=int(code.interval.total_seconds()),
            last_polled_at=None,
            created_at=code.created_at,
            expires_at=code.expires_at,
            denied_at=None,
            consumed_at=None,
            grant_id=None,
        )
        return row is not None

    async def find(self, digest: bytes) -> DeviceCode | None:
        """Return the code and its grant, whatever state they are in."""
        row = await self._transaction.first(_find, digest_=digest)
        return _read(row, grant=read_grant(row) if row.grant_id else None) if row else None

    async def find_pending(self, user_code: str, now: datetime) -> DeviceCode | None:
        """Return what waits for an answer under this user code, unless it has expired."""
        row = await self._transaction.first(_find_pending, user_code=digest(user_code), now=now)
        return _read(row) if row else None

    async def approve(self, digest: bytes, grant_id: str, now: datetime) -> bool:
        """Give the device a grant that is kept already; say whether nobody had answered before, and in time."""
        return await self._transaction.first(_approve, digest_=digest, grant=grant_id, now=now) is not None

    async def deny(self, digest: bytes, now: datetime) -> bool:
        """Deny the device its grant; say whether nobody had answered before, and in time."""
        return await self._transaction.first(_deny, digest_=digest, now=now) is not None

    async def poll(self, code: DeviceCode, now: datetime) -> timedelta | None:
        """Take note that the device asked, and return the interval from now on: longer than `code` has it if this
        came too soon. None if somebody has just answered.

        Of polls at the same instant one is in time. The comparison is with the interval that was read before; if
        another poll has changed it since, that one came a moment ago, and this one is too soon by either.
        """
        row = await self._transaction.first(
            _poll, digest_=code.digest, too_soon_after=now - code.interval + JITTER, now=now
        )
        return None if row is None else timedelta(seconds=row.interval_seconds)

    async def consume(self, digest: bytes, now: datetime) -> bool:
        """Spend the code and say whether it was there to be spent: of any number of attempts one wins."""
        return await self._transaction.first(_consume, digest_=digest, now=now) is not None

    async def forget_client(self, client_id: str) -> int:
        """Forget what this client asked for; return how many codes that were."""
        return await self._transaction.run(_forget_client, client=client_id)


def _read(row: Any, **further: Any) -> DeviceCode:
    return DeviceCode(
        digest=row.digest,
        client_id=row.client_id,
        scope=row.scope,
        resources=row.resources,
        confirmation=row.confirmation,
        client_ip=row.client_ip,
        interval=timedelta(seconds=row.interval_seconds),
        created_at=row.created_at,
        expires_at=row.expires_at,
        denied_at=row.denied_at,
        consumed_at=row.consumed_at,
        **further,
    )
