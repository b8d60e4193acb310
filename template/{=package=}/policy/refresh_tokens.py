"""Who gets a refresh token?

Decide only if `offline_access` is not what it should depend on. A person reads it on the consent page as access while
they are away.
"""

from ..core.client import Client
from ..core.refresh_token import OFFLINE_ACCESS
from ..core.scope import Scope


class RefreshTokenRule:
    """Give one to clients that asked for `offline_access` and were allowed it (OIDC Core §11)."""

    contract = 1

    def is_wanted(self, client: Client, scope: Scope) -> bool:
        """Say whether a grant of `scope` to `client` gets a refresh token."""
        return OFFLINE_ACCESS in scope
