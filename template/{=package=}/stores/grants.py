"""Grants as rows. `ended_at` is the one bit on which everything that descends from a grant depends."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, select, update
from sqlmodel import col

from ..core.grant import Authentication, AuthorizationGrant
from ..database import Statement, Transaction
from .rows import AuthorizationGrantRow as Row
from .rows import RefreshTokenRow

GRANT_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(
    col(column).label(f"grant_{name}")
    for name, column in {
        "id": Row.id,
        "client_id": Row.client_id,
        "subject": Row.subject,
        "auth_time": Row.auth_time,
        "acr": Row.acr,
        "amr": Row.amr,
        "sid": Row.sid,
        "scope": Row.scope,
        "resources": Row.resources,
        "details": Row.details,
        "claims": Row.claims,
        "created_at": Row.created_at,
        "expires_at": Row.expires_at,
        "ended_at": Row.ended_at,
    }.items()
)
"""What a join on the grant selects, for `read_grant`."""

_insert = Statement(insert(Row))
_end = Statement(
    update(Row)
    .where(col(Row.id) == bindparam("grant_id"))
    .where(col(Row.ended_at).is_(None))
    .values(ended_at=bindparam("now"))
    .returning(col(Row.id))
)
_end_all = Statement(
    update(Row)
    .where(col(Row.subject) == bindparam("subject_"))
    .where(col(Row.client_id) == bindparam("client_id_"))
    .where(col(Row.ended_at).is_(None))
    .values(ended_at=bindparam("now"))
)
_end_of_client = Statement(
    update(Row)
    .where(col(Row.client_id) == bindparam("client_id_"))
    .where(col(Row.ended_at).is_(None))
    .values(ended_at=bindparam("now"))
)
_end_of_person = Statement(
    update(Row)
    .where(col(Row.subject) == bindparam("subject_"))
    .where(col(Row.ended_at).is_(None))
    .values(ended_at=bindparam("now"))
)
_find_live = Statement(
    select(*GRANT_COLUMNS).where(col(Row.id) == bindparam("grant_id")).where(col(Row.ended_at).is_(None))
)
_is_live = Statement(
    select(col(Row.id))
    .where(col(Row.id) == bindparam("grant_id"))
    .where(col(Row.subject) == bindparam("subject_"))
    .where(col(Row.ended_at).is_(None))
)
_find_by_refresh_token = Statement(
    select(*GRANT_COLUMNS)
    .join(RefreshTokenRow, col(RefreshTokenRow.grant_id) == col(Row.id))
    .where(col(RefreshTokenRow.family_digest) == bindparam("family"))
    .where(col(Row.ended_at).is_(None))
)
delete_expired = Statement(
    delete(Row)
    .where(col(Row.expires_at) < bindparam("now"))
    .where(~exists().where(col(RefreshTokenRow.grant_id) == col(Row.id)))
)


class Grants:
    """The grants that people gave."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, grant: AuthorizationGrant) -> None:
        """Keep a new grant."""
        authentication = grant.authentication
        await self._transaction.run(
            _insert,
            id=grant.id,
            client_id=grant.client_id,
            subject=grant.subject,
            auth_time=authentication.auth_time,
            acr=authentication.acr,
            amr=authentication.amr,
            sid=authentication.sid,
            scope=grant.scope,
            resources=grant.resources,
            details=dict(grant.details),
            claims=dict(grant.claims),
            created_at=grant.created_at,
            expires_at=grant.expires_at,
            ended_at=None,
        )

    async def find_live(self, grant_id: str) -> AuthorizationGrant | None:
        """Return the grant unless it has ended."""
        row = await self._transaction.first(_find_live, grant_id=grant_id)
        return read_grant(row) if row else None

    async def is_live(self, grant_id: str, subject: str) -> bool:
        """Say whether this is a grant of that person and has not ended."""
        return await self._transaction.first(_is_live, grant_id=grant_id, subject_=subject) is not None

    async def find_by_refresh_token(self, family_digest: bytes) -> AuthorizationGrant | None:
        """Return the grant of a refresh token, superseded or not, unless it has ended."""
        row = await self._transaction.first(_find_by_refresh_token, family=family_digest)
        return read_grant(row) if row else None

    async def end(self, grant_id: str, now: datetime) -> bool:
        """End a grant and with it its code and all its tokens; say whether it was alive."""
        return await self._transaction.first(_end, grant_id=grant_id, now=now) is not None

    async def end_all(self, subject: str, client_id: str, now: datetime) -> int:
        """End everything that this person gave this client; return how many grants that were."""
        return await self._transaction.run(_end_all, subject_=subject, client_id_=client_id, now=now)

    async def end_of_client(self, client_id: str, now: datetime) -> int:
        """End everything that anybody gave this client; return how many grants that were."""
        return await self._transaction.run(_end_of_client, client_id_=client_id, now=now)

    async def end_of_person(self, subject: str, now: datetime) -> int:
        """End everything that this person gave anybody; return how many grants that were."""
        return await self._transaction.run(_end_of_person, subject_=subject, now=now)


def read_grant(row: Any) -> AuthorizationGrant:
    """Return the grant in a row that selected `GRANT_COLUMNS`."""
    return AuthorizationGrant(
        id=row.grant_id,
        client_id=row.grant_client_id,
        authentication=Authentication(
            subject=row.grant_subject,
            auth_time=row.grant_auth_time,
            acr=row.grant_acr,
            amr=row.grant_amr,
            sid=row.grant_sid,
        ),
        scope=row.grant_scope,
        resources=row.grant_resources,
        details=row.grant_details,
        claims=row.grant_claims,
        created_at=row.grant_created_at,
        expires_at=row.grant_expires_at,
        ended_at=row.grant_ended_at,
    )
