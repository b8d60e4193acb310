"""How long an answer may be kept (RFC 9111 §4.2)."""

from datetime import timedelta

import httpx
import pytest

from ...outbound.freshness import read_lifetime

DATE = "Tue, 01 Jan 2030 00:00:00 GMT"
TEN_MINUTES_LATER = "Tue, 01 Jan 2030 00:10:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "public"}, None),
        ({"Cache-Control": "max-age=300"}, 300),
        ({"Cache-Control": "public, Max-Age=300"}, 300),
        ({"Cache-Control": 'max-age="300"'}, 300),
        ({"Cache-Control": "max-age=0"}, 0),
        ({"Cache-Control": "max-age=300", "Age": "100"}, 200),
        ({"Cache-Control": "max-age=300", "Age": "400"}, 0),
        ({"Cache-Control": "max-age=300", "Age": "soon"}, 300),
        ({"Cache-Control": "max-age=300, max-age=60"}, 60),
        ({"Cache-Control": "max-age=300, no-store"}, 0),
        ({"Cache-Control": "max-age=300, no-cache"}, 0),
        ({"Cache-Control": 'max-age=300, no-cache="set-cookie"'}, 0),
        ({"Cache-Control": "max-age=-1"}, 0),
        ({"Cache-Control": "max-age=ten"}, 0),
        ({"Cache-Control": "max-age=٣"}, 0),
        ({"Cache-Control": "s-maxage=900"}, None),
        ({"Cache-Control": "max-age=" + "9" * 400}, 999_999_999_999),
        ({"Expires": TEN_MINUTES_LATER, "Date": DATE}, 600),
        ({"Expires": TEN_MINUTES_LATER, "Date": DATE, "Age": "60"}, 540),
        ({"Expires": DATE, "Date": TEN_MINUTES_LATER}, 0),
        ({"Expires": "0", "Date": DATE}, 0),
        ({"Expires": TEN_MINUTES_LATER, "Date": "Tue, 01 Jan 2030 00:00:00 -0000"}, 0),
        ({"Expires": TEN_MINUTES_LATER}, None),
        ({"Expires": TEN_MINUTES_LATER, "Date": DATE, "Cache-Control": "max-age=60"}, 60),
    ],
)
def test_a_lifetime_is_read_from_the_headers(headers: dict[str, str], seconds: int | None) -> None:
    """RFC 9111 §4.2.1: max-age before Expires, less the age; what cannot be read is stale."""
    lifetime = read_lifetime(httpx.Headers([(name.encode(), value.encode()) for name, value in headers.items()]))

    expected = None if seconds is None else timedelta(seconds=min(seconds, 10**9))
    assert lifetime == expected
