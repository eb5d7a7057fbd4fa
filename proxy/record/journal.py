"""The journal: one JSON object a line, written before anything is forwarded. The only maker of receipts."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
import structlog

from proxy.errors import FacegateError
from proxy.exchange import Receipt
from proxy.record.entry import ALLOWED, Record
from proxy.record.metrics import Metrics


class JournalUnavailable(FacegateError):
    """The journal cannot take a record now, so nothing may be forwarded."""


@dataclass(slots=True)
class _Batch:
    """Lines that go to the disk together, and who waits for it."""

    lines: list[bytes] = field(default_factory=list)
    done: "asyncio.Future[None] | None" = None


class _Sink:
    """Where structlog delivers a rendered line: the batch that is being filled."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal

    def msg(self, line: bytes) -> None:
        self._journal.take(line)


def _only_allowed(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every field that is not on the allow-list of `record.entry`: content has no way into the journal."""
    return {name: value for name, value in event.items() if name in ALLOWED}


def _render(_: object, __: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


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
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._heal()
        except BlockingIOError as failure:
            raise JournalUnavailable(f"the journal in {folder} is in use by another process") from failure
        except OSError as failure:
            raise JournalUnavailable(f"the journal in {folder} cannot be written: {failure}") from failure
        self._batch = _Batch()
        self._flushing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "journal")
        self._log = structlog.wrap_logger(
            _Sink(self), processors=[_only_allowed, _render], wrapper_class=structlog.BoundLoggerBase
        )

    def _heal(self) -> None:
        """End a line that a crash tore, so that the next record starts on a line of its own."""
        size = os.fstat(self._file).st_size
        if size:
            with self.path.open("rb") as file:
                file.seek(size - 1)
                torn = file.read(1) != b"\n"
            if torn:
                os.write(self._file, b"\n")

    def take(self, line: bytes) -> None:
        """Put a rendered line into the batch that is being filled."""
        self._batch.lines.append(line)

    async def commit(self, record: Record) -> Receipt:
        """Write a decision record. Raises JournalUnavailable when it could not be written as durably as asked."""
        self._emit(record)
        await self._commit()
        self._metrics.count("facegate_audit_records_total", record.kind)
        return Receipt(record.decision_id)

    async def _commit(self) -> None:
        if self._durability == "write":
            self._write_now()
        else:
            await self._synced()

    def note(self, record: Record) -> None:
        """Write a record that nothing waits for (an outcome); a failure is counted and shows in the readiness."""
        self._emit(record)
        self._metrics.count("facegate_audit_records_total", record.kind)
        if self._durability == "write":
            try:
                self._write_now()
            except JournalUnavailable:
                return
        else:
            self._start_flush()

    def _emit(self, record: Record) -> None:
        self._log._proxy_to_logger("msg", **record.fields)  # noqa: SLF001 - the documented way to add a method

    def _write_now(self) -> None:
        batch, self._batch = self._batch, _Batch()
        try:
            self._append(batch.lines)
        except OSError as failure:
            raise self._failed(len(batch.lines), failure) from failure
        self.failure = None

    def _append(self, lines: list[bytes]) -> None:
        """Write whole lines or none: what a full disk took of them is cut off again (nobody else writes here)."""
        data = b"".join(lines)
        before = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, data)
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, before)
            raise

    async def _synced(self) -> None:
        batch = self._batch
        if batch.done is None:
            batch.done = asyncio.get_running_loop().create_future()
            batch.done.add_done_callback(_seen)
        self._start_flush()
        await asyncio.shield(batch.done)

    def _start_flush(self) -> None:
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        """Write batch after batch until none is left; the next fills while one is on its way to the disk."""
        loop = asyncio.get_running_loop()
        try:
            while self._batch.lines:
                batch, self._batch = self._batch, _Batch()
                try:
                    await loop.run_in_executor(self._thread, self._append_and_sync, batch.lines)
                except OSError as failure:
                    error = self._failed(len(batch.lines), failure)
                    if batch.done is not None:
                        batch.done.set_exception(error)
                else:
                    self.failure = None
                    if batch.done is not None:
                        batch.done.set_result(None)
        finally:
            self._flushing = None

    def _append_and_sync(self, lines: list[bytes]) -> None:
        self._append(lines)
        os.fdatasync(self._file)

    def _failed(self, records: int, failure: OSError) -> JournalUnavailable:
        self.failure = failure.strerror or str(failure)
        self._metrics.count("facegate_audit_failures_total", by=records)
        return JournalUnavailable(f"the journal cannot be written: {self.failure}")

    async def healthy(self) -> bool:
        """Whether the journal takes records. After a failure an empty batch is tried anew, so that it can recover."""
        if self.failure is None:
            return True
        self.take(b"")
        with contextlib.suppress(JournalUnavailable):
            await self._commit()
        return self.failure is None

    async def close(self) -> None:
        """Write what is left and close the file."""
        if self._durability == "fsync":
            self._start_flush()
        while self._flushing is not None:
            await asyncio.shield(self._flushing)
        self._thread.shutdown(wait=True)
        os.close(self._file)


def _seen(done: "asyncio.Future[None]") -> None:
    """Mark a failure as seen also where every waiter was cancelled."""
    if not done.cancelled():
        done.exception()
