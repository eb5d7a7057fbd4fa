"""Detectors under a stopwatch. The core reads no clock, so the shell holds it."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from proxy.caller import Caller
from proxy.content import Content, Document, Unfolded
from proxy.examine.detector import Detector, SecondLook
from proxy.facts import Evidence
from proxy.record.metrics import Metrics
from proxy.screen import Screening, Unfold

FILES: Final = "files"
"""Stands among the names of detectors for the opening of files."""

Stopwatch: TypeAlias = Callable[[str], AbstractContextManager[None]]
"""Counts the time of what goes on within it under a name, also when that fails."""


@dataclass(slots=True)
class _Timed:
    """A detector whose time counts, also when it fails."""

    detector: Detector
    count: Stopwatch
    name: str
    reports: frozenset[str]

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """What the detector says."""
        with self.count(self.name):
            return self.detector.examine(content, caller)


@dataclass(slots=True)
class _TimedAgain:
    """A second look whose time counts, also when it fails."""

    second: SecondLook
    count: Stopwatch
    name: str
    reports: frozenset[str]

    def examine(self, content: Content, seen: Evidence) -> Evidence:
        """What the second look says."""
        with self.count(self.name):
            return self.second.examine(content, seen)


def _stopwatch(metrics: Metrics, clock: Callable[[], float]) -> Stopwatch:
    @contextmanager
    def count(name: str) -> Iterator[None]:
        begun = clock()
        try:
            yield
        finally:
            metrics.observe("facegate_detector_seconds", clock() - begun, name)

    return count


def _timed_unfold(unfold: Unfold, count: Stopwatch) -> Unfold:
    def watched(document: Document) -> Unfolded:
        with count(FILES):
            return unfold(document)

    return watched


def timed(screening: Screening, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> Screening:
    """The same screening, with the time of each detector counted, and that of opening files.

    For work in the pool: there a clock costs nothing.
    """
    count = _stopwatch(metrics, clock)
    detectors = tuple(_Timed(one, count, one.name, one.reports) for one in screening.detectors)
    again = screening.second
    second = None if again is None else _TimedAgain(again, count, again.name, again.reports)
    return replace(screening, detectors=detectors, second=second, unfold=_timed_unfold(screening.unfold, count))
