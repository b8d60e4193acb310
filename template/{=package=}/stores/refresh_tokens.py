"""Refresh tokens: kept as digests, superseded by one statement, alive only while their grant is."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, insert, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from ..core.refresh_token import RefreshToken
from ..core.sealing import seal
from ..core.secrets import digest, mint_secret
from ..database import Statement, Transaction
from .grants import GRANT_COLUMNS, read_grant
from .rows import AuthorizationGrantRow
from .rows import RefreshTokenRow as Row

_Successor = aliased(Row)

_insert = Statement(insert(Row))
_find = Statement(
    select(
        col(Row.digest),
        col(Row.expires_at),
        col(Row.superseded_at),
        col(Row.successor),
        col(_Successor.superseded_at).label("successor_superseded_at"),
        *GRANT_COLUMNS,
    )
    .join(AuthorizationGrantRow, col(AuthorizationGrantRow.id) == col(Row.grant_id))
    .outerjoin(_Successor, col(_Successor.digest) == col(Row.successor_digest))
    .where(col(Row.digest) == bindparam("digest_"))
)
_supersede = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.superseded_at).is_(None))
    .where(
        exists()
        .where(col(AuthorizationGrantRow.id) == col(Row.grant_id))
        .where(col(AuthorizationGrantRow.ended_at).is_(None))
    )
    .values(
        superseded_at=bindparam("now"),
        successor=bindparam("sealed"),
        successor_digest=bindparam("next_digest"),
    )
    .returning(col(Row.digest))
)
delete_expired = Statement(delete(Row).where(col(Row.expires_at) < bindparam("now")))


class RefreshTokens:
    """The families of refresh tokens. `lifetime` is how long one may lie unused."""

    def __init__(self, transaction: Transaction, lifetime: timedelta) -> None:
        self._transaction = transaction
        self._lifetime = lifetime

    async def find(self, digest: bytes) -> RefreshToken | None:
        """Return the token, what became of its successor, and its grant."""
        row = await self._transaction.first(_find, digest_=digest)
        if row is None:
            return None
        return RefreshToken(
            digest=row.digest,
            expires_at=row.expires_at,
            superseded_at=row.superseded_at,
            successor=row.successor,
            successor_superseded_at=row.successor_superseded_at,
            grant=read_grant(row),
        )

    async def begin(self, grant_id: str, now: datetime) -> str:
        """Return the first refresh token of a grant."""
        token = mint_secret()
        await self._add(token, grant_id, now)
        return token

    async def rotate(self, token: RefreshToken, presented: str, now: datetime) -> str | None:
        """Supersede `token` and return its successor, or None if somebody else did, or its grant ended.

        The successor is kept sealed under the presented token: who holds the one can be told the other again.
        """
        successor = mint_secret()
        won = await self._transaction.first(
            _supersede,
            digest_=token.digest,
            now=now,
            sealed=seal(successor, presented),
            next_digest=digest(successor),
        )
        if won is None:
            return None
        await self._add(successor, token.grant.id, now)
        return successor

    async def _add(self, token: str, grant_id: str, now: datetime) -> None:
        await self._transaction.run(
            _insert,
            digest=digest(token),
            grant_id=grant_id,
            created_at=now,
            expires_at=now + self._lifetime,
            superseded_at=None,
            successor=None,
            successor_digest=None,
        )
