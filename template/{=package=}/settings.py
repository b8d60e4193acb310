"""What every server must or may be told: read once, at start-up, from the environment and `.env`.

A feature's settings stand in its own room and are composed in `features/__init__.py`.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .core.jwk import Algorithm
from .defaults import DATABASE_URL, ISSUER, PREFIX, SIGNING_ALGORITHMS

ENV_PREFIX = f"{__package__.rpartition('.')[2].upper()}_"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LABEL = r"[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?"
_AUTHORITY = re.compile(rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?")
_PATH = re.compile(r"(?:/[A-Za-z0-9\-._~]+)+")
_RESOURCE = re.compile(
    r"https?://[A-Za-z0-9\[][A-Za-z0-9.\-:\[\]]*(?:[/?][A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]*)?", re.I
)


def _seconds(value: object) -> object:
    """Let the environment say `60`: pydantic alone wants ISO 8601 from a string."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    try:
        return timedelta(seconds=value)
    except OverflowError:
        raise ValueError("is longer than anybody will wait") from None


def check_issuer(issuer: str) -> str:
    """Return `issuer` if it is canonical (RFC 8414 §2); raises ValueError saying what is not.

    Clients compare it as a string, some after normalising it, so only a form that normalising leaves alone will do.
    """
    scheme, separator, rest = issuer.partition("://")
    authority, slash, path = rest.partition("/")
    host = _AUTHORITY.fullmatch(authority)
    if scheme not in ("https", "http") or not separator or not host:
        raise ValueError("must be an absolute https URL with a lower-case ASCII host")
    if host["port"] == {"https": "443", "http": "80"}[scheme] or int(host["port"] or 1) > 65_535:
        raise ValueError("must not name the default port, nor one above 65535")
    if slash and not _PATH.fullmatch(f"/{path}"):
        raise ValueError("must have no trailing slash, query or fragment")
    if scheme == "http" and host["host"] not in LOOPBACK_HOSTS:
        raise ValueError("must be https; http is for loopback in development only")
    if (read := _normalise(issuer)) not in (issuer, f"{issuer}/"):
        raise ValueError(f"must be written as clients will read it, {read or 'and this is no URL'}")
    return issuer


def check_path(path: str) -> str:
    """Return `path` if endpoints can live there; raises ValueError saying what is not."""
    if not _PATH.fullmatch(path) or path.startswith("/.well-known") or "/." in path:
        raise ValueError("must begin with a slash, not end with one, and use letters, digits and - . _ ~ only")
    return path


def check_resource(resource: str) -> str:
    """Return `resource` if it is an absolute URL without fragment (RFC 9728 §1.2); raises ValueError if not."""
    if not _RESOURCE.fullmatch(resource) or not _normalise(resource):
        raise ValueError("must be an absolute URL without fragment")
    return resource


def _normalise(url: str) -> str | None:
    """Return what a client reads that normalises URLs: no dot segments, addresses in one form; None if it cannot."""
    try:
        return str(AnyHttpUrl(url))
    except ValueError:
        return None


def _split_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check_unique(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("must name each only once")
    return names


def _check_proxies(proxies: tuple[str, ...]) -> tuple[str, ...]:
    for proxy in proxies:
        if proxy != "loopback":
            ip_network(proxy, strict=False)
    return proxies


Seconds = Annotated[timedelta, BeforeValidator(_seconds), Ge(timedelta(0))]
"""A lifetime: whole seconds in the environment, a timedelta in the code."""

Issuer = Annotated[str, AfterValidator(check_issuer)]
EndpointPath = Annotated[str, AfterValidator(check_path)]
Resource = Annotated[str, AfterValidator(check_resource)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list)]
"""A list that the environment writes with commas."""

Algorithms = Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(_split_list), AfterValidator(_check_unique)]


