"""The pool that examines pictures and long texts beside the event loop."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from proxy.errors import Unavailable

T = TypeVar("T")

NICENESS: Final = 10
"""Added to the niceness of the pool's threads (Linux gives each thread its own), so that the event loop goes first."""


class Pool:
    """Threads for work that takes milliseconds and frees the GIL while it decodes and detects. The queue is bounded."""

    def __init__(self, workers: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(workers, "examine", initializer=_step_back)
        self._limit = workers + queue
        self._lock = threading.Lock()
        self.waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in one of the threads. Raises Unavailable when the queue is full."""
        with self._lock:
            if self.waiting >= self._limit:
                raise Unavailable("too many requests wait to be examined; try again shortly")
            self.waiting += 1
        future = self._executor.submit(work)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: "Future[T]") -> None:
        with self._lock:
            self.waiting -= 1

    def close(self) -> None:
        """Drop what waits, let what runs end."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _step_back() -> None:
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
