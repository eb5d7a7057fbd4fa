"""The memory beside the loop: what fails is counted and said and comes back, and what is at hand is never older than the file."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest
import structlog

from proxy.facts import Fact, Truth
from proxy.past import HISTORY, Dossier, Name, Past
from proxy.record.metrics import Metrics
from proxy.serve import memory_sqlite
from proxy.serve.memory import MemoryUnavailable
from proxy.serve.memory_sqlite import SqliteMemory
from proxy.serve.memory_store import DATABASE, DAY_S, Place

FACE = Dossier((Fact("media.faces", Truth.TRUE, HISTORY, 0.9, (), 1),))
WHO = Dossier((Fact("intent.identify_depicted", Truth.TRUE, HISTORY, 1.0),))
TALK: Name = ("conversation", "conv_1")
FAILURES = "facegate_memory_failures_total"


@asynccontextmanager
async def opened(
    folder: Path, metrics: Metrics | None = None, recent: int = 100, clock: Callable[[], float] = lambda: 1.8e9
) -> AsyncIterator[SqliteMemory]:
    """A memory that is closed again."""
    memory = SqliteMemory(Place(folder), metrics or Metrics(), recent, clock)
    try:
        yield memory
    finally:
        await memory.close()


async def until(what: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def busy(memory: SqliteMemory) -> AsyncIterator[None]:
    """The disk takes its time: nothing is done there within the block."""
    done = threading.Event()
    stuck = memory._thread.submit(done.wait)
    try:
        yield
    finally:
        done.set()
        await asyncio.wrap_future(stuck)


async def test_what_is_at_hand_needs_no_disk(tmp_path: Path) -> None:
    """The latest things are told while the disk is busy; others wait."""
    async with opened(tmp_path, recent=2) as memory:
        await memory.remember("a", [("file", "f_1"), ("file", "f_2"), ("file", "f_3")], FACE)
        async with busy(memory):
            assert await memory.recall("a", [("file", "f_3"), ("file", "f_2")]) == Past(
                {("file", "f_3"): FACE, ("file", "f_2"): FACE}
            )
            waits = asyncio.ensure_future(memory.recall("a", [("file", "f_1"), ("file", "f_3")]))
            await asyncio.sleep(0.01)
            assert not waits.done()
        assert await waits == Past({("file", "f_1"): FACE, ("file", "f_3"): FACE})


async def test_a_foreign_thing_at_hand_is_asked_of_the_disk(tmp_path: Path) -> None:
    """As one that nobody made is: the time of an answer does not tell them apart."""
    async with opened(tmp_path) as memory:
        await memory.remember("a", [TALK], FACE)
        async with busy(memory):
            waits = [asyncio.ensure_future(memory.recall("b", [name])) for name in (TALK, ("conversation", "conv_9"))]
            await asyncio.sleep(0.01)
            assert [one.done() for one in waits] == [False, False]
        assert await asyncio.gather(*waits) == [Past(), Past()]


@pytest.mark.parametrize("action", ["remember", "extend", "forget"])
async def test_who_gives_up_waiting_leaves_nothing_old_at_hand(tmp_path: Path, action: str) -> None:
    """A call that is cancelled while the disk works on it: what it did is what is known."""
    async with opened(tmp_path) as memory:
        await memory.remember("a", [TALK], FACE)
        calls = {
            "remember": partial(memory.remember, "a", [TALK], WHO),
            "extend": partial(memory.extend, "a", {TALK: WHO}, Past({TALK: FACE})),
            "forget": partial(memory.forget, "a", [TALK]),
        }
        begun, go = threading.Event(), threading.Event()
        real = getattr(memory._store, action)

        def slow(*given: object) -> object:
            begun.set()
            go.wait()
            return real(*given)

        setattr(memory._store, action, slow)
        call = asyncio.ensure_future(calls[action]())
        await until(begun.is_set)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go.set()
        known = (await memory.recall("a", [TALK])).dossiers
        expected = {} if action == "forget" else {TALK: Dossier((*WHO.facts, *FACE.facts))}
        assert known == expected


async def test_a_failure_is_counted_said_and_over_when_it_works_again(tmp_path: Path) -> None:
    """For each thing that is asked: raised, in the metric, on the page; the log has it once, and when it is over."""
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    metrics = Metrics()
    with structlog.testing.capture_logs() as lines:
        async with opened(tmp_path, metrics) as memory:
            await until(lambda: metrics.value(FAILURES, action="purge"))
            calls = {
                "recall": partial(memory.recall, "a", [TALK]),
                "remember": partial(memory.remember, "a", [TALK], FACE),
                "extend": partial(memory.extend, "a", {TALK: WHO}, Past({TALK: FACE})),
                "forget": partial(memory.forget, "a", [TALK]),
                "owned": partial(memory.owned, "a", "file", ["f_1"]),
                "others": partial(memory.others, "a", [("file", "f_1")]),
            }
            for action, call in calls.items():
                for number in (1, 2):
                    with pytest.raises(MemoryUnavailable, match="not a database"):
                        await call()
                    assert metrics.value(FAILURES, action=action) == number
            assert {part.split(":")[0] for part in (memory.failure or "").split("; ")} == {*calls, "purge"}
            (tmp_path / DATABASE).unlink()
            for call in calls.values():
                await call()
            assert memory.failure == "purge: file is not a database"
    said = [(line["event"], line["action"]) for line in lines if line["event"].startswith("memory")]
    assert said == [
        ("memory_failed", "purge"),
        *[("memory_failed", action) for action in calls],
        *[("memory_works_again", action) for action in calls],
    ]


async def test_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever, and not everybody waits."""
    monkeypatch.setattr(memory_sqlite, "WAIT_S", 0.05)
    monkeypatch.setattr(memory_sqlite, "MAX_WAITING", 3)
    metrics = Metrics()
    async with opened(tmp_path, metrics) as memory:
        await until(lambda: memory._store.entries == 0 and memory._store._opened)
        async with busy(memory):
            failed = await asyncio.gather(*(memory.recall("a", [TALK]) for _ in range(5)), return_exceptions=True)
            assert [type(one) for one in failed] == [MemoryUnavailable] * 5
            assert sorted(str(one).rsplit(": ", 1)[1] for one in failed) == [
                *["TimeoutError"] * 3,
                *["too much waits for the disk"] * 2,
            ]
        assert await memory.recall("a", [TALK]) == Past()
        assert metrics.value(FAILURES, action="recall") == 5


