"""A resource indicator: a URL that names an API, and when two spellings name the same one (RFC 8707 §2)."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ...core.errors import OAuthError
from ...core.parameters import Parameters
from ...settings import check_resource

PARAMETER: Final = "resource"
MAX_RESOURCES: Final = 10
MAX_LENGTH: Final = 500
"""As much as a page can show of a URL: nobody shall allow what they cannot see."""

_AUTHORITY = re.compile(r"[^/?]*")


class InvalidTarget(OAuthError):
    """The resource is malformed, or not one that the client can have a token for here (RFC 8707 §2)."""

    error = "invalid_target"


def identify(resource: str) -> str:
    """Return what all spellings of a resource have in common: with a root slash or without, in whatever case scheme
    and host are written (RFC 3986 §6.2.2.1, §6.2.3). Nothing else is the same.

    Raises ValueError unless it is an absolute http or https URL without user name and fragment.
    """
    if len(resource) > MAX_LENGTH:
        raise ValueError(f"a resource must have at most {MAX_LENGTH} characters")
    scheme, _, rest = check_resource(resource).partition("://")
    authority = _AUTHORITY.match(rest)[0]  # type: ignore[index]  # it matches anything
    tail = rest[len(authority) :]
    if tail == "/" or tail.startswith("/?"):
        tail = tail[1:]
    return f"{scheme.lower()}://{authority.lower()}{tail}"


def read_resources(parameters: Parameters) -> tuple[str, ...]:
    """Return the resources that a request asks for, each once, as `identify` names them. Raises InvalidTarget."""
    asked = parameters.all(PARAMETER)
    if len(asked) > MAX_RESOURCES:
        raise InvalidTarget(f"at most {MAX_RESOURCES} resources may be asked for at once")
    try:
        return tuple(dict.fromkeys(identify(resource) for resource in asked))
    except ValueError as error:
        raise InvalidTarget(
            "resource must be an absolute URL without user name and fragment", reason=f"resource: {error}"
        ) from None


def choose_among(allowed: Mapping[str, str], asked: Iterable[str]) -> tuple[str, ...]:
    """Return the spellings in `allowed` of the resources asked for. Raises InvalidTarget for any that is not there."""
    chosen = []
    for resource in asked:
        if resource not in allowed:
            raise InvalidTarget("no token can be had here for this resource", reason=f"not allowed: {resource}")
        chosen.append(allowed[resource])
    return tuple(chosen)
