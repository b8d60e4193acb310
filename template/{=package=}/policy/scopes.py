"""Which scopes exist, and which of them may a client have?

Decide: the words of your APIs. Descriptions are written for people, who read them before they allow anything.
"""

from collections.abc import Mapping

from ..core.client import Client
from ..core.errors import InvalidScope
from ..core.scope import Scope
from ..core.seam import stub

SCOPES: Mapping[str, str] = {
    "notes:read": "read your notes",
    "notes:write": "change your notes",
}
"""The scopes of your APIs, and what a person is told that each allows."""


@stub("Decide which scopes exist and who may have them.")
class Scopes:
    """Grant what the client registered and the server knows, nothing more."""

    contract = 1

    def __init__(self, of_features: Mapping[str, str]) -> None:
        """`of_features` are the scopes that the server's own features understand."""
        self._supported = {**of_features, **SCOPES}

    def supported(self) -> Mapping[str, str]:
        """Return every scope and its description."""
        return self._supported

    async def allow(self, client: Client, requested: Scope) -> Scope:
        """Return what `client` may have of `requested`; nothing asked for is nothing given.

        Raises InvalidScope when something was asked for and nothing of it is left (RFC 6749 §3.3).
        """
        allowed = requested & client.scope & self._supported.keys()
        if requested and not allowed:
            raise InvalidScope("none of the requested scopes may be given to this client", reason=str(requested))
        return allowed
