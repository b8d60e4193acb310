"""Which APIs may this client have tokens for, beyond those that every client may?

Decide: whether some of your APIs are for some clients only. Those for everybody are in the settings. Clients need not
be linked to APIs: as shipped, what is in the settings is all there is.
"""

from collections.abc import Sequence

from ..core.client import Client
from ..core.seam import stub


@stub("Decide which further APIs some of your clients may have tokens for.")
class Resources:
    """Nothing beyond the settings, for anybody."""

    contract = 1

    async def served(self, client: Client) -> Sequence[str]:
        """Return the URLs of further APIs, each spelled as it expects itself in `aud`."""
        return ()
