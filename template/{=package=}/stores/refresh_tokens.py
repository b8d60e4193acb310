"""Refresh tokens: a family is a row, kept as digests, rotated by one statement, alive only while its grant is."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, insert, select, update
from sqlmodel import col

from ..core.refresh_token import RefreshTokenFamily, digest_family, mint_refresh_token
from ..core.sealing import seal
from ..core.secrets import digest
from ..database import Statement, Transaction
from .grants import GRANT_COLUMNS, read_grant
from .rows import AuthorizationGrantRow
from .rows import RefreshTokenRow as Row

_insert = Statement(insert(Row))
_find = Statement(
    select(
        col(Row.family_digest),
        col(Row.digest),
        col(Row.expires_at),
        col(Row.previous_digest),
        col(Row.rotated_at),
        col(Row.sealed),
        col(Row.confirmation),
        *GRANT_COLUMNS,
    )
    .join(AuthorizationGrantRow, col(AuthorizationGrantRow.id) == col(Row.grant_id))
    .where(col(Row.family_digest) == bindparam("family"))
)
_rotate = Statement(
    update(Row)
    .where(col(Row.family_digest) == bindparam("family"))
    .where(col(Row.digest) == bindparam("presented"))
    .where(
        exists()
        .where(col(AuthorizationGrantRow.id) == col(Row.grant_id))
        .where(col(AuthorizationGrantRow.ended_at).is_(None))
    )
    .values(
        digest=bindparam("next_digest"),
        expires_at=bindparam("expires"),
        previous_digest=bindparam("presented"),
        rotated_at=bindparam("now"),
        sealed=bindparam("sealed_"),
    )
    .returning(col(Row.family_digest))
)
delete_expired = Statement(delete(Row).where(col(Row.expires_at) < bindparam("now")))


class RefreshTokens:
    """The families of refresh tokens. `lifetime` is how long one may lie unused."""

    def __init__(self, transaction: Transaction, lifetime: timedelta) -> None:
        self._transaction = transaction
        self._lifetime = lifetime

    async def find(self, presented: str) -> RefreshTokenFamily | None:
        """Return the family of a token, and its grant, whatever state they are in."""
        row = await self._transaction.first(_find, family=digest_family(presented))
        if row is None:
            return None
        return RefreshTokenFamily(
            family_digest=row.family_digest,
            digest=row.digest,
            expires_at=row.expires_at,
            previous_digest=row.previous_digest,
            rotated_at=row.rotated_at,
            sealed=row.sealed,
            confirmation=row.confirmation,
            grant=read_grant(row),
        )

    async def begin(self, grant_id: str, now: datetime, *, confirmation: Mapping[str, str] | None) -> str:
        """Return the first refresh token of a grant, bound to what `confirmation` names, if anything."""
        token = mint_refresh_token()
        await self._transaction.run(
            _insert,
            family_digest=digest_family(token),
            grant_id=grant_id,
            digest=digest(token),
            expires_at=now + self._lifetime,
            previous_digest=None,
            rotated_at=None,
            sealed=None,
            confirmation=confirmation,
        )
        return token

    async def rotate(self, presented: str, now: datetime) -> str | None:
        """Supersede `presented` and return its successor, or None if somebody else did, or its grant ended.

        The successor is kept sealed under the presented token: who holds the one can be told the other again.
        """
        successor = mint_refresh_token(presented)
        won = await self._transaction.first(
            _rotate,
            family=digest_family(presented),
            presented=digest(presented),
            next_digest=digest(successor),
            expires=now + self._lifetime,
            now=now,
            sealed_=seal(successor, presented),
        )
        return successor if won else None
