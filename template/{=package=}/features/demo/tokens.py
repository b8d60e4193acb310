"""The tokens of a sign-in, and what can be read in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...core.encoding import decode_base64url, parse_json_object

_MEANINGS: Mapping[str, str] = {
    "iss": "who issued it",
    "sub": "whom it is about",
    "aud": "whom it is for",
    "exp": "when it expires",
    "nbf": "when it begins",
    "iat": "when it was issued",
    "auth_time": "when the person signed in",
    "nonce": "ties it to one sign-in",
    "at_hash": "ties it to the access token",
    "c_hash": "ties it to the code",
    "acr": "how well the person is known",
    "amr": "how the person signed in",
    "sid": "the session at the server",
    "jti": "its own name",
    "client_id": "to which client it was given",
    "scope": "what it allows",
    "grant_id": "the authorization it descends from",
    "alg": "how it is signed",
    "kid": "by which key",
    "typ": "what it is",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a token response brought, its ID token verified. `person` are the claims of that."""

    access_token: str
    id_token: str
    refresh_token: str | None
    scope: str
    expires_at: datetime
    person: Mapping[str, Any]

    def allows(self, scope: str) -> bool:
        """Say whether the access token was given for `scope`."""
        return scope in self.scope.split(" ")


@dataclass(frozen=True, slots=True)
class Line:
    """A member of a header or a claim, for people."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A JWT taken apart. Reading is not verifying; and to its client an access token means nothing at all."""

    segments: tuple[str, ...]
    header: list[Line]
    claims: list[Line]

    @classmethod
    def of(cls, token: str) -> "Decoded":
        """Take a JWT apart. Raises ValueError if it is none."""
        segments = tuple(token.split("."))
        header, claims, _ = segments
        return cls(segments, _lines(header), _lines(claims))


def _lines(segment: str) -> list[Line]:
    members = parse_json_object(decode_base64url(segment))
    return [Line(name, _value(name, value), _MEANINGS.get(name, "")) for name, value in members.items()]


def _value(name: str, value: object) -> str:
    if name in ("exp", "nbf", "iat", "auth_time") and isinstance(value, int):
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
