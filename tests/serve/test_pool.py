"""The threads beside the event loop: a bounded queue, nothing lost, nothing held up."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.errors import CallerLeft, Unavailable
from proxy.serve.pool import Pool, giving_way

GIVE_UP_S = 20.0
"""Seconds after which a test that waits has failed."""


class Gatekeeper:
    """Work that goes on until it is let go, and tells how much of it runs."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._running = threading.Semaphore(0)
        self.done = 0

    def __call__(self) -> str:
        """Wait, in a thread."""
        self._running.release()
        assert self._open.wait(GIVE_UP_S)
        self.done += 1
        return threading.current_thread().name

    async def runs(self, times: int = 1) -> None:
        """Wait, in the loop, until so many more have begun."""
        async with asyncio.timeout(GIVE_UP_S):
            for _ in range(times):
                while not self._running.acquire(blocking=False):
                    await asyncio.sleep(0.002)

    def let_go(self) -> None:
        """End all that waits, now and later."""
        self._open.set()


@asynccontextmanager
async def pool(workers: int, queue: int) -> AsyncIterator[tuple[Pool, Gatekeeper]]:
    """A pool, and work that keeps it busy until the end of the block at the latest."""
    made, work = Pool(workers, queue), Gatekeeper()
    try:
        yield made, work
    finally:
        work.let_go()
        made.close()


async def until_idle(made: Pool) -> None:
    """Wait until nothing is in the pool."""
    async with asyncio.timeout(GIVE_UP_S):
        while made.waiting:
            await asyncio.sleep(0.002)


async def test_a_result_comes_from_a_thread() -> None:
    """Not from the event loop's; an exception comes as it was raised."""
    async with pool(1, 1) as (made, _):
        assert await made.run(lambda: threading.current_thread().name) != threading.current_thread().name
        with pytest.raises(ValueError, match="the very one"):
            await made.run(lambda: int("the very one"))
        await until_idle(made)


async def test_the_loop_goes_on_meanwhile() -> None:
    """Work that waits for the loop gets what it waits for."""
    async with pool(1, 1) as (made, work):
        running = asyncio.ensure_future(made.run(work))
        await work.runs()
        work.let_go()
        assert (await running).startswith("examine")


@pytest.mark.parametrize(("workers", "queue"), [(1, 1), (2, 3), (4, 1)])
async def test_the_queue_is_bounded(workers: int, queue: int) -> None:
    """As many as there are threads run, as many as the queue takes wait; one more is asked to come back, at once."""
    async with pool(workers, queue) as (made, work):
        calls = [asyncio.ensure_future(made.run(work)) for _ in range(workers + queue)]
        await work.runs(workers)
        assert (made.waiting, work.done) == (workers + queue, 0)
        for _ in range(3):
            with pytest.raises(Unavailable, match="try again"):
                await made.run(lambda: "never")
        assert made.waiting == workers + queue
        work.let_go()
        assert len(await asyncio.gather(*calls)) == workers + queue
        await until_idle(made)
        assert await made.run(lambda: "again") == "again"


async def test_failures_make_room_too() -> None:
    """Whatever ends, by whatever, makes room."""

    def fails() -> None:
        raise OSError

    async with pool(1, 1) as (made, _):
        for _ in range(10):
            with pytest.raises(OSError, match=r"^$"):
                await made.run(fails)
        await until_idle(made)
        assert await made.run(lambda: "again") == "again"


async def test_a_caller_that_leaves() -> None:
    """What it had in the queue is dropped; what runs already runs to its end, and counts until then."""
    async with pool(1, 2) as (made, work):
        running, waiting = (asyncio.ensure_future(made.run(work)) for _ in range(2))
        await work.runs()
        for call in (waiting, running):
            call.cancel()
        assert [type(end) for end in await asyncio.gather(running, waiting, return_exceptions=True)] == [
            asyncio.CancelledError
        ] * 2
        assert made.waiting == 1
        work.let_go()
        await until_idle(made)
        assert work.done == 1


async def test_closing() -> None:
    """What waits is dropped, what runs ends, and nothing more is taken."""
    async with pool(1, 2) as (made, work):
        running, waiting = (asyncio.ensure_future(made.run(work)) for _ in range(2))
        await work.runs()
        closing = asyncio.get_running_loop().run_in_executor(None, made.close)
        await asyncio.wait([waiting], timeout=GIVE_UP_S)
        assert (waiting.cancelled(), running.done(), closing.done()) == (True, False, False)
        work.let_go()
        assert (await running).startswith("examine")
        await closing
        with pytest.raises(RuntimeError):
            await made.run(work)


async def test_one_at_a_time() -> None:
    """What takes this lock runs alone, however many threads there are."""
    among, most = 0, 0

    async with pool(4, 20) as (made, _):

        def alone() -> None:
            nonlocal among, most
            with made.one_at_a_time:
                among += 1
                most = max(most, among)
                threading.Event().wait(0.002)
                among -= 1

        await asyncio.gather(*(made.run(alone) for _ in range(20)))
        assert (among, most) == (0, 1)


def test_giving_way() -> None:
    """Each item comes as it is, and none once nobody waits for them any more."""
    assert list(giving_way("abc", lambda: False)) == ["a", "b", "c"]
    answers = iter([False, False, True])
    items = giving_way("abc", lambda: next(answers))
    assert (next(items), next(items)) == ("a", "b")
    with pytest.raises(CallerLeft):
        next(items)
