"""Interactions: what waits for a person lives here, not in a cookie."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import col

from ..core.authorization_request import AuthorizationRequest
from ..core.interaction import Interaction
from ..database import Statement, Transaction
from .rows import InteractionRow as Row

_insert = Statement(insert(Row))
_find = Statement(
    select(
        col(Row.digest),
        col(Row.request),
        col(Row.browser_id),
        col(Row.account_chosen),
        col(Row.created_at),
        col(Row.expires_at),
        col(Row.finished_at),
    ).where(col(Row.digest) == bindparam("digest_"))
)
_claim = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.browser_id).is_(None))
    .values(browser_id=bindparam("browser"))
    .returning(col(Row.digest))
)
_record_choice = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.finished_at).is_(None))
    .values(account_chosen=bindparam("subject"))
)
_finish = Statement(
    update(Row)
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.finished_at).is_(None))
    .values(finished_at=bindparam("now"))
    .returning(col(Row.digest))
)
delete_expired = Statement(delete(Row).where(col(Row.expires_at) < bindparam("now")))


class Interactions:
    """The authorization requests that wait for a person."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, interaction: Interaction) -> None:
        """Keep a new interaction."""
        await self._transaction.run(
            _insert,
            digest=interaction.digest,
            request=interaction.request.as_json(),
            browser_id=interaction.browser_id,
            account_chosen=interaction.account_chosen,
            created_at=interaction.created_at,
            expires_at=interaction.expires_at,
            finished_at=interaction.finished_at,
        )

    async def find(self, digest: bytes) -> Interaction | None:
        """Return the interaction, finished and expired ones too."""
        row: Any = await self._transaction.first(_find, digest_=digest)
        if row is None:
            return None
        return Interaction(
            digest=row.digest,
            request=AuthorizationRequest.from_json(row.request),
            browser_id=row.browser_id,
            account_chosen=row.account_chosen,
            created_at=row.created_at,
            expires_at=row.expires_at,
            finished_at=row.finished_at,
        )

    async def claim(self, digest: bytes, browser_id: str) -> bool:
        """Bind the interaction to the browser that came first; say whether it was this one."""
        return await self._transaction.first(_claim, digest_=digest, browser=browser_id) is not None

    async def record_choice(self, digest: bytes, subject: str) -> None:
        """Remember that the person chose to go on as `subject`."""
        await self._transaction.run(_record_choice, digest_=digest, subject=subject)

    async def finish(self, digest: bytes, now: datetime) -> bool:
        """Finish the interaction and say whether it was unfinished: of two submits one gets an answer."""
        return await self._transaction.first(_finish, digest_=digest, now=now) is not None