class ServerSettings(BaseSettings):
    """What every server must or may be told. No setting relaxes a MUST."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        use_attribute_docstrings=True,
        frozen=True,
        extra="ignore",  # `.env` is shared with compose and the team's own settings; `doctor` finds misspelt names
    )

    alone: ClassVar[Mapping[str, str]] = {}
    """What to say, beside the database, so that no other service is needed: in development, and in tests."""

    mode: Literal["production", "development"] = "production"
    """Development allows http on loopback and undecided policies. The `dev` command sets it."""

    issuer: Issuer = ISSUER
    """The `iss` of every token and the root of discovery (RFC 8414 §2). Changing it orphans every client."""

    prefix: EndpointPath = PREFIX
    """Where the endpoints live. Well-known documents stay at the root of the host."""

    paths: dict[str, EndpointPath] = Field(default_factory=dict)
    """Endpoints that live elsewhere below the prefix, by name, e.g. `{"token": "/oauth/v1/token"}`."""

    audience: Resource | None = None
    """The `aud` of access tokens for which no resource is asked; the issuer if unset (RFC 9068 §2.2)."""

    database_url: str = Field(DATABASE_URL, repr=False)
    """Where everything is kept that must outlive a restart."""

    key_directory: Path = Path("keys")
    """Where the signing keys are kept, one file each, readable by their owner only."""

    signing_algorithms: Annotated[Algorithms, Field(min_length=1)] = Field(SIGNING_ALGORITHMS, validate_default=True)
    """The algorithms this server signs with; the first signs access tokens (RFC 7518 §3.1)."""

    access_token_lifetime: Annotated[Seconds, Ge(timedelta(seconds=30)), Le(timedelta(hours=24))] = timedelta(
        seconds=900
    )
    """How long an access token is good. Resource servers verify it locally, so this bounds a revocation's delay."""

    jwks_cache_lifetime: Annotated[Seconds, Le(timedelta(days=7))] = timedelta(hours=1)
    """How long others may keep our public keys; a new key is announced for as long before it signs."""

    metadata_cache_lifetime: Annotated[Seconds, Le(timedelta(days=7))] = timedelta(hours=1)
    """How long others may keep our metadata."""

    token_endpoint_auth_methods: Names = ()
    """Accept only these client authentication methods; all that are built in if unset (RFC 8414 §2)."""

    trusted_proxies: Annotated[Names, AfterValidator(_check_proxies)] = ()
    """Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` count: addresses, CIDR ranges, or `loopback`."""

    max_body_size: Annotated[int, Ge(1024), Le(1_048_576)] = 65_536
    """The largest request body, in bytes, that an endpoint reads."""

    realm: Annotated[str, Field(pattern=r"^[\x20-\x21\x23-\x5b\x5d-\x7e]+$")] = "authorization server"
    """The realm in `WWW-Authenticate` challenges (RFC 9110 §11.5)."""

    purge_interval: Annotated[Seconds, Ge(timedelta(seconds=10))] = timedelta(minutes=10)
    """How often expired rows are deleted. Nothing depends on it."""

    @model_validator(mode="after")
    def _check_together(self) -> "ServerSettings":
        if self.mode == "production" and not self.issuer.startswith("https://"):
            raise ValueError(
                f"{ENV_PREFIX}ISSUER must be https in production; {self.issuer} will do in development only "
                f"({ENV_PREFIX}MODE=development, or the `dev` command)"
            )
        for name, path in self.paths.items():
            if not path.startswith(f"{self.prefix}/"):
                raise ValueError(f"{ENV_PREFIX}PATHS puts {name} at {path}, outside the prefix {self.prefix}")
        return self

    @property
    def default_audience(self) -> str:
        """The resource that access tokens are for when none is asked for."""
        return self.audience or self.issuer

    def model_dump_public(self) -> dict[str, Any]:
        """Return the settings for printing, with the password hidden in whatever is a URL with one."""
        return {name: _without_password(value) for name, value in self.model_dump().items()}


def _without_password(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_password(each) for name, each in value.items()}
    if isinstance(value, str):
        value = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", value)
        value = re.sub(r"(?i)([?&]password=)[^&]*", r"\1***", value)
    return value
