"""The core: what a request carries, what that shows, what policy says of it, and what is to be done. No I/O."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

from msgspec import structs

from proxy.caller import Caller
from proxy.content import (
    Content,
    Coverage,
    Document,
    Image,
    Inline,
    Opaque,
    Part,
    Reference,
    Remote,
    Schema,
    Text,
    Unfolded,
    kind_of,
    size_of,
)
from proxy.decision import Decision
from proxy.examine import examine
from proxy.examine.detector import Detector, SecondLook
from proxy.exchange import Forward, Refuse, Screened, Surfaced
from proxy.facts import Evidence
from proxy.judge import judge
from proxy.judge.policy import Policy
from proxy.linewise import Judged, by_line
from proxy.location import Location, Step
from proxy.operation import Called
from proxy.past import NOTHING_BEFORE, Past
from proxy.refusal import Wording, refuse_by_policy, refuse_unexamined

LIGHT_TEXT: Final = 16_384
"""Characters of text up to which a request without media is examined at once: well under a millisecond."""


_READ: Final = (Text, Schema)
"""Parts that are examined as they stand."""


MAX_DOCUMENTS: Final = 10
"""Files of one request that are opened: each has a time limit of its own."""

MAX_UNFOLDED: Final = 64 * 1024 * 1024
"""Bytes of pictures and words out of the files of one request, after which no further file is opened: they are held at once."""

_SPARED: Final = "the file was not opened: the request has others that stay closed, or too many of them"


Unfold: TypeAlias = Callable[[Document], Unfolded]


def closed(document: Document) -> Unfolded:
    """Where nothing opens files: a gap."""
    return Unfolded((), ((document.location, "content of kind document is not examined yet"),))


@dataclass(frozen=True, slots=True)
class Screening:
    """What the core judges with: the policy in force, the detectors, and how refusals are worded. `unfold` opens files.

    `second` looks again at what the detectors saw.
    """

    policy: Policy
    detectors: Sequence[Detector]
    wording: Wording
    exempt: frozenset[str] = frozenset()
    """Kinds of parts that nobody examines and that may pass all the same, where the catalogue says so of the operation."""
    line_seconds: float = 60.0
    """For all lines of a file that is examined line by line."""
    unfold: Unfold = closed
    second: SecondLook | None = None


def light(content: Content) -> bool:
    """Whether examining `content` is too little work to hand to another thread.

    Words beside media, or beside what may hold some, are not: they get a second look.
    """
    words = 0
    unseen = False
    for part in content.parts:
        if isinstance(part, Text):
            words += len(part.text)
        elif isinstance(part, Schema):
            words += 4096  # it is walked, not only read
        elif isinstance(part, (Reference, Opaque)):
            unseen = True
        else:
            return False
    return not words or (words <= LIGHT_TEXT and not unseen)


def screen(
    surfaced: Surfaced, caller: Caller, screening: Screening, decision_id: str, past: Past = NOTHING_BEFORE
) -> Screened:
    """Examine and judge what `surface` has read; forward it, or refuse it with the reason.

    `past` holds what is known of the things that it names. Lines are run at some later time, so of what they name counts as
    known what is still the same by then.

    Policy speaks first; what it would let pass is still refused while any part of it was not examined.
    """
    exempt = screening.exempt and _exempt(screening, surfaced.called)
    content = _opened(surfaced.content, screening, exempt)
    judged = _judged(content, caller, screening, past, exempt)
    if surfaced.lines:
        lasting = past.lasting()
        judged = by_line(
            judged,
            surfaced.lines,
            lambda one: _judged(_opened(one, screening), caller, screening, lasting),
            screening.line_seconds,
        )
    action = _act(surfaced, judged.decision, judged.gaps, screening.wording, decision_id)
    return Screened(
        caller,
        surfaced.called,
        content,
        judged.evidence,
        judged.decision,
        action,
        judged.coverage,
        judged.gaps,
    )


def _exempt(screening: Screening, called: Called) -> frozenset[str]:
    return screening.exempt & {kind for kind, fate in called.operation.parts if fate == "exempt"}


def _opened(content: Content, screening: Screening, exempt: AbstractSet[str] = frozenset()) -> Content:
    """The content with what its inline files hold: each as parts of its own, what stays closed as opaque ones."""
    if "document" in exempt or not any(map(_is_closed, content.parts)):
        return content
    parts: list[Part] = []
    tried, left = 0, MAX_UNFOLDED
    for part in content.parts:
        if not _is_closed(part):
            parts.append(part)
            continue
        found = (
            _unfolded(part, screening)
            if tried < MAX_DOCUMENTS and left > 0
            else Unfolded((), ((part.location, _SPARED),))
        )
        tried += 1
        left = 0 if found.gaps else left - sum(map(size_of, found.parts))
        parts += [structs.replace(part, opened=True), *found.parts, *(Opaque(place, why) for place, why in found.gaps)]
    return structs.replace(content, parts=tuple(parts))


def _is_closed(part: Part) -> TypeGuard[Document]:
    return isinstance(part, Document) and isinstance(part.source, Inline) and not part.opened


def _unfolded(document: Document, screening: Screening) -> Unfolded:
    try:
        return screening.unfold(document)
    except Exception as failure:  # noqa: BLE001 - it may fail in any way; then the file stays closed
        return Unfolded((), ((document.location, f"opening the file failed: {type(failure).__name__}"),))


def _judged(
    content: Content, caller: Caller, screening: Screening, past: Past, exempt: AbstractSet[str] = frozenset()
) -> Judged:
    evidence = examine(content, caller, screening.detectors, past, screening.second)
    decision = judge(screening.policy, evidence, caller)
    gaps = unexamined(content, evidence, past, exempt)
    return Judged(evidence, decision, gaps, _coverage(content, gaps, exempt))


def _act(
    surfaced: Surfaced,
    decision: Decision,
    gaps: Sequence[tuple[Location, str]],
    wording: Wording,
    decision_id: str,
) -> Forward | Refuse:
    if not decision.outcome.forwards:
        return refuse_by_policy(decision, decision_id, wording)
    if gaps:
        return refuse_unexamined(gaps, decision_id, wording)
    return Forward(surfaced.called, surfaced.inspected)


def unexamined(
    content: Content, evidence: Evidence, past: Past = NOTHING_BEFORE, exempt: AbstractSet[str] = frozenset()
) -> Sequence[tuple[Location, str]]:
    """The places whose content was not examined, each with the reason: what no reader reads, then what detectors gave up.

    Parts of a kind that is `exempt` are not among them.
    """
    gaps = [
        (part.location, why)
        for part in content.parts
        if not isinstance(part, _READ) and (why := _unread(part, past)) and kind_of(part) not in exempt
    ]
    if not evidence.unexamined:
        return gaps
    known = {location for location, _ in gaps}
    gaps.extend((location, why) for location, why in evidence.unexamined if location not in known)
    return gaps


def _unread(part: Part, past: Past) -> str:
    match part:
        case Text() | Schema() | Image(source=Inline()) | Document(opened=True):
            return ""
        case Opaque():
            return part.why
        case Reference():
            return "" if past.knows(part) else _not_seen(part)
        case Image(source=Remote(why=why)):
            failed = f"the picture at its address could not be fetched: {why}"
            return failed if why else "a picture behind an address; send it inline as a data URI"
        case Document(source=Remote()):
            return "a file behind an address; what the service would fetch was not seen here"
        case _:
            return f"content of kind {kind_of(part)} is not examined yet"


def _not_seen(part: Reference) -> str:
    why = f": {part.why}" if part.why else ""
    return f"the {part.kind} is kept by the service; what it holds was not seen here{why}"


def _coverage(content: Content, gaps: Sequence[tuple[Location, str]], exempt: AbstractSet[str]) -> Coverage:
    refused = {location.steps for location, _ in gaps}
    kinds: dict[tuple[str, str], int] = {}
    sums = {"inspected": 0, "refused": 0, "exempt": 0}
    for part in content.parts:
        kind = kind_of(part)
        fate = "exempt" if kind in exempt else "inspected"
        if refused and _inside(part.location, refused):
            fate = "refused"
        sums[fate] += 1
        kinds[kind, fate] = kinds.get((kind, fate), 0) + 1
    return Coverage(sums["inspected"], sums["refused"], sums["exempt"], kinds)


def _inside(location: Location, places: set[tuple[Step, ...]]) -> bool:
    return any(location.steps[:depth] in places for depth in range(len(location.steps) + 1))
