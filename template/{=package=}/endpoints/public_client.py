"""Clients without credentials (RFC 6749 §2.1): applications that cannot keep a secret."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ..core.client import AuthMethod, Client
from .client_authentication import ClientCredentials


class PublicClient:
    """No credentials at all: a public client names itself and proves itself by PKCE (RFC 6749 §2.1)."""

    method = AuthMethod.NONE
    parameters: ClassVar[Mapping[str, str]] = {}
    signing_algorithms: ClassVar[Sequence[str]] = ()

    def is_used(self, offered: ClientCredentials) -> bool:
        """Never found by itself: it is what is left when a request offers nothing else."""
        return False

    async def authenticate(self, offered: ClientCredentials) -> Client | None:
        """Look the client up by the id alone."""
        client_id = offered.form.get("client_id")
        return await offered.clients.find(client_id, offered.transaction) if client_id else None
