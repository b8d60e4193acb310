"""Who is told of a token by default: the client that it was issued to, and those whom it is for (RFC 7662 §4)."""

from collections.abc import Mapping
from typing import Any, Final

from ...core.client import Client

CLIENT_METADATA: Final = "introspects"
"""The resources that a client stands for, as `aud` names them: an API that asks here is a client too."""


def is_visible(caller: Client, token: Mapping[str, Any]) -> bool:
    """Say whether `caller` owns the token, or is in its audience: by its id, or by a resource that it stands for."""
    if token["client_id"] == caller.client_id:
        return True
    named = token.get("aud", ())
    audience = {named} if isinstance(named, str) else set(named)
    return not audience.isdisjoint({caller.client_id, *caller.metadata.get(CLIENT_METADATA, ())})
