"""Which network addresses a call may lead to: never into the installation's own networks.

The check is made on the very address that is connected to, after the name has been looked up, so a name
that points somewhere else the second time it is asked does not pass.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

# Written out instead of asking ipaddress.is_private, whose answers have changed between versions.
DENIED: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, cloud metadata
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped: looked at as IPv4
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # local NAT64
        "100::/64",  # discard
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
Networks = tuple[IPv4Network | IPv6Network, ...]


class BlockedAddress(OSError):
    """A connection that was not made because of where it would have led."""

    def __init__(self, address: str) -> None:
        # The text is the same for every address: the connecting library merges errors that differ.
        super().__init__(errno.EACCES, "The address lies in a private or reserved network.")
        self.address = address


def parse_networks(networks: Iterable[str]) -> Networks:
    """Networks that an installation allows although they are private; raises ValueError."""
    return tuple(ip_network(network, strict=False) for network in networks)


def is_allowed(address: str, allowed: Networks = ()) -> bool:
    """Whether this IP address may be connected to."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if any(parsed in network for network in allowed):
        return True
    return not any(parsed in network for network in DENIED)


def guarded_socket(allowed: Networks) -> Callable[[Any], socket.socket]:
    """A socket factory for aiohttp: called with each address just before it is connected to."""

    def make(address_info: Any) -> socket.socket:
        family, kind, protocol, _, address = address_info
        if not is_allowed(address[0], allowed):
            raise BlockedAddress(address[0])
        return socket.socket(family=family, type=kind, proto=protocol)

    return make
