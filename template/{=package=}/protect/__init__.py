"""The resource-server side: FastAPI dependencies that ask for a good access token (RFC 6750, RFC 9068).

Stands on `core/` alone, so that an API elsewhere can carry it along. Keys come from the server's `jwks_uri`
(`remote_keys.RemoteKeys`, which needs httpx) or, inside the server, from its own store (`LocalKeys`).
"""

from .context import TokenContext
from .guard import Guard
from .keys import KeySource, LocalKeys
from .refused import Refused, answer_refusal

__all__ = ["Guard", "KeySource", "LocalKeys", "Refused", "TokenContext", "answer_refusal"]
