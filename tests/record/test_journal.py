"""The journal: on the disk before anybody goes on, whole lines only, nothing but allowed fields, and honest about failure."""

import asyncio
import fcntl
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import orjson
import pytest

from proxy.exchange import Receipt
from proxy.record import journal as module
from proxy.record.entry import Record
from proxy.record.journal import Journal, JournalUnavailable
from proxy.record.metrics import Metrics

DURABILITIES: tuple[Literal["fsync", "write"], ...] = ("fsync", "write")


def record(name: str, kind: str = "decision", **fields: object) -> Record:
    """A record called `name`."""
    return Record(kind, name, {"kind": kind, "decision_id": name, **fields})


def ids(folder: Path) -> list[str]:
    """The ids of the records on the disk, in order."""
    return [orjson.loads(line)["decision_id"] for line in (folder / "journal.jsonl").read_bytes().splitlines() if line]


@contextmanager
def full_disk(journal: Journal, spare: int = 0) -> Iterator[None]:
    """No file of this process may grow beyond the journal's present size and `spare` bytes: what a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + spare, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_a_commit_returns_when_the_line_is_in_the_file(
    tmp_path: Path, durability: Literal["fsync", "write"]
) -> None:
    """The receipt names the decision, and the line is there by then."""
    journal = Journal(tmp_path, durability, Metrics())
    assert await journal.commit(record("one")) == Receipt("one")
    assert ids(tmp_path) == ["one"]
    journal.note(record("one", "outcome"))
    await journal.close()
    assert ids(tmp_path) == ["one", "one"]


async def test_fields_that_are_not_allowed_are_dropped(tmp_path: Path) -> None:
    """Content has no way into the journal, even where somebody puts it into a record."""
    journal = Journal(tmp_path, "fsync", Metrics())
    await journal.commit(record("one", prompt="who is this?", body={"messages": []}, status=200))
    await journal.close()
    assert orjson.loads(journal.path.read_bytes()) == {"kind": "decision", "decision_id": "one", "status": 200}


async def test_commits_share_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many commits at once all are on the disk in order, with a few syncs."""
    syncs = 0
    real = module.os.write

    def counted(file: int, data: bytes) -> int:
        nonlocal syncs
        syncs += 1
        return real(file, data)

    monkeypatch.setattr(module.os, "write", counted)
    journal = Journal(tmp_path, "fsync", Metrics())
    await asyncio.gather(*(journal.commit(record(f"n{number:03}")) for number in range(200)))
    await journal.close()
    assert ids(tmp_path) == [f"n{number:03}" for number in range(200)]
    assert 1 <= syncs <= 5


async def test_what_is_written_is_on_the_disk(tmp_path: Path) -> None:
    """With `fsync` each write returns when the disk has it; with `write`, when the system does."""
    flags = {}
    for durability in DURABILITIES:
        journal = Journal(tmp_path / durability, durability, Metrics())
        flags[durability] = bool(fcntl.fcntl(journal._file, fcntl.F_GETFL) & os.O_DSYNC)
        await journal.close()
    assert flags == {"fsync": True, "write": False}


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_a_full_disk_fails_the_commit_and_leaves_whole_lines(
    tmp_path: Path, durability: Literal["fsync", "write"]
) -> None:
    """What a full disk took of a line is cut off again; when there is room, the journal goes on by itself."""
    metrics = Metrics()
    journal = Journal(tmp_path, durability, metrics)
    await journal.commit(record("before"))
    with full_disk(journal, spare=10):
        with pytest.raises(JournalUnavailable, match="cannot be written"):
            await journal.commit(record("lost"))
        assert journal.failure is not None
        assert not await journal.healthy()
        journal.note(record("kept", "outcome"))
        assert ids(tmp_path) == ["before"]
    assert metrics.value("facegate_audit_failures_total") == 1
    assert await journal.healthy()
    await journal.commit(record("after"))
    await journal.close()
    assert ids(tmp_path) == ["before", "kept", "after"]


async def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that stays full keeps so many records without a waiter, and counts the rest as failures."""
    monkeypatch.setattr(module, "MAX_KEPT", 3)
    metrics = Metrics()
    journal = Journal(tmp_path, "fsync", metrics)
    await journal.commit(record("first"))
    with full_disk(journal):
        with pytest.raises(JournalUnavailable):
            await journal.commit(record("refused"))
        for number in range(5):
            journal.note(record(f"kept{number}", "outcome"))
    await journal.commit(record("last"))
    await journal.close()
    assert ids(tmp_path) == ["first", "kept0", "kept1", "kept2", "last"]
    assert metrics.value("facegate_audit_failures_total") == 1 + 2


async def test_a_commit_whose_waiter_is_gone_is_still_written(tmp_path: Path) -> None:
    """Cancelling the request does not take its record back."""
    journal = Journal(tmp_path, "fsync", Metrics())
    waiting = asyncio.ensure_future(journal.commit(record("one")))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await journal.close()
    assert ids(tmp_path) == ["one"]


async def test_a_torn_last_line_is_ended(tmp_path: Path) -> None:
    """After a crash in the middle of a line, the next record starts on a line of its own."""
    (tmp_path / "journal.jsonl").write_bytes(b'{"decision_id":"old"}\n{"decis')
    journal = Journal(tmp_path, "fsync", Metrics())
    await journal.commit(record("new"))
    await journal.close()
    lines = journal.path.read_bytes().splitlines()
    assert lines[1] == b'{"decis'
    assert orjson.loads(lines[2])["decision_id"] == "new"


async def test_one_process_writes(tmp_path: Path) -> None:
    """A second journal in the same folder is refused while the first is open."""
    journal = Journal(tmp_path, "fsync", Metrics())
    with pytest.raises(JournalUnavailable, match="in use by another process"):
        Journal(tmp_path, "fsync", Metrics())
    await journal.close()
    await Journal(tmp_path, "fsync", Metrics()).close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The error names the folder."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalUnavailable, match="file/audit"):
        Journal(tmp_path / "file" / "audit", "fsync", Metrics())
