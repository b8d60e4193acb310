"""Two spellings of one URL are the same URL, and no others are (RFC 9449 §4.3, RFC 3986 §6)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..htu import normalise_url

URL = "https://as.example/oauth/token"

_names = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
_segments = st.text(alphabet="abcXYZ019-._~!$&'()*+,;=:@[]|", max_size=8).filter(lambda part: part not in (".", ".."))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTPS://as.example/oauth/token", URL),
        ("https://AS.Example/oauth/token", URL),
        ("https://as.example:443/oauth/token", URL),
        ("https://as.example:/oauth/token", URL),
        ("https://as.example/oauth/token?a=b", URL),
        ("https://as.example/oauth/token#part", URL),
        ("https://as.example/oauth/token?a=/../b#c?d", URL),
        ("https://as.example/oauth/%74oken", URL),
        ("https://as.example/oauth/./x/../token", URL),
        ("https://as.example/../oauth/token", URL),
        ("https://as.example/oauth/x/%2E%2e/token", URL),
        ("https://as.example", "https://as.example/"),
        ("https://as.example?a", "https://as.example/"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("https://[2001:DB8::1]/x", "https://[2001:db8::1]/x"),
        ("https://as.example/a%2fb", "https://as.example/a%2Fb"),
        ("https://as.example/a/b/..", "https://as.example/a/"),
        ("https://as.example/a/.", "https://as.example/a/"),
        ("https://as.example/..", "https://as.example/"),
        ("https://as.example/a//../b", "https://as.example/a/b"),
    ],
)
def test_spellings_of_one_url_are_equal(one: str, other: str) -> None:
    """D1, RFC 3986 §6.2.2, §6.2.3."""
    assert normalise_url(one) == normalise_url(other)


@pytest.mark.parametrize(
    "other",
    [
        "http://as.example/oauth/token",
        "https://as.example:8443/oauth/token",
        "https://as.example:80/oauth/token",
        "https://as.example./oauth/token",
        "https://www.as.example/oauth/token",
        "https://as.example.evil.example/oauth/token",
        "https://as.example/oauth/token/",
        "https://as.example/oauth//token",
        "https://as.example/oauth/Token",
        "https://as.example/oauth%2Ftoken",
        "https://as.example/oauth/token%3Fa",
        "https://as.example/oauth/token%00",
        "https://as.example/",
    ],
)
def test_another_url_is_another_url(other: str) -> None:
    """D1, RFC 9449 §4.3: the case of a path, a slash and what an escape hides all matter."""
    assert normalise_url(other) != normalise_url(URL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/oauth/token",
        "as.example/oauth/token",
        "//as.example/oauth/token",
        "ftp://as.example/oauth/token",
        "https:/as.example/oauth/token",
        "https:///oauth/token",
        "https://?a",
        "https://user@as.example/oauth/token",
        "https://user:secret@as.example/oauth/token",
        "https://as.example@evil.example/oauth/token",
        "https://as.example:port/oauth/token",
        "https://as.example:123456/oauth/token",
        "https://[as.example]/oauth/token",
        "https://as.example/oauth/%7",
        "https://as.example/oauth/%zz",
        "https://as.example/oauth/\ttoken",
        "https://as.example/oauth/token\n",
        " https://as.example/oauth/token",
        "https://as.example/oauth/token ",
        "https://as.example/o\u00e4uth",
        "https://as.ex\u00e4mple/oauth/token",
        "http\u017f://as.example/oauth/token",
        "https://as.example\\@evil.example/",
    ],
)
def test_what_is_no_url_of_ours_is_refused(text: str) -> None:
    """D1, R2, R4: no reader may find another host in it than we do, so nothing is stripped and nothing repaired."""
    with pytest.raises(ValueError, match="not an absolute"):
        normalise_url(text)


@settings(deadline=None)
@given(
    name=_names,
    path=st.lists(_segments, max_size=4),
    port=st.integers(1, 65_535),
    further=st.sampled_from(["", "?a=1", "#a"]),
)
def test_a_normalised_url_stays_as_it_is(name: str, path: list[str], port: int, further: str) -> None:
    """RFC 3986 §6: normalising is done once."""
    url = f"https://{name}.example:{port}/{'/'.join(path)}"

    normal = normalise_url(url + further)

    assert normalise_url(normal) == normal
    assert normalise_url(normal.upper().replace("HTTPS", "https").partition(".EXAMPLE")[0] + ".EXAMPLE") == (
        f"https://{name}.example/"
    )


@settings(deadline=None)
@given(first=st.lists(_segments, max_size=3), second=st.lists(_segments, max_size=3))
def test_paths_that_differ_stay_different(first: list[str], second: list[str]) -> None:
    """RFC 9449 §4.3: nothing but spelling is evened out."""
    one, other = (f"https://as.example/{'/'.join(path)}" for path in (first, second))

    assert (normalise_url(one) == normalise_url(other)) == (one == other)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_sent_is_normalised_or_refused(text: str) -> None:
    """D1: no text makes the server fail."""
    try:
        normal = normalise_url(f"https://as.example{text}")
    except ValueError:
        return

    assert normal.startswith("https://as.example")
    assert normal.isascii()


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_path_written_with_escapes_throughout_is_the_same(text: str) -> None:
    """RFC 3986 §6.2.2.2."""
    plain = "".join(
        character for character in text if character.isascii() and (character.isalnum() or character in "-_~")
    )
    escaped = "".join(f"%{ord(character):02x}" for character in plain)

    assert normalise_url(f"https://as.example/{escaped}") == normalise_url(f"https://as.example/{plain}")
