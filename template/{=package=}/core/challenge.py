"""`WWW-Authenticate` challenges, written in one place (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1)."""

from collections.abc import Mapping
from typing import Final

_UNSAFE: Final = dict.fromkeys((*range(0x20), 0x7F), "?")


def challenge(scheme: str, **parameters: str | None) -> str:
    """Return a challenge with each parameter that is given, in order, as a quoted string.

    `challenge("Bearer", realm="orders", error=None)` is `Bearer realm="orders"`. Quotes and backslashes are
    escaped; control characters and what is not ASCII become question marks, so that no value ends a header.
    """
    given = ((name, value) for name, value in parameters.items() if value is not None)
    written = ", ".join(f'{name}="{_escape(value)}"' for name, value in given)
    return f"{scheme} {written}" if written else scheme


def bearer_challenge(
    *,
    realm: str | None = None,
    error: str | None = None,
    error_description: str | None = None,
    scope: str | None = None,
    resource_metadata: str | None = None,
    scheme: str = "Bearer",
    further: Mapping[str, str] | None = None,
) -> str:
    """Return the challenge of a protected resource (RFC 6750 §3, RFC 9728 §5.1).

    A request that brought no credentials gets none of the error parameters (RFC 6750 §3.1). `further` are
    parameters of other specifications.
    """
    return challenge(
        scheme,
        realm=realm,
        error=error,
        error_description=error_description,
        scope=scope or None,
        resource_metadata=resource_metadata,
        **(further or {}),
    )


def _escape(value: str) -> str:
    plain = value.translate(_UNSAFE).encode("ascii", "replace").decode("ascii")
    return plain.replace("\\", "\\\\").replace('"', '\\"')
