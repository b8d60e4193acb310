"""Which clients are there, and is this secret theirs?

Decide: where clients are kept. As shipped they are rows of your `clients` table, made with the `clients` command.
If you move from another provider, verify its hashes in `authenticate`, and replace them as clients come by.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import col

from ..core.access_token import PrincipalKind
from ..core.client import Client
from ..core.seam import stub
from ..core.secrets import digest, is_digest_of, mint_secret
from ..database import Statement, Transaction
from .tables import ClientRow as Row

_NO_DIGEST = bytes(32)

_find = Statement(select(Row).where(col(Row.client_id) == bindparam("client")).where(col(Row.disabled_at).is_(None)))
_list = Statement(select(Row).order_by(col(Row.created_at), col(Row.client_id)))
_insert = Statement(insert(Row))
_set_secret = Statement(
    update(Row).where(col(Row.client_id) == bindparam("client")).values(secret_digest=bindparam("digest_"))
)
_update = Statement(
    update(Row)
    .where(col(Row.client_id) == bindparam("client"))
    .values(client_name=bindparam("name"), details=bindparam("details_"))
)
_set_disabled = Statement(
    update(Row).where(col(Row.client_id) == bindparam("client")).values(disabled_at=bindparam("at"))
)
_delete = Statement(delete(Row).where(col(Row.client_id) == bindparam("client")))


@stub("Decide where clients are kept; as shipped, in your own clients table.")
class Clients:
    """Clients in the team's own table."""

    contract = 1
    kind = PrincipalKind(name="client", prefix="client_", required_claims=frozenset({"client_id"}))

    def subject(self, client: Client) -> str:
        """Return the subject of tokens that a client asks for in its own name (RFC 9068 §5)."""
        return self.kind.prefix + client.client_id

    async def find(self, client_id: str, transaction: Transaction) -> Client | None:
        """Return the client, or None if it is unknown or disabled: outside, the two look alike."""
        row = await transaction.first(_find, client=client_id)
        return _read(row) if row else None

    async def authenticate(self, client_id: str, secret: str, transaction: Transaction) -> Client | None:
        """Return the client if `secret` is its own. An unknown client costs the same work as a wrong secret."""
        row = await transaction.first(_find, client=client_id)
        stored = row.secret_digest if row else None
        is_right = is_digest_of(secret, stored or _NO_DIGEST)
        return _read(row) if row and stored and is_right else None

    # The rest is for the command line and may change as you like.

    async def list(self, transaction: Transaction) -> list[tuple[Client, datetime | None]]:
        """Return every client and when it was disabled, oldest first."""
        return [(_read(row), row.disabled_at) for row in await transaction.all(_list)]

    async def create(self, client: Client, transaction: Transaction, *, now: datetime) -> str | None:
        """Keep a new client and return its secret, or None if it needs none. Raises Conflict if the id is taken."""
        secret = mint_secret() if client.has_secret else None
        await transaction.run(
            _insert,
            client_id=client.client_id,
            client_name=client.client_name,
            secret_digest=digest(secret) if secret else None,
            token_endpoint_auth_method=client.token_endpoint_auth_method,
            grant_types=sorted(client.grant_types),
            redirect_uris=client.redirect_uris,
            scope=" ".join(sorted(client.scope)),
            is_native=client.is_native,
            client_uri=client.client_uri,
            details=client.metadata,
            created_at=now,
            disabled_at=None,
        )
        return secret

    async def rotate_secret(self, client_id: str, transaction: Transaction) -> str | None:
        """Give the client a new secret and return it, or None if there is no such client."""
        secret = mint_secret()
        changed = await transaction.run(_set_secret, client=client_id, digest_=digest(secret))
        return secret if changed else None

    async def update(self, client: Client, transaction: Transaction) -> None:
        """Keep the name and the metadata of `client` in place of those that are kept; everything else stays."""
        await transaction.run(_update, client=client.client_id, name=client.client_name, details_=client.metadata)

    async def disable(self, client_id: str, transaction: Transaction, *, now: datetime | None) -> bool:
        """Disable the client, or with `now` None enable it again; say whether it is there."""
        return await transaction.run(_set_disabled, client=client_id, at=now) > 0

    async def delete(self, client_id: str, transaction: Transaction) -> bool:
        """Delete the client; say whether it was there."""
        return await transaction.run(_delete, client=client_id) > 0


def _read(row: Any) -> Client:
    return Client(
        client_id=row.client_id,
        client_name=row.client_name,
        token_endpoint_auth_method=row.token_endpoint_auth_method,
        grant_types=frozenset(row.grant_types),
        redirect_uris=row.redirect_uris,
        scope=frozenset(row.scope.split()),
        is_native=row.is_native,
        client_uri=row.client_uri,
        metadata=row.details,
    )
