"""A client as the server sees it, wherever it is kept (RFC 6749 §2, RFC 7591 §2)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AuthMethod(StrEnum):
    """How a client authenticates (RFC 7591 §2, `token_endpoint_auth_method`)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105
    CLIENT_SECRET_POST = "client_secret_post"  # noqa: S105


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What is known of a client. `scope` is what it may ask for; `metadata` is whatever a feature registered."""

    client_id: str
    client_name: str = ""
    token_endpoint_auth_method: str = AuthMethod.NONE
    grant_types: frozenset[str] = frozenset()
    redirect_uris: tuple[str, ...] = ()
    scope: frozenset[str] = frozenset()
    is_native: bool = False
    client_uri: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """A client without credentials (RFC 6749 §2.1). One of unstated type is public."""
        return self.token_endpoint_auth_method == AuthMethod.NONE

    @property
    def has_secret(self) -> bool:
        """A client that authenticates with a secret that it shares with us."""
        return self.token_endpoint_auth_method in (AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST)

    @property
    def display_name(self) -> str:
        """What pages call it."""
        return self.client_name or self.client_id
