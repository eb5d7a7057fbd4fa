"""What is said of a file is what is said of its lines, each on its own; places name the line, and nothing grows without end."""

from collections.abc import Iterator

import pytest

from proxy.content import Content, Coverage, Role, Text
from proxy.decision import Decision, Finding, Outcome
from proxy.errors import TooLarge
from proxy.exchange import Line
from proxy.facts import Evidence, Fact, Truth
from proxy.linewise import MAX_LINES, Judged, by_line
from proxy.location import WHOLE, Location

INSIDE = Location(("messages", 0))
QUIET = Evidence((Fact("media.faces", Truth.FALSE, "faces"), Fact("media.images", Truth.FALSE, "media")))


def finding(rule: str = "r", outcome: Outcome = Outcome.BLOCK, truth: Truth = Truth.TRUE, *places: Location) -> Finding:
    return Finding(rule, "C03", "", outcome, truth, "not permitted", ("media.faces",), places)


def judged(
    *findings: Finding,
    shadow: tuple[Finding, ...] = (),
    evidence: Evidence = QUIET,
    gaps: tuple[tuple[Location, str], ...] = (),
    fate: str = "inspected",
) -> Judged:
    """The judgement of one content with one text."""
    outcome = max((one.outcome for one in findings), default=Outcome.ALLOW)
    sums = {"inspected": 0, "refused": 0, "exempt": 0, fate: 1}
    coverage = Coverage(sums["inspected"], sums["refused"], sums["exempt"], {("text", fate): 1})
    return Judged(evidence, Decision(outcome, findings, shadow, "rev"), gaps, coverage)


NOTHING = judged()


def lines(count: int) -> Iterator[Line]:
    for number in range(1, count + 1):
        yield Line(number, Content((Text(INSIDE, Role.USER, str(number)),), (), "m"))


def over(count: int, found: dict[int, Judged], own: Judged = NOTHING) -> Judged:
    """What is said of a file with so many lines, where some are judged as `found` says and all others are quiet."""
    return by_line(own, lines(count), lambda content: found.get(int(content.parts[0].text), NOTHING), 60)  # type: ignore[union-attr] # each part is text


def test_quiet_lines() -> None:
    """Nothing in any line is nothing in the file, whose parts are counted."""
    whole = over(1000, {})
    assert whole.decision == Decision(Outcome.ALLOW, (), (), "rev")
    assert (list(whole.evidence.facts), whole.gaps) == (list(QUIET.facts), [])
    assert whole.coverage == Coverage(1001, 0, 0, {("text", "inspected"): 1001})


def test_one_line_is_enough() -> None:
    """The strictest outcome of any line is the file's; the finding says where."""
    whole = over(
        100, {3: judged(finding("r", Outcome.BLOCK, Truth.TRUE, INSIDE)), 7: judged(finding("s", Outcome.FLAG))}
    )
    assert whole.decision.outcome is Outcome.BLOCK
    assert [(one.rule, one.message, [str(place) for place in one.locations]) for one in whole.decision.findings] == [
        ("r", "not permitted (line 3)", ["/line/3/messages/0"]),
        ("s", "not permitted (line 7)", ["/line/7"]),
    ]


def test_what_the_request_itself_holds() -> None:
    """Findings of what brings the file stand beside those of lines, with their own places."""
    whole = over(
        2, {2: NOTHING}, judged(finding("r", Outcome.REVIEW, Truth.TRUE, Location(("form", "file", "filename"))))
    )
    (one,) = whole.decision.findings
    assert (whole.decision.outcome, str(one.locations[0]), one.message) == (
        Outcome.REVIEW, "/form/file/filename", "not permitted",
    )  # fmt: skip


def test_certain_and_undetermined_are_two_findings() -> None:
    """What holds in one line does not make another line's doubt a certainty."""
    whole = over(2, {1: judged(finding("r", Outcome.REVIEW, Truth.UNKNOWN)), 2: judged(finding("r"))})
    assert [(one.truth, one.outcome, one.message) for one in whole.decision.findings] == [
        (Truth.UNKNOWN, Outcome.REVIEW, "not permitted (line 1)"),
        (Truth.TRUE, Outcome.BLOCK, "not permitted (line 2)"),
    ]


def test_many_lines() -> None:
    """The first lines are named and the others counted; nothing more is kept of them."""
    bad = judged(
        finding("r", Outcome.BLOCK, Truth.TRUE, *[INSIDE.at(index) for index in range(50)]),
        gaps=((INSIDE, "why"),) * 50,
    )
    whole = over(5000, dict.fromkeys(range(1, 5001), bad))
    (one,) = whole.decision.findings
    assert one.message == f"not permitted (lines {', '.join(map(str, range(1, 21)))} and 4980 more)"
    assert (len(one.locations), len(whole.gaps)) == (MAX_LINES * MAX_LINES, MAX_LINES * MAX_LINES)
    assert {place.steps[1] for place in one.locations} == set(range(1, 21))


def test_facts_are_joined() -> None:
    """The strongest truth of any line, what was counted in all, and where in the first."""
    seen = Evidence(
        (
            Fact("media.faces", Truth.TRUE, "faces", 0.9, (INSIDE,), 2),
            Fact("media.images", Truth.TRUE, "media", 1.0, (), 1),
        )
    )
    unsure = Evidence(
        (Fact("media.faces", Truth.UNKNOWN, "faces", 0.0, (INSIDE,)), Fact("media.images", Truth.FALSE, "media"))
    )
    whole = over(60, {1: judged(evidence=unsure), **dict.fromkeys(range(5, 50), judged(evidence=seen))})
    facts = whole.evidence.by_name()
    assert (facts["media.faces"].truth, facts["media.faces"].count, facts["media.images"].count) == (Truth.TRUE, 90, 45)
    assert [str(place) for place in facts["media.faces"].locations][:2] == ["/line/5/messages/0", "/line/6/messages/0"]
    assert len(facts["media.faces"].locations) < MAX_LINES


def test_gaps_name_their_line() -> None:
    """What nobody could examine is said with its line, and the whole body of a line is the line."""
    whole = over(3, {2: judged(gaps=((INSIDE, "why"), (WHOLE, "all of it")), fate="refused")})
    assert [(str(place), why) for place, why in whole.gaps] == [("/line/2/messages/0", "why"), ("/line/2", "all of it")]
    assert whole.coverage == Coverage(3, 1, 0, {("text", "inspected"): 3, ("text", "refused"): 1})


def test_shadow_findings_stay_apart() -> None:
    """Rules that are only watched are told, and never count."""
    whole = over(2, {1: judged(shadow=(finding(),))})
    assert (whole.decision.outcome, whole.decision.findings, whole.decision.shadow[0].locations) == (
        Outcome.ALLOW, (), (Location(("line", 1)),),
    )  # fmt: skip


def test_a_file_that_takes_too_long() -> None:
    """Work ends after the time that it has, with the line where it ended."""
    ticks = iter(range(100))
    with pytest.raises(TooLarge) as refusal:
        by_line(NOTHING, lines(50), lambda _: NOTHING, 10, clock=lambda: float(next(ticks)))
    assert (str(refusal.value.location), "longer than 10 s (at line 11)" in refusal.value.message) == ("/line/11", True)
