"""Authorization codes: kept as digests, redeemed by one statement."""

from datetime import datetime

from sqlalchemy import bindparam, delete, exists, insert, select, update
from sqlmodel import col

from ..core.authorization_code import AuthorizationCode
from ..database import Statement, Transaction
from .grants import GRANT_COLUMNS, read_grant
from .rows import AuthorizationCodeRow as Row
from .rows import AuthorizationGrantRow

_insert = Statement(insert(Row))
_find = Statement(
    select(
        col(Row.digest),
        col(Row.redirect_uri),
        col(Row.code_challenge),
        col(Row.confirmation),
        col(Row.expires_at),
        col(Row.redeemed_at),
        *GRANT_COLUMNS,
    )
    .join(AuthorizationGrantRow, col(AuthorizationGrantRow.id) == col(Row.grant_id))
    .where(col(Row.digest) == bindparam("digest_"))
)
_redeem = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.redeemed_at).is_(None))
    .where(
        exists()
        .where(col(AuthorizationGrantRow.id) == col(Row.grant_id))
        .where(col(AuthorizationGrantRow.ended_at).is_(None))
    )
    .values(redeemed_at=bindparam("now"))
    .returning(col(Row.digest))
)
# A redeemed code stays for as long as its grant does, so that even a late replay is seen as one.
delete_expired = Statement(
    delete(Row).where(col(Row.expires_at) < bindparam("now")).where(col(Row.redeemed_at).is_(None))
)


class AuthorizationCodes:
    """The codes that were issued."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, code: AuthorizationCode) -> None:
        """Keep a new code; its grant must be there."""
        await self._transaction.run(
            _insert,
            digest=code.digest,
            grant_id=code.grant.id,
            redirect_uri=code.redirect_uri,
            code_challenge=code.code_challenge,
            confirmation=code.confirmation,
            expires_at=code.expires_at,
            redeemed_at=None,
        )

    async def find(self, digest: bytes) -> AuthorizationCode | None:
        """Return the code and its grant, whatever state they are in."""
        row = await self._transaction.first(_find, digest_=digest)
        if row is None:
            return None
        return AuthorizationCode(
            digest=row.digest,
            redirect_uri=row.redirect_uri,
            code_challenge=row.code_challenge,
            confirmation=row.confirmation,
            expires_at=row.expires_at,
            redeemed_at=row.redeemed_at,
            grant=read_grant(row),
        )

    async def redeem(self, digest: bytes, now: datetime) -> bool:
        """Spend the code and say whether it was there to be spent: of any number of attempts one wins."""
        return await self._transaction.first(_redeem, digest_=digest, now=now) is not None
