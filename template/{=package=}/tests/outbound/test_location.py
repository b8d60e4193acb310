"""Which URLs may be fetched at all (H10, S2)."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ...outbound.location import parse_location


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://client.example/jwks", "client.example", 443, "/jwks", "client.example"),
        ("https://client.example", "client.example", 443, "/", "client.example"),
        ("https://client.example?v=1", "client.example", 443, "/?v=1", "client.example"),
        ("https://client.example:443/", "client.example", 443, "/", "client.example"),
        ("https://client.example:8443/a", "client.example", 8443, "/a", "client.example:8443"),
        ("https://1.2.3.4:65535/", "1.2.3.4", 65535, "/", "1.2.3.4:65535"),
        ("https://[2606:4700::1]:1024/", "2606:4700::1", 1024, "/", "[2606:4700::1]:1024"),
        ("https://xn--bcher-kva.example/a%2Fb;c=1/@x?q=%C3%A9&r=(1)*!$'?", "xn--bcher-kva.example", 443,
         "/a%2Fb;c=1/@x?q=%C3%A9&r=(1)*!$'?", "xn--bcher-kva.example"),
        ("http://localhost:8000/jwks", "localhost", 8000, "/jwks", "localhost:8000"),
        ("http://localhost/.well-known/x", "localhost", 80, "/.well-known/x", "localhost"),
        ("https://a.b/...", "a.b", 443, "/...", "a.b"),
    ],
)  # fmt: skip
def test_a_url_is_taken_apart(url: str, host: str, port: int, target: str, authority: str) -> None:
    """RFC 3986: and what is sent is what was written."""
    location = parse_location(url)

    assert (location.hostname, location.port, location.target) == (host, port, target)
    assert location.authority == authority
    built = httpx.URL(scheme=location.scheme, host="1.2.3.4", port=location.port, raw_path=target.encode())
    assert built.raw_path == target.encode()


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "client.example", "//client.example/", "ftp://client.example/", "file:///etc/passwd",
        "gopher://client.example/", "javascript:alert(1)", "HTTPS://client.example/", "https:/client.example",
        "https://user@client.example/", "https://user:password@client.example/", "https://@client.example/",
        "https://client.example@evil.example/", "https://client.example\\@evil.example/",
        "https://client.example/#fragment", "https://client.example/#", "https://client.example#",
        "https://Client.example/", "https://client.example./", "https://.client.example/", "https://client..example/",
        "https://-client.example/", "https://client-.example/", "https://cli_ent.example/", "https://bücher.example/",
        "https://client․example/", "https://cli%65nt.example/", "https://client.example:/",
        "https://client.example:0/", "https://client.example:0443/", "https://client.example:65536/",
        "https://client.example:99999/", "https://client.example:44a/", "https://[::1%25lo]/", "https://[::1/",
        "https://client.example/ ", " https://client.example/", "https://client.example/\n",
        "https://client.example/a\tb", "https://client.example/a b", "https://client.example/\x00",
        "https://client.example/\r\nHost: evil", "https://client.example/%", "https://client.example/%zz",
        "https://client.example/é", "https://client.example/a\\b", "https://client.example/\"", "https://a.b/[",
        "https://client.example/.", "https://client.example/..", "https://client.example/a/../b",
        "https://client.example/a/%2e%2E/b", "https://client.example/a/.%2e?x", "https://client.example/%2e",
        "https://" + "a" * 64 + ".example/", "https://client.example/" + "a" * 2048,
    ],
)  # fmt: skip
def test_a_url_that_two_readers_may_read_differently_is_refused(url: str) -> None:
    """S1, S2, R2-R5, R10: userinfo, fragment, blanks, backslash, dot segments, other alphabets."""
    with pytest.raises(ValueError, match=r"not an absolute|dot segments|belongs to another"):
        parse_location(url)


@pytest.mark.parametrize("port", [1, 21, 22, 25, 53, 80, 110, 389, 444, 465, 636, 853, 993, 1023])
def test_a_port_of_another_protocol_is_not_called(port: int) -> None:
    """S1: whoever listens there does not expect us, and a stranger sends us."""
    with pytest.raises(ValueError, match="another protocol"):
        parse_location(f"https://client.example:{port}/")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_whatever_follows_the_scheme_there_is_an_answer(rest: str) -> None:
    """S2: no other error, and never a host or a target with a character that could mean more."""
    try:
        location = parse_location("https://" + rest)
    except ValueError:
        return
    assert location.authority.isascii()
    assert location.target.startswith("/")
    assert not set(location.authority + location.target) & set('\\"<>^`{}|# \t\r\n\x00')
