"""Files whose lines are requests: each line is examined and judged on its own, and the strictest word counts for the file."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import Struct

from proxy.content import Content, Coverage
from proxy.decision import Decision, Finding, Outcome
from proxy.errors import TooLarge
from proxy.exchange import Line
from proxy.facts import Evidence, Fact, stronger
from proxy.location import Location

MAX_LINES: Final = 20
"""Lines that a finding, a fact or a list of gaps names; the rest is counted."""


class Judged(Struct, frozen=True):
    """What was found of one content, and what policy says of it. `gaps` are the places that nobody could examine."""

    evidence: Evidence
    decision: Decision
    gaps: Sequence[tuple[Location, str]]
    coverage: Coverage


def by_line(
    own: Judged,
    lines: Iterable[Line],
    judged: Callable[[Content], Judged],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Judged:
    """What is said of a file: of the request that brings it (`own`), and by `judged` of each of its lines, as one.

    Places begin with the line that they are in. Raises TooLarge when the lines take longer than `seconds`, and whatever
    reading a line raises.
    """
    end = clock() + seconds
    tally = _Tally()
    tally.add(own, Location())
    for line in lines:
        if clock() > end:
            raise TooLarge(
                f"examining the file takes longer than {seconds:g} s (at line {line.number}); send it in smaller files",
                line.place,
            )
        tally.add(judged(line.content), line.place)
    return tally.whole(own.decision.revision)


@dataclass(slots=True)
class _Said:
    """One finding or fact in the lines where it stands: those that are named, and how many there are."""

    lines: list[Location] = field(default_factory=list)
    count: int = 0

    def add(self, line: Location) -> bool:
        """Whether this line is among those that are named."""
        self.count += 1
        if len(self.lines) >= MAX_LINES:
            return False
        self.lines.append(line)
        return True

    def words(self) -> str:
        """The lines, for a person; empty for what stands in no line."""
        numbers = [str(line.steps[-1]) for line in self.lines if line.steps]
        if not numbers:
            return ""
        more = self.count - len(self.lines)
        listed = ", ".join(numbers) + (f" and {more} more" if more else "")
        return f" (line{'s' if self.count > 1 else ''} {listed})"


class _Tally:
    """Joins what is said line by line; never more is kept than for a few lines."""

    def __init__(self) -> None:
        self._facts: dict[str, Fact] = {}
        self._findings: dict[tuple[str, int, bool], Finding] = {}
        self._said: dict[object, _Said] = {}
        self._gaps: list[tuple[Location, str]] = []
        self._kinds: dict[tuple[str, str], int] = {}
        self._quiet: Evidence | None = None

    def add(self, one: Judged, line: Location) -> None:
        self._add_facts(one.evidence, line)
        for finding in one.decision.findings:
            self._add_finding(finding, line, shadow=False)
        for finding in one.decision.shadow:
            self._add_finding(finding, line, shadow=True)
        if one.gaps and self._said.setdefault("gaps", _Said()).add(line):
            self._gaps.extend((_within(line, place), why) for place, why in one.gaps[:MAX_LINES])
        for kind, number in one.coverage.kinds.items():
            self._kinds[kind] = self._kinds.get(kind, 0) + number

    def _add_facts(self, evidence: Evidence, line: Location) -> None:
        if evidence is self._quiet:  # most lines show nothing, and then their evidence is the same
            return
        facts = evidence.by_name()
        for name, fact in facts.items():
            known = self._facts.get(name)
            if fact.truth or known is None:
                named = bool(fact.truth) and self._said.setdefault(name, _Said()).add(line)
                places = tuple(_within(line, place) for place in fact.locations[:MAX_LINES]) if named else ()
                placed = replace(fact, locations=places)
                self._facts[name] = placed if known is None else stronger(known, placed)
        if len(evidence.quiet()) == len(facts):
            self._quiet = evidence

    def _add_finding(self, finding: Finding, line: Location, *, shadow: bool) -> None:
        key = (finding.rule, finding.truth, shadow)
        known = self._findings.get(key)
        named = self._said.setdefault(key, _Said()).add(line)
        if known is None:
            self._findings[key] = replace(finding, locations=_placed(finding, line))
        elif named:
            facts = tuple(dict.fromkeys((*known.facts, *finding.facts)))
            self._findings[key] = replace(known, facts=facts, locations=known.locations + _placed(finding, line))

    def whole(self, revision: str) -> Judged:
        findings = self._told(shadow=False)
        outcome = max((finding.outcome for finding in findings), default=Outcome.ALLOW)
        decision = Decision(outcome, findings, self._told(shadow=True), revision)
        sums = {fate: sum(n for (_, one), n in self._kinds.items() if one == fate) for _, fate in self._kinds}
        coverage = Coverage(sums.get("inspected", 0), sums.get("refused", 0), sums.get("exempt", 0), self._kinds)
        return Judged(Evidence(tuple(self._facts.values())), decision, self._gaps, coverage)

    def _told(self, *, shadow: bool) -> tuple[Finding, ...]:
        """The findings with the lines where they stand; so the refusal names them."""
        return tuple(
            replace(finding, message=finding.message + self._said[key].words())
            for key, finding in self._findings.items()
            if key[2] is shadow
        )


def _placed(finding: Finding, line: Location) -> tuple[Location, ...]:
    """Where in a line a finding stands; the line itself where it stands nowhere in it."""
    return tuple(_within(line, place) for place in finding.locations[:MAX_LINES]) or ((line,) if line.steps else ())


def _within(line: Location, place: Location) -> Location:
    return line.at(*place.steps)
