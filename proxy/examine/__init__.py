"""What does the request show?"""

from collections.abc import Sequence

from proxy.caller import Caller
from proxy.content import Content
from proxy.examine.conflict import conflicts
from proxy.examine.detector import Detector
from proxy.facts import Evidence, Fact, unknown
from proxy.location import WHOLE, Location


def examine(content: Content, caller: Caller, detectors: Sequence[Detector]) -> Evidence:
    """Ask every detector, then hold what they saw against what is declared.

    A detector that fails makes its own facts unknown and nothing else.
    """
    facts: list[Fact] = []
    unexamined: list[tuple[Location, str]] = []
    for detector in detectors:
        try:
            seen = detector.examine(content, caller)
        except Exception as failure:  # noqa: BLE001 - a detector may fail in any way; its facts become unknown
            facts.extend(unknown(detector.reports, detector.name, f"the detector failed: {type(failure).__name__}"))
            unexamined.append((WHOLE, f"the {detector.name} detector failed"))
        else:
            facts.extend(seen.facts)
            unexamined.extend(seen.unexamined)
    facts.extend(conflicts(Evidence(tuple(facts)), caller))
    return Evidence(tuple(facts), tuple(unexamined))
