"""Fetching pictures from addresses that strangers name: from listed hosts on the public internet, within narrow limits.

Each connection goes to an address that was checked, and nothing is resolved a second time.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from socket import socket
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp

from proxy.content import Inline
from proxy.forward.interim import DirectConnector
from proxy.forward.networks import public_address
from proxy.forward.not_fetched import MAX_REDIRECTS, NotFetched, Stopped, Why
from proxy.forward.picture_url import Target, listed, read_target
from proxy.forward.resolver import Allowed, CheckedResolver, Resolve, system_addresses
from proxy.surface.media import picture_type

_HEAD: Final = 12
"""Bytes that tell whether something is a picture; what is none is not read any further."""

_MAX_FIELD: Final = 8_190
_MAX_HEADERS: Final = 64

_HEADERS: Final = {
    "User-Agent": "Facegate",
    "Accept": "image/jpeg, image/png, image/gif, image/webp",
    "Accept-Encoding": "identity",
}

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`bytes` of one picture, `seconds` for one in all (waiting included), `connections` at a time, and how many of them
    for one tenant. `schemes` that are called, and `ports` beside the schemes' own.
    """

    bytes: int = 20 * 1024 * 1024
    seconds: float = 10.0
    connections: int = 32
    tenant_connections: int = 16
    schemes: frozenset[str] = frozenset({"https"})
    ports: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Errand:
    """For whom a picture is fetched, and from which hosts: names, or `*.example.org` for all below one.

    `grant` is asked before each so many bytes are kept; where it says no the picture is too large. What it raises is raised.
    """

    tenant: str
    hosts: Sequence[str]
    grant: Callable[[int], bool]


class Fetcher:
    """The client that fetches pictures. Made and closed inside the running loop.

    It heeds no proxy and no credentials of the environment, keeps no cookies and no connections, sends nothing of the
    caller's, and follows redirects by hand, each checked like the first address. `allowed` says which addresses may be
    called, `resolve` tells those of a host (it may block), `tls` verifies certificates (None: by the system's authorities).
    """

    def __init__(
        self,
        limits: FetchLimits,
        allowed: Allowed = public_address,
        resolve: Resolve = system_addresses,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._allowed = allowed
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._threads = ThreadPoolExecutor(limits.connections, "resolve")  # a slow name server holds up nothing else
        self._session = aiohttp.ClientSession(
            connector=DirectConnector(
                resolver=CheckedResolver(resolve, allowed, self._threads),
                socket_factory=self._socket,
                use_dns_cache=False,
                force_close=True,
                limit=limits.connections,
                ssl=tls or True,
            ),
            timeout=aiohttp.ClientTimeout(total=None),
            headers=_HEADERS,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_line_size=_MAX_FIELD,
            max_field_size=_MAX_FIELD,
            max_headers=_MAX_HEADERS,
        )

    async def fetch(self, url: str, errand: Errand) -> Inline | NotFetched:
        """The picture at `url`, with the type that its bytes tell; or why there is none."""
        turn = self._turns.setdefault(errand.tenant, asyncio.Semaphore(self._limits.tenant_connections))
        try:
            async with asyncio.timeout(self._limits.seconds), turn:
                return await self._follow(url, errand)
        except Stopped as stopped:
            return NotFetched(stopped.why)
        except TimeoutError:
            return NotFetched(Why.TIMEOUT)
        except (aiohttp.ClientError, OSError):
            return NotFetched(Why.UNREACHABLE)

    async def close(self) -> None:
        """Close all connections; threads that wait for a name server are left to it."""
        await self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _follow(self, url: str, errand: Errand) -> Inline:
        for _ in range(1 + MAX_REDIRECTS):
            target = self._checked(url, errand)
            async with self._session.get(target.url, allow_redirects=False) as reply:
                following = reply.headers.get("Location")
                if reply.status not in _REDIRECTS or following is None:
                    return await self._picture(reply, errand)
            url = _joined(url, following)
        raise Stopped(Why.REDIRECTS)

    def _checked(self, url: str, errand: Errand) -> Target:
        target = read_target(url, self._limits.schemes, self._limits.ports)
        if target is None:
            raise Stopped(Why.URL)
        if not listed(target.host, errand.hosts):
            raise Stopped(Why.HOST)
        if target.address is not None and not self._allowed(target.address):
            raise Stopped(Why.ADDRESS)
        return target

    async def _picture(self, reply: aiohttp.ClientResponse, errand: Errand) -> Inline:
        if reply.status != _OK:
            raise Stopped(Why.STATUS)
        if [one.lower() for one in reply.headers.getall("Content-Encoding", [])] not in ([], ["identity"]):
            raise Stopped(Why.ENCODING)
        if (reply.content_length or 0) > self._limits.bytes:
            raise Stopped(Why.SIZE)
        try:
            head = await reply.content.readexactly(_HEAD)
        except asyncio.IncompleteReadError:
            raise Stopped(Why.TYPE) from None
        declared = picture_type(head)
        if not declared:
            raise Stopped(Why.TYPE)
        return Inline(declared, await self._rest(reply, head, errand))

    async def _rest(self, reply: aiohttp.ClientResponse, head: bytes, errand: Errand) -> bytes:
        pieces, size, piece = [], 0, head
        while piece:
            size += len(piece)
            if size > self._limits.bytes or not errand.grant(len(piece)):
                raise Stopped(Why.SIZE)
            pieces.append(piece)
            piece = await reply.content.readany()
        return b"".join(pieces)

    def _socket(self, found: Any) -> socket:
        """A socket for one address, asked for just before it is connected there: the last check, whatever came before."""
        family, kind, protocol, _, place = found
        if not self._allowed(ip_address(place[0])):
            raise PermissionError("an address that is not called")
        return socket(family, kind, protocol)


def _joined(url: str, following: str) -> str:
    try:
        return urljoin(url, following)
    except ValueError:
        raise Stopped(Why.URL) from None
