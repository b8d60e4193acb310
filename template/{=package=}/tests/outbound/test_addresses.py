"""Which addresses nobody may make us call (S1, H10)."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ...outbound.addresses import is_loopback, is_special_use, parse_address

SPECIAL = [
    # the first and the last address of each range of the IANA registry
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
    "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
    "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.9", "192.0.0.10", "192.0.0.170", "192.0.0.255", "192.0.2.0",
    "192.0.2.255", "192.31.196.0", "192.31.196.255", "192.52.193.0", "192.52.193.255", "192.88.99.0", "192.88.99.1",
    "192.88.99.255", "192.168.0.0", "192.168.255.255", "192.175.48.0", "192.175.48.255", "198.18.0.0",
    "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", "224.0.0.0", "224.0.0.251",
    "239.255.255.255", "240.0.0.0", "255.255.255.255",
    # everything that is not 2000::/3
    "::", "::1", "::2", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "5f00::1", "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "100::1", "100:0:0:1::1", "fc00::1",
    "fd00:ec2::254", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1",
    # within it
    "2001::", "2001::7f00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:1::1", "2001:2::1", "2001:3::1",
    "2001:4:112::1", "2001:10::1", "2001:20::1", "2001:30::1", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2002::1", "2002:7f00:1::1", "2002:808:808::1",
    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8000::1", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "3fff::1",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    # IPv4 inside IPv6, and an address that means something else on every link
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:0", "::ffff:c0a8:101",
    "::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1", "fe80::1%eth0", "2606:4700::1%1",
]  # fmt: skip
PLAIN = [
    "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
    "192.0.3.0", "192.31.195.255", "192.31.197.0", "192.52.192.255", "192.52.194.0", "192.88.98.255", "192.88.100.0",
    "192.167.255.255", "192.169.0.0", "192.175.47.255", "192.175.49.0", "198.17.255.255", "198.20.0.0",
    "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
    "2000::", "2001:200::", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2606:4700:4700::1111", "2620:4f:7fff::1",
    "2620:4f:8001::1", "2a00:1450::1", "3ffe:ffff::1", "3fff:1000::1", "::ffff:8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("text", SPECIAL)
def test_an_address_for_special_use_is_known_as_one(text: str) -> None:
    """S1: Python's `is_global` says otherwise of several."""
    assert is_special_use(parse_address(text))


@pytest.mark.parametrize("text", PLAIN)
def test_a_neighbour_of_a_range_is_a_plain_address(text: str) -> None:
    """H10: what is public can be fetched."""
    assert not is_special_use(parse_address(text))


@settings(deadline=None)
@given(st.ip_addresses())
def test_nothing_that_the_standard_library_calls_private_is_plain(address: IPv4Address | IPv6Address) -> None:
    """S1: ours is the stricter table, whatever the address."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        mapped = getattr(address, "ipv4_mapped", None)
        assert is_special_use(address) or (mapped is not None and not is_special_use(mapped))


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_one_it_stands_for(address: IPv4Address) -> None:
    """S1, RFC 4291 §2.5.5.2: a connection to the one reaches the other."""
    mapped = IPv6Address(f"::ffff:{address}")

    assert parse_address(str(mapped)) == address
    assert is_special_use(mapped) == is_special_use(address)
    assert is_special_use(IPv6Address(int(address)))  # IPv4-compatible: nothing routes it (RFC 4291 §2.5.5.1)


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_this_machine(text: str) -> None:
    """N H10: what development may fetch."""
    assert is_loopback(parse_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "10.0.0.1", "169.254.169.254", "0.0.0.0", "::", "fe80::1", "64:ff9b::1"])
def test_nothing_else_is_loopback(text: str) -> None:
    """N H10: development is no licence to call the neighbours."""
    assert not is_loopback(parse_address(text))


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "127.0.0.01", "::1::", "1.2.3"])
def test_what_is_no_address_is_an_error(text: str) -> None:
    """R5: a resolver writes addresses in one way."""
    with pytest.raises(ValueError, match=r"."):
        parse_address(text)
