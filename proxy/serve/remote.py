"""Pictures that a request names by address: fetched before anything is examined, for tenants whose entry lists hosts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from proxy.admit.register import TenantEntry
from proxy.content import Image, Inline, Remote
from proxy.exchange import Surfaced
from proxy.forward.fetch import Errand, Fetcher, FetchLimits
from proxy.forward.not_fetched import Why
from proxy.location import Location
from proxy.record.metrics import Metrics
from proxy.serve.body import InFlight
from proxy.serve.pool import Pool
from proxy.settings import Settings
from proxy.surface.pin import pinned

Places: TypeAlias = Mapping[str, Sequence[Location]]
"""Where in a request each address of a picture stands."""


def addresses(surfaced: Surfaced) -> Places:
    """The addresses of pictures in a JSON body; each is fetched once. Those in a form are left, and so refused."""
    if not surfaced.tree:
        return {}
    found: dict[str, list[Location]] = {}
    for part in surfaced.content.parts:
        if isinstance(part, Image) and isinstance(part.source, Remote):
            found.setdefault(part.source.url, []).append(part.location)
    return found


def fetch_limits(settings: Settings) -> FetchLimits:
    """The limits of fetching that the settings say."""
    remote = settings.remote_images
    return FetchLimits(
        bytes=settings.limits.inline_bytes,
        seconds=remote.seconds,
        connections=remote.connections,
        tenant_connections=remote.connections // 2,
        schemes=frozenset({"https", "http"} if remote.http else {"https"}),
        ports=frozenset(remote.ports),
    )


@dataclass(frozen=True, slots=True)
class RemotePictures:
    """Fetches the pictures of a request. `pictures` is how many one may name, `body_bytes` how large it may grow by them."""

    fetcher: Fetcher
    pool: Pool
    in_flight: InFlight
    metrics: Metrics
    pictures: int
    body_bytes: int

    async def inline(self, surfaced: Surfaced, tenant: TenantEntry, had: int) -> tuple[Surfaced, int]:
        """`surfaced` with each picture that can be fetched in place of its address, and the bytes that `in_flight` holds for
        them; an address that cannot stays, with the reason. `had` is the size of the request's body.

        A tenant without hosts gets nothing fetched. Raises Unavailable when memory or threads are short; then nothing is held.
        """
        places = addresses(surfaced) if tenant.remote_images.fetch else {}
        if not places:
            return surfaced, 0
        account = _Account(self.in_flight, self.body_bytes, had)
        try:
            found = await self._all(places, tenant, account)
            sources = {place: found[url] for url, at in places.items() for place in at}
            return await self.pool.run(partial(self._pinned, surfaced, sources)), account.held
        except BaseException:
            account.give_back(account.held)
            raise

    def _pinned(self, surfaced: Surfaced, sources: Mapping[Location, Inline | Remote]) -> Surfaced:
        with self.pool.one_at_a_time:
            return pinned(surfaced, sources)

    async def _all(self, places: Places, tenant: TenantEntry, account: "_Account") -> Mapping[str, Inline | Remote]:
        if len(places) > self.pictures:
            self._count(Why.MANY, len(places))
            return {url: Remote(url, Why.MANY.words) for url in places}
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    url: group.create_task(self._one(url, tenant, _Purse(account, len(at))))
                    for url, at in places.items()
                }
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return {url: task.result() for url, task in tasks.items()}

    async def _one(self, url: str, tenant: TenantEntry, purse: "_Purse") -> Inline | Remote:
        found = await self.fetcher.fetch(url, Errand(tenant.id, tenant.remote_images.fetch, purse.grant))
        if isinstance(found, Inline):
            self._count("fetched")
            return found
        purse.give_back()
        self._count(found.why)
        return Remote(url, found.why.words)

    def _count(self, result: str, number: int = 1) -> None:
        self.metrics.count("facegate_remote_fetches_total", result, by=number)


@dataclass(slots=True)
class _Account:
    """What the pictures of one request hold: as many bytes as they take in its body, within what a body may have."""

    in_flight: InFlight
    limit: int
    had: int
    held: int = 0

    def take(self, size: int) -> bool:
        if self.had + self.held + size > self.limit:
            return False
        self.in_flight.take(size, self.had + self.held)
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        self.in_flight.release(size)
        self.held -= size


@dataclass(slots=True)
class _Purse:
    """What one picture takes from its request's account: base64 has four characters for three bytes, at each place."""

    account: _Account
    places: int
    held: int = 0

    def grant(self, size: int) -> bool:
        weight = -(-size * 4 // 3) * self.places
        if not self.account.take(weight):
            return False
        self.held += weight
        return True

    def give_back(self) -> None:
        self.account.give_back(self.held)
        self.held = 0
