"""The journal: one JSON object a line, written before anything is forwarded. The only maker of receipts."""

import asyncio
import contextlib
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import orjson

from proxy.errors import FacegateError
from proxy.exchange import Receipt
from proxy.record.entry import ALLOWED, Record
from proxy.record.metrics import Metrics


class JournalUnavailable(FacegateError):
    """The journal cannot take a record now, so nothing may be forwarded."""


MAX_KEPT: Final = 10_000
"""Records without a waiter that are kept while the journal cannot be written (about 20 MB); more are lost, and counted."""


NOTE_DELAY_S: Final = 0.02
"""Seconds that a record without a waiter waits for a commit to share its sync with."""

_PROBE: Final = 64 * 1024
"""Bytes for which there must be room before a journal that failed counts as healthy again."""


@dataclass(slots=True)
class _Batch:
    """Lines that go to the disk together, and who waits for it.

    `committed` are decisions whose requests wait: after a failure these are refused, so what the lines say is no longer
    true. `noted` are lines that stay true: after a failure they go into the next batch.
    """

    noted: list[bytes] = field(default_factory=list)
    committed: list[bytes] = field(default_factory=list)
    waiters: list["asyncio.Future[None]"] = field(default_factory=list)

    @property
    def lines(self) -> list[bytes]:
        """All lines."""
        return self.noted + self.committed


def _rendered(record: Record) -> bytes:
    """A record's line. Fields that are not on the allow-list of `record.entry` are dropped: content has no way in here."""
    fields = record.fields
    if not fields.keys() <= ALLOWED:
        fields = {name: value for name, value in fields.items() if name in ALLOWED}
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


