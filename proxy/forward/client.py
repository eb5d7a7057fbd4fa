"""One request over a pooled connection: written in one piece, its reply given as soon as it has begun.

aiohttp's own parts do the work: its connector (names, TLS, the pool), its connection with its timeouts, its parser. What its
`ClientSession` puts around them (redirects, cookies, proxies, tracing, sending again) must not happen here, and costs more than
they do.
"""

import asyncio
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, StreamWriter
from aiohttp.tracing import Trace
from multidict import CIMultiDictProxy
from yarl import URL

from proxy.forward.interim import DirectConnector

MAX_REPLY_HEADER: Final = 32 * 1024

_ONE_WRITE: Final = 256 * 1024
"""Bytes handed to the socket at a time, so that a large body does not hold up the event loop."""

_SWITCHING: Final = 101

Body = Sequence[bytes | memoryview]


class Waits(Protocol):
    """How long to wait, in seconds, and how many connections to hold."""

    @property
    def connect_timeout_s(self) -> float:
        """For a connection."""

    @property
    def read_timeout_s(self) -> float:
        """For the reply to begin, and for each piece of it."""

    @property
    def connections(self) -> int:
        """At most so many."""


class _Connector(DirectConnector):
    """A pool that gives out no connection on which something arrived after the last reply.

    Such bytes would be taken for the reply to the next request, which may be another tenant's.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> Connection:
        """A connection that is silent. Raises ClientConnectionError when there is none."""
        for _ in range(self.limit + 1):  # all that are kept, and a fresh one
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or not protocol.should_close:
                return connection
            connection.close()
        raise aiohttp.ClientConnectionError("the service speaks before it is asked")


class Reply:
    """A reply that has begun; a context manager, and leaving its block early closes the connection.

    `whole` says that all of the body came with the head (the connection is then free for others).
    """

    __slots__ = ("_sending", "connection", "content", "headers", "reason", "status", "whole")

    def __init__(self, connection: Connection, sending: "asyncio.Task[None] | None") -> None:
        self.connection: Connection | None = connection
        self._sending = sending
        self.status = 0
        self.reason = ""
        self.headers: CIMultiDictProxy[str]
        self.content: aiohttp.StreamReader
        self.whole = False

    async def begin(self, protocol: ResponseHandler) -> None:
        """Wait for the head."""
        message, content = await protocol.read()
        while 100 <= message.code < 200 and message.code != _SWITCHING:  # noqa: PLR2004 - interim replies
            message, content = await protocol.read()
        self.status, self.reason, self.headers, self.content = message.code, message.reason, message.headers, content
        self.whole = content.is_eof() and content.exception() is None
        if self.whole:
            self.release()

    @property
    def content_length(self) -> int | None:
        """The length that the head announces."""
        length = self.headers.get(hdrs.CONTENT_LENGTH)
        return None if length is None else int(length)

    @property
    def content_type(self) -> str:
        """The media type that the head tells, without parameters."""
        return self.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream").partition(";")[0].strip().lower()

    async def read(self) -> bytes:
        """All of the body."""
        return self.content.read_nowait() if self.whole else await self.content.read()

    def release(self) -> None:
        """Give the connection to others, or close it when the request or its reply is not at its end."""
        connection, self.connection = self.connection, None
        if connection is None:
            return
        if self._sending is not None and not self._sending.done():
            self._sending.cancel()
            connection.close()
        else:
            connection.release()

    def close(self) -> None:
        """Close the connection."""
        connection, self.connection = self.connection, None
        if self._sending is not None:
            self._sending.cancel()
        if connection is not None:
            connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Client:
    """Asks one origin. Made and closed inside the running loop."""

    def __init__(self, base: URL, waits: Waits) -> None:
        self._loop = asyncio.get_running_loop()
        self._there = aiohttp.ClientRequest(hdrs.METH_GET, base, loop=self._loop)  # says where to connect, and no more
        self.connector = _Connector(limit=waits.connections, keepalive_timeout=60.0)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=waits.connect_timeout_s)
        self._silence_s = waits.read_timeout_s
        self.host = self._there.headers[hdrs.HOST]

    async def ask(self, head: bytes, body: Body) -> Reply:
        """Send a request whose head is `head`, and wait for the reply to begin. It is sent once, whatever happens.

        Raises TimeoutError, aiohttp.ClientError or OSError.
        """
        connection = await self.connector.connect(self._there, [], self._timeout)
        protocol = connection.protocol
        assert protocol is not None  # noqa: S101 - a connection that was just given out
        reply = None
        try:
            protocol.set_response_params(
                read_until_eof=True,
                auto_decompress=False,
                read_timeout=self._silence_s,
                max_line_size=MAX_REPLY_HEADER,
                max_field_size=MAX_REPLY_HEADER,
            )
            reply = Reply(connection, self._sent(protocol, head, body))
            await reply.begin(protocol)
        except HttpProcessingError as failure:
            raise aiohttp.ClientPayloadError("the reply is not HTTP") from failure
        finally:
            if reply is None:
                connection.close()
            elif reply.status == 0:
                reply.close()
        return reply

    def _sent(self, protocol: ResponseHandler, head: bytes, body: Body) -> "asyncio.Task[None] | None":
        """Send what is small at once; what is large goes beside the waiting for the reply, which may come before its end."""
        if len(body) <= 1 and sum(map(len, body)) <= _ONE_WRITE:
            if protocol.transport is None or protocol.transport.is_closing():
                raise aiohttp.ClientConnectionError("the connection ended before anything was sent")
            protocol.transport.write(b"".join([head, *body]))
            protocol.start_timeout()
            return None
        return self._loop.create_task(_poured(protocol, StreamWriter(protocol, self._loop), head, body))

    async def close(self) -> None:
        """Close all connections."""
        await self.connector.close()


async def _poured(protocol: ResponseHandler, writer: StreamWriter, head: bytes, body: Body) -> None:
    """Send all of a request. Whoever waits for its reply learns when that fails."""
    try:
        await writer.write(head)
        for piece in _pieces(body):
            await writer.write(piece)
    except OSError as failure:
        protocol.set_exception(failure)
    else:
        protocol.start_timeout()


def _pieces(body: Body) -> Iterator[bytes | memoryview]:
    for chunk in body:
        view = memoryview(chunk)
        for start in range(0, len(view), _ONE_WRITE):
            yield view[start : start + _ONE_WRITE]
