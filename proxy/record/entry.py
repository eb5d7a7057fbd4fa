"""What is recorded of a request: an allow-list of fields, and never a word or a pixel of its content."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from blake3 import blake3
from msgspec import Struct, field

from proxy.caller import Caller
from proxy.content import Inline, Opaque, Part, Reference, Remote, Schema, Text, kind_of
from proxy.decision import Decision, Finding
from proxy.exchange import Conclusion, Refuse, Rejected, Screened
from proxy.facts import CATALOGUE, Evidence, Fact
from proxy.identity import OncePerValue
from proxy.location import Location, Step
from proxy.operation import Called

SCHEMA: Final = 1
"""Version of the record format, in every record."""

ALLOWED: Final = frozenset({
    "schema", "kind", "time", "decision_id",
    "tenant", "credential", "attributes", "on_behalf_of", "approvals",
    "operation", "method", "path", "model", "stream",
    "body_bytes", "body_digest", "parts", "parts_left_out", "coverage",
    "facts", "unreported", "outcome", "status", "code", "rules", "undetermined", "findings", "shadow", "policy_revision",
    "fetched", "reference",
    "ended", "upstream_status", "upstream_request_id", "bytes_out", "first_byte_ms", "duration_ms", "stages_ms",
    "session_id", "event", "events_in", "events_out", "events_refused", "audio_events", "bytes_in", "close_code",
})  # fmt: skip
"""Every field that a record may have; the journal drops all others."""

MAX_PARTS: Final = 256
"""Parts that a record lists one by one; of the rest it gives the number."""


MAX_PLACES: Final = 4096
"""Places whose spelling is remembered: nearly all requests speak at the same few."""


class Record(Struct, frozen=True):
    """One line of the journal."""

    kind: str
    decision_id: str
    fields: Mapping[str, Any]


class Sought(Struct, frozen=True):
    """A file that a request named and nobody here knew: where, by which id, the bytes that were got, and what became of it.

    `result` is `known` (examined and remembered), `refused` (for what it holds), or a word of the metric of such files.
    """

    place: Location
    id: str
    bytes: int
    result: str


class Seen(Struct, frozen=True):
    """What is known of a request besides its conclusion. `time` is ISO 8601 UTC; `stages` are milliseconds by name.

    Of an event within a session also the decision that opened the session, and the event's type. `sought` are the files that
    were to be got from the service.
    """

    decision_id: str
    time: str
    method: str
    body_bytes: int
    body_digest: str | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    session_id: str = ""
    event: str = ""
    sought: Sequence[Sought] = ()


@dataclass(slots=True)
class Talk:
    """What went over the sockets of a session: events from the caller (of these refused, and of these pieces of speech), events
    of the service, bytes from the caller, and the code with which the caller's socket was closed.
    """

    events_in: int = 0
    events_out: int = 0
    events_refused: int = 0
    audio_events: int = 0
    bytes_in: int = 0
    close_code: int = 0


class Ending(Struct, frozen=True):
    """How an exchange ended: complete, refused, cancelled (by the caller), upstream_error, upstream_timeout or failed."""

    ended: str
    status: int
    upstream_status: int = 0
    upstream_request_id: str = ""
    bytes_out: int = 0
    first_byte_ms: float = 0.0
    duration_ms: float = 0.0
    talk: Talk | None = None


class Entries:
    """Makes records. Digests are keyed BLAKE3, so that nobody without the key can test a guess at the content."""

    def __init__(self, key: bytes, vocabulary: frozenset[str]) -> None:
        """`key` is 32 bytes. `vocabulary` holds the field names of the API: other names in locations are digested too."""
        self._key = key
        self._vocabulary = vocabulary
        self._places_known: dict[tuple[Step, ...], str] = {}

    def decision(self, conclusion: Conclusion, seen: Seen) -> Record:
        """The record of a conclusion, written before anything is sent."""
        fields: dict[str, Any] = {
            "schema": SCHEMA,
            "kind": "decision",
            "time": seen.time,
            "decision_id": seen.decision_id,
            "method": seen.method,
            "body_bytes": seen.body_bytes,
            "body_digest": seen.body_digest,
            **(_NOBODY if conclusion.caller is None else _who(conclusion.caller)),
            **_what(conclusion.called),
            **(self._screened(conclusion) if isinstance(conclusion, Screened) else self._rejected(conclusion)),
            "stages_ms": seen.stages,
        }
        if seen.session_id:
            fields.update(session_id=seen.session_id, event=seen.event)
        if seen.sought:
            fields["fetched"] = [self._sought(one) for one in seen.sought]
        return Record("decision", seen.decision_id, fields)

    def fetch(self, decision_id: str, time: str, tenant: str, reference: str) -> Record:
        """The record of a file, by its id, that is about to be asked of the service so that a request can be decided."""
        fields = {
            "schema": SCHEMA,
            "kind": "fetch",
            "time": time,
            "decision_id": decision_id,
            "tenant": tenant,
            "operation": "files.content",
            "reference": self.digest(reference.encode("utf-8", "surrogatepass")),
        }
        return Record("fetch", decision_id, fields)

    def outcome(self, seen: Seen, ending: Ending) -> Record:
        """The record of how the exchange ended, joined to the decision by its id."""
        fields: dict[str, Any] = {
            "schema": SCHEMA,
            "kind": "outcome",
            "time": seen.time,
            "decision_id": seen.decision_id,
            "ended": ending.ended,
            "status": ending.status,
            "upstream_status": ending.upstream_status or None,
            "upstream_request_id": ending.upstream_request_id or None,
            "bytes_out": ending.bytes_out,
            "first_byte_ms": round(ending.first_byte_ms, 3),
            "duration_ms": round(ending.duration_ms, 3),
        }
        if ending.talk is not None:
            fields.update(asdict(ending.talk))
        return Record("outcome", seen.decision_id, fields)

    def digest(self, data: bytes) -> str | None:
        """The keyed digest of some bytes, None of nothing."""
        return blake3(data, key=self._key).hexdigest(length=16) if data else None

    def _screened(self, screened: Screened) -> Mapping[str, Any]:
        refuse = screened.action if isinstance(screened.action, Refuse) else None
        content, decision = screened.content, screened.decision
        found = screened.coverage
        listed = content.parts[:MAX_PARTS]
        return {
            "model": content.model,
            "stream": content.stream,
            "parts": [self._part(part) for part in listed],
            "parts_left_out": len(content.parts) - len(listed),
            "coverage": {"inspected": found.inspected, "refused": found.refused, "exempt": found.exempt},
            **self._facts(screened.evidence),
            **self._decided(decision),
            "outcome": outcome_of(screened),
            "status": refuse.status if refuse else None,
            "code": refuse.code if refuse else None,
        }

    def _rejected(self, rejected: Rejected) -> Mapping[str, Any]:
        refuse = rejected.refuse
        return {"outcome": "rejected", "status": refuse.status, "code": refuse.code}

    def _part(self, part: Part) -> Mapping[str, Any]:
        data = _bytes_of(part)
        return {
            "kind": kind_of(part),
            "location": self._place(part.location),
            "bytes": len(data),
            "digest": self.digest(data),
        }

    def _sought(self, sought: Sought) -> Mapping[str, Any]:
        return {
            "location": self._place(sought.place),
            "reference": self.digest(sought.id.encode("utf-8", "surrogatepass")),
            "bytes": sought.bytes,
            "result": sought.result,
        }

    def _facts(self, evidence: Evidence) -> Mapping[str, Any]:
        """What is true or unknown, and what nobody reported; every other fact of the catalogue is false."""
        joined, quiet = evidence.by_name(), evidence.quiet()
        if len(quiet) == len(CATALOGUE):  # as of most requests
            return _ALL_QUIET
        return {
            "facts": {name: self._fact(joined[name]) for name in sorted(joined.keys() - quiet)},
            "unreported": sorted(CATALOGUE.keys() - joined.keys()) if len(joined) < len(CATALOGUE) else [],
        }

    def _fact(self, fact: Fact) -> Mapping[str, Any]:
        return {
            "truth": fact.truth.name.lower(),
            "score": round(fact.score, 3),
            "source": fact.source,
            "count": fact.count,
            "locations": self._places(fact.locations),
        }

    def _decided(self, decision: Decision) -> Mapping[str, Any]:
        return {
            "rules": decision.fired,
            "undetermined": decision.undetermined,
            "findings": [self._finding(finding) for finding in decision.findings],
            "shadow": [self._finding(finding) for finding in decision.shadow],
            "policy_revision": decision.revision,
        }

    def _finding(self, finding: Finding) -> Mapping[str, Any]:
        return {
            "rule": finding.rule,
            "clause": finding.clause,
            "outcome": finding.outcome.value,
            "truth": finding.truth.name.lower(),
            "facts": finding.facts,
            "locations": self._places(finding.locations),
            "lifted_by": finding.lifted_by or None,
        }

    def _places(self, locations: Sequence[Location]) -> Sequence[str]:
        return [self._place(location) for location in locations[:MAX_PARTS]]

    def _place(self, location: Location) -> str:
        place = self._places_known.get(location.steps)
        if place is None:
            place = str(Location(tuple(self._step(step) for step in location.steps)))
            if len(self._places_known) < MAX_PLACES and "?" not in place:  # the caller's own words are not kept
                self._places_known[location.steps] = place
        return place

    def _step(self, step: Step) -> Step:
        """A field name of the API as it is; any other name is the caller's own words, so its digest."""
        if isinstance(step, int) or step in self._vocabulary:
            return step
        return "?" + blake3(step.encode("utf-8", "surrogatepass"), key=self._key).hexdigest(length=4)


