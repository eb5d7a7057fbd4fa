"""The data port: aiohttp's low-level server with our limits, and a record also of what it cannot parse."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage

from proxy.errors import BadRequest, RequestError, Unavailable
from proxy.exchange import Inbound
from proxy.serve.log import where_of
from proxy.settings import Limits

log = structlog.get_logger("facegate")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
OnMalformed = Callable[[web.BaseRequest, RequestError], web.Response]

LINGER_S: Final = 2.0
"""Seconds that the rest of a refused body may go on arriving before the connection is closed."""

KEEP_ALIVE_S: Final = 75.0
"""Seconds that an idle connection is kept."""

MAX_HEADERS: Final = 100


class Connection(web.RequestHandler):
    """One connection. What the HTTP parser refuses gets the same envelope and the same record as everything else."""

    __slots__ = ("_deadline", "_header_timeout", "_latest", "_on_malformed")

    def __init__(self, server: "DataServer", loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=KEEP_ALIVE_S,
            access_log=None,  # type: ignore[arg-type] # None means none
            max_line_size=limits.header_bytes,
            max_field_size=limits.header_bytes,
            max_headers=MAX_HEADERS,
            lingering_time=LINGER_S,
            auto_decompress=False,
        )
        self._on_malformed = server.on_malformed
        self._header_timeout = limits.header_timeout_s
        self._deadline: asyncio.TimerHandle | None = None
        self._latest: StreamReader | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give a new connection its time for the first headers."""
        super().connection_made(transport)
        self._deadline = self._loop.call_later(self._header_timeout, self._first_headers_due)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the deadline with the connection."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came. Where a body breaks that is being read, its reader is told, and nothing after it is.

        aiohttp takes what it cannot parse for a next request, for which the reader of the body would wait in vain.
        """
        super().data_received(data)
        if not self._messages:
            return
        message, body = self._messages[-1]
        if isinstance(message, RawRequestMessage):
            self._latest = body
        elif self._latest is not None and not self._latest.is_eof():
            self._messages.pop()
            self._latest.set_exception(web.RequestPayloadError("the framing is malformed"))
            self._latest.feed_eof()
            self.close()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send what is left of the reply. From here on nobody reads the body."""
        if self._latest is request.content:
            self._latest = None
        return await super().finish_response(request, resp, start_time)

    def _first_headers_due(self) -> None:
        if self._request_count == 0:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP as we read it; called by aiohttp for parse errors, and for what escaped a handler."""
        server_error = status >= 500  # noqa: PLR2004 - the 5xx class
        if server_error and exc is not None:
            log.error("crash", error=type(exc).__name__, where=where_of(exc))
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the reply is out already")
        del exc, message  # may quote what came in
        error: RequestError
        if server_error:
            error = Unavailable("the request could not be handled")
        else:
            error = BadRequest(
                "the request is not well-formed HTTP/1.1 (its request line, a header, or its framing), or a header is too large"
            )
        response = self._on_malformed(request, error)
        response.force_close()
        return response


class DataServer(web.Server):
    """Makes the connections of the data port; a caller that disconnects cancels its handler."""

    def __init__(self, handler: Handler, on_malformed: OnMalformed, limits: Limits) -> None:
        super().__init__(handler, handler_cancellation=True)
        self.on_malformed = on_malformed
        self._limits = limits

    def __call__(self) -> Connection:
        """A protocol for one new connection."""
        return Connection(self, self._loop, self._limits)


def refuse_transfer_tricks(inbound: Inbound) -> None:
    """Refuse framing that another parser might read in another way.

    Raises BadRequest for Transfer-Encoding together with Content-Length, any coding but `chunked`, repeated
    Content-Length or Host.
    """
    coding = inbound.header_values("transfer-encoding")
    lengths = inbound.header_values("content-length")
    if coding and lengths:
        raise BadRequest("both Transfer-Encoding and Content-Length are given")
    if coding and [one.strip().lower() for one in coding] != ["chunked"]:
        raise BadRequest("the only transfer coding that is read is `chunked`")
    if len(lengths) > 1 or len(inbound.header_values("host")) > 1:
        raise BadRequest("Content-Length or Host is given twice")
