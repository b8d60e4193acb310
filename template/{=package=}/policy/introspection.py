"""May this client know of this token?

Decide: whether somebody may see more than the server's own rule has it, such as a gateway in front of all your APIs,
or less. That rule: a client is told of tokens that were issued to it, and of those that it is an audience of.
"""

from collections.abc import Mapping
from typing import Any

from ..core.client import Client
from ..core.seam import stub


@stub("Decide whether any client may be told of more tokens, or of fewer, than the server's rule says.")
class Introspection:
    """Keep to the server's rule."""

    contract = 1

    async def may_see(self, caller: Client, token: Mapping[str, Any], *, by_default: bool) -> bool:
        """Say whether `caller` is told of an active token, which has the members of RFC 7662 §2.2.

        `by_default` is what the server's rule says. Of what is no access token only its own client is told, whatever
        you answer. Anything but True, or an exception, is a no.
        """
        return by_default
