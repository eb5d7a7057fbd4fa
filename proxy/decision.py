"""What policy says of a request."""

from dataclasses import dataclass
from enum import Enum
from functools import total_ordering

from msgspec import Struct

from proxy.facts import Truth
from proxy.location import Location


@total_ordering
class Outcome(Enum):
    """What becomes of a request, mildest first; the strictest of all findings wins."""

    ALLOW = "allow"
    ADVISE = "advise"  # forwarded, with a note in the reply header and the record
    FLAG = "flag"  # forwarded, and queued for a person to look at
    REDACT = "redact"  # forwarded without faces
    REVIEW = "review"  # refused until a person releases it
    BLOCK = "block"  # refused

    @property
    def severity(self) -> int:
        """0 for the mildest; only the order counts."""
        return _ORDER[self]

    @property
    def forwards(self) -> bool:
        """Whether the request may reach the service. (`redact` does not until redaction exists.)"""
        return self in (Outcome.ALLOW, Outcome.ADVISE, Outcome.FLAG)

    def __lt__(self, other: "Outcome") -> bool:
        return self.severity < other.severity


_ORDER = {outcome: index for index, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that speaks of this request.

    `truth` is TRUE when its condition holds, UNKNOWN when that could not be determined (then `outcome` is what the rule
    says of undetermined cases). `facts` are the names that the condition rests on, `locations` where they were seen.
    """

    rule: str
    clause: str
    citation: str
    outcome: Outcome
    truth: Truth
    message: str
    facts: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    alternative: str = ""
    lifted_by: str = ""


class Decision(Struct, frozen=True):
    """The verdict on one request: the strictest outcome of all findings, and the revision of the policy that said so.

    Findings of rules in `shadow` mode stand apart and never count.
    """

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    shadow: tuple[Finding, ...] = ()
    revision: str = ""

    @property
    def fired(self) -> tuple[str, ...]:
        """Ids of the rules whose condition holds."""
        return tuple(finding.rule for finding in self.findings if finding.truth is Truth.TRUE)

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Ids of the rules whose condition could not be determined and that say something about it."""
        return tuple(finding.rule for finding in self.findings if finding.truth is Truth.UNKNOWN)
