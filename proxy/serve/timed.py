"""Detectors under a stopwatch. The core reads no clock, so the shell holds it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from proxy.caller import Caller
from proxy.content import Content, Document, Unfolded
from proxy.examine.detector import Detector, SecondLook
from proxy.facts import Evidence
from proxy.record.metrics import Metrics
from proxy.screen import Screening, Unfold

FILES: Final = "files"
"""Stands among the names of detectors for the opening of files."""


@dataclass(slots=True)
class _Timed:
    """A detector whose time counts, also when it fails."""

    detector: Detector
    metrics: Metrics
    clock: Callable[[], float]
    name: str
    reports: frozenset[str]

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """What the detector says."""
        begun = self.clock()
        try:
            return self.detector.examine(content, caller)
        finally:
            self.metrics.observe("facegate_detector_seconds", self.clock() - begun, self.name)


@dataclass(slots=True)
class _TimedAgain:
    """A second look whose time counts, also when it fails."""

    second: SecondLook
    metrics: Metrics
    clock: Callable[[], float]
    name: str
    reports: frozenset[str]

    def examine(self, content: Content, seen: Evidence) -> Evidence:
        """What the second look says."""
        begun = self.clock()
        try:
            return self.second.examine(content, seen)
        finally:
            self.metrics.observe("facegate_detector_seconds", self.clock() - begun, self.name)


def _timed_unfold(unfold: Unfold, metrics: Metrics, clock: Callable[[], float]) -> Unfold:
    def watched(document: Document) -> Unfolded:
        begun = clock()
        try:
            return unfold(document)
        finally:
            metrics.observe("facegate_detector_seconds", clock() - begun, FILES)

    return watched


def timed(screening: Screening, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> Screening:
    """The same screening, with the time of each detector counted, and that of opening files.

    For work in the pool: there a clock costs nothing.
    """
    detectors = tuple(_Timed(one, metrics, clock, one.name, one.reports) for one in screening.detectors)
    again = screening.second
    second = None if again is None else _TimedAgain(again, metrics, clock, again.name, again.reports)
    return replace(
        screening, detectors=detectors, second=second, unfold=_timed_unfold(screening.unfold, metrics, clock)
    )
