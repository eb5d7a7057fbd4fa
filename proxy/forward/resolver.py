"""Names to addresses, for hosts that strangers name: all addresses are checked, and the checked ones are connected to."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AI_NUMERICHOST, SOCK_STREAM, getaddrinfo

from aiohttp.abc import AbstractResolver, ResolveResult

from proxy.forward.networks import Address
from proxy.forward.not_fetched import Stopped, Why

Allowed = Callable[[Address], bool]
"""Says whether an address may be called."""

Resolve = Callable[[str], Sequence[str]]
"""Tells the addresses of a host; may block. Raises OSError where there are none."""


def system_addresses(host: str) -> Sequence[str]:
    """The addresses of a host as the system's resolver tells them. Blocks; raises OSError where there are none."""
    return [str(found[4][0]) for found in getaddrinfo(host, None, type=SOCK_STREAM)]


class CheckedResolver(AbstractResolver):
    """Tells the addresses of a host if all of them may be called. `threads` are where it waits."""

    def __init__(self, resolve: Resolve, allowed: Allowed, threads: ThreadPoolExecutor) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._threads = threads

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """The addresses to connect to. Raises OSError where there are none, Stopped where one may not be called."""
        del family
        told = await asyncio.get_running_loop().run_in_executor(self._threads, self._resolve, host)
        addresses = list(dict.fromkeys(map(ip_address, told)))
        if not addresses:
            raise OSError("a name without addresses")
        if not all(map(self._allowed, addresses)):
            raise Stopped(Why.ADDRESS)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=AF_INET if address.version == 4 else AF_INET6,  # noqa: PLR2004 - the protocol's number
                proto=0,
                flags=AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing to close: the threads are the fetcher's."""
