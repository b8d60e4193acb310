"""Where every endpoint is: the one source of mounted routes and advertised URLs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class URLs:
    """Paths on this host and the URLs they are advertised as. `overrides` names endpoints that live elsewhere."""

    issuer: str
    prefix: str
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The issuer without its path."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    def path(self, name: str) -> str:
        """Return the path of the endpoint `name`, such as `/oauth/token`."""
        return self.overrides.get(name) or f"{self.prefix}/{name}"

    def url(self, name: str) -> str:
        """Return the absolute URL of the endpoint `name`."""
        return self.origin + self.path(name)

    def well_known(self, name: str) -> str:
        """Return the path of a well-known document: the issuer's own path behind it (RFC 8414 §3.1)."""
        return f"/.well-known/{name}{urlsplit(self.issuer).path}"

    def appended_well_known(self, name: str) -> str:
        """Return where an older rule looks for the document: behind the issuer's own path (RFC 8414 §5)."""
        return f"{urlsplit(self.issuer).path}/.well-known/{name}"

    @property
    def jwks_path(self) -> str:
        """The path of the key set, at the root of the host whatever the issuer's path."""
        return "/.well-known/jwks.json"
