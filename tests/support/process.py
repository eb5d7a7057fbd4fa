"""`facegate serve` as a process of its own, with the service behind it in the test's loop."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from support.commands import few_words
from support.gate import register_with_keys, settings_for, write_settings

from proxy.settings import Secret

START_S = 60.0
"""Seconds within which a process must be serving, on a machine that is busy with other tests."""


@dataclass
class Process:
    """A running process and its files."""

    process: asyncio.subprocess.Process
    folder: Path

    def log(self) -> list[dict[str, Any]]:
        """The whole lines of the log; each must be a JSON object."""
        text = (self.folder / "log").read_bytes()
        return [orjson.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]

    async def event(self, name: str) -> dict[str, Any]:
        """The first line of the log with this event, once it is there."""
        async with asyncio.timeout(START_S):
            while not (found := [line for line in self.log() if line["event"] == name]):
                assert self.process.returncode is None, (self.folder / "log").read_text(encoding="utf-8")
                await asyncio.sleep(0.02)
        return found[0]

    async def url(self, port: str = "data_port") -> str:
        """Base URL of a port."""
        return f"http://127.0.0.1:{(await self.event('serving'))[port]}"

    @property
    def journal(self) -> Path:
        """The journal file."""
        return self.folder / "audit" / "journal.jsonl"

    def records(self, kind: str) -> list[dict[str, Any]]:
        """The records of a kind that can be read from the journal; lines that are no JSON are left out."""
        found = []
        for line in self.journal.read_bytes().splitlines():
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            found.append(record)
        return [record for record in found if record["kind"] == kind]

    async def ended(self) -> int:
        """The exit status, once it has ended."""
        async with asyncio.timeout(START_S):
            return await self.process.wait()


def configured(folder: Path, upstream: str, /, **changes: Any) -> Path:
    """The settings file of a proxy that keeps its files in `folder` and knows few words; `changes` as those of `gate`."""
    register_with_keys(folder)
    (folder / "digest.key").write_text("a key of the test's own", encoding="utf-8")
    audit = {"digest_key": Secret(file="digest.key"), **changes.pop("audit", {})}
    path = folder / "proxy.yaml"
    write_settings(path, settings_for(folder, upstream, {"audit": audit, "lexicons": few_words(folder), **changes}))
    return path


@asynccontextmanager
async def serving(settings: Path) -> AsyncIterator[Process]:
    """`facegate serve` with these settings. It is killed at the end, if it still runs."""
    with (settings.parent / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "proxy", "serve", "--config", str(settings), stderr=log, start_new_session=True
        )
    try:
        yield Process(process, settings.parent)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def facegate(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a command to its end: exit status, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "proxy",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    async with asyncio.timeout(START_S):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode("utf-8"), err.decode("utf-8")
