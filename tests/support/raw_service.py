"""A service that answers with bytes of a test's choice: replies that no web framework would send."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[int, asyncio.StreamWriter], Awaitable[None]]
"""Answers a request, given its number (1 for the first) and where to write. A closed writer ends the connection."""


@dataclass
class RawService:
    """A running service: the requests that came, whole, as bytes, and over how many connections."""

    answer: Answer
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                self.requests.append(head + await reader.readexactly(int(length[1]) if length else 0))
                await self.answer(len(self.requests), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _stop(self) -> None:
        for task in (waiting := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def says(*pieces: bytes, close: bool = False) -> Answer:
    """An answer in these pieces, each a write of its own, the same for every request; then hang up where `close`."""

    async def answer(_: int, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        if close:
            writer.close()

    return answer


@asynccontextmanager
async def raw_service(answer: Answer) -> AsyncIterator[RawService]:
    """A service on a free loopback port."""
    service = RawService(answer)
    server = await asyncio.start_server(service._serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        await service._stop()
