"""For how long an answer may be kept, as its headers say (RFC 9111 §4.2)."""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_LONGEST: Final = 10**9  # seconds: more is as good as for ever, and still a timedelta


def read_lifetime(headers: Mapping[str, str]) -> timedelta | None:
    """Return how much longer the answer is fresh, or None if it does not say. `headers` find names in any case.

    Zero for what is not to be kept, and for a value that cannot be read (RFC 9111 §4.2.1).
    """
    directives = [part.strip().lower() for part in headers.get("cache-control", "").split(",")]
    if "no-store" in directives or any(part.partition("=")[0] == "no-cache" for part in directives):
        return timedelta(0)
    ages = [part.partition("=")[2] for part in directives if part.partition("=")[0] == "max-age"]
    if ages:
        lifetime = min(map(_seconds, ages))
    elif "expires" in headers and "date" in headers:
        lifetime = _seconds_between(headers["date"], headers["expires"])
    else:
        return None
    return timedelta(seconds=max(0, lifetime - _seconds(headers.get("age", "0"))))


def _seconds(text: str) -> int:
    text = text.strip('"')
    return min(int(text[:12]), _LONGEST) if text.isdecimal() and text.isascii() else 0


def _seconds_between(date: str, expires: str) -> int:
    try:
        return int((parsedate_to_datetime(expires) - parsedate_to_datetime(date)).total_seconds())
    except (ValueError, TypeError):  # `Expires: 0` is common, and a date with a zone cannot be compared to one without
        return 0
