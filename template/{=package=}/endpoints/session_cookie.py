"""The one cookie of this server: which browser it is, and nothing else."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

_NAME = __package__.split(".")[-2]


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """`is_secure` is false for an issuer that is http on loopback only; there the `__Host-` prefix cannot work."""

    is_secure: bool

    @property
    def name(self) -> str:
        """The `__Host-` prefix ties the cookie to this very host and to https (RFC 6265bis §4.1.3.2)."""
        return f"__Host-{_NAME}" if self.is_secure else _NAME

    def read(self, request: Request) -> str | None:
        """Return the secret that the browser holds, if any."""
        return request.cookies.get(self.name)

    def set(self, response: Response, secret: str, *, max_age: int) -> None:
        """Give the browser its secret. Lax: it comes along when a client sends the person here, and only then."""
        response.set_cookie(
            self.name, secret, max_age=max_age, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )
