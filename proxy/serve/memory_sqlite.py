"""The memory in a SQLite file: its own thread, and the latest things at hand."""

import asyncio
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

import structlog
from blake3 import blake3

from proxy.past import Dossier, Name, Past
from proxy.record.metrics import Metrics
from proxy.serve.memory import MemoryUnavailable
from proxy.serve.memory_store import Kept, Place, Store

PURGE_S: Final = 3600.0
"""Seconds between two purges of what is over."""

RETRY_S: Final = 60.0
"""Seconds until a purge that failed is tried again."""

WAIT_S: Final = 5.0
"""Seconds after which nobody waits for the disk any more."""

MAX_WAITING: Final = 10_000
"""Calls that wait for the disk; more fail at once."""

_LONG: Final = 128
"""Characters of an id that is kept at hand as it is; of a longer one (sealed content) its digest."""

T = TypeVar("T")

_AT_A_TIME: Final = 500
"""Things of one list that are looked up at a time, so that others get their turn."""

log = structlog.get_logger("facegate")


class SqliteMemory:
    """A `Memory` for one process. Made and closed in the running loop; the disk is touched in a thread of its own.

    `recent` is how many things are kept at hand; `clock` tells seconds since 1970. A file that cannot be used is no reason
    not to start: the memory fails until it can, and each call tries it anew.
    """

    def __init__(
        self, place: Place, metrics: Metrics, recent: int = 10_000, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = Store(place)
        self._metrics = metrics
        self._clock = clock
        self._recent = _Recently(recent)
        self._thread = ThreadPoolExecutor(1, "memory")
        self._waiting = 0
        self._failures: dict[str, str] = {}
        self._closed = False
        self._loop = asyncio.get_running_loop()
        metrics.watch("facegate_memory_entries", lambda: self._store.entries)
        self._timer = self._loop.call_later(0.0, self._purge)

    @property
    def failure(self) -> str | None:
        """Why it fails now; None while it works."""
        return "; ".join(f"{action}: {why}" for action, why in self._failures.items()) or None

    async def recall(self, tenant: str, names: Collection[Name]) -> Past:
        """See `Memory`. What is at hand is not asked of the disk."""
        now = self._clock()
        known = {name: found for name in names if (found := self._recent.get(tenant, name, now)) is not None}
        missing = [name for name in names if name not in known]
        if missing:
            found_there = await self._run("recall", partial(self._find, tenant, missing, now))
            known.update({name: kept.dossier for name, kept in found_there.items()})
        return Past(known)

    async def remember(self, tenant: str, names: Collection[Name], dossier: Dossier) -> None:
        """See `Memory`."""
        await self._run("remember", partial(self._remember, tenant, names, dossier, self._clock()))

    async def extend(self, tenant: str, additions: Mapping[Name, Dossier], seen: Past) -> Past | None:
        """See `Memory`."""
        now = self._clock()
        standing = await self._run("extend", partial(self._extend, tenant, additions, seen.dossiers, now))
        return None if standing is None else Past({name: kept.dossier for name, kept in standing.items()})

    async def forget(self, tenant: str, names: Collection[Name]) -> None:
        """See `Memory`."""
        await self._run("forget", partial(self._forget, tenant, names))

    async def owned(self, tenant: str, kind: str, ids: Collection[str]) -> set[str]:
        """See `Memory`."""
        names, now = [(kind, one) for one in ids], self._clock()
        owned: set[str] = set()
        for start in range(0, len(names), _AT_A_TIME):
            some = partial(self._store.find, tenant, names[start : start + _AT_A_TIME], now)
            owned.update([thing for _, thing in await self._run("owned", some)])
        return owned

    async def others(self, tenant: str, names: Collection[Name]) -> set[Name]:
        """See `Memory`."""
        return await self._run("others", partial(self._store.others, tenant, names, self._clock()))

    async def close(self) -> None:
        """See `Memory`."""
        if self._closed:
            return
        self._closed = True
        self._timer.cancel()
        await asyncio.wrap_future(self._thread.submit(self._store.close))
        self._thread.shutdown(wait=True)

    # ---- in the thread: what is at hand changes in the order in which the disk does

    def _find(self, tenant: str, names: Collection[Name], now: float) -> Mapping[Name, Kept]:
        found = self._store.find(tenant, names, now)
        self._recent.put(tenant, found)
        return found

    def _remember(self, tenant: str, names: Collection[Name], dossier: Dossier, now: float) -> None:
        self._recent.drop(tenant, names)
        self._recent.put(tenant, self._store.remember(tenant, names, dossier, now))

    def _extend(
        self, tenant: str, additions: Mapping[Name, Dossier], seen: Mapping[Name, Dossier], now: float
    ) -> Mapping[Name, Kept] | None:
        self._recent.drop(tenant, additions)
        return self._store.extend(tenant, additions, seen, now)

    def _forget(self, tenant: str, names: Collection[Name]) -> None:
        self._recent.drop(tenant, names)
        self._store.forget(tenant, names)

    # ---- beside the loop

    async def _run(self, action: str, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise self._failed(action, OSError("too much waits for the disk"))
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_S):
                done = await asyncio.wrap_future(self._thread.submit(work))
        except (sqlite3.Error, OSError) as failure:  # a TimeoutError is an OSError
            raise self._failed(action, failure) from failure
        finally:
            self._waiting -= 1
        self._worked(action)
        return done

    def _worked(self, action: str) -> None:
        if self._failures.pop(action, None) is not None:
            log.info("memory_works_again", action=action)

    def _failed(self, action: str, failure: BaseException) -> MemoryUnavailable:
        why = str(failure) or type(failure).__name__
        self._metrics.count("facegate_memory_failures_total", action)
        if self._failures.get(action) != why:
            log.error("memory_failed", action=action, error=why)
        self._failures[action] = why
        return MemoryUnavailable(f"the memory of what the service keeps fails: {why}")

    def _purge(self) -> None:
        """Purge some, and come again: at once if there may be more."""
        self._thread.submit(self._store.purge, self._clock()).add_done_callback(self._purged)

    def _purged(self, done: "Future[bool]") -> None:
        self._loop.call_soon_threadsafe(self._purge_again, done)

    def _purge_again(self, done: "Future[bool]") -> None:
        failure = done.exception()
        if failure is not None:
            self._failed("purge", failure)
            wait = RETRY_S
        else:
            self._worked("purge")
            wait = 0.0 if done.result() else PURGE_S
        if not self._closed:
            self._timer = self._loop.call_later(wait, self._purge)


class _Recently:
    """The things that were asked about or made last. Any thread may call."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[tuple[str, str, str | bytes], Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tenant: str, name: Name, now: float) -> Dossier | None:
        key = _short(tenant, name)
        with self._lock:
            found = self._things.get(key)
            if found is None or found.expires <= now:
                return None
            self._things.move_to_end(key)
            return found.dossier

    def put(self, tenant: str, found: Mapping[Name, Kept]) -> None:
        with self._lock:
            for name, kept in found.items():
                self._things[_short(tenant, name)] = kept
            while len(self._things) > self._size:
                self._things.popitem(last=False)

    def drop(self, tenant: str, names: Iterable[Name]) -> None:
        with self._lock:
            for name in names:
                self._things.pop(_short(tenant, name), None)


def _short(tenant: str, name: Name) -> tuple[str, str, str | bytes]:
    kind, thing = name
    return tenant, kind, thing if len(thing) <= _LONG else blake3(thing.encode("utf-8", "surrogatepass")).digest()
