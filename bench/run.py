"""Facegate beside a bare aiohttp pass-through, in one run: ratios, not absolute times.

Usage: python bench/run.py [text] [stream] [picture] [memory]. Both proxies run one process on one machine with the
same service behind; rounds alternate, so that whatever else the machine does strikes both.
"""

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import uvloop
from load import Load, delays, request, run
from pictures import jpeg_of, question
from processes import Watched, facegate, new_key, script

TEXT = b'{"model":"gpt-4o","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"'
TEXT += b"Please write a short story about a lighthouse keeper and the sea. " * 14 + b'"}],"temperature":0.7}'
STREAM = TEXT[:-1] + b',"stream":true}'

ROUNDS = 6


def drive(port: int, data: bytes, connections: int, requests: int) -> Load:
    """One round of load."""
    return uvloop.run(run(port, data, connections, requests))


def cpu_ms(watched: Watched, data: bytes, connections: int, requests: int) -> float:
    """CPU milliseconds a request, of one round."""
    before = watched.cpu_s()
    load = drive(watched.port, data, connections, requests)
    if set(load.statuses) != {200}:
        raise RuntimeError(f"replies by status: {load.statuses}")
    return (watched.cpu_s() - before) * 1000 / requests


def text(bare: Watched, ours: Watched, key: str) -> None:
    """1 KB chats: requests per CPU-second."""
    data = request(key, TEXT)
    for one in (bare, ours):
        cpu_ms(one, data, 32, 1000)
    pairs = [(cpu_ms(bare, data, 32, 3000), cpu_ms(ours, data, 32, 3000)) for _ in range(ROUNDS)]
    theirs, own = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"text     {len(TEXT)} B chats, 32 connections: bare {theirs:.3f} ms CPU, facegate {own:.3f} ms CPU a request"
    )
    print(f"         facegate serves {ratio:.0%} of the bare pass-through's requests per CPU-second (goal: 50 %)")


def stream(bare: Watched, ours: Watched, key: str) -> None:
    """Server-sent events: delay from the service to the caller."""
    data = request(key, STREAM)
    found: dict[str, list[float]] = {"bare": [], "facegate": []}
    for _ in range(ROUNDS):
        for name, one in (("bare", bare), ("facegate", ours)):
            found[name] += uvloop.run(delays(one.port, data, 8))
    for name, seconds in found.items():
        ordered = sorted(seconds)
        median, tail = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        print(f"stream   {name:8} {len(ordered)} events: delay p50 {median * 1e3:.3f} ms, p99 {tail * 1e3:.3f} ms")
    ratio = statistics.median(found["facegate"]) / statistics.median(found["bare"])
    print(f"         median delay an event: {ratio:.2f} x the bare pass-through's")


def picture(bare: Watched, ours: Watched, key: str) -> None:
    """A 200 KB JPEG whose face the first pass finds, and one without a face."""
    for name, side in (("astronaut.jpg", 1024), ("coffee.jpg", 1024)):
        data = jpeg_of(name, side, 200_000)
        sent = request(key, question(data))
        for one in (bare, ours):
            cpu_ms(one, sent, 2, 10)
        pairs = [(cpu_ms(bare, sent, 2, 40), cpu_ms(ours, sent, 2, 40)) for _ in range(ROUNDS)]
        theirs, own = (statistics.median(column) for column in zip(*pairs, strict=True))
        goal = " (goal: 30 ms)" if name == "astronaut.jpg" else ""
        print(f"picture  {name}, {len(data)} B, {side} px: bare {theirs:.2f} ms CPU, facegate {own:.2f} ms CPU{goal}")


def memory(ours: Watched, key: str) -> None:
    """30 parallel 4 MB pictures: resident memory, and what they do to text requests."""
    large = request(key, question(jpeg_of("coffee.jpg", 2600, 4_000_000)))
    small = request(key, TEXT)
    before = ours.now_mb()
    end = time.monotonic() + 8
    alone = steady(ours.port, small, lambda: time.monotonic() < end)
    print(f"memory   text alone: p50 {alone.percentile(0.5) * 1e3:.2f} ms, p99 {alone.percentile(0.99) * 1e3:.2f} ms")
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn")
    ) as elsewhere:  # so that it does not delay the callers here
        elsewhere.submit(int).result()
        running = elsewhere.submit(drive, ours.port, large, 30, 60)
        beside = steady(ours.port, small, lambda: not running.done())
        pictures = running.result()
    ratio = beside.percentile(0.99) / alone.percentile(0.99)
    print(f"         {len(large) / 1e6:.1f} MB requests, 30 at a time: {pictures.statuses}, {pictures.wall_s:.1f} s")
    print(
        f"         text beside them: p50 {beside.percentile(0.5) * 1e3:.2f} ms, p99 {beside.percentile(0.99) * 1e3:.2f} ms"
    )
    print(f"         p99 of text: {ratio:.2f} x that without pictures (goal: 3)")
    peak, after = ours.peak_mb(), ours.now_mb()
    print(f"         resident memory: {before:.0f} MiB before, {peak:.0f} at the peak (goal: 600), {after:.0f} after")


def steady(port: int, data: bytes, going: Callable[[], bool]) -> Load:
    """One text request every 5 milliseconds, on a connection of its own, for as long as `going` says."""

    async def text_calls() -> Load:
        load = Load()
        while going():
            one = await run(port, data, 1, 1)
            load.seconds += one.seconds
            await asyncio.sleep(0.005)
        return load

    return uvloop.run(text_calls())


def main() -> None:
    """Run the parts that are named, or all."""
    wanted = set(sys.argv[1:]) or {"text", "stream", "picture", "memory"}
    key = new_key()
    with (
        tempfile.TemporaryDirectory() as folder,
        script("service.py") as service,
        script("bare.py", f"http://127.0.0.1:{service.port}") as bare,
        facegate(Path(folder), service, key) as ours,
    ):
        if "text" in wanted:
            text(bare, ours, key)
        if "stream" in wanted:
            stream(bare, ours, key)
        if "picture" in wanted:
            picture(bare, ours, key)
        if "memory" in wanted:
            memory(ours, key)


if __name__ == "__main__":
    main()
