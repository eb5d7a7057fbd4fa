"""Which addresses belong to the public internet: nothing else may be called for a tenant."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_RESERVED_4: Final[Sequence[IPv4Network]] = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network; most systems take 0.0.0.0 for themselves
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # behind a carrier's NAT
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's own platform, from inside every virtual machine there
            "169.254.0.0/16",  # link-local; 169.254.169.254 hands out a machine's credentials
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
"""IANA's registry of special-purpose IPv4 addresses, and what is special without being in it."""

_UNICAST_6: Final = IPv6Network("2000::/3")
"""All that IANA gives out for global use. Mapped, translated (NAT64), private, link-local, site-local and multicast
addresses lie outside, and so do the metadata services of the clouds (`fd00:ec2::254`, `fd20:ce::254`)."""

_RESERVED_6: Final[Sequence[IPv6Network]] = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, which holds an IPv4 address, benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which holds an IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)

_ISATAP: Final = (0x00005EFE, 0x02005EFE)
"""The third quarter of an address that leads through a tunnel to the IPv4 address in the last (RFC 5214)."""


def public_address(address: Address) -> bool:
    """Whether an address is one of the public internet, and holds no other address inside.

    Not the standard library's `is_global`: in Python 3.11 that takes Azure's platform, and loopback inside 6to4 and NAT64, for
    global.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _RESERVED_4)
    if address not in _UNICAST_6 or any(address in network for network in _RESERVED_6):
        return False
    return (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP
