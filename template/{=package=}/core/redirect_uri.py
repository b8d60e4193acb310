"""Redirect URIs: what may be registered, and what matches (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1)."""

import re
from collections.abc import Collection

_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
# RFC 3986 characters only: no space, control character, backslash, quote, angle bracket or non-ASCII letter.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HTTP = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>[/?].*)?", re.DOTALL)
_HOST = re.compile(r"(?P<host>[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
# These names and no other spelling: 127.1, 2130706433, localhost. and whatever DNS says are not loopback.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# A private-use scheme is a reversed domain name (RFC 8252 §7.1); so every script-like scheme is out by its form.
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+\-]*(?:\.[a-z0-9+\-]+)+", re.IGNORECASE)


def find_fault(redirect_uri: str) -> str | None:
    """Return why `redirect_uri` cannot be registered, or None when it can.

    Allowed are https, http on loopback, and private-use schemes of a reversed domain name (RFC 8252 §7.1, §7.3).
    """
    if not _URI.fullmatch(redirect_uri) or _BAD_PERCENT.search(redirect_uri):
        return "it holds characters that are not allowed in a URI"
    if "#" in redirect_uri:
        return "it has a fragment"
    scheme = _SCHEME.match(redirect_uri)
    if scheme is None:
        return "it is not absolute"
    if scheme[1] not in ("http", "https"):
        return None if _PRIVATE_USE.fullmatch(scheme[1]) else f"the scheme {scheme[1]} is not allowed"
    http = _HTTP.fullmatch(redirect_uri)
    host = http and _HOST.fullmatch(http["authority"])
    if not http or not host:
        return "its host is malformed; it must be lower case, without user name, and ASCII"
    if int(host["port"] or 0) > 65_535:
        return "its port is above 65535"
    if http["scheme"] == "http" and host["host"] not in _LOOPBACK:
        return "http is allowed for localhost, 127.0.0.1 and [::1] only"
    return None


def is_loopback(redirect_uri: str) -> bool:
    """Say whether `redirect_uri` is http to this computer, in one of the three spellings of RFC 8252 §7.3."""
    return _split_loopback(redirect_uri) is not None


def is_registered(redirect_uri: str, registered: Collection[str], *, any_loopback_port: bool) -> bool:
    """Say whether `redirect_uri` is one of `registered`, compared as strings (RFC 9700 §2.1).

    With `any_loopback_port`, a native client's loopback URI may differ from a registered one in its port, and in
    nothing else (RFC 8252 §7.3).
    """
    if redirect_uri in registered:
        return True
    if not any_loopback_port:
        return False
    asked = _split_loopback(redirect_uri)
    return asked is not None and any(asked == _split_loopback(candidate) for candidate in registered)


def describe_destination(redirect_uri: str) -> str:
    """Return what a person may be shown of where the answer goes: host and port, or the private-use scheme."""
    http = _HTTP.fullmatch(redirect_uri)
    if http:
        return http["authority"]
    return redirect_uri.partition(":")[0] + ":"


def _split_loopback(redirect_uri: str) -> tuple[str, str] | None:
    http = _HTTP.fullmatch(redirect_uri)
    if http is None or http["scheme"] != "http" or find_fault(redirect_uri):
        return None
    host = _HOST.fullmatch(http["authority"])
    return None if host is None else (host["host"], http["rest"] or "")
