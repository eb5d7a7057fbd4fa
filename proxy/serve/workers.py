"""Processes that look at pictures, so that a decoder's crash, hunger or slowness is their own and not the proxy's.

A worker does one request at a time. One that dies, outgrows its memory or overstays its time is replaced; the request that it
had is not examined, and so not forwarded.
"""

import contextlib
import multiprocessing
import os
import queue
import resource
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

from proxy.caller import Caller
from proxy.content import Content, Image, Inline, Opaque, Part
from proxy.examine.faces import PICTORIAL, Faces
from proxy.examine.pictures import PictureLimits
from proxy.facts import Evidence

GRACE_S: Final = 5.0
"""Seconds beyond the limit for all pictures of a request, after which a worker is taken for stuck and killed."""

NICENESS: Final = 10
"""Added to the niceness of workers, so that the event loop goes first."""

_CONTEXT: Final = multiprocessing.get_context("spawn")

_NOBODY: Final = Caller("", "")


class WorkerLost(Exception):
    """A worker died or was stuck over a request's pictures."""


class PictureWorkers:
    """The detector of faces, in `count` processes. `examine` blocks its thread, not the interpreter."""

    name = Faces.name
    reports = Faces.reports

    def __init__(self, count: int, faces: Faces, memory_bytes: int) -> None:
        """`faces` is the detector whose limits and score the workers take; `memory_bytes` what each may address."""
        self._faces = faces
        self._wait_s = faces.limits.seconds + GRACE_S
        self._making = (faces.limits, faces.score, memory_bytes)
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(count):
            self._idle.put(_Worker(*self._making))

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """As `Faces.examine`. Raises WorkerLost."""
        if not any(isinstance(part, PICTORIAL) for part in content.parts):
            return self._faces.examine(content, caller)
        worker = self._idle.get()
        try:
            return worker.examine(_shown(content.parts), self._wait_s)
        finally:
            self._idle.put(worker)

    def start(self) -> None:
        """Start all processes now rather than at their first picture."""
        workers = [self._idle.get() for _ in range(self._idle.qsize())]
        for worker in workers:
            worker.start()
            self._idle.put(worker)

    def close(self) -> None:
        """End all processes; nobody may be examining any more."""
        while not self._idle.empty():
            self._idle.get().stop()


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, limits: PictureLimits, score: float, memory_bytes: int) -> None:
        self._making = (limits, score, memory_bytes)
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> Connection:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self.stop()
            self._pipe, theirs = _CONTEXT.Pipe()
            self._process = _CONTEXT.Process(target=_serve, args=(theirs, *self._making), name="pictures", daemon=True)
            self._process.start()
            theirs.close()
        return self._pipe

    def examine(self, parts: tuple[Part, ...], wait_s: float) -> Evidence:
        try:
            pipe = self.start()
            _give(pipe, parts)
            found = pipe.recv() if pipe.poll(wait_s) else None
        except (OSError, EOFError) as failure:
            self.stop()
            raise WorkerLost("the process ended") from failure
        if not isinstance(found, Evidence):
            self.stop()
            raise WorkerLost("the process was stuck, or ran out of memory")
        return found

    def stop(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None


def _give(pipe: Connection, parts: tuple[Part, ...]) -> None:
    """Send parts, their pictures beside them: pickled they would be copied once more, under the interpreter's lock."""
    pictures = [part.source.data for part in parts if isinstance(part, Image) and isinstance(part.source, Inline)]
    pipe.send([(part.location, isinstance(part, Image)) for part in parts])
    for data in pictures:
        pipe.send_bytes(data)


def _take(pipe: Connection) -> tuple[Part, ...]:
    """Receive what `_give` sent."""
    told = pipe.recv()
    return tuple([Image(here, Inline("", pipe.recv_bytes())) if shown else Opaque(here, "") for here, shown in told])


def _shown(parts: Sequence[Part]) -> tuple[Part, ...]:
    """What a worker needs: inline pictures whole; of all else that may show something only that it is there."""
    return tuple(
        part if isinstance(part, Image) and isinstance(part.source, Inline) else Opaque(part.location, "")
        for part in parts
        if isinstance(part, PICTORIAL)
    )


def _serve(pipe: Connection, limits: PictureLimits, score: float, memory_bytes: int) -> None:
    """The life of a worker: until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the proxy's to answer
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    faces = Faces(limits, score)
    with contextlib.suppress(EOFError, OSError):
        while True:
            parts = _take(pipe)
            try:
                pipe.send(faces.examine(Content(parts, (), ""), _NOBODY))
            except MemoryError:
                pipe.send(None)
            del parts
