"""The threads that read large bodies, examine long texts and wait for those who look at pictures, beside the event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from proxy.errors import Unavailable

T = TypeVar("T")


class Pool:
    """Threads for work that would hold up the event loop. The queue is bounded.

    They are not niced: a thread that steps back while it holds the interpreter's lock makes the event loop wait for it.
    """

    def __init__(self, workers: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(workers, "examine")
        self._limit = workers + queue
        self._lock = threading.Lock()
        self.one_at_a_time = threading.Lock()
        """For what holds the interpreter for milliseconds: the event loop then waits for one thread, not for a row of them."""
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
