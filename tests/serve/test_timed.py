"""Detectors under a stopwatch say what they say without it, and their time counts also when they fail."""

from collections.abc import Iterator
from itertools import count

import pytest

from proxy.caller import Caller
from proxy.content import Content, Document, Inline, Unfolded
from proxy.examine import examine
from proxy.facts import Evidence, Fact, Truth
from proxy.judge.policy import Policy
from proxy.location import Location
from proxy.record.metrics import Metrics
from proxy.refusal import Wording
from proxy.screen import Screening
from proxy.serve.timed import timed

NOBODY = Caller("retail-co", "key-1", {}, (), ())
NOTHING = Content((), (), "gpt-4o")


class Sees:
    """A detector with one fact."""

    name = "sees"
    reports = frozenset({"media.images"})

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """Always the same."""
        del content, caller
        return Evidence((Fact("media.images", Truth.TRUE, self.name, 1.0, (), 1),))


class Fails:
    """A detector that fails."""

    name = "fails"
    reports = frozenset({"media.faces"})

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """Never an answer."""
        del content, caller
        raise OSError("no model")


@pytest.fixture
def ticks() -> Iterator[float]:
    """A clock on which each reading comes two seconds after the one before."""
    return iter(map(float, count(0, 2)))


def test_time_is_counted_and_evidence_is_the_same(ticks: Iterator[float]) -> None:
    """One duration a detector and request; what the detectors say, and that one fails, stays as it is."""
    screening = Screening(Policy((), ""), (Sees(), Fails()), Wording("", as_content_filter=False))
    metrics = Metrics()
    watched = timed(screening, metrics, lambda: next(ticks))
    assert (watched.policy, watched.wording) == (screening.policy, screening.wording)
    for _ in range(2):
        seen = examine(NOTHING, NOBODY, watched.detectors)
        assert seen == examine(NOTHING, NOBODY, screening.detectors)
    assert {
        name: (
            metrics.value("facegate_detector_seconds_count", detector=name),
            metrics.value("facegate_detector_seconds_sum", detector=name),
        )
        for name in ("sees", "fails", "media")
    } == {"sees": (2, 4.0), "fails": (2, 4.0), "media": (0, 0)}


class Again:
    """A second look that fails where nothing was seen."""

    name = "again"
    reports = frozenset({"intent.infer_emotion"})

    def examine(self, content: Content, seen: Evidence) -> Evidence:
        """One fact."""
        del content
        if not seen.facts:
            raise OSError("no model")
        return Evidence((Fact("intent.infer_emotion", Truth.TRUE, self.name),))


def test_a_second_look_is_counted(ticks: Iterator[float]) -> None:
    """Under its own name, also when it fails."""
    metrics, again = Metrics(), Again()
    screening = Screening(Policy((), ""), (), Wording("", as_content_filter=False), second=again)
    watched = timed(screening, metrics, lambda: next(ticks)).second
    assert watched is not None
    assert (watched.name, watched.reports) == (again.name, again.reports)
    seen = Evidence((Fact("media.images", Truth.TRUE, "media"),))
    assert watched.examine(NOTHING, seen) == again.examine(NOTHING, seen)
    with pytest.raises(OSError, match="no model"):
        watched.examine(NOTHING, Evidence())
    counted = [metrics.value(f"facegate_detector_seconds_{what}", detector="again") for what in ("count", "sum")]
    assert counted == [2, 4.0]


def test_the_opening_of_files_is_counted(ticks: Iterator[float]) -> None:
    """Under a name of its own, also when it fails."""
    metrics, file = Metrics(), Document(Location(("a",)), Inline("", b"x"))
    found = Unfolded((), ((file.location, "why"),))
    opening = [found]
    screening = Screening(Policy((), ""), (), Wording("", as_content_filter=False), unfold=lambda _: opening.pop())
    watched = timed(screening, metrics, lambda: next(ticks))
    assert watched.unfold(file) == found
    with pytest.raises(IndexError):
        watched.unfold(file)
    counted = [metrics.value(f"facegate_detector_seconds_{what}", detector="files") for what in ("count", "sum")]
    assert counted == [2, 4.0]
