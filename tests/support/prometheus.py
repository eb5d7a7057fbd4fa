"""A real Prometheus that scrapes what a test runs."""

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from support.programs import require_program

_LISTENS = re.compile(rb'msg="Listening on".* address=(\S+)')


@dataclass
class Prometheus:
    """A running Prometheus."""

    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str, **parameters: str) -> Any:
        """The data of an API call that must succeed."""
        async with self.session.get(f"{self.url}/api/v1/{path}", params=parameters) as reply:
            answer = await reply.json()
        assert answer["status"] == "success", (path, parameters, answer)
        return answer["data"]

    async def query(self, expr: str) -> list[dict[str, Any]]:
        """What a query gives now: its series, each with `metric` and `value`."""
        found = (await self.get("query", query=expr))["result"]
        assert isinstance(found, list)
        return found

    async def until(self, expr: str) -> None:
        """Wait until a query gives something (20 seconds)."""
        async with asyncio.timeout(20):
            while not await self.query(expr):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[Prometheus]:
    """A Prometheus that keeps its data in `folder` and scrapes `target` (host:port) as the job `facegate`, often."""
    program = require_program("prometheus", "prometheus")
    configuration = folder / "prometheus.yaml"
    job = {"job_name": "facegate", "scrape_interval": "100ms", "static_configs": [{"targets": [target]}]}
    configuration.write_bytes(orjson.dumps({"scrape_configs": [job]}))  # JSON is YAML
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'series'}",
        "--web.listen-address=127.0.0.1:0",
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        assert process.stderr is not None
        address = await _address(process.stderr)
        drained = asyncio.ensure_future(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            yield Prometheus(f"http://{address}", session)
    finally:
        process.kill()
        await process.wait()
    await drained


async def _address(log: asyncio.StreamReader) -> str:
    async with asyncio.timeout(20):
        while line := await log.readline():
            if found := _LISTENS.search(line):
                return found[1].decode()
    raise AssertionError("Prometheus did not start")
