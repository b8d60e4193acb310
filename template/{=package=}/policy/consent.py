"""Must this person be asked before this client gets that?

Decide: whether your own clients may skip the page, and whether consent is remembered. As shipped, everybody is asked
every time. Never skip it for public clients on loopback: any program on that computer can pretend to be them.
"""

from collections.abc import Mapping
from typing import Any

from ..core.client import Client
from ..core.grant import Authentication
from ..core.scope import Scope
from ..core.seam import stub


@stub("Decide whether any of your clients may skip the consent page.")
class Consent:
    """Ask everybody, every time."""

    contract = 1

    async def is_needed(self, client: Client, authentication: Authentication, scope: Scope) -> bool:
        """Say whether the page must be shown. `prompt=consent` shows it whatever you answer."""
        return True

    async def claims(self, client: Client, authentication: Authentication, scope: Scope) -> Mapping[str, Any]:
        """Return claims to add to the access tokens of this grant. Claims of the protocol itself are refused."""
        return {}
