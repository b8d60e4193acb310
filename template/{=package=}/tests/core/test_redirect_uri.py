"""Redirect URIs: compared as strings, and three spellings of this computer (RFC 9700 §2.1, RFC 8252 §7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.redirect_uri import describe_destination, find_fault, is_loopback, is_registered

WEB = "https://client.example/callback"
LOOPBACKS = ("http://localhost:8080/cb", "http://127.0.0.1/cb?x=1", "http://[::1]:1/cb")

GOOD = [
    WEB,
    "https://client.example",
    "https://client.example:8443/a/b?tenant=1&x=%20",
    "https://xn--80ak6aa92e.example/cb",
    "https://192.0.2.1/cb",
    "https://[2001:db8::1]:8443/cb",
    *LOOPBACKS,
    "http://localhost",
    "com.example.app:/oauth",
    "com.example.app://oauth/callback?x=1",
]

BAD = {
    "R2 a user name before the host": ["https://legit.example@evil.example/", "https://a:b@client.example/cb"],
    "R3 a fragment, even an empty one": [f"{WEB}#", f"{WEB}#x", "com.example.app:/cb#"],
    "R4 what URL parsers drop or bend": [
        "https://client.example/\tcb",
        "https://client.example/cb\n",
        "\nhttps://client.example/cb",
        " https://client.example/cb",
        "https://client.example\\@evil.example/cb",
        "https:\\\\client.example/cb",
        "https://client.example/<cb>",
        'https://client.example/"cb',
        "https://client.example/c b",
        "https://client.example/cb\x00",
        "https://client.example/cb\x7f",
    ],
    "R5 what only resolves to this computer": [
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://0x7f.0.0.1/cb",
        "http://0177.0.0.1/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "http://localhost./cb",
        "http://localhost.evil.example/cb",
        "http://LOCALHOST/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://[::]/cb",
        "http://[::1%25lo]/cb",
        "http://%6cocalhost/cb",
        "http://localhost@evil.example/cb",
        "http://app.localhost/cb",
    ],
    "R7 schemes that run, read or write here": [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "javascript://client.example/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://client.example/1",
        "mailto:ada@client.example",
        "about:blank",
        "myapp:/cb",
        "ftp://client.example/cb",
        "ws://client.example/cb",
    ],
    "R10 hosts that look like others": [
        "https://аpple.example/cb",
        "https://client\u2024example/cb",
        "https://client。example/cb",
        "https://%63lient.example/cb",
        "https://CLIENT.example/cb",
        "https://-client.example/cb",
        "https://client.example./cb",
        "https://*.client.example/cb",
    ],
    "what is no absolute URL, or has no host": [
        "",
        "/cb",
        "//client.example/cb",
        "client.example/cb",
        "https:",
        "https:/cb",
        "https:client.example/cb",
        "https:///cb",
        "https://?x",
        "https://:443/cb",
        "https://client.example:/cb",
        "https://client.example:443443/cb",
        "https://client.example:65536/cb",
        "https://client.example:x/cb",
        "https://client.example/%zz",
        "https://client.example/%",
        "https://[::1/cb",
        "HTTPS://client.example/cb",
        ":x",
    ],
    "plain http elsewhere": ["http://client.example/cb", "http://10.0.0.1/cb"],
}


@pytest.mark.parametrize("redirect_uri", GOOD)
def test_a_good_uri_can_be_registered(redirect_uri: str) -> None:
    """RFC 8252 §7: https, http to this computer, a reversed domain name as scheme."""
    assert find_fault(redirect_uri) is None


@pytest.mark.parametrize(("why", "redirect_uri"), [(why, uri) for why, uris in BAD.items() for uri in uris])
def test_a_bad_uri_cannot_be_registered(why: str, redirect_uri: str) -> None:
    """R2, R3, R4, R5, R7, R10."""
    assert find_fault(redirect_uri) is not None, why


@given(st.text(st.characters(max_codepoint=0x2100)) | st.text("htps:/.@#?[]1%\\ ", max_size=30))
def test_what_can_be_registered_is_ascii_on_one_line_without_fragment(redirect_uri: str) -> None:
    """R3, R4: whatever it is, no reader will see another URI in it."""
    if find_fault(redirect_uri) is None:
        assert redirect_uri.isascii()
        assert redirect_uri.isprintable()
        assert not {"#", "\\", " ", '"', "<", ">"} & set(redirect_uri)


@pytest.mark.parametrize("any_loopback_port", [False, True])
@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/callback",
        "https://client.example/callback/",
        "https://client.example/callback/..",
        "https://client.example/a/../callback",
        "https://client.example/callback?",
        "https://client.example/callback?x=1",
        "https://client.example/callback;x",
        "https://client.example/callback#",
        "https://client.example/callback#x",
        "https://client.example/Callback",
        "https://client.example/%63allback",
        "https://client.example:443/callback",
        "https://client.example:8443/callback",
        "https://Client.example/callback",
        "https://client.example.evil.example/callback",
        "https://client.example@evil.example/callback",
        "https://evil.example\\@client.example/callback",
        "https://client.example/call\tback",
        "https://client.example/callback\n",
        " https://client.example/callback",
        "http://client.example/callback",
        "//client.example/callback",
        "/callback",
        "",
    ],
)
def test_only_the_very_string_matches(asked: str, any_loopback_port: bool) -> None:
    """R1, R2, R3, R4, RFC 9700 §2.1: no normalising, no prefix, and no port of a host that is elsewhere."""
    assert is_registered(WEB, [WEB], any_loopback_port=any_loopback_port)
    assert not is_registered(asked, [WEB], any_loopback_port=any_loopback_port)


@pytest.mark.parametrize(
    "asked",
    ["http://localhost/cb", "http://localhost:1/cb", "http://localhost:65535/cb", "http://127.0.0.1:53123/cb?x=1"],
)
def test_the_port_of_a_native_app_may_differ(asked: str) -> None:
    """R6, RFC 8252 §7.3; a web client's may not."""
    assert is_registered(asked, LOOPBACKS, any_loopback_port=True)
    assert not is_registered(asked, LOOPBACKS, any_loopback_port=False)


