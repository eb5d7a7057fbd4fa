"""One event of a realtime session: read, judged with all that came before it, and recorded before it goes on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson
import structlog

from proxy.caller import Caller
from proxy.content import Json
from proxy.errors import NotInspectable, RequestError, Unavailable
from proxy.exchange import Conclusion, Forward, Receipt, Refuse, Rejected, Screened, Surfaced
from proxy.operation import Called
from proxy.past import Past
from proxy.record.counting import count_conclusion
from proxy.record.entry import Record, Seen
from proxy.record.journal import JournalUnavailable
from proxy.refusal import refuse_error
from proxy.screen import Screening, light, screen
from proxy.serve.body import SMALL
from proxy.serve.decision_id import new_decision_id
from proxy.serve.earlier import AudioRule, Earlier
from proxy.serve.log import where_of
from proxy.serve.timed import timed
from proxy.surface.event import UNKNOWN, is_audio_frame, read_event, type_of
from proxy.surface.readers.realtime import AUDIO_FRAME
from proxy.surface.readers.walk import is_word

if TYPE_CHECKING:
    from proxy.serve.exchange import Shell

OPERATION: Final = "realtime.event"
"""What events are called in records and metrics."""

BINARY: Final = "binary"
"""Stands for the type of a message that is none of text."""

log = structlog.get_logger("facegate")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of an event: sent with its receipt, or refused with `reply` for its caller.

    `speech` tells a piece of speech that was not judged by itself; `counts` whether a refusal is the caller's own doing.
    """

    event: str
    forward: Forward | None = None
    receipt: Receipt | None = None
    reply: bytes = b""
    speech: bool = False
    counts: bool = False


@dataclass(slots=True)
class _Event:
    """One event on its way. `own_id` is its id of the caller's, where that is a plain word: told back in a refusal."""

    frame: bytes
    decision_id: str
    kind: str
    own_id: str | None = None
    record: Record | None = None
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def large(self) -> bool:
        """Whether reading it would hold up the event loop."""
        return len(self.frame) > SMALL

    def stage(self, name: str, begun: float) -> None:
        self.stages[name] = round((time.monotonic() - begun) * 1000, 3)


class Events:
    """Judges the events of one session, in their order."""

    def __init__(self, shell: "Shell", caller: Caller, called: Called, session: str, audio: AudioRule) -> None:
        """`session` is the id of the decision that let the session in."""
        screening = shell.runtime.screening
        self._shell = shell
        self._caller = caller
        self._called = replace(called, operation=replace(called.operation, name=OPERATION))
        self._session = session
        self._screening = replace(screening, exempt=frozenset()) if audio == "refuse" else screening
        self._earlier = Earlier(session, audio)
        self._heard: Receipt | None = None

    async def verdict(self, frame: bytes, *, binary: bool) -> Verdict:
        """What is to become of a message; what is to be sent is in the journal by then.

        Its bytes stand in the account of all that is held in memory meanwhile.
        """
        event = _Event(frame, new_decision_id(), BINARY if binary else UNKNOWN)
        held = 0
        try:
            self._shell.in_flight.take(len(frame), 0)
            held = len(frame)
            surfaced = await self._read(event)
            if self._heard is not None and self._earlier.heard and is_audio_frame(surfaced):
                return Verdict(event.kind, Forward(surfaced.called, surfaced.inspected), self._heard, speech=True)
            return await self._recorded(event, await self._judged(event, surfaced))
        except RequestError as error:
            return await self._recorded(event, self._rejected(event, error))
        except Exception as crash:  # noqa: BLE001 - whatever happens, the event is refused, recorded and logged
            log.error("crash", decision_id=event.decision_id, error=type(crash).__name__, where=where_of(crash))
            return await self._recorded(event, self._rejected(event, Unavailable("the event could not be examined")))
        finally:
            self._shell.in_flight.release(held)

    # ---- read and judge

    async def _read(self, event: _Event) -> Surfaced:
        begun = time.monotonic()
        if event.kind == BINARY:
            raise NotInspectable("binary messages are not read: events are text messages that hold JSON")
        reading = partial(read_event, event.frame, self._called, self._shell.runtime.surface_limits)
        surfaced = await self._shell.pool.run(partial(self._alone, reading)) if event.large else reading()
        event.kind = type_of(surfaced)
        own_id = surfaced.tree.get("event_id")
        event.own_id = own_id if is_word(own_id) else None
        event.stage("surface", begun)
        return surfaced

    def _alone(self, reading: Callable[[], Surfaced]) -> Surfaced:
        with self._shell.pool.one_at_a_time:
            return reading()

    async def _judged(self, event: _Event, surfaced: Surfaced) -> Screened:
        whole, past = self._earlier.beside(surfaced)
        if not event.large and light(whole.content):
            return self._judge(event, whole, past, self._screening)
        return await self._shell.pool.run(partial(self._judge_beside, event, whole, past))

    def _judge_beside(self, event: _Event, whole: Surfaced, past: Past) -> Screened:
        screened = self._judge(event, whole, past, timed(self._screening, self._shell.metrics))
        event.record = self._record(event, screened)  # digests of megabytes are not the event loop's work
        return screened

    def _judge(self, event: _Event, whole: Surfaced, past: Past, screening: Screening) -> Screened:
        begun = time.monotonic()
        screened = screen(whole, self._caller, screening, event.decision_id, past)
        event.stage("judge", begun)
        return screened

    def _rejected(self, event: _Event, error: RequestError) -> Rejected:
        event.record = None
        refuse = refuse_error(error, event.decision_id, self._shell.runtime.screening.wording)
        return Rejected(refuse, self._caller, self._called)

    # ---- record

    async def _recorded(self, event: _Event, conclusion: Conclusion) -> Verdict:
        receipt: Receipt | None
        try:
            receipt = await self._shell.journal.commit(event.record or self._record(event, conclusion))
        except JournalUnavailable as failure:
            log.error("journal_unavailable", decision_id=event.decision_id, error=str(failure))
            conclusion = self._rejected(
                event, Unavailable("the decision could not be recorded, so nothing was forwarded")
            )
            self._shell.journal.note(self._record(event, conclusion))
            receipt = None
        count_conclusion(self._shell.metrics, conclusion, OPERATION, event.stages)
        if receipt is not None and isinstance(conclusion, Screened) and isinstance(conclusion.action, Forward):
            frame = event.kind == AUDIO_FRAME
            self._earlier.add(conclusion, frame=frame)
            self._heard = receipt if frame else self._heard
            return Verdict(event.kind, conclusion.action, receipt)
        refuse = conclusion.action if isinstance(conclusion, Screened) else conclusion.refuse
        assert isinstance(refuse, Refuse)  # noqa: S101 - the other action was dealt with above
        return self._refusal(event, refuse)

    def _record(self, event: _Event, conclusion: Conclusion) -> Record:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")  # noqa: TID251 - the shell owns the clock
        entries = self._shell.entries
        size, digest, stages = len(event.frame), entries.digest(event.frame), dict(event.stages)
        seen = Seen(event.decision_id, now, self._called.method, size, digest, stages, self._session, event.kind)
        return entries.decision(conclusion, seen)

    def _refusal(self, event: _Event, refuse: Refuse) -> Verdict:
        told: dict[str, Json] = {
            "type": "error",
            "event_id": f"event_{event.decision_id}",
            "error": {**refuse.error, "event_id": event.own_id},
        }
        return Verdict(event.kind, reply=orjson.dumps(told), counts=refuse.status < 500)  # noqa: PLR2004 - the 5xx class
