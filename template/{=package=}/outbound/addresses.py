"""Which IP addresses are for special use, so that no document is fetched from there (RFC 6890, RFC 9637).

The tables are the IANA registries of special-purpose addresses, with multicast and what is reserved. Python's own
`is_global` is not asked: in 3.11 it calls NAT64, 6to4, site-local and several other ranges global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_SPECIAL_IPV4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared, behind carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, and where clouds keep their credentials
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # IETF protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)

# Nothing else is global unicast (RFC 4291 §2.4). So unspecified, loopback, IPv4-compatible, NAT64 (64:ff9b::/96,
# 64:ff9b:1::/48), discard-only, SRv6 (5f00::/16), unique local, link-local, site-local and multicast are out at once.
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_SPECIAL_IPV6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID, AMT
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which embeds any IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)


def parse_address(text: str) -> Address:
    """Return the address that a resolver wrote, an IPv4-mapped one as the IPv4 address it stands for.

    Raises ValueError. A mapped address is judged as what a connection to it reaches (RFC 4291 §2.5.5.2).
    """
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def is_special_use(address: Address) -> bool:
    """Say whether `address` is anything but a plain global unicast address. One with a scope is."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _SPECIAL_IPV4)
    if address.ipv4_mapped is not None:
        return is_special_use(address.ipv4_mapped)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST:
        return True
    return any(address in network for network in _SPECIAL_IPV6)


def is_loopback(address: Address) -> bool:
    """Say whether `address` is one of this machine's own, 127.0.0.0/8 or ::1."""
    return address.is_loopback
