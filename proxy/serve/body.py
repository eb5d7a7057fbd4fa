"""Reading a request's body: bounded in size, in time, and in what all bodies together may hold in memory."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from aiohttp import StreamReader, web

from proxy.errors import BadRequest, TooLarge, TooSlow, Unavailable
from proxy.settings import Limits

SMALL: Final = 64 * 1024
"""Bytes of a body that may always be read, whatever the larger ones hold."""


@dataclass(slots=True)
class InFlight:
    """Bytes of bodies that are in memory now, against the limit for all of them; and how many requests are being served."""

    limit: int
    held: int = 0
    requests: int = 0

    def take(self, size: int, had: int) -> None:
        """Account for `size` more bytes of a body that holds `had` already. Raises Unavailable over the limit."""
        if had + size > SMALL and self.held + size > self.limit:
            raise Unavailable("too many large requests at once; try again shortly")
        self.held += size

    def release(self, size: int) -> None:
        """Give `size` bytes back."""
        self.held -= size


async def read_body(request: web.BaseRequest, limits: Limits, in_flight: InFlight) -> list[bytes]:
    """The whole body in the pieces in which it came, content codings not undone. Its size is then held in `in_flight`.

    Joining megabytes takes milliseconds, so that is left to whoever has them.
    Raises TooLarge before reading where the length is announced, TooSlow, BadRequest for broken chunks, Unavailable
    when memory is short. Holds nothing when it raises.
    """
    content = request.content
    if content.is_eof() and not content.exception():  # the common case: a small body came with its headers
        return _all_of(content.read_nowait(), limits.body_bytes, in_flight)
    announced = request.content_length
    if announced is not None and announced > limits.body_bytes:
        raise _too_large(limits.body_bytes)
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _Body(limits.body_bytes, in_flight)
    try:
        await _fill(body, content, limits)
    except BaseException:  # a cancellation too: what is not handed over is not held
        in_flight.release(body.size)
        raise
    return body.pieces


def _all_of(body: bytes, limit: int, in_flight: InFlight) -> list[bytes]:
    if len(body) > limit:
        raise _too_large(limit)
    in_flight.take(len(body), 0)
    return [body] if body else []


@dataclass(slots=True)
class _Body:
    limit: int
    in_flight: InFlight
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, piece: bytes) -> None:
        if self.size + len(piece) > self.limit:
            raise _too_large(self.limit)
        self.in_flight.take(len(piece), self.size)
        self.size += len(piece)
        self.pieces.append(piece)


async def _fill(body: _Body, content: StreamReader, limits: Limits) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.body_timeout_s
    try:
        async with asyncio.timeout_at(min(end, loop.time() + limits.idle_timeout_s)) as timer:
            while piece := await content.readany():
                body.add(piece)
                timer.reschedule(min(end, loop.time() + limits.idle_timeout_s))
    except TimeoutError as failure:
        raise TooSlow("the body did not arrive in time") from failure
    except (web.RequestPayloadError, OSError, ValueError) as failure:
        raise BadRequest("the body is broken: its transfer coding is malformed, or it ended early") from failure


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes")