@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1:8080/cb",
        "http://localhost:9/cb?x=1",
        "http://localhost:9/other",
        "http://localhost:9/cb/",
        "http://localhost:9/cb#",
        "http://localhost:9",
        "https://localhost:9/cb",
        "http://user@localhost:9/cb",
        "http://localhost:9@evil.example/cb",
        "http://localhost:99999/cb",
        "http://localhost:65536/cb",
        "http://localhost:/cb",
        "http://localhost:0x1/cb",
        "http://localhost.:9/cb",
        "http://LOCALHOST:9/cb",
        "http://127.0.0.2:9/cb?x=1",
        "http://127.1:9/cb?x=1",
        "http://2130706433:9/cb?x=1",
        "http://[::ffff:127.0.0.1]:9/cb?x=1",
        "http://localhost.evil.example:9/cb",
        "http://localhost:9\\@evil.example/cb",
        "http://localhost:9/\tcb",
        "http://localhost:９/cb",
    ],
)
def test_nothing_but_the_port_may_differ(asked: str) -> None:
    """R5, R6: neither scheme, host, path, query nor spelling."""
    assert not is_registered(asked, LOOPBACKS, any_loopback_port=True)


@given(st.integers(1, 65_535), st.text(st.characters(codec="ascii"), max_size=8))
def test_a_loopback_uri_matches_in_all_but_its_port(port: int, tail: str) -> None:
    """R6: whatever is added behind the path, the answer does not go there."""
    asked = f"http://localhost:{port}/cb{tail}"

    assert is_registered(asked, ["http://localhost/cb"], any_loopback_port=True) == (tail == "")


def test_only_three_spellings_are_this_computer() -> None:
    """R5, RFC 8252 §7.3: what a name resolves to is no matter."""
    assert all(is_loopback(uri) for uri in LOOPBACKS)
    assert not any(is_loopback(uri) for uri in BAD["R5 what only resolves to this computer"])
    assert not is_loopback("https://localhost/cb")
    assert not is_loopback("com.example.app:/cb")


@pytest.mark.parametrize(
    ("redirect_uri", "shown"),
    [
        (WEB, "client.example"),
        ("https://client.example:8443?x", "client.example:8443"),
        ("http://127.0.0.1:53123/cb", "127.0.0.1:53123"),
        ("com.example.app:/cb", "com.example.app:"),
        ("com.example.app://other.example/cb", "com.example.app:"),
    ],
)
def test_people_are_shown_where_the_answer_goes(redirect_uri: str, shown: str) -> None:
    """D5, U3: the host as it is; what follows a private-use scheme is no host."""
    assert describe_destination(redirect_uri) == shown
