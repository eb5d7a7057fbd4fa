"""What earlier requests left behind, as a value: what is known of the things that the service keeps and a request names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.content import Reference
from proxy.facts import Fact

HISTORY: Final = "history"
"""The source of facts that come from earlier requests."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the requests that made one thing showed: the names of facts that were TRUE or UNKNOWN, as facts without places."""

    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """The dossiers of the references of one request, by (kind, id); only of things that the caller's own tenant made.

    A reference without a dossier is unknown, whether nobody made it or another tenant did.
    """

    dossiers: Mapping[tuple[str, str], Dossier] = field(default_factory=dict)

    def knows(self, reference: Reference) -> bool:
        """Whether what `reference` names was made through this proxy by the caller's own tenant."""
        return (reference.kind, reference.id) in self.dossiers

    def facts_of(self, reference: Reference) -> tuple[Fact, ...]:
        """What is known to be TRUE or UNKNOWN of it, seen at the place of the reference."""
        dossier = self.dossiers.get((reference.kind, reference.id), _EMPTY)
        return tuple(
            Fact(fact.name, fact.truth, HISTORY, fact.score, (reference.location,), fact.count, fact.why)
            for fact in dossier.facts
        )


_EMPTY: Final = Dossier()

NOTHING_BEFORE: Final = Past()
"""The past of a request that names nothing, or of which nothing is known."""
