"""What does the request show?"""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from proxy.caller import Caller
from proxy.content import Content, Reference
from proxy.examine.conflict import conflicts
from proxy.examine.detector import Detector, SecondLook
from proxy.facts import Evidence, Fact, unknown
from proxy.location import WHOLE
from proxy.past import NOTHING_BEFORE, Past


def examine(
    content: Content,
    caller: Caller,
    detectors: Sequence[Detector],
    past: Past = NOTHING_BEFORE,
    second: SecondLook | None = None,
) -> Evidence:
    """Ask every detector, add what is known of the things that the content names, then hold it against what is declared.

    `second` looks again where anything was seen or known at all.

    A detector that fails makes its own facts unknown and nothing else.
    """
    before = _recalled(content, past) if past.dossiers else []
    if past.dossiers:
        content = _without_known(content, past)
    seen = tuple([_ask(detector, content, caller) for detector in detectors])
    key = tuple(map(id, seen))
    if key in _JOINED and not before:
        return _JOINED[key][1]
    facts = [fact for one in seen for fact in one.facts]
    facts.extend(before)
    if second is not None and any(fact.truth for fact in facts):
        again = _ask_again(second, content, Evidence(tuple(facts)))
        facts.extend(again.facts)
        seen = (*seen, again)
    facts.extend(conflicts(Evidence(tuple(facts)), caller))
    evidence = Evidence(tuple(facts), tuple(place for one in seen for place in one.unexamined))
    if len(_JOINED) < _MAX_JOINED and not evidence.unexamined and not any(fact.truth for fact in facts):
        _JOINED[key] = (seen, evidence)  # what is kept alive keeps its id
    return evidence


def _recalled(content: Content, past: Past) -> list[Fact]:
    return [fact for part in content.parts if isinstance(part, Reference) for fact in past.facts_of(part)]


def _without_known(content: Content, past: Past) -> Content:
    """What detectors are to look at: a reference to what was seen before hides nothing."""
    parts = tuple(part for part in content.parts if not (isinstance(part, Reference) and past.knows(part)))
    return structs.replace(content, parts=parts)


_JOINED: Final[dict[tuple[int, ...], tuple[tuple[Evidence, ...], Evidence]]] = {}
"""The joined evidence of requests in which no detector saw anything, as of most: each detector then gives the same value."""

_MAX_JOINED: Final = 64


def _ask(detector: Detector, content: Content, caller: Caller) -> Evidence:
    try:
        return detector.examine(content, caller)
    except Exception as failure:  # noqa: BLE001 - a detector may fail in any way; its facts become unknown
        return _failed(detector, failure)


def _ask_again(second: SecondLook, content: Content, seen: Evidence) -> Evidence:
    try:
        return second.examine(content, seen)
    except Exception as failure:  # noqa: BLE001 - as above
        return _failed(second, failure)


def _failed(detector: Detector | SecondLook, failure: Exception) -> Evidence:
    why = f"the detector failed: {type(failure).__name__}"
    return Evidence(unknown(detector.reports, detector.name, why), ((WHOLE, f"the {detector.name} detector failed"),))
