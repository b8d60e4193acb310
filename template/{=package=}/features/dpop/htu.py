"""The target URI that a proof names, in one spelling: two spellings of one URL must compare equal (RFC 9449 §4.3)."""

import re
from typing import Final

_PORTS: Final = {"http": 80, "https": 443}
_URL: Final = re.compile(
    r"""
    (?P<scheme> https? ) ://
    (?P<host> [A-Za-z0-9.\-_~!$&'()*+,;=]+ | \[ [0-9A-Fa-f:.]+ ] )  # and nobody before an @: no request has that
    (?: : (?P<port> [0-9]{0,5} ) )?
    (?P<path> (?: / (?: [\x21\x22\x24\x26-\x3e\x40-\x7e] | %[0-9A-Fa-f]{2} )* )? )
    (?: [?\#] [\x21-\x7e]* )?  # which the comparison leaves out
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalise_url(url: str) -> str:
    """Return an absolute http(s) URL without query and fragment, normalised (RFC 3986 §6.2.2, §6.2.3).

    Scheme and host are lower case, the default port is gone, an empty path is `/`, escapes are upper case and only
    where they are needed, dot segments are resolved. Raises ValueError for what is no such URL.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError("not an absolute http or https URL")
    scheme, host = parts["scheme"].lower(), parts["host"].lower()
    port = int(parts["port"] or _PORTS[scheme])
    authority = host if port == _PORTS[scheme] else f"{host}:{port}"
    path = _resolve(_ESCAPE.sub(_unescape, parts["path"] or "/"))
    return f"{scheme}://{authority}{path}"


def _unescape(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _resolve(path: str) -> str:
    """Return an absolute path without `.` and `..` (RFC 3986 §5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
