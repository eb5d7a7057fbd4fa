"""Processes that look at pictures and open files, so that a decoder's crash, hunger or slowness is their own and not the proxy's.

A worker does one request at a time. One that dies, outgrows its memory or overstays its time is replaced; the request that it
had is not examined, and so not forwarded.
"""

import contextlib
import multiprocessing
import os
import queue
import resource
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

from proxy.caller import Caller
from proxy.content import Content, Document, Image, Inline, Opaque, Part, Unfolded
from proxy.examine.faces import PICTORIAL, Faces, could_show
from proxy.examine.image_context import Cameras
from proxy.examine.opening import DocumentLimits
from proxy.examine.pictures import PictureLimits
from proxy.examine.unfold import unfold
from proxy.facts import Evidence
from proxy.location import Location

GRACE_S: Final = 5.0
"""Seconds beyond the limit for all pictures of a request, or for a file, after which a worker is taken for stuck and killed."""

NICENESS: Final = 10
"""Added to the niceness of workers, so that the event loop goes first."""

_CONTEXT: Final = multiprocessing.get_context("spawn")

_NOBODY: Final = Caller("", "")


class WorkerLost(Exception):
    """A worker died or was stuck over a request's pictures or files."""


class PictureWorkers:
    """The detector of faces and the opener of files, in `count` processes. Both block their thread, not the interpreter."""

    name = Faces.name
    reports = Faces.reports

    def __init__(self, count: int, faces: Faces, memory_bytes: int, documents: DocumentLimits | None = None) -> None:
        """`faces` is the detector whose limits and score the workers take; `memory_bytes` what each may address.

        `documents` are the limits of files.
        """
        self._faces = faces
        self._documents = documents or DocumentLimits(picture=faces.limits)
        self._making = _Making(faces.limits, faces.score, faces.cameras, self._documents, memory_bytes)
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(count):
            self._idle.put(_Worker(self._making))

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """As `Faces.examine`. Raises WorkerLost."""
        if not any(isinstance(part, PICTORIAL) for part in content.parts):
            return self._faces.examine(content, caller)
        with self._worker() as worker:
            found = worker.ask(_shown(content.parts), self._faces.limits.seconds + GRACE_S)
        assert isinstance(found, Evidence)  # noqa: S101 - parts are answered so
        return found

    def unfold(self, document: Document) -> Unfolded:
        """As `unfold`. Raises WorkerLost."""
        with self._worker() as worker:
            found = worker.ask(document, self._documents.seconds + GRACE_S)
        assert isinstance(found, Unfolded)  # noqa: S101 - a file is answered so
        return found

    @contextlib.contextmanager
    def _worker(self) -> Iterator["_Worker"]:
        worker = self._idle.get()
        try:
            yield worker
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


@dataclass(frozen=True, slots=True)
class _Making:
    """What a worker is made with."""

    pictures: PictureLimits
    score: float
    cameras: Cameras
    documents: DocumentLimits
    memory_bytes: int


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, making: _Making) -> None:
        self._making = making
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> Connection:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self.stop()
            self._pipe, theirs = _CONTEXT.Pipe()
            self._process = _CONTEXT.Process(target=_serve, args=(theirs, self._making), name="pictures", daemon=True)
            self._process.start()
            theirs.close()
        return self._pipe

    def ask(self, what: tuple[Part, ...] | Document, wait_s: float) -> Evidence | Unfolded:
        try:
            pipe = self.start()
            _give(pipe, what)
            found = pipe.recv() if pipe.poll(wait_s) else None
        except (OSError, EOFError) as failure:
            self.stop()
            raise WorkerLost("the process ended") from failure
        if not isinstance(found, (Evidence, Unfolded)):
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


def _give(pipe: Connection, what: tuple[Part, ...] | Document) -> None:
    """Send parts or a file, the bytes beside them: pickled they would be copied once more, under the interpreter's lock."""
    if isinstance(what, Document):
        pipe.send(what.location)
        pipe.send_bytes(what.source.data if isinstance(what.source, Inline) else b"")
        return
    pictures = [part.source.data for part in what if isinstance(part, Image) and isinstance(part.source, Inline)]
    pipe.send([(part.location, isinstance(part, Image)) for part in what])
    for data in pictures:
        pipe.send_bytes(data)


def _take(pipe: Connection) -> tuple[Part, ...] | Document:
    """Receive what `_give` sent."""
    told = pipe.recv()
    if isinstance(told, Location):
        return Document(told, Inline("", pipe.recv_bytes()))
    return tuple([Image(here, Inline("", pipe.recv_bytes())) if shown else Opaque(here, "") for here, shown in told])


def _shown(parts: Sequence[Part]) -> tuple[Part, ...]:
    """What a worker needs: inline pictures whole; of all else that may show something only that it is there."""
    pictures = (part for part in parts if isinstance(part, Image) and isinstance(part.source, Inline))
    return (*pictures, *(Opaque(part.location, "") for part in parts if could_show(part)))


def _serve(pipe: Connection, making: _Making) -> None:
    """The life of a worker: until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the proxy's to answer
    resource.setrlimit(resource.RLIMIT_AS, (making.memory_bytes, making.memory_bytes))
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    faces = Faces(making.pictures, making.score, making.cameras)
    with contextlib.suppress(EOFError, OSError):
        while True:
            what = _take(pipe)
            try:
                pipe.send(_answered(what, faces, making.documents))
            except MemoryError:
                pipe.send(None)
            del what


def _answered(what: tuple[Part, ...] | Document, faces: Faces, documents: DocumentLimits) -> Evidence | Unfolded:
    if isinstance(what, Document):
        return unfold(what, documents)
    return faces.examine(Content(what, (), ""), _NOBODY)
