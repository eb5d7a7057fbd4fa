"""Work is done once for all who want it at the same time, ends when nobody wants it any more, and holds nothing afterwards."""

import asyncio
from typing import Final

import pytest

from proxy.errors import Unavailable
from proxy.serve.body import InFlight
from proxy.serve.flights import Flights, Take

KEY: Final = ("retail-co", "file-1")
SIZE: Final = 100_000


class Work:
    """Work that ends when a test says so; how often it was begun, and cancelled."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go = asyncio.Event()
        self.error = error
        self.begun = self.cancelled = 0

    async def __call__(self, take: Take) -> bytes:
        self.begun += 1
        take(SIZE)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        take(SIZE)
        return b"done"


async def use(flights: Flights[bytes], work: Work, key: tuple[str, str] = KEY) -> bytes:
    async with flights.share(key, work) as found:
        return found


async def begun(*works: Work) -> None:
    """Wait until all of it is on its way."""
    async with asyncio.timeout(5):
        while not all(work.begun for work in works):
            await asyncio.sleep(0)


async def test_several_share_one_flight() -> None:
    """Those that come while it goes on, or while another still uses what it yields; held once, until the last has gone."""
    in_flight = InFlight(10 * SIZE)
    flights, work = Flights[bytes](in_flight), Work()
    tasks = [asyncio.ensure_future(use(flights, work)) for _ in range(3)]
    await begun(work)
    assert in_flight.held == SIZE
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
        work.go.set()
    assert await asyncio.gather(*tasks) == [b"done"] * 3
    assert (work.begun, in_flight.held, len(flights)) == (1, 0, 0)
    async with flights.share(KEY, work) as first:
        async with flights.share(KEY, work) as second:
            assert (first, second, in_flight.held) == (b"done", b"done", 2 * SIZE)
        assert in_flight.held == 2 * SIZE
    assert (work.begun, in_flight.held, len(flights)) == (2, 0, 0)


async def test_other_keys_are_other_work() -> None:
    """Another file, and another tenant's wish for the same one."""
    flights, works = Flights[bytes](InFlight(10**9)), [Work(), Work(), Work()]
    keys = [KEY, ("retail-co", "file-2"), ("metro-pd", "file-1")]
    tasks = [asyncio.ensure_future(use(flights, work, key)) for work, key in zip(works, keys, strict=True)]
    await begun(*works)
    for work in works:
        work.go.set()
    await asyncio.gather(*tasks)
    assert [work.begun for work in works] == [1, 1, 1]


async def test_who_leaves_takes_nothing_along() -> None:
    """The first one leaves, the others get what it began; when all have left the work ends, and holds nothing."""
    in_flight = InFlight(10**9)
    flights, work = Flights[bytes](in_flight), Work()
    first, second = (asyncio.ensure_future(use(flights, work)) for _ in range(2))
    await begun(work)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.go.set()
    assert await second == b"done"
    assert (work.begun, work.cancelled) == (1, 0)

    lonely = Work()
    last = asyncio.ensure_future(use(flights, lonely))
    await begun(lonely)
    last.cancel()
    await asyncio.wait([last])
    await asyncio.sleep(0)
    assert (lonely.cancelled, in_flight.held, len(flights)) == (1, 0, 0)


async def test_what_the_work_raises() -> None:
    """All who wait get it, nothing is held, and the next one begins anew."""
    in_flight = InFlight(10**9)
    flights, work = Flights[bytes](in_flight), Work(Unavailable("no room"))
    tasks = [asyncio.ensure_future(use(flights, work)) for _ in range(2)]
    await begun(work)
    work.go.set()
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(found, Unavailable)
    assert (in_flight.held, len(flights)) == (0, 0)
    again = Work()
    again.go.set()
    assert await use(flights, again) == b"done"


async def test_without_room() -> None:
    """What all requests together may hold counts here too."""
    in_flight = InFlight(SIZE + 1)
    flights, work = Flights[bytes](in_flight), Work()
    work.go.set()
    with pytest.raises(Unavailable):
        await use(flights, work)
    assert (in_flight.held, len(flights)) == (0, 0)