_ALL_QUIET: Final[Mapping[str, Any]] = {"facts": {}, "unreported": []}


def outcome_of(conclusion: Conclusion) -> str:
    """The outcome in metrics, records and listings: policy's word; `block` for what policy would pass but nobody could
    examine; `rejected` for what did not get as far as a verdict.
    """
    if isinstance(conclusion, Rejected):
        return "rejected"
    if isinstance(conclusion.action, Refuse) and conclusion.decision.outcome.forwards:
        return "block"
    return conclusion.decision.outcome.value


def _described(caller: Caller) -> Mapping[str, Any]:
    acting = caller.on_behalf_of
    return {
        "tenant": caller.tenant,
        "credential": caller.credential,
        "attributes": {
            name: {"value": attribute.value, "provenance": attribute.provenance.value}
            for name, attribute in caller.attributes.items()
        },
        "on_behalf_of": None
        if acting is None
        else [{"organization": o.organization, "country": o.country} for o in acting],
        "approvals": [approval.reference for approval in caller.approvals],
    }


_who: Final = OncePerValue[Caller, Mapping[str, Any]](_described)
_NOBODY: Final[Mapping[str, Any]] = {"tenant": None}


def _what(called: Called | None) -> Mapping[str, Any]:
    if called is None:
        return {"operation": None}
    return {"operation": called.operation.name, "path": called.shown or called.path}


def _bytes_of(part: Part) -> bytes:
    match part:
        case Text():
            return part.text.encode("utf-8", "surrogatepass")
        case Schema():
            return orjson.dumps(part.document, default=str)
        case Reference():
            return part.id.encode("utf-8", "surrogatepass")
        case Opaque():
            return b""
        case _:
            match part.source:
                case Inline():
                    return part.source.data
                case Remote():
                    return part.source.url.encode("utf-8", "surrogatepass")
