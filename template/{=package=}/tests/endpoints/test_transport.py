"""Who is calling, over what: what proxies say counts from proxies that are trusted (K1, M3)."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...endpoints.transport import Peer, TransportPolicy
from ..harness import ISSUER, ServerUnderTest
from ..sqlite_server import serving_on_sqlite

CALLER = "203.0.113.7"
HEADERS = {"X-Forwarded-For": CALLER, "X-Forwarded-Proto": "https"}


def read_peer(
    *headers: tuple[str, str],
    trusted: tuple[str, ...] = ("10.0.0.0/8",),
    peer: str | None = "10.0.0.1",
    scheme: str = "http",
    issuer: str = ISSUER,
) -> Peer:
    """Return what is read of a request from `peer` with `headers`, in the order in which they arrived."""
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    client = (peer, 50_000) if peer is not None else None
    scope = {"type": "http", "scheme": scheme, "client": client, "headers": encoded}
    return TransportPolicy.of(trusted, issuer=issuer).read_peer(scope)


def forwarded_for(*hops: str) -> tuple[str, str]:
    return "X-Forwarded-For", ", ".join(hops)


def forwarded_proto(*schemes: str) -> tuple[str, str]:
    return "X-Forwarded-Proto", ",".join(schemes)


@pytest.mark.parametrize("trusted", [(), ("192.0.2.0/24",), ("10.0.0.2",), ("2001:db8::/32",), ("loopback",)])
def test_what_a_peer_says_that_is_not_trusted_is_ignored(trusted: tuple[str, ...]) -> None:
    """K1, M3: by default nobody is trusted, and a caller cannot claim to be another or to have come over https."""
    peer = read_peer(forwarded_for(CALLER), forwarded_proto("https"), trusted=trusted)

    assert peer == Peer("http", "10.0.0.1", is_secure=False)


@pytest.mark.parametrize(
    ("trusted", "peer"),
    [
        ("10.0.0.0/8", "10.255.0.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.7/8", "10.0.0.1"),
        ("loopback", "127.0.0.1"),
        ("loopback", "127.1.2.3"),
        ("loopback", "::1"),
        ("2001:db8::/32", "2001:db8::7"),
        ("10.0.0.0/8", "::ffff:10.0.0.1"),
        ("loopback", "::ffff:127.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ],
)
def test_what_a_trusted_proxy_says_counts(trusted: str, peer: str) -> None:
    """K1: ranges, addresses and `loopback`; an IPv4-mapped address is the IPv4 address on both sides."""
    read = read_peer(forwarded_for(CALLER), forwarded_proto("https"), trusted=(trusted,), peer=peer)

    assert read == Peer("https", CALLER, is_secure=True)


@pytest.mark.parametrize("peer", ["11.0.0.1", "::ffff:11.0.0.1", "::10.0.0.1", "2001:db8::a00:1", None, "", "unix"])
def test_an_address_outside_the_ranges_is_nobody(peer: str | None) -> None:
    """K1, M3."""
    read = read_peer(forwarded_for(CALLER), forwarded_proto("https"), peer=peer)

    assert read.scheme == "http"
    assert read.client_ip != CALLER
    assert not read.is_secure


@pytest.mark.parametrize(
    ("headers", "client_ip"),
    [
        ([forwarded_for("198.51.100.9", CALLER)], CALLER),
        ([forwarded_for("198.51.100.9", CALLER, "10.0.0.3", "10.0.0.2")], CALLER),
        ([forwarded_for("10.0.0.9", CALLER, "10.0.0.2")], CALLER),
        ([forwarded_for("198.51.100.9"), forwarded_for(CALLER), forwarded_for("10.0.0.2")], CALLER),
        ([forwarded_for("10.0.0.3", "10.0.0.2")], "10.0.0.3"),
        ([forwarded_for(CALLER, "", " 10.0.0.2 ")], CALLER),
        ([forwarded_for(f"::ffff:{CALLER}", "::ffff:10.0.0.2")], CALLER),
        ([forwarded_for("2001:DB8:0::7")], "2001:db8::7"),
        ([], "10.0.0.1"),
        ([forwarded_for("")], "10.0.0.1"),
    ],
)
def test_the_caller_is_the_right_most_hop_that_is_no_trusted_proxy(
    headers: list[tuple[str, str]], client_ip: str
) -> None:
    """K1, M3: what stands to the left of it the caller may have written, whatever number of headers there is."""
    assert read_peer(*headers).client_ip == client_ip


@pytest.mark.parametrize("garbage", ["unknown", "_hidden", "203.0.113.7:443", "[2001:db8::7]", "203.0.113.300", "\xff"])
def test_the_walk_ends_at_garbage(garbage: str) -> None:
    """K1: behind a hop that cannot be read stands nobody we could trust."""
    peer = read_peer(forwarded_for(CALLER, garbage, "10.0.0.2"))

    assert peer.client_ip == "10.0.0.2"


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ([forwarded_proto("https")], "https"),
        ([forwarded_proto("HTTPS ")], "https"),
        ([forwarded_proto("https", "http")], "http"),
        ([forwarded_proto("https"), forwarded_proto("http")], "http"),
        ([forwarded_proto("http", "https")], "https"),
        ([forwarded_proto("https", "")], "http"),
        ([], "http"),
    ],
)
def test_the_nearest_proxy_says_what_it_was_reached_over(headers: list[tuple[str, str]], scheme: str) -> None:
    """K1: a caller writes to the left."""
    peer = read_peer(*headers)

    assert (peer.scheme, peer.is_secure) == (scheme, scheme == "https")


@pytest.mark.parametrize("scheme", ["httpss", "https;", "on", "wss", "ht\ttps"])
def test_only_https_is_secure(scheme: str) -> None:
    """K1."""
    assert not read_peer(forwarded_proto(scheme)).is_secure


def test_a_proxy_that_was_reached_over_http_says_so_even_over_https() -> None:
    """K1: encryption behind the proxy does not mend the way to it."""
    assert not read_peer(forwarded_proto("http"), scheme="https").is_secure


@pytest.mark.parametrize("header", ["Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Ssl", "Front-End-Https"])
def test_no_other_header_counts(header: str) -> None:
    """K1: a header that the proxies are not known to write is the caller's."""
    read = read_peer((header, "for=203.0.113.7;proto=https"), (header, "on"), (header, CALLER))

    assert read == Peer("http", "10.0.0.1", is_secure=False)


