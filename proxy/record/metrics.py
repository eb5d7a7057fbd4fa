"""Every metric in one table, and the one place where they are counted."""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

Kind = Literal["counter", "gauge", "histogram"]

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name as Prometheus sees it, its kind, its labels, what it says, and (histograms) its buckets.

    `begins` are the label values of series that stand at 0 from the start: Prometheus sees an increase only from a value
    that it has seen before, so the first failure would be no failure in a rate.
    """

    name: str
    kind: Kind
    labels: Labels
    help: str
    buckets: tuple[float, ...] = ()
    begins: tuple[Labels, ...] = ()


_FAST: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

TABLE: Final = (
    Metric("facegate_requests_total", "counter", ("tenant", "operation", "outcome", "status"),
           "Requests by what became of them: outcome is policy's word, or `rejected` where there was no verdict;"
           " status is `forwarded`, or the HTTP status of the refusal; tenant is `none` for a caller that is not known"),
    Metric("facegate_findings_total", "counter", ("tenant", "rule", "outcome", "mode"),
           "Rules whose condition held, by what they say of it and whether they count (enforce) or not (shadow)"),
    Metric("facegate_undetermined_total", "counter", ("rule", "mode"),
           "Rules whose condition could not be determined and that say something about it, enforced or in shadow"),
    Metric("facegate_parts_total", "counter", ("operation", "kind", "disposition"),
           "Parts of requests by kind, and whether they were inspected, refused or exempt"),
    Metric("facegate_request_stage_seconds", "histogram", ("stage",),
           "Time of one request in one stage: admit, surface, fetch (pictures behind addresses), files (that the service"
           " keeps), judge (examination included),"
           " record, forward_first_byte"
           " (from sending to the first byte of the reply)", _FAST),
    Metric("facegate_overhead_seconds", "histogram", ("operation",),
           "Time from the end of the request's body to the start of forwarding or of the refusal", _FAST),
    Metric("facegate_upstream_requests_total", "counter", ("status",),
           "Replies of the service by HTTP status; `error`, `timeout` and `cancelled` (by the caller) where there was none",
           begins=(("error",), ("timeout",), ("cancelled",))),
    Metric("facegate_upstream_seconds", "histogram", ("operation",),
           "Time from sending a request to the service until the end of its reply", _SLOW),
    Metric("facegate_inflight_requests", "gauge", (), "Requests being served now", begins=((),)),
    Metric("facegate_inflight_bytes", "gauge", (), "Bytes of bodies held in memory now, of requests and of replies that are read",
           begins=((),)),
    Metric("facegate_upload_bytes", "gauge", (), "Bytes of files in parts that are held until they are whole", begins=((),)),
    Metric("facegate_detector_seconds", "histogram", ("detector",),
           "Time of one detector on one request that is examined in the pool: pictures, long texts", _FAST),
    Metric("facegate_examination_queue", "gauge", (), "Requests that wait for the examination pool or are in it",
           begins=((),)),
    Metric("facegate_remote_fetches_total", "counter", ("result",),
           "Pictures that requests named by address and that were to be fetched, by result: `fetched`, or why not",
           begins=(("fetched",),)),
    Metric("facegate_unknown_files_total", "counter", ("result",),
           "Files that requests named, that nobody here knew, and that were to be got from the service, by result: `known`,"
           " `refused` (what it holds), `unreadable`, `lost` (not remembered), or why it was not got",
           begins=(("known",), ("refused",), ("others",))),
    Metric("facegate_realtime_sessions", "gauge", (), "Realtime sessions that are open now", begins=((),)),
    Metric("facegate_realtime_events_total", "counter", ("event", "disposition"),
           "Events of realtime sessions by class, and whether they were forwarded, refused, or let pass unheard (exempt)"),
    Metric("facegate_faces_found_total", "counter", (), "Faces found in pictures of requests", begins=((),)),
    Metric("facegate_audit_records_total", "counter", ("kind",), "Records handed to the journal (decision, outcome, fetch)",
           begins=(("decision",), ("outcome",), ("fetch",))),
    Metric("facegate_audit_failures_total", "counter", (), "Records that the journal could not take", begins=((),)),
    Metric("facegate_memory_entries", "gauge", (), "Things that the service keeps and the memory knows", begins=((),)),
    Metric("facegate_memory_failures_total", "counter", ("action",),
           "Times that the memory could not be asked or told; what it does not know is refused. `learn`: a reply that could"
           " not be read", begins=tuple((action,) for action in (
               "recall", "remember", "extend", "forget", "owned", "others", "purge", "learn"))),
    Metric("facegate_policy_info", "gauge", ("pack", "version", "revision"), "1 for each policy pack in force"),
    Metric("facegate_streams_cancelled_total", "counter", (), "Requests that the caller gave up before the end of the reply",
           begins=((),)),
    Metric("facegate_auth_failures_total", "counter", ("reason",), "Requests without a valid credential, by reason",
           begins=(("missing",), ("unknown",), ("expired",), ("ambiguous",))),
    Metric("facegate_ready", "gauge", (), "1 while /readyz says so: the journal takes records, and nothing drains",
           begins=((),)),
    Metric("facegate_semantic_ready", "gauge", (), "1 where words beside pictures get their second look, 0 where not"),
    Metric("facegate_build_info", "gauge", ("version",), "1, with the version that runs"),
)  # fmt: skip

LABELS: Final[Mapping[str, str]] = {
    "tenant": "ids of the register; `none` for a caller that is not known",
    "operation": "names of the catalogue; `other` where a request did not get as far; `realtime.event` for an event of a session",
    "outcome": "`allow`, `advise`, `flag`, `redact`, `review`, `block`; `rejected` where there was no verdict",
    "status": "HTTP statuses, and the words that the metric's meaning names",
    "rule": "ids of rules of the packs in force",
    "mode": "`enforce`, `shadow`",
    "kind": "`text`, `image`, `audio`, `video`, `document`, `schema`, `reference`, `opaque`; of records `decision`,"
    " `outcome`, `fetch`",
    "disposition": "`inspected`, `refused`, `exempt`; of realtime events `forwarded` in place of `inspected`",
    "event": "`session`, `item`, `audio`, `buffer`, `response`; `other` for what is no event that is read; `service` for the"
    " service's",
    "stage": "`admit`, `surface`, `fetch`, `files`, `judge`, `record`, `forward_first_byte`",
    "detector": "names of the detectors, and `files` for the opening of files",
    "action": "`recall`, `remember`, `extend`, `forget`, `owned` (whose a listed thing is), `others` (whether a thing is"
    " another's), `purge`, `learn`",
    "pack": "names of the packs in force",
    "version": "of the pack; of Facegate",
    "revision": "the digest of everything that decides",
    "result": "`fetched`, `url`, `host`, `address`, `unreachable`, `timeout`, `redirects`, `status`, `encoding`, `size`, `type`,"
    " `many`; of unknown files `known`, `refused`, `unreadable`, `lost`, `others`, `withheld`, `name`, `telling`, `broken` too",
    "reason": "`missing`, `unknown`, `expired`, `ambiguous`",
}
"""Every label, and the closed set that its values come from: nobody who calls can make a series."""


@dataclass(slots=True)
class _Histogram:
    """The durations of one series: how many fell into each bucket (the last is for what exceeds all bounds), and their sum."""

    counts: list[int]
    total: float = 0.0


@dataclass(slots=True)
class _Series:
    """All series of one metric, by label values."""

    metric: Metric
    numbers: dict[Labels, float] = field(default_factory=dict)
    histograms: dict[Labels, _Histogram] = field(default_factory=dict)
    watched: dict[Labels, Callable[[], float]] = field(default_factory=dict)

    def add(self, seconds: float, labels: Labels) -> None:
        """Add one duration."""
        try:
            found = self.histograms[labels]
        except KeyError:
            found = _Histogram([0] * (len(self.metric.buckets) + 1))
            self.histograms[_checked(self.metric, labels)] = found
        found.counts[bisect_left(self.metric.buckets, seconds)] += 1
        found.total += seconds


class Metrics(Collector):
    """The metrics of one process, in a registry of their own. Label values come from closed sets only.

    The numbers are plain values under one lock, which Prometheus' client renders when it is asked to: counting is on the
    way of every request, and costs half of what the client's own counters take. Any thread may count.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._series: Mapping[str, _Series] = {metric.name: _Series(metric) for metric in TABLE}
        for series in self._series.values():
            for labels in series.metric.begins:
                series.numbers[_checked(series.metric, labels)] = 0.0
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        """Add to a counter, or to a gauge (there `by` may be negative)."""
        series = self._series[name]
        with self._lock:
            try:
                series.numbers[labels] += by
            except KeyError:
                series.numbers[_checked(series.metric, labels)] = by

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        series = self._series[name]
        with self._lock:
            series.numbers[_checked(series.metric, labels)] = value

    def watch(self, name: str, read: Callable[[], float], *labels: str) -> None:
        """Let a gauge be what `read` says whenever somebody asks."""
        series = self._series[name]
        with self._lock:
            series.watched[_checked(series.metric, labels)] = read

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        """Add one duration to a histogram."""
        with self._lock:
            self._series[name].add(seconds, labels)

    def observe_each(self, name: str, milliseconds: Mapping[str, float]) -> None:
        """Add one duration for each value of a histogram's only label."""
        series = self._series[name]
        with self._lock:
            for label, duration in milliseconds.items():
                series.add(duration / 1000, (label,))

    def value(self, name: str, **labels: str) -> float:
        """The present value of one series as it is exposed, 0 where it has none; for tests and tools."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def forget(self, name: str) -> None:
        """Drop all series of a metric (policy packs that are no longer in force)."""
        series = self._series[name]
        with self._lock:
            series.numbers.clear()
            series.histograms.clear()

    def collect(self) -> Iterator[Family]:
        """All metrics of the table as Prometheus' client knows them, each as it stands when its turn comes."""
        for series in self._series.values():
            yield self._family(series)

    def _family(self, series: _Series) -> Family:
        with self._lock:
            numbers = dict(series.numbers)
            histograms = {labels: (tuple(one.counts), one.total) for labels, one in series.histograms.items()}
            watched = tuple(series.watched.items())
        metric = series.metric
        if metric.kind == "histogram":
            family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, (counts, total) in histograms.items():
                family.add_metric(labels, tuple(_cumulative(metric.buckets, counts)), total)
            return family
        numbers.update((labels, read()) for labels, read in watched)
        make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        plain = make(metric.name, metric.help, labels=metric.labels)
        for labels, value in numbers.items():
            plain.add_metric(labels, value)
        return plain


def _checked(metric: Metric, labels: Labels) -> Labels:
    """`labels`, if the metric has as many. Asked once a series."""
    if len(labels) != len(metric.labels):
        raise ValueError(f"{metric.name} has the labels {metric.labels}, and got {labels}")
    return labels


def _cumulative(bounds: Iterable[float], counts: Iterable[int]) -> Iterator[tuple[str, float]]:
    """Buckets as they are exposed: each with all that lies at or below its bound."""
    below = 0
    for bound, number in zip([*map(str, bounds), "+Inf"], counts, strict=True):
        below += number
        yield bound, below
