"""The URLs that may be fetched, read strictly, so that no two readers see two hosts in one (RFC 3986)."""

import re
from dataclasses import dataclass
from typing import Final

MAX_LENGTH: Final = 2048

# What is not in here cannot be in a URL: no user, no fragment, no backslash, no blank, no letter outside ASCII, no
# host that ends with a dot, no zone. `urlsplit` would strip or pass over some of it.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_CHARACTER = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2}"
_URL: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    rf"(?P<target>(?:/(?:{_CHARACTER})*)?(?:\?(?:{_CHARACTER}|\?)*)?)"
)
_DOT_SEGMENT: Final = re.compile(r"/(?:\.|%2e){1,2}(?:[/?]|\Z)", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# Below stand the well-known ports of other protocols, which must not hear from us whatever they make of it.
_FREE_PORTS: Final = range(1024, 65_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a document is. `host` is as the URL writes it, for an IPv6 address in brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def hostname(self) -> str:
        """The host for a resolver and for TLS: without brackets."""
        return self.host.strip("[]")

    @property
    def authority(self) -> str:
        """What the Host header says (RFC 9110 §7.2)."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"


def parse_location(url: str) -> Location:
    """Return the parts of `url`. Raises ValueError unless it is an absolute URL that may be fetched.

    That is https, or http for who accepts it, with a lower-case ASCII host, the default port or one that belongs to
    no other protocol, no user, no fragment and no dot segments.
    """
    parts = _URL.fullmatch(url) if len(url) <= MAX_LENGTH else None
    if parts is None:
        raise ValueError("not an absolute https URL with a lower-case host, and no user or fragment")
    scheme, target = parts["scheme"], parts["target"]
    if _DOT_SEGMENT.search(target):
        raise ValueError("a path with dot segments")
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if port != _DEFAULT_PORTS[scheme] and port not in _FREE_PORTS:
        raise ValueError(f"port {port} belongs to another protocol")
    return Location(
        scheme=scheme,
        host=parts["host"],
        port=port,
        target=target if target.startswith("/") else f"/{target}",
    )
