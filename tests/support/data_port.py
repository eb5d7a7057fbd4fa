"""A data port alone, over real sockets: the server with its limits, and whatever handler a test gives it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from proxy.errors import RequestError
from proxy.serve.data_port import DataServer, Handler
from proxy.settings import Limits

GIVE_UP_S = 20.0
"""Seconds after which a test that waits has failed."""


@dataclass
class DataPort:
    """A running port: where it listens, and the errors that it answered by itself."""

    port: int = 0
    malformed: list[RequestError] = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to it."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, *pieces: bytes, pause_s: float = 0.0, hang_up: bool = False) -> bytes:
        """All that comes back until the port closes the connection, on which each piece was a write of its own."""
        reader, writer = await self.connect()
        try:
            async with asyncio.timeout(GIVE_UP_S):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause_s)
                if hang_up:
                    writer.write_eof()
                return await reader.read()
        finally:
            writer.close()

    def _refuse(self, _: web.BaseRequest, error: RequestError) -> web.Response:
        self.malformed.append(error)
        return web.Response(status=error.status, text=error.message)


@asynccontextmanager
async def data_port(handler: Handler, limits: Limits | None = None) -> AsyncIterator[DataPort]:
    """A port on the loopback interface that answers with `handler`."""
    running = DataPort()
    server = DataServer(handler, running._refuse, limits or Limits())
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running.port = runner.addresses[0][1]
    try:
        yield running
    finally:
        await runner.cleanup()


def http(*headers: bytes, line: bytes = b"POST /x HTTP/1.1", body: bytes = b"", close: bool = True) -> bytes:
    """A request as bytes; of `Host` and `Connection` nothing is said where `headers` say it."""
    own = [b"Host: p", *([b"Connection: close"] if close else [])]
    said = {header.partition(b":")[0].lower() for header in headers}
    kept = [header for header in own if header.partition(b":")[0].lower() not in said]
    return b"\r\n".join([line, *kept, *headers]) + b"\r\n\r\n" + body


def chunked(*chunks: bytes, end: bool = True) -> bytes:
    """A body in chunks; without `end`, one that is not over yet."""
    pieces: Sequence[bytes] = (*chunks, b"") if end else chunks
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in pieces)
