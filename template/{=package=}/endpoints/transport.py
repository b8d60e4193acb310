"""Who is really calling, over what: forwarded headers count from trusted proxies only."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from starlette.types import Scope

_LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class Peer:
    """The far end of a request. `client_ip` is the right-most hop that is not a trusted proxy, in canonical form."""

    scheme: str
    client_ip: str | None
    is_secure: bool


@dataclass(frozen=True, slots=True)
class TransportPolicy:
    """`trusted` are the proxies whose headers count. `allows_http`: the issuer is http on loopback."""

    trusted: tuple[IPv4Network | IPv6Network, ...]
    allows_http: bool

    @classmethod
    def of(cls, proxies: Sequence[str], *, issuer: str) -> Self:
        """Read proxies as settings name them: CIDR ranges, addresses, or `loopback`."""
        names = [name for proxy in proxies for name in (_LOOPBACK if proxy == "loopback" else (proxy,))]
        return cls(tuple(_read_network(name) for name in names), allows_http=issuer.startswith("http://"))

    def read_peer(self, scope: Scope) -> Peer:
        """Return who is calling.

        With several proxies in a row each appends to `X-Forwarded-For`; a caller can only write to the left of
        them, so we walk from the right. Of `X-Forwarded-Proto` the last value counts: it is the nearest proxy's.
        """
        scheme: str = scope["scheme"]
        client = scope.get("client")
        host = client[0] if client else None
        if self.trusted and self._trusts(host):
            headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
            protocol = ",".join(value for name, value in headers if name == b"x-forwarded-proto")
            scheme = protocol.rpartition(",")[2].strip().lower() or scheme
            hops = ",".join(value for name, value in headers if name == b"x-forwarded-for").split(",")
            for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
                if _parse(hop) is None:
                    break
                host = hop
                if not self._trusts(hop):
                    break
        if host and ":" in host:
            host = str(_parse(host) or host)
        return Peer(scheme, host, scheme == "https" or self.allows_http)

    def _trusts(self, host: str | None) -> bool:
        address = _parse(host)
        return address is not None and any(address in network for network in self.trusted)


def _read_network(name: str) -> IPv4Network | IPv6Network:
    """Return the network, one of IPv4-mapped addresses as the IPv4 network it is. Raises ValueError."""
    network = ip_network(name, strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


def _parse(host: str | None) -> IPv4Address | IPv6Address | None:
    """Return the address, an IPv4-mapped one as the IPv4 address it is."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