async def test_what_is_over_goes_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, and again and again; the metric tells how much is there."""
    monkeypatch.setattr(memory_sqlite, "PURGE_S", 0.01)
    now, metrics = [1.8e9], Metrics()
    async with opened(tmp_path, metrics, clock=lambda: now[0]) as memory:
        names = [("file", f"f_{number}") for number in range(1500)]
        await memory.remember("a", names, Dossier())
        assert metrics.value("facegate_memory_entries") == 1500
        now[0] += 30 * DAY_S
        await until(lambda: metrics.value("facegate_memory_entries") == 0)
        assert metrics.value(FAILURES, action="purge") == 0


async def test_a_purge_that_fails_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sooner than one that worked."""
    monkeypatch.setattr(memory_sqlite, "RETRY_S", 0.01)
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    metrics = Metrics()
    async with opened(tmp_path, metrics) as memory:
        await until(lambda: metrics.value(FAILURES, action="purge") > 1)
        (tmp_path / DATABASE).unlink()
        await until(lambda: memory.failure is None)


async def test_closing_lets_go_of_the_file(tmp_path: Path) -> None:
    """Whatever it was doing; and nothing stirs afterwards."""
    async with opened(tmp_path) as memory:
        writing = asyncio.ensure_future(memory.remember("a", [TALK], FACE))
        await asyncio.sleep(0)
    await writing
    with closing(sqlite3.connect(tmp_path / DATABASE, timeout=0)) as database:
        assert database.execute("SELECT count(*) FROM kept").fetchone() == (1,)
    assert not memory._thread._threads.copy().pop().is_alive()
    await asyncio.sleep(0.05)
