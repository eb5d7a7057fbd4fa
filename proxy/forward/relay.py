"""The service's reply on its way back: every piece as it arrives, nothing held but what has to be learned from first."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import Final, Protocol

import aiohttp
from aiohttp import HttpVersion11, hdrs, web

from proxy.errors import UpstreamTimeout, UpstreamUnreachable, UpstreamUnreadable
from proxy.forward.client import Reply
from proxy.forward.headers import lines, to_caller

SERVER = "facegate"

_BODILESS: Final = frozenset({204, 304})


class CallerGone(Exception):
    """The caller closed the connection while the reply was on its way."""


@dataclass(slots=True)
class Relayed:
    """What has gone back so far. `first_byte` is a reading of the monotonic clock in seconds, 0 before the first byte."""

    status: int = 0
    request_id: str = ""
    bytes_out: int = 0
    first_byte: float = 0.0
    begun: bool = False


class Ears(Protocol):
    """Hears a reply on its way, and lets its pieces go on when it has done with them."""

    async def hear(self, piece: bytes) -> bytes:
        """What may go on now, of this piece and what was held back before it."""

    async def end(self) -> bytes:
        """What was held back, once the reply is whole."""


async def relay(
    reply: Reply,
    request: web.BaseRequest,
    extra: Sequence[tuple[str, str]],
    relayed: Relayed,
    ears: Ears | None = None,
) -> web.StreamResponse:
    """Pass `reply` to the caller with the headers `extra`, keeping account in `relayed`; `ears` hear it first.

    Raises UpstreamError when the service breaks off (what has gone out by then cannot be taken back, so the caller's
    connection has to be cut), and CallerGone when the caller does.
    """
    if reply.whole:
        body = await reply.read()
        if ears is not None:
            body = await ears.hear(body) + await ears.end()
        return await relay_whole(reply, request, extra, relayed, body)
    response = _reply_of(reply, extra, web.StreamResponse(), relayed)
    try:
        await response.prepare(request)
        relayed.begun = True
        with _ended_by_connection(reply):
            await _pass_on(reply, response, relayed, ears)
        await response.write_eof()
    except OSError as failure:  # of the caller's connection; the service's failures come as UpstreamError
        raise CallerGone from failure
    return response


async def relay_whole(
    reply: Reply, request: web.BaseRequest, extra: Sequence[tuple[str, str]], relayed: Relayed, body: bytes
) -> web.StreamResponse:
    """As `relay`, with `body` in place of what the reply holds: head and body leave together, in one write."""
    plain = request.version == HttpVersion11 and request.method != hdrs.METH_HEAD and reply.status not in _BODILESS
    send = _sent if plain else _answered
    try:
        return await send(reply, request, extra, relayed, body)
    except OSError as failure:
        raise CallerGone from failure


async def _answered(
    reply: Reply, request: web.BaseRequest, extra: Sequence[tuple[str, str]], relayed: Relayed, body: bytes
) -> web.StreamResponse:
    response = _reply_of(reply, extra, web.Response(body=body), relayed)
    await response.prepare(request)
    relayed.begun = True
    relayed.first_byte = time.monotonic()
    relayed.bytes_out = response.content_length or 0
    await response.write_eof()
    return response


async def _sent(
    reply: Reply, request: web.BaseRequest, extra: Sequence[tuple[str, str]], relayed: Relayed, body: bytes
) -> web.StreamResponse:
    """As `_answered`, where nothing but a length has to be said of the body: aiohttp's response takes three times as long."""
    goes_on = request.keep_alive
    own = [*extra, ("Content-Length", str(len(body))), ("Date", _date(int(time.time()))), ("Server", SERVER)]
    if not goes_on:
        own.append(("Connection", "close"))
    _note(reply, relayed)
    data = _bytes(reply, own, body)
    relayed.begun = True
    relayed.first_byte = time.monotonic()
    await request.writer.write(data)
    relayed.bytes_out = len(body)
    return _KEPT if goes_on else _CLOSED


class _Sent(web.StreamResponse):
    """Stands for a reply that is out already: all that the server still asks of it is whether the connection goes on."""

    def __init__(self, *, goes_on: bool) -> None:
        super().__init__()
        self._goes_on = goes_on

    @property
    def keep_alive(self) -> bool:
        """Whether the caller's connection may carry another request."""
        return self._goes_on

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing is left to be sent."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be sent."""


