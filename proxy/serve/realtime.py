"""A realtime session: two sockets, and between them the events of the caller, each judged before it goes on."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import aiohttp
import structlog
from aiohttp import WSMsgType, web

from proxy.admit.register import TenantEntry
from proxy.caller import Caller
from proxy.errors import UpstreamUnreachable
from proxy.forward.relay import SERVER, CallerGone, Relayed
from proxy.forward.upstream import Outgoing
from proxy.forward.websocket import CLOSE_S, PROTOCOL, Came, Declined, Socket, Wishes, came, sendable
from proxy.operation import Called
from proxy.record.entry import Talk
from proxy.record.metrics import Metrics
from proxy.serve.handshake import offers_protocol
from proxy.serve.log import where_of
from proxy.serve.realtime_events import Events, Verdict
from proxy.settings import Realtime

if TYPE_CHECKING:
    from proxy.serve.exchange import Shell

MINUTE_S: Final = 60.0

GOING_AWAY: Final = 1001
NORMAL: Final = 1000
POLICY: Final = 1008
TOO_BIG: Final = 1009
INTERNAL: Final = 1011

_CLASSES: Final = {
    "session.update": "session",
    "transcription_session.update": "session",
    "conversation.item.create": "item",
    "conversation.item.delete": "item",
    "conversation.item.retrieve": "item",
    "conversation.item.truncate": "item",
    "input_audio_buffer.append": "audio",
    "input_audio_buffer.commit": "buffer",
    "input_audio_buffer.clear": "buffer",
    "output_audio_buffer.clear": "buffer",
    "response.create": "response",
    "response.cancel": "response",
}
"""Events by what metrics call them; all others are `other`, and those of the service `service`."""

CallerSocket: TypeAlias = "web.WebSocketResponse[Literal[False]]"

log = structlog.get_logger("facegate")


@dataclass(frozen=True, slots=True)
class End:
    """How a session ends: the word for the record, and code and reason of the closing frame to the caller.

    `service` is the code for the service, where it is another one.
    """

    ended: str
    code: int = NORMAL
    reason: bytes = b""
    service: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a session, with what, and the account that is kept of it."""

    request: web.BaseRequest
    headers: Sequence[tuple[str, str]]
    caller: Caller
    called: Called
    tenant: TenantEntry
    decision_id: str
    relayed: Relayed
    talk: Talk


async def converse(shell: "Shell", asked: Asked, outgoing: Outgoing) -> tuple[str, web.StreamResponse]:
    """Open the socket to the service, then the caller's, and pass events both ways until either ends it.

    Returns how it ended, in the words of outcome records. What the service answers in place of a socket goes to the caller.
    Raises UpstreamError where the service gives no answer, and CallerGone.
    """
    settings = shell.runtime.settings.realtime
    wishes = Wishes(offers_protocol(asked.request), settings.message_bytes, settings.ping_interval_s)
    extra = outgoing.extra
    try:
        service = await shell.upstream.connect(outgoing, asked.headers, wishes)
    except Declined as answer:
        return "complete", _declined(answer, extra, asked.relayed)
    caller = _socket_for(settings, service, extra)
    try:
        await caller.prepare(asked.request)
    except BaseException as failure:
        await _quietly(service.close(GOING_AWAY))
        if isinstance(failure, OSError):
            raise CallerGone from failure
        raise
    asked.relayed.status, asked.relayed.begun = 101, True
    asked.relayed.request_id = service.request_id
    events = Events(shell, asked.caller, asked.called, asked.decision_id, asked.tenant.realtime_audio)
    session = _Session(settings, shell.metrics, events, caller, service, asked, shell.sessions.stopping)
    return await session.run(), caller


def _declined(answer: Declined, extra: Sequence[tuple[str, str]], relayed: Relayed) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    for name, value in (*answer.headers, *extra, ("Server", SERVER)):
        response.headers[name] = value
    relayed.status, relayed.begun, relayed.bytes_out = answer.status, True, len(answer.body)
    return response


def _socket_for(settings: Realtime, service: Socket, extra: Sequence[tuple[str, str]]) -> CallerSocket:
    """The caller's socket. Compression is declined: a message is as large as it is long."""
    caller: CallerSocket = web.WebSocketResponse(
        timeout=CLOSE_S,
        autoclose=False,
        heartbeat=settings.ping_interval_s,
        protocols=(PROTOCOL,) if service.protocol == PROTOCOL else (),
        compress=False,
        max_msg_size=settings.message_bytes,
        decode_text=False,
    )
    for name, value in (*extra, ("Server", SERVER)):
        caller.headers[name] = value
    return caller


