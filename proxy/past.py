"""What earlier requests left behind, as a value: what is known of the things that the service keeps and a request names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from proxy.content import Reference
from proxy.facts import Evidence, Fact, Truth

HISTORY: Final = "history"
"""The source of facts that come from earlier requests."""

MAX_COUNT: Final = 1_000_000
"""Where counting ends: a chain of requests that each name the one before twice would double a count without end."""

MAX_WHY: Final = 200
"""Characters that are kept of why a fact is unknown."""

LASTING: Final = frozenset({"response", "item", "sealed", "completion", "audio", "file", "batch", "job", "video"})
"""Kinds of things that do not change once they are made, whoever names them later."""

Name: TypeAlias = tuple[str, str]
"""What names one thing that the service keeps: its kind and its id."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the requests that made one thing showed: the names of facts that were TRUE or UNKNOWN, as facts without places."""

    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """The dossiers of the references of one request, by (kind, id); only of things that the caller's own tenant made.

    A reference without a dossier is unknown, whether nobody made it or another tenant did.
    """

    dossiers: Mapping[Name, Dossier] = field(default_factory=dict)

    def knows(self, reference: Reference) -> bool:
        """Whether what `reference` names was made through this proxy by the caller's own tenant."""
        return (reference.kind, reference.id) in self.dossiers

    def lasting(self) -> "Past":
        """What is known of the things that do not change any more: all that may be known to what is done later."""
        return Past({name: dossier for name, dossier in self.dossiers.items() if name[0] in LASTING})

    def facts_of(self, reference: Reference) -> tuple[Fact, ...]:
        """What is known to be TRUE or UNKNOWN of it, seen at the place of the reference."""
        dossier = self.dossiers.get((reference.kind, reference.id), _EMPTY)
        return tuple(
            Fact(fact.name, fact.truth, HISTORY, fact.score, (reference.location,), fact.count, fact.why)
            for fact in dossier.facts
        )


def left_by(evidence: Evidence, *added_to: Reference) -> Dossier:
    """What a request with this evidence leaves behind on what it makes, or on one thing that it adds to.

    What it names counts as its own. `added_to` are the references to the thing that it adds to: what was known of that is not
    added to it once more. How the request stood to its caller's attributes (`conflict.*`) is found anew each time.
    """
    known = [(one.location,) for one in added_to]
    return _joined(
        fact
        for fact in evidence.facts
        if not fact.name.startswith("conflict.") and not (fact.source == HISTORY and fact.locations in known)
    )


def merged(one: Dossier, other: Dossier) -> Dossier:
    """Both together: of each fact the strongest truth, and the counts of equal ones added."""
    return _joined((*one.facts, *other.facts))


def _joined(facts: Iterable[Fact]) -> Dossier:
    joined = Evidence(tuple(fact for fact in facts if fact.truth is not Truth.FALSE)).by_name()
    return Dossier(
        tuple(
            Fact(name, fact.truth, HISTORY, fact.score, (), min(fact.count, MAX_COUNT), fact.why[:MAX_WHY])
            for name, fact in sorted(joined.items())
        )
    )


_EMPTY: Final = Dossier()

NOTHING_BEFORE: Final = Past()
"""The past of a request that names nothing, or of which nothing is known."""
