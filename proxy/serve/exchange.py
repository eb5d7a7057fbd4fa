"""One exchange, with one exit: conclude, commit, act. Every ending takes it, also 401, 422 and an unforeseen crash."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias

import structlog
from aiohttp import web
from msgspec import structs

from proxy.admit import attributed, authenticate
from proxy.admit.permit import permitted
from proxy.admit.register import TenantEntry
from proxy.caller import Caller
from proxy.errors import (
    CallerLeft,
    RequestError,
    Unauthenticated,
    Unavailable,
    UpstreamError,
    UpstreamTimeout,
)
from proxy.exchange import Conclusion, Forward, Inbound, Refuse, Rejected, Screened, Surfaced
from proxy.forward.headers import uncoded
from proxy.forward.relay import CallerGone, Relayed, relay
from proxy.forward.upstream import Outgoing, Upstream
from proxy.operation import Called
from proxy.past import Past
from proxy.record.counting import count_conclusion
from proxy.record.entry import Ending, Entries, Record, Seen, Sought, Talk, outcome_of
from proxy.record.journal import Journal, JournalUnavailable
from proxy.record.metrics import Metrics
from proxy.refusal import refuse_error
from proxy.screen import Screening, light, screen
from proxy.serve.answers import Extra, cut, failure, refusal, taken
from proxy.serve.body import InFlight, read_body
from proxy.serve.data_port import refuse_transfer_tricks
from proxy.serve.decision_id import new_decision_id
from proxy.serve.handshake import asked, is_socket
from proxy.serve.keeping import Keeping
from proxy.serve.log import where_of
from proxy.serve.pool import Pool, giving_way
from proxy.serve.realtime import Asked, converse
from proxy.serve.remembering import Remembering
from proxy.serve.remote import RemotePictures
from proxy.serve.runtime import Runtime
from proxy.serve.sessions import Sessions
from proxy.serve.timed import timed
from proxy.serve.unknown_files import Naming, UnknownFiles
from proxy.serve.uploads import Uploads
from proxy.surface import read, readable, route
from proxy.surface.uploads import PART

SMALL_BODY: Final = 64 * 1024
"""Bytes up to which a body is parsed on the event loop: some tens of microseconds a kilobyte at the worst."""

Followed: TypeAlias = tuple[str, web.StreamResponse]
"""How an exchange with the service ended, and what goes, or went, to the caller."""

log = structlog.get_logger("facegate")


@dataclass(frozen=True, slots=True)
class Shell:
    """What exchanges share: the configuration in force and the parts that do I/O."""

    runtime: Runtime
    pool: Pool
    files: Pool
    journal: Journal
    entries: Entries
    metrics: Metrics
    upstream: Upstream
    in_flight: InFlight
    sessions: Sessions
    uploads: Uploads
    remote: RemotePictures
    remembering: Remembering
    unknown_files: UnknownFiles


@dataclass(slots=True)
class Exchange:
    """One request on its way. What is known of it gathers here, so that any ending can be recorded."""

    shell: Shell
    request: web.BaseRequest
    decision_id: str = ""
    started: float = 0.0
    read: float = 0.0
    caller: Caller | None = None
    called: Called | None = None
    headers: tuple[tuple[str, str], ...] = ()
    held: int = 0
    fetched: int = 0
    body: bytes = b""
    surfaced: Surfaced | None = None
    prepared: tuple[Seen, Record] | None = None
    recorded: bool = False
    ended: bool = False
    stages: dict[str, float] = field(default_factory=dict)
    talk: Talk | None = None
    sought: list[Sought] = field(default_factory=list)

    async def run(self) -> web.StreamResponse:
        """Serve the request."""
        self.started = self.read = time.monotonic()
        self.decision_id = new_decision_id()
        in_flight = self.shell.in_flight
        in_flight.requests += 1
        try:
            return await self._act(await self._conclude())  # not named: a stream may last minutes
        except asyncio.CancelledError:
            self._abandoned()
            raise
        finally:
            in_flight.requests -= 1
            if self.caller is not None and self.called is not None:
                self.shell.uploads.free(self.caller.tenant, self.called, self.decision_id)
                if is_socket(self.called):
                    self.shell.sessions.leave(self.decision_id)
            self._let_go()

    def malformed(self, error: RequestError) -> web.Response:
        """Answer and record what the HTTP parser could not read; there is nothing to be forwarded."""
        self.started = self.read = time.monotonic()
        self.decision_id = new_decision_id()
        conclusion = self._rejected(error)
        self._noted(conclusion, "refused")
        return refusal(conclusion.refuse, self._extra(conclusion), self.request)

    def _abandoned(self) -> None:
        """Record a request whose caller hung up, unless its ending is recorded already."""
        if not self.recorded:
            self._noted(self._rejected(CallerLeft("the caller closed the connection")), "cancelled")
        elif not self.ended:
            self._ended(self._seen(), "cancelled", Relayed())

    def _noted(self, conclusion: Rejected, ended: str) -> None:
        """Record a request that nothing waits for any more, and how it ended."""
        seen = self._seen()
        self.recorded = True
        self.shell.journal.note(self.shell.entries.decision(conclusion, seen))
        self._count(conclusion)
        self._ended(seen, ended, Relayed(status=conclusion.refuse.status))

    # ---- conclude

    async def _conclude(self) -> Conclusion:
        try:
            return await self._screen()
        except RequestError as error:
            return self._rejected(error)
        except Exception as crash:  # noqa: BLE001 - whatever happens, the request is refused, recorded and logged
            log.error("crash", decision_id=self.decision_id, error=type(crash).__name__, where=where_of(crash))
            return self._rejected(Unavailable("the request could not be examined"))

    async def _screen(self) -> Screened:
        shell, request, runtime = self.shell, self.request, self.shell.runtime
        self.headers = tuple(
            [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.raw_headers]
        )
        inbound = Inbound(request.method, request.raw_path, self.headers, b"")
        today = datetime.now(UTC).date()  # noqa: TID251 - the shell owns the clock
        refuse_transfer_tricks(inbound)
        self.caller = authenticate(runtime.register, inbound, today)
        self.caller = attributed(runtime.register, self.caller, inbound, today)
        self.called = route(inbound.method, inbound.target, runtime.catalogue)
        self.called = permitted(self.called, runtime.register.tenants[self.caller.tenant])
        readable(self.called)
        self.called = asked(request, self.called)
        if is_socket(self.called):
            shell.sessions.enter(self.decision_id)
        self._stage("admit", self.started)
        pieces = await read_body(request, runtime.settings.limits, shell.in_flight)
        self.held = sum(map(len, pieces))
        self.read = time.monotonic()
        surfaced = await self._surfaced(inbound, pieces)
        tenant = runtime.register.tenants[self.caller.tenant]
        surfaced = await self._with_pictures(surfaced, tenant)
        self.surfaced = surfaced = await shell.uploads.prepared(self.caller.tenant, surfaced, self.decision_id)
        if tenant.unknown_references == "fetch":
            settled = await self._with_files(surfaced, self.caller)
            if isinstance(settled, Screened):
                return settled
            self.surfaced = surfaced = settled
        return await shell.remembering.judged(self.caller.tenant, surfaced, partial(self._judged, surfaced))

    async def _surfaced(self, inbound: Inbound, pieces: list[bytes]) -> Surfaced:
        """The body, read; a large one beside the event loop."""
        if self.held > SMALL_BODY:
            surfaced = await self.shell.pool.run(partial(self._read_large, inbound, pieces))
        else:
            self.body = b"".join(pieces)
            surfaced = self._read(inbound)
        self._stage("surface", self.read)
        return surfaced

    def _read_large(self, inbound: Inbound, pieces: list[bytes]) -> Surfaced:
        with self.shell.pool.one_at_a_time:
            self.body = b"".join(pieces)
            pieces.clear()
            if not self._may_have_lines():
                return self._read(inbound)
        return self._read(inbound)  # line by line: that takes seconds, for which others need not wait

    def _may_have_lines(self) -> bool:
        return self.called is not None and self.called.operation.reader == "file"

    def _read(self, inbound: Inbound) -> Surfaced:
        assert self.called is not None  # noqa: S101 - found before anything is read
        return read(inbound.with_body(self.body), self.called, self.shell.runtime.surface_limits)

    async def _with_pictures(self, surfaced: Surfaced, tenant: TenantEntry) -> Surfaced:
        """The same, with the pictures that are fetched for this tenant in place of their addresses."""
        if not tenant.remote_images.fetch or not surfaced.tree:  # what a form names by address is not fetched
            return surfaced
        begun = time.monotonic()
        inlined, self.fetched = await self.shell.remote.inline(surfaced, tenant, self.held)
        if inlined is not surfaced:
            self._stage("fetch", begun)
        return inlined

    async def _with_files(self, surfaced: Surfaced, caller: Caller) -> Surfaced | Screened:
        """The same, once the files that it names are known as far as they may be; or what refuses it for one of them."""
        begun = time.monotonic()
        naming = Naming(surfaced, caller, self.decision_id, lambda: self.recorded, self.sought)
        settled = await self.shell.unknown_files.settled(naming)
        if self.sought:
            self._stage("files", begun)
        if isinstance(settled, Screened):
            await self.shell.pool.run(partial(self._prepare, settled))
        return settled

    async def _judged(self, surfaced: Surfaced, past: Past) -> Screened:
        """What is to become of what was read; examined beside the event loop unless that is very little work."""
        self.prepared = None
        if self.held <= SMALL_BODY and light(surfaced.content) and not surfaced.lines:
            return self._judge(surfaced, self.shell.runtime.screening, past)
        if not surfaced.lines:
            return await self.shell.pool.run(partial(self._judge_beside, surfaced, past))
        lines = giving_way(surfaced.lines, lambda: self.recorded)  # recorded before it is judged: the caller left
        return await self.shell.files.run(partial(self._judge_beside, structs.replace(surfaced, lines=lines), past))

    def _judge_beside(self, surfaced: Surfaced, past: Past) -> Screened:
        screened = self._judge(surfaced, timed(self.shell.runtime.screening, self.shell.metrics), past)
        if self.held + self.fetched + len(surfaced.kept) > SMALL_BODY:
            self._prepare(screened)  # digests of megabytes are not the event loop's work
        return screened

    def _prepare(self, conclusion: Conclusion) -> tuple[Seen, Record]:
        """The record of a conclusion, made once."""
        if self.prepared is None:
            seen = self._seen()
            self.prepared = (seen, self.shell.entries.decision(conclusion, seen))
        return self.prepared

    def _judge(self, surfaced: Surfaced, screening: Screening, past: Past) -> Screened:
        begun = time.monotonic()
        assert self.caller is not None  # noqa: S101 - admitted before anything is read
        screened = screen(surfaced, self.caller, screening, self.decision_id, past)
        self._stage("judge", begun)
        return screened

    def _rejected(self, error: RequestError) -> Rejected:
        if isinstance(error, Unauthenticated):
            self.shell.metrics.count("facegate_auth_failures_total", error.reason)
        self.prepared = None
        refuse = refuse_error(error, self.decision_id, self.shell.runtime.screening.wording)
        return Rejected(refuse, self.caller, self.called)

    # ---- commit and act

    async def _act(self, conclusion: Conclusion) -> web.StreamResponse:
        begun = time.monotonic()
        seen, record = self._prepare(conclusion)
        self.recorded = True
        try:
            receipt = await self.shell.journal.commit(record)
        except JournalUnavailable as failure:
            log.error("journal_unavailable", decision_id=self.decision_id, error=str(failure))
            conclusion = self._rejected(Unavailable("the decision could not be recorded, so nothing was forwarded"))
            self._noted(conclusion, "refused")
            return refusal(conclusion.refuse, self._extra(conclusion), self.request)
        except asyncio.CancelledError:
            self._count(conclusion)
            raise
        self._stage("record", begun)
        self.shell.metrics.observe("facegate_overhead_seconds", time.monotonic() - self.read, self._operation())
        self._count(conclusion)
        if isinstance(conclusion, Screened) and isinstance(conclusion.action, Forward):
            outgoing = Outgoing(conclusion.action, receipt, self._extra(conclusion))
            if is_socket(conclusion.called):
                return await self._followed(partial(self._converse, outgoing, conclusion), outgoing.extra, seen)
            assert self.surfaced is not None  # noqa: S101 - it was screened
            if conclusion.called.operation.name == PART:
                return self._hold(self.surfaced, outgoing.extra, seen)
            keeping = self.shell.remembering.keeping(
                conclusion, self.shell.uploads.begins(conclusion.caller.tenant, self.surfaced)
            )
            del conclusion  # a stream may last minutes: by then nothing of the request is held any more
            return await self._followed(partial(self._forward, outgoing, keeping), outgoing.extra, seen)
        refuse = conclusion.action if isinstance(conclusion, Screened) else conclusion.refuse
        assert isinstance(refuse, Refuse)  # noqa: S101 - the other action was dealt with above
        if isinstance(conclusion, Screened):
            await self.shell.uploads.refused(conclusion, receipt, self.headers)
        self._ended(seen, "refused", Relayed(status=refuse.status))
        return refusal(refuse, self._extra(conclusion), self.request)

    async def _forward(self, outgoing: Outgoing, keeping: Keeping | None, relayed: Relayed) -> Followed:
        headers = self.headers if keeping is None else uncoded(self.headers)
        if self.surfaced is not None and self.surfaced.kept:
            outgoing = await self.shell.uploads.sent(outgoing, self.surfaced, headers)
        async with await self.shell.upstream.send(outgoing, headers) as reply:
            self._let_go()
            pass_on = relay if keeping is None else keeping.relay
            response = await pass_on(reply, self.request, outgoing.extra, relayed)
        if self.caller is not None and self.called is not None:
            self.shell.uploads.over(self.caller.tenant, self.called, reply.status)
        return "complete", response

    async def _converse(self, outgoing: Outgoing, screened: Screened, relayed: Relayed) -> Followed:
        self.talk = Talk()
        caller = screened.caller
        tenant = self.shell.runtime.register.tenants[caller.tenant]
        asks = Asked(self.request, self.headers, caller, screened.called, tenant, self.decision_id, relayed, self.talk)
        return await converse(self.shell, asks, outgoing)

    async def _followed(
        self, follow: Callable[[Relayed], Awaitable[Followed]], extra: Extra, seen: Seen
    ) -> web.StreamResponse:
        """The service's reply as `follow` passes it on; however that ends, the ending is recorded."""
        relayed = Relayed()
        ended = "cancelled"  # what a cancellation, wherever it strikes, leaves standing
        sent = time.monotonic()
        try:
            ended, response = await follow(relayed)
        except UpstreamError as error:
            ended = "upstream_timeout" if isinstance(error, UpstreamTimeout) else "upstream_error"
            response = self._upstream_failed(error, extra, relayed)
        except CallerGone:
            response = cut(self.request)
        finally:
            self._ended(seen, ended, relayed, sent)
        return response

    def _hold(self, surfaced: Surfaced, extra: Extra, seen: Seen) -> web.Response:
        """Answer a slice of a file here: it is held until the file is whole."""
        assert self.caller is not None  # noqa: S101 - admitted before anything is read
        try:
            held = self.shell.uploads.hold(self.caller.tenant, surfaced.called, surfaced.kept)
        except RequestError as error:  # room was there when the slice came, and is not any more
            refuse = self._rejected(error).refuse
            self._ended(seen, "refused", Relayed(status=refuse.status))
            return refusal(refuse, extra, self.request)
        self._ended(seen, "complete", Relayed(status=200))
        return taken(held, extra)

    def _upstream_failed(self, error: UpstreamError, extra: Extra, relayed: Relayed) -> web.StreamResponse:
        log.warning("upstream_failed", decision_id=self.decision_id, error=str(error), begun=relayed.begun)
        if relayed.begun:
            return cut(self.request)
        relayed.status = error.status
        return refusal(failure(error, self.decision_id), extra, self.request)

    # ---- accounts

    def _extra(self, conclusion: Conclusion) -> Extra:
        extra = [("Facegate-Decision-Id", self.decision_id)]
        if isinstance(conclusion, Screened):
            extra.append(("Facegate-Outcome", outcome_of(conclusion)))
        extra.append(("Facegate-Policy-Revision", self.shell.runtime.policy.revision))
        return extra

    def _seen(self) -> Seen:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")  # noqa: TID251 - the shell owns the clock
        size = self.held
        digest = self.shell.entries.digest(self.body)
        return Seen(self.decision_id, now, self.request.method, size, digest, dict(self.stages), sought=self.sought)

    def _operation(self) -> str:
        return self.called.operation.name if self.called else "other"

    def _stage(self, stage: str, begun: float) -> None:
        self.stages[stage] = round((time.monotonic() - begun) * 1000, 3)

    def _count(self, conclusion: Conclusion) -> None:
        count_conclusion(self.shell.metrics, conclusion, self._operation(), self.stages)

    def _ended(self, seen: Seen, ended: str, relayed: Relayed, sent: float = 0.0) -> None:
        self.ended = True
        now = time.monotonic()
        metrics = self.shell.metrics
        first = relayed.first_byte - sent if relayed.first_byte else 0.0
        if sent:
            metrics.observe("facegate_upstream_seconds", now - sent, self._operation())
            metrics.count("facegate_upstream_requests_total", _upstream_status(ended, relayed))
        if relayed.first_byte:
            metrics.observe("facegate_request_stage_seconds", first, "forward_first_byte")
        if ended == "cancelled":
            metrics.count("facegate_streams_cancelled_total")
        ending = Ending(
            ended=ended,
            status=relayed.status,
            upstream_status=relayed.status if relayed.begun else 0,
            upstream_request_id=relayed.request_id,
            bytes_out=relayed.bytes_out,
            first_byte_ms=first * 1000,
            duration_ms=(now - self.started) * 1000,
            talk=self.talk,
        )
        self.shell.journal.note(self.shell.entries.outcome(seen, ending))

    def _let_go(self) -> None:
        """Give the body's bytes back, once."""
        self.shell.in_flight.release(self.held + self.fetched)
        self.held = self.fetched = 0
        self.body = b""
        self.surfaced = None


def _upstream_status(ended: str, relayed: Relayed) -> str:
    if relayed.begun:
        return str(relayed.status)
    return "timeout" if ended == "upstream_timeout" else "cancelled" if ended == "cancelled" else "error"
