"""Addresses of pictures, read in one way only: what is checked is what is called."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote

from yarl import URL

from proxy.forward.networks import Address

_URL: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[A-Za-z0-9_.-]{1,254}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^\s?#\\\ud800-\udfff]*)?"
    r"(?:\?(?P<query>[^\s#\\\ud800-\udfff]*))?"
    r"(?:#.*)?",
    re.IGNORECASE | re.ASCII,
)
"""Scheme, host, port, path, query: no user, no password, no backslash that some would read as a slash.

In ASCII: otherwise a long s (U+017F) would do for an s."""

_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")

_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like this makes a host an IPv4 address in some spelling (WHATWG URL, “ends in a number”)."""

_MAX_HOST: Final = 253
_MAX_PORT: Final = 65535

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}

_AS_IS: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Target:
    """What is called: `host` is a name in lower case without a dot at its end, or an address in its usual spelling.

    `address` is set where the host is an address. `tail` is path and query, in ASCII.
    """

    scheme: str
    host: str
    port: int
    tail: str
    address: Address | None = None

    @property
    def url(self) -> URL:
        """The address as the client takes it; nothing in it is read or spelled anew."""
        path, _, query = self.tail.partition("?")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return URL.build(scheme=self.scheme, host=host, port=self.port, path=path, query_string=query, encoded=True)


def read_target(url: str, schemes: Collection[str], ports: Collection[int]) -> Target | None:
    """What `url` names; None for what is not plainly `https://host/path`, or names a scheme or port that is not called.

    A scheme's own port may always be called, others if they are among `ports`. Numeric spellings of an IPv4 address other
    than four decimal numbers are none of a host.
    """
    match = _URL.fullmatch(url)
    if match is None:
        return None
    scheme = match["scheme"].lower()
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if scheme not in schemes or not 0 < port <= _MAX_PORT or port not in (_DEFAULT_PORTS[scheme], *ports):
        return None
    tail = match["path"] or "/"
    if match["query"] is not None:
        tail += f"?{match['query']}"
    ascii_tail = quote(tail, safe=_AS_IS)
    return _with_host(match["host"].lower(), Target(scheme, "", port, ascii_tail))


def _with_host(host: str, target: Target) -> Target | None:
    if host.startswith("["):
        return _with_address(IPv6Address, host[1:-1], target)
    name = host.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _with_address(IPv4Address, name, target)
    if len(name) > _MAX_HOST or not all(map(_LABEL.fullmatch, labels)):
        return None
    return Target(target.scheme, name, target.port, target.tail)


def _with_address(kind: type[Address], text: str, target: Target) -> Target | None:
    try:
        address = kind(text)
    except AddressValueError:
        return None
    return Target(target.scheme, str(address), target.port, target.tail, address)


def listed(host: str, hosts: Iterable[str]) -> bool:
    """Whether `host` is one of `hosts`, where `*.example.org` stands for every name below `example.org`."""
    return any(host.endswith(one[1:]) if one.startswith("*.") else host == one for one in hosts)