def test_http_will_do_where_the_issuer_is_http() -> None:
    """B6, K1: that is development on loopback, for nothing else passes the settings."""
    assert read_peer(issuer="http://localhost:8000").is_secure
    assert not read_peer(issuer="https://http.example").is_secure


@given(
    st.lists(st.sampled_from(["x-forwarded-for", "x-forwarded-proto"]), max_size=3),
    st.text(st.characters(codec="latin-1"), max_size=40),
)
def test_no_header_breaks_the_reading(names: list[str], value: str) -> None:
    """M3: whatever a header holds, the answer is a peer."""
    for trusted in ((), ("10.0.0.0/8",)):
        peer = read_peer(*((name, value) for name in names), trusted=trusted)

        assert peer.is_secure == (peer.scheme == "https")


async def call(
    server: ServerUnderTest, method: str, path: str, *, peer: str = "203.0.113.9", **headers: str
) -> httpx.Response:
    """Call over plain http from `peer`."""
    transport = httpx.ASGITransport(server.app, client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://as.example") as http:
        return await http.request(method, path, headers={**HEADERS, **headers})


async def test_plain_http_is_refused_and_never_redirected() -> None:
    """K1, N: at every endpoint that carries credentials, on every method; a redirect would send them once more."""
    async with serving_on_sqlite(trusted_proxies=("10.0.0.0/8",)) as server:
        endpoints = [each for each in server.authorization_server.endpoints if each.needs_https]
        assert server.authorization_server.server.urls.path("token") in {each.path for each in endpoints}

        for endpoint in endpoints:
            for method in endpoint.methods:
                refused = await call(server, method, endpoint.path)
                admitted = await call(server, method, endpoint.path, peer="10.0.0.1")

                assert refused.status_code == 400, (method, endpoint.path)
                assert "location" not in refused.headers
                assert "needs https" in refused.text or method == "HEAD"
                assert "needs https" not in admitted.text


async def test_public_documents_can_be_read_over_http() -> None:
    """K1: they carry no credentials, and a health check inside a container has no certificate."""
    async with serving_on_sqlite() as server:
        urls = server.authorization_server.server.urls
        for path in (urls.jwks_path, urls.well_known("oauth-authorization-server")):
            assert (await call(server, "GET", path)).status_code == 200


@pytest.mark.parametrize(("peer", "client_ip"), [("10.0.0.1", CALLER), ("203.0.113.9", "203.0.113.9")])
async def test_events_name_the_caller_and_not_who_it_claims_to_be(peer: str, client_ip: str) -> None:
    """K1, K3, M3."""
    async with serving_on_sqlite(trusted_proxies=("10.0.0.0/8",)) as server:
        transport = httpx.ASGITransport(server.app, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
            path = server.authorization_server.server.urls.path("token")
            await http.post(path, data={"grant_type": "client_credentials"}, headers=HEADERS)

        assert [event.client_ip for event in server.events.events] == [client_ip]
