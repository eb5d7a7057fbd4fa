"""Work that several requests want at the same time: done once, and what it yields is held until the last of them has used it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeAlias, TypeVar

from proxy.serve.body import InFlight

T = TypeVar("T")

Take: TypeAlias = Callable[[int], None]
"""Accounts for so many bytes more. Raises Unavailable when memory is short."""

Work: TypeAlias = Callable[[Take], Awaitable[T]]

Key: TypeAlias = tuple[str, str]
"""Whose work it is, and which."""


class Flights(Generic[T]):
    """The work that is under way or in use. What it takes is held in `in_flight` for as long."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._open: dict[Key, _Flight[T]] = {}

    def __len__(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def share(self, key: Key, work: Work[T]) -> AsyncIterator[T]:
        """What `work` yields, or what the work under this key does that another request began. Raises what that raises.

        One that leaves cancels the work only where nobody else waits for it.
        """
        flight = self._open.get(key)
        if flight is None:
            flight = self._open[key] = _Flight(self._in_flight, work)
        flight.users += 1
        try:
            yield await asyncio.shield(flight.task)
        finally:
            flight.users -= 1
            if flight.users == 0:
                del self._open[key]
                flight.end()


class _Flight(Generic[T]):
    def __init__(self, in_flight: InFlight, work: Work[T]) -> None:
        self._in_flight = in_flight
        self._held = 0
        self.users = 0
        self.task: asyncio.Future[T] = asyncio.ensure_future(work(self._take))

    def _take(self, size: int) -> None:
        self._in_flight.take(size, self._held)
        self._held += size

    def end(self) -> None:
        """Let go of everything. Work that goes on by then is cancelled, and takes nothing more."""
        self.task.cancel()
        self._in_flight.release(self._held)
        self._held = 0
