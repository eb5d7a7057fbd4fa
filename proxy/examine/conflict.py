"""What a request shows, against what the register says and the request declares."""

from collections.abc import Sequence
from typing import Final

from proxy.caller import MOBILE_CAMERAS, Caller
from proxy.facts import Evidence, Fact, Truth

SPEAKS_FROM: Final = 0.9
"""Score of `context.law_enforcement` from which a text speaks from police work, and not only of it."""

_POLICE: Final = ("police_department", "law_enforcement", "public_safety_vendor")

_TELLING: Final = ("context.law_enforcement", "context.mobile_camera", "media.mobile_camera", "context.live_feed")

_AGREE: Final = tuple(
    Fact(name, Truth.FALSE, "conflict") for name in ("conflict.camera", "conflict.organization", "conflict.timing")
)


def conflicts(evidence: Evidence, caller: Caller) -> Sequence[Fact]:
    """The `conflict.*` facts. Evidence that contradicts an attribute is a fact of its own; it never proves innocence.

    Where the evidence is UNKNOWN and would contradict if it were TRUE, so is the conflict.
    """
    if not any(fact.truth is not Truth.FALSE and fact.name in _TELLING for fact in evidence.facts):
        return _AGREE
    facts = evidence.by_name()
    law, said, seen, live = (facts.get(name) for name in _TELLING)
    mobile = max((fact for fact in (seen, said) if fact is not None), key=lambda fact: fact.truth, default=None)
    camera = caller.value_of("camera")
    return (
        _fact("conflict.organization", law, possible=not _known_police(caller) and not _only_mentions(law)),
        _fact("conflict.camera", mobile, possible=camera is not None and camera not in MOBILE_CAMERAS),
        _fact("conflict.timing", live, possible=caller.value_of("timing") == "post_event"),
    )


def _only_mentions(law: Fact | None) -> bool:
    return law is not None and law.truth is Truth.TRUE and law.score < SPEAKS_FROM


def _known_police(caller: Caller) -> bool:
    acting = caller.on_behalf_of
    return (
        caller.value_of("organization") in _POLICE
        or acting is None
        or any(one.organization in _POLICE and one.attested for one in acting)
    )


def _fact(name: str, cause: Fact | None, *, possible: bool) -> Fact:
    if cause is None or not possible or cause.truth is Truth.FALSE:
        return Fact(name, Truth.FALSE, "conflict")
    if cause.truth is Truth.UNKNOWN:
        return Fact(name, Truth.UNKNOWN, "conflict", 0.0, cause.locations, 0, cause.why)
    return Fact(name, Truth.TRUE, "conflict", cause.score, cause.locations, 1)
