"""The headers of every page, and where its forms may lead."""

import base64
import hashlib
import re
from collections.abc import Sequence

_COMMON = {
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors (RFC 9700 §4.16)
    "Referrer-Policy": "no-referrer",  # the URL of an interaction is nobody's business (RFC 9700 §4.2.4)
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
    # A client may open us in a popup, whose last page answers through `window.opener`. Any other value cuts
    # that tie for good, also for the client's own callback page. Said aloud, lest a proxy adds its own.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_SOURCE = re.compile(r"'self'|'none'|[A-Za-z0-9+.:/*\[\]-]+")
_NEVER = frozenset({"about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source"})


def page_headers(*, form_action: Sequence[str], script: str | None = None) -> dict[str, str]:
    """Return the headers of a page whose forms may lead to `form_action` and which may run `script`, if any.

    Raises ValueError for a source that is not one, such as text that would begin another directive.
    """
    for source in form_action:
        if not _SOURCE.fullmatch(source):
            raise ValueError(f"not a source of a content security policy: {source!r}")

    policy = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        f"form-action {' '.join(form_action)}",
    ]
    if script is not None:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy.append(f"script-src 'sha256-{digest}'")
    return {**_COMMON, "Content-Security-Policy": "; ".join(policy)}


def form_action_sources(redirect_uri: str) -> tuple[str, ...]:
    """Return where a form may lead whose answer returns to `redirect_uri`.

    Chromium applies `form-action` to every redirect that follows a form, the client's own included, and
    those we cannot know. So whole schemes are allowed: https, and that of the redirect URI (http on
    loopback, where `[::1]` could not be named as a host anyway, or an app's own). Only the scheme gets
    into the header.
    Raises ValueError if there is none, or one that runs or reads something in the browser.
    """
    scheme = redirect_uri.partition(":")[0].lower()
    if scheme == redirect_uri.lower() or not _SCHEME.fullmatch(scheme) or scheme in _NEVER:
        raise ValueError("the redirect URI has no scheme to return to")
    return tuple(dict.fromkeys(("'self'", "https:", f"{scheme}:")))