_KEPT: Final = _Sent(goes_on=True)
_CLOSED: Final = _Sent(goes_on=False)


def _bytes(reply: Reply, own: list[tuple[str, str]], body: bytes) -> bytes:
    headers = to_caller(reply.headers.items())
    types = [pair for pair in headers if pair[0] == "content-type"]
    if len(types) > 1:  # the first one counts
        headers = [pair for pair in headers if pair[0] != "content-type" or pair is types[0]]
    elif body and not types:
        headers.append(("content-type", "application/octet-stream"))
    reason = reply.reason if reply.reason.isprintable() else ""
    head = f"HTTP/1.1 {reply.status} {reason}\r\n{lines(headers + own)}\r\n"
    return head.encode("utf-8", "surrogateescape") + body  # as aiohttp's parser decoded it


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


async def read_whole(reply: Reply, limit: int, take: Callable[[int], None]) -> bytes:
    """The whole reply. `take` is told the size of each piece before the next one is read.

    Raises UpstreamError: UpstreamUnreadable where it is coded, or larger than `limit` bytes; and whatever `take` raises.
    """
    if reply.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise UpstreamUnreadable("the service sent a reply in a coding that it was not asked for")
    pieces: list[bytes] = []
    size = 0
    with _ended_by_connection(reply):
        while piece := await _next(reply):
            pieces.append(piece)
            size += len(piece)
            take(len(piece))
            if size > limit:
                raise UpstreamUnreadable("the service's reply is too large to be read here")
    return b"".join(pieces)


async def _pass_on(reply: Reply, response: web.StreamResponse, relayed: Relayed, ears: Ears | None) -> None:
    while piece := await _next(reply):
        await _write(response, relayed, piece if ears is None else await ears.hear(piece))
    if ears is not None:
        await _write(response, relayed, await ears.end())


async def _write(response: web.StreamResponse, relayed: Relayed, piece: bytes) -> None:
    if not piece:
        return
    if not relayed.first_byte:
        relayed.first_byte = time.monotonic()
    await response.write(piece)
    relayed.bytes_out += len(piece)


@contextmanager
def _ended_by_connection(reply: Reply) -> Iterator[None]:
    """See to it that reading the reply fails when its connection ends before it.

    aiohttp closes the connection when a chunk is malformed, and lets whoever reads wait for ever.
    """
    content, protocol = reply.content, reply.connection.protocol if reply.connection is not None else None
    closed = protocol.closed if protocol is not None else None

    def end(_: object = None) -> None:
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection ended within the reply"))

    if closed is None:  # it has ended already, or the reply has
        end()
        yield
        return
    closed.remove_done_callback(_heard)  # the connection may have carried other replies
    closed.add_done_callback(_heard)
    closed.add_done_callback(end)
    try:
        yield
    finally:
        closed.remove_done_callback(end)


def _heard(closed: "asyncio.Future[None]") -> None:
    """Take note of how a connection ended, so that asyncio does not report it as unheard."""
    if not closed.cancelled():
        closed.exception()


def _reply_of(
    reply: Reply, extra: Sequence[tuple[str, str]], response: web.StreamResponse, relayed: Relayed
) -> web.StreamResponse:
    """`response` with the head that the caller is to see; noted in `relayed`."""
    _note(reply, relayed)
    response.set_status(reply.status, reply.reason)
    for name, value in to_caller(reply.headers.items()):
        if name != "content-type" or name not in response.headers:
            response.headers.add(name, value)
    for name, value in extra:
        response.headers[name] = value
    response.headers[hdrs.SERVER] = SERVER
    if reply.content_length is not None and not isinstance(response, web.Response):
        response.content_length = reply.content_length
    return response


def _note(reply: Reply, relayed: Relayed) -> None:
    relayed.status = reply.status
    relayed.request_id = reply.headers.get("apim-request-id", reply.headers.get("x-request-id", ""))


async def _next(reply: Reply) -> bytes:
    """The next piece of the reply, as the socket gave it; empty at the end."""
    try:
        return await reply.content.readany()
    except TimeoutError as failure:
        raise UpstreamTimeout("the service fell silent within its reply") from failure
    except (aiohttp.ClientError, OSError) as failure:
        raise UpstreamUnreachable("the service broke off its reply") from failure
