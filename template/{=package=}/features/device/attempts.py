"""Who tries user codes in vain, and how often (RFC 8628 §5.1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

from sqlalchemy import bindparam, case, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from ...database import Statement, Transaction
from .rows import UserCodeAttemptsRow as Row

WINDOW = timedelta(minutes=10)
"""How long attempts count, from the first one on."""

_first = insert(Row)
_count = Statement(
    _first.values(address=bindparam("address_"), attempts=1, expires_at=bindparam("expires"))
    .on_conflict_do_update(
        index_elements=["address"],
        set_={
            "attempts": case((col(Row.expires_at) <= bindparam("now"), 1), else_=col(Row.attempts) + 1),
            "expires_at": case(
                (col(Row.expires_at) <= bindparam("now"), _first.excluded.expires_at), else_=col(Row.expires_at)
            ),
        },
    )
    .returning(col(Row.attempts), col(Row.expires_at))
)
_give_back = Statement(
    update(Row).where(col(Row.address) == bindparam("address_")).values(attempts=col(Row.attempts) - 1)
)
delete_expired = Statement(delete(Row).where(col(Row.expires_at) < bindparam("now")))


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which attempt of its window this is, and when the window ends."""

    number: int
    window_ends_at: datetime


class Attempts:
    """Counted before a code is looked up and given back if it was right, so that guesses side by side count too.

    They are counted by address. A browser session would be no hold on somebody who guesses: that begins a new one.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def count(self, address: str, now: datetime) -> Attempt:
        """Count one more attempt from `address`, in a window that begins now if none is open."""
        row = await self._transaction.first(_count, address_=address, now=now, expires=now + WINDOW)
        return Attempt(row.attempts, row.expires_at)

    async def give_back(self, address: str) -> None:
        """Count an attempt less: it was right."""
        await self._transaction.run(_give_back, address_=address)


def address_of(client_ip: str | None) -> str:
    """Return what is counted for a caller: an IPv4 address, or the /64 of an IPv6 one, which is what one has."""
    if client_ip is None or ":" not in client_ip:
        return client_ip or "unknown"
    return str(ip_network(f"{client_ip}/64", strict=False))
