"""Tokens that are bound to their sender, where they are used (RFC 7800 §3.1, RFC 9700 §2.2.1)."""

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request


class TokenConstraint(Protocol):
    """One way in which a token can be bound. The server's own guards ask for all of them by this type."""

    @property
    def method(self) -> str:
        """The member of `cnf` that binds in this way."""
        ...

    @property
    def scheme(self) -> str:
        """The authentication scheme under which such tokens are presented (RFC 9110 §11.1)."""
        ...

    @property
    def challenge(self) -> Mapping[str, str]:
        """What a challenge of that scheme tells."""
        ...

    @property
    def is_required(self) -> bool:
        """Whether a token is refused that is not bound in this way."""
        ...

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The headers in which the sender proves itself, described for people."""
        ...

    @property
    def response_headers(self) -> Mapping[str, str]:
        """The headers that `check` may return, described for people."""
        ...

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the metadata of a resource tells (RFC 9728 §2)."""
        ...

    async def check(self, request: Request, token: str, value: str) -> Mapping[str, str]:
        """Check that the request comes from whom the token is bound to; return headers for the answer.

        `value` is what `cnf` says. Raises OAuthError.
        """
        ...