class Rate:
    """At most so many events in a minute; a new minute begins with the first event after the last one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = 0.0
        self._number = 0

    def exceeded(self, now: float) -> bool:
        """Take note of an event at `now` (seconds of a clock that only goes forward); whether it is one too many."""
        if now - self._begun >= MINUTE_S:
            self._begun, self._number = now, 0
        self._number += 1
        return self._number > self._most


@dataclass(slots=True)
class _Session:
    """Two sockets and what passes between them. What is read from one is written to the other before more is read."""

    settings: Realtime
    metrics: Metrics
    events: Events
    caller: CallerSocket
    service: Socket
    asked: Asked
    stopping: asyncio.Event
    begun: float = field(default_factory=time.monotonic)
    active: float = field(default_factory=time.monotonic)
    counted: int = 0

    async def run(self) -> str:
        """Pass on until it ends; how it ended.

        A caller that hangs up cancels whoever serves it. What it said last is heard all the same, and both sockets are closed in
        order, unless that takes too long.
        """
        talking = asyncio.ensure_future(self._talk())
        try:
            return await asyncio.shield(talking)
        except asyncio.CancelledError:
            await asyncio.wait([talking], timeout=2 * CLOSE_S)
        finally:
            talking.cancel()
        await asyncio.wait([talking])
        return "cancelled" if talking.cancelled() else talking.result()

    async def _talk(self) -> str:
        end = End("cancelled", GOING_AWAY)  # what a cancellation leaves standing
        try:
            end = await self._first_of(self._from_caller(), self._from_service(), self._until_over())
        except Exception as crash:  # noqa: BLE001 - a session that fails is closed, recorded and logged
            log.error("crash", decision_id=self.asked.decision_id, error=type(crash).__name__, where=where_of(crash))
            end = End("failed", INTERNAL, b"the session failed")
        finally:
            await self._close(end)
        return end.ended

    async def _first_of(self, *ways: Awaitable[End]) -> End:
        """The end that comes first; by then nothing goes on in the other ways."""
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task for task in tasks if task in done).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---- from the caller

    async def _from_caller(self) -> End:
        rate = Rate(self.settings.events_a_minute)
        while True:
            message = await came(self.caller)
            if message.data is None:
                return _left(message)
            self.active = time.monotonic()
            if rate.exceeded(self.active):
                return End("refused", POLICY, b"too many events within a minute", NORMAL)
            end = await self._take(message.data, binary=message.binary)
            if end is not None:
                return end

    async def _take(self, frame: bytes, *, binary: bool) -> End | None:
        talk = self.asked.talk
        talk.events_in += 1
        talk.bytes_in += len(frame)
        verdict = await self.events.verdict(frame, binary=binary)
        talk.audio_events += verdict.speech
        self._count(verdict)
        if verdict.forward is None or verdict.receipt is None:
            return await self._tell(verdict)
        with contextlib.suppress(UpstreamUnreachable):  # how it ended is told to whoever reads from it
            await self.service.send(verdict.forward, verdict.receipt)
        return None

    async def _tell(self, verdict: Verdict) -> End | None:
        """Tell the caller of a refused event; the end where it was one too many."""
        talk = self.asked.talk
        talk.events_refused += 1
        try:
            await self.caller.send_frame(verdict.reply, WSMsgType.TEXT)
        except (aiohttp.ClientError, OSError):
            return End("cancelled", GOING_AWAY)
        self.counted += verdict.counts
        if self.counted < self.settings.refused_events:
            return None
        return End("refused", POLICY, b"%d events were refused" % self.counted, NORMAL)

    def _count(self, verdict: Verdict) -> None:
        fate = "exempt" if verdict.speech else "refused" if verdict.forward is None else "forwarded"
        self.metrics.count("facegate_realtime_events_total", _CLASSES.get(verdict.event, "other"), fate)

    # ---- from the service

    async def _from_service(self) -> End:
        relayed, talk = self.asked.relayed, self.asked.talk
        while True:
            message = await self.service.receive()
            if message.data is None:
                return _ended_by_service(message)
            self.active = time.monotonic()
            try:
                await self.caller.send_frame(message.data, WSMsgType.BINARY if message.binary else WSMsgType.TEXT)
            except (aiohttp.ClientError, OSError):
                return End("cancelled", GOING_AWAY)
            relayed.first_byte = relayed.first_byte or self.active
            relayed.bytes_out += len(message.data)
            talk.events_out += 1
            self.metrics.count("facegate_realtime_events_total", "service", "forwarded")

    # ---- the end

    async def _until_over(self) -> End:
        """Wait until the proxy stops, the session is too long, or nothing was said for too long."""
        settings, over = self.settings, self.begun + self.settings.session_s
        while True:
            now, idle = time.monotonic(), self.active + settings.idle_timeout_s
            if now >= over:
                return End("complete", GOING_AWAY, b"the session has lasted as long as it may")
            if now >= idle:
                return End("complete", GOING_AWAY, b"nothing was said for too long")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(over, idle) - now):
                    await self.stopping.wait()
                return End("complete", GOING_AWAY, b"the proxy is about to stop")

    async def _close(self, end: End) -> None:
        """Close both sockets, within `CLOSE_S`."""
        self.asked.talk.close_code = sendable(end.code) if end.ended != "cancelled" else 0
        transport = self.asked.request.transport
        if transport is not None:  # what the caller does not read by then it need not get
            asyncio.get_running_loop().call_later(2 * CLOSE_S, transport.abort)
        await asyncio.gather(
            _quietly(self.caller.close(code=sendable(end.code), message=end.reason)),
            _quietly(self.service.close(end.service or end.code)),
        )


async def _quietly(closing: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError, OSError, aiohttp.ClientError):
        async with asyncio.timeout(CLOSE_S):
            await closing


def _left(message: Came) -> End:
    """The end by the caller: in order, by a message that breaks the rules, or without a word."""
    if message.broken:
        return End("refused", message.code, service=GOING_AWAY)
    return End("complete", message.code, message.reason) if message.code else End("cancelled", GOING_AWAY)


def _ended_by_service(message: Came) -> End:
    if message.broken or not message.code:
        return End("upstream_error", INTERNAL, b"the connection to the service ended", message.code)
    return End("complete", message.code, message.reason)
