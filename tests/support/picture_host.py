"""A host of pictures on a loopback address, with bytes of a test's choice for each path; with or without TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from support.programs import require_program, run

Answer: TypeAlias = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""The whole of a reply, or what writes one. The connection is closed after it."""

NOT_FOUND: Final = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass
class PictureHost:
    """A running host: what it answers by path, and what came over how many connections."""

    answers: Mapping[str, Answer]
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [request.split(b" ", 2)[1].decode() for request in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            answer = self.answers.get(self.paths[-1], NOT_FOUND)
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            self.left.set()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _stop(self) -> None:
        for task in (waiting := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def ok(body: bytes, *headers: str, declared: str = "image/png") -> bytes:
    """A reply of status 200 with a body, its type and length, and more headers."""
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {declared}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def moved(to: str, status: int = 302, *headers: str) -> bytes:
    """A redirect."""
    lines = [f"HTTP/1.1 {status} Moved", f"Location: {to}", "Content-Length: 0", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@asynccontextmanager
async def picture_host(
    answers: Mapping[str, Answer], address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[PictureHost]:
    """A host on `port` (0: a free one) of a loopback address."""
    host = PictureHost(answers)
    server = await asyncio.start_server(host._serve, address, port, ssl=tls)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        await host._stop()


@dataclass(frozen=True)
class Certificate:
    """A certificate that is its own authority, with its key, in files."""

    certificate: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """What a host presents."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        """What a client trusts: this authority and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))


def certificate(folder: Path, *names: str) -> Certificate:
    """A fresh certificate for these names, valid for a day."""
    found = Certificate(folder / f"{names[0]}.pem", folder / f"{names[0]}.key")
    alternatives = ",".join(f"DNS:{name}" for name in names)
    status, said = run(
        require_program("openssl", "openssl"),
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"),
        *("-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}"),
        *("-keyout", found.key, "-out", found.certificate),
    )
    assert status == 0, said
    return found
