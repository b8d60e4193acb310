"""Which scopes exist, and which of them may a client have?

Decide: the words of your APIs. People read the descriptions on the consent page, so write them for people.
"""

from collections.abc import Mapping

from ..core.client import Client
from ..core.errors import InvalidScope
from ..core.scope import Scope
from ..core.seam import stub

SUPPORTED: Mapping[str, str] = {
    "openid": "know who you are",
    "profile": "see your name",
    "email": "see your e-mail address",
    "offline_access": "keep its access while you are away",
    "notes:read": "read your notes",
    "notes:write": "change your notes",
}
"""Every scope this server knows, and what a person is told that it allows."""


@stub("Decide which scopes exist and who may have them.")
class Scopes:
    """Grant what the client registered and the server knows, nothing more."""

    contract = 1

    def supported(self) -> Mapping[str, str]:
        """Return every scope and its description."""
        return SUPPORTED

    async def allow(self, client: Client, requested: Scope) -> Scope:
        """Return what `client` may have of `requested`; nothing asked for is nothing given.

        Raises InvalidScope when something was asked for and nothing of it is left (RFC 6749 §3.3).
        """
        allowed = requested & client.scope & SUPPORTED.keys()
        if requested and not allowed:
            raise InvalidScope("none of the requested scopes may be given to this client", reason=str(requested))
        return allowed

    def wants_refresh_token(self, client: Client, scope: str) -> bool:
        """Say whether this grant gets a refresh token: if the person saw and allowed `offline_access`."""
        return "offline_access" in scope.split(" ")
