"""Which addresses of the network are the public Internet.

Owns that one question, asked of every address before anything is fetched from it. Pure. It must never guess: what is not
surely public is not.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address

_NOT_OURS = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # a cloud's own wire server, on a public address
            "192.88.99.0/24",  # relays to IPv6, given up
            "198.18.0.0/15",
            "64:ff9b:1::/48",  # local translation to IPv4
            "100:0:0:1::/64",
            "2001::/23",  # protocols, Teredo among them
            "2620:4f:8000::/48",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether packets to this address leave for the public Internet; an address that is none is not public."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_public(found)


def is_number(host: str) -> bool:
    """Whether a host is an address, or one of the old ways to write one (0x7f.1, 0177.0.0.1, 2130706433)."""
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or last.isdecimal() or last.lower().startswith("0x")


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
        if address.scope_id is not None:
            return False
    unfit = address.is_private or address.is_loopback or address.is_link_local or address.is_reserved
    if unfit or address.is_multicast or address.is_unspecified or not address.is_global:
        return False
    return not any(address in network for network in _NOT_OURS if network.version == address.version)