class Journal:
    """An append-only file of decision and outcome records, for one process.

    With durability `fsync` a commit returns when the record is on the disk. Records that arrive while a sync is under
    way share the next one (group commit), so that its cost is divided among them. With `write` it returns when the
    system has the record.
    """

    def __init__(self, folder: Path, durability: Literal["fsync", "write"], metrics: Metrics) -> None:
        """Open the journal. Raises JournalUnavailable when the folder or file cannot be written."""
        self._durability = durability
        self._metrics = metrics
        self.failure: str | None = None
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            self.path = folder / "journal.jsonl"
            synced = (
                os.O_DSYNC if durability == "fsync" else 0
            )  # write and sync in one call, so one wait for the interpreter
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | synced, 0o640)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._heal()
        except BlockingIOError as failure:
            raise JournalUnavailable(f"the journal in {folder} is in use by another process") from failure
        except OSError as failure:
            raise JournalUnavailable(f"the journal in {folder} cannot be written: {failure}") from failure
        self._batch = _Batch()
        self._torn = False
        self._flushing: asyncio.Future[None] | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._thread = ThreadPoolExecutor(1, "journal")

    def _heal(self) -> None:
        """End a line that a crash tore, so that the next record starts on a line of its own."""
        size = os.fstat(self._file).st_size
        if size:
            with self.path.open("rb") as file:
                file.seek(size - 1)
                torn = file.read(1) != b"\n"
            if torn:
                os.write(self._file, b"\n")

    @property
    def busy(self) -> bool:
        """Whether records are on their way to the disk."""
        return self._flushing is not None or self._soon is not None

    async def commit(self, record: Record) -> Receipt:
        """Write a decision record. Raises JournalUnavailable when it could not be written as durably as asked."""
        self._batch.committed.append(_rendered(record))
        await self._commit()
        self._metrics.count("facegate_audit_records_total", record.kind)
        return Receipt(record.decision_id)

    async def _commit(self) -> None:
        if self._durability == "write":
            self._write_now()
        else:
            await self._synced()

    def note(self, record: Record) -> None:
        """Write a record that nothing waits for (an outcome). While the journal fails it is kept for a later try."""
        if self.failure is not None and len(self._batch.noted) >= MAX_KEPT:
            self._metrics.count("facegate_audit_failures_total")
            return
        self._batch.noted.append(_rendered(record))
        self._metrics.count("facegate_audit_records_total", record.kind)
        if self._durability == "write":
            try:
                self._write_now()
            except JournalUnavailable:
                return
        elif self.failure is None:
            self._flush_soon()

    def _write_now(self) -> None:
        batch, self._batch = self._batch, _Batch()
        try:
            self._append(batch.lines)
        except OSError as failure:
            raise self._failed(batch, failure) from failure
        self.failure = None

    def _append(self, lines: list[bytes]) -> None:
        """Write whole lines or none. Raises OSError."""
        data = b"".join([b"\n", *lines] if self._torn else lines)
        self._write(data)
        self._torn = False

    def _write(self, data: bytes) -> None:
        """Write all of `data`; what a failing disk took of it is cut off again (nobody else writes here)."""
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:] if written else data)
        except OSError:
            self._torn = self._torn or written > 0
            with contextlib.suppress(OSError):
                self._cut_off(written)
                self._torn = False
            raise

    def _cut_off(self, size: int) -> None:
        os.ftruncate(self._file, os.fstat(self._file).st_size - size)

    async def _synced(self) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._batch.waiters.append(waiter)
        if len(self._batch.waiters) == 1 and self._flushing is None:
            loop.call_soon(self._start_flush)  # what else is at hand in this turn of the loop goes along
        await waiter

    def _start_flush(self) -> None:
        """Write the batch that was filled, unless one is on its way: then this one follows."""
        if self._flushing is not None or not (self._batch.waiters or self._batch.noted):
            return
        batch, self._batch = self._batch, _Batch()
        loop = asyncio.get_running_loop()
        self._flushing = loop.create_future()
        self._thread.submit(self._flush, batch, loop)

    def _flush(self, batch: _Batch, loop: asyncio.AbstractEventLoop) -> None:
        """Write a batch, and tell the loop. In the journal's thread: a future of the executor's would cost half as much again."""
        failure = None
        try:
            self._append(batch.lines)
        except Exception as caught:  # noqa: BLE001 - whatever it is, the requests that wait are told
            failure = caught
        loop.call_soon_threadsafe(self._flushed, batch, failure)

    def _flushed(self, batch: _Batch, failure: Exception | None) -> None:
        """Tell who waits how it went; the next batch goes if somebody waits for it.

        After a failure what is kept waits for the next commit, or for somebody who asks after the journal's health.
        """
        flushing, self._flushing = self._flushing, None
        if failure is None:
            self.failure = None
        else:
            failure = self._failed(batch, failure)
        for waiter in batch.waiters:
            if waiter.done():  # its request was cancelled
                continue
            if failure is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(failure)
        if flushing is not None:
            flushing.set_result(None)
        if self._batch.waiters:
            asyncio.get_running_loop().call_soon(self._start_flush)
        elif self._batch.noted and failure is None:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flushing is None and self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(NOTE_DELAY_S, self._flush_noted)

    def _flush_noted(self) -> None:
        self._soon = None
        self._start_flush()

    def _failed(self, batch: _Batch, failure: BaseException) -> JournalUnavailable:
        self.failure = (isinstance(failure, OSError) and failure.strerror) or type(failure).__name__
        kept = [*batch.noted, *self._batch.noted]
        self._batch.noted = kept[:MAX_KEPT]
        lost = len(kept) - len(self._batch.noted)
        self._metrics.count("facegate_audit_failures_total", by=len(batch.committed) + lost)
        return JournalUnavailable(f"the journal cannot be written: {self.failure}")

    async def healthy(self) -> bool:
        """Whether the journal takes records. After a failure it is tried anew, so that it can recover by itself."""
        if self.failure is None:
            return True
        try:
            if self._durability == "write":
                self._probe()
            else:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._probe)
        except OSError as failure:
            self.failure = failure.strerror or str(failure)
            return False
        with contextlib.suppress(JournalUnavailable):
            await self._commit()
        return self.failure is None

    def _probe(self) -> None:
        """See whether there is room for records, and leave the file as it was. Raises OSError."""
        self._write(b"\n" * _PROBE)
        self._cut_off(_PROBE)

    async def close(self) -> None:
        """Write what is left and close the file."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self._batch.noted:
            with contextlib.suppress(JournalUnavailable):
                await self._commit()
        while self._flushing is not None:
            await asyncio.wait([self._flushing])
        self._thread.shutdown(wait=True)
        os.close(self._file)
