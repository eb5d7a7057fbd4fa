"""Outcomes are ordered, and a decision tells certain findings from undetermined ones."""

import itertools

import pytest

from proxy.decision import Decision, Finding, Outcome
from proxy.facts import Truth

ORDER = ["allow", "advise", "flag", "redact", "review", "block"]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(ORDER, repeat=2)))
def test_outcomes_are_ordered_mildest_first(one: str, other: str) -> None:
    """In all pairs."""
    mild, strict = Outcome(one), Outcome(other)
    assert (mild < strict, mild == strict, mild >= strict) == (
        ORDER.index(one) < ORDER.index(other),
        one == other,
        ORDER.index(one) >= ORDER.index(other),
    )


def test_what_forwards() -> None:
    """Allow, advise and flag do; redact does not until something can redact."""
    assert [outcome.value for outcome in Outcome if outcome.forwards] == ["allow", "advise", "flag"]
    assert [outcome.severity for outcome in Outcome] == [0, 1, 2, 3, 4, 5]


def test_certain_and_undetermined_findings() -> None:
    """Each rule is in one of the two lists; shadow findings are in neither."""
    holds = Finding("holds", "C01", "", Outcome.BLOCK, Truth.TRUE, "")
    may = Finding("may", "C02", "", Outcome.REVIEW, Truth.UNKNOWN, "")
    decision = Decision(Outcome.BLOCK, (holds, may), (Finding("watched", "C03", "", Outcome.BLOCK, Truth.TRUE, ""),))
    assert (decision.fired, decision.undetermined) == (("holds",), ("may",))
