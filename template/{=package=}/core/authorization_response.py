"""Where and how an authorization response goes back to the client (RFC 6749 §4.1.2, RFC 9207)."""

from dataclasses import dataclass
from urllib.parse import quote_plus

from .authorization_request import ResponseMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTarget:
    """A proved redirect URI with what every answer to it repeats: the client's `state` and our `iss`."""

    redirect_uri: str
    response_mode: str
    state: str | None
    issuer: str

    def parameters(self, answer: dict[str, str]) -> list[tuple[str, str]]:
        """Return `answer` with `state` (as it came) and `iss` (RFC 9207 §2) added, in order."""
        state = {} if self.state is None else {"state": self.state}
        return list({**answer, **state, "iss": self.issuer}.items())

    def location(self, answer: dict[str, str]) -> str:
        """Return the URL to redirect to, keeping the registered query (RFC 6749 §3.1.2)."""
        encoded = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in self.parameters(answer))
        if self.response_mode == ResponseMode.FRAGMENT:
            return f"{self.redirect_uri}#{encoded}"
        separator = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{separator}{encoded}"
