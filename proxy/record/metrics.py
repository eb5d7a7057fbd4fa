"""Every metric in one table, and the one place where they are counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name as Prometheus sees it, its kind, its labels, what it says, and (histograms) its buckets."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()


_FAST: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

TABLE: Final = (
    Metric("facegate_requests_total", "counter", ("tenant", "operation", "outcome", "status"),
           "Requests by what became of them; outcome `rejected` is a request that did not get as far as a verdict"),
    Metric("facegate_findings_total", "counter", ("tenant", "rule", "outcome", "mode"),
           "Rules whose condition held, by what they say of it and whether they count (enforce) or not (shadow)"),
    Metric("facegate_undetermined_total", "counter", ("rule",),
           "Rules whose condition could not be determined and that say something about it"),
    Metric("facegate_parts_total", "counter", ("operation", "kind", "disposition"),
           "Parts of requests by kind, and whether they were inspected, refused or exempt"),
    Metric("facegate_request_stage_seconds", "histogram", ("stage",),
           "Time of one request in one stage (admit, surface, examine, judge with examine, record, forward_first_byte)", _FAST),
    Metric("facegate_overhead_seconds", "histogram", ("operation",),
           "Time from the end of the request's body to the start of forwarding or of the refusal", _FAST),
    Metric("facegate_upstream_requests_total", "counter", ("status",),
           "Replies of the service by HTTP status; `error` and `timeout` where there was none"),
    Metric("facegate_upstream_seconds", "histogram", ("operation",),
           "Time from sending a request to the service until the end of its reply", _SLOW),
    Metric("facegate_inflight_requests", "gauge", (), "Requests being served now"),
    Metric("facegate_inflight_bytes", "gauge", (), "Bytes of request bodies held in memory now"),
    Metric("facegate_detector_seconds", "histogram", ("detector",),
           "Time of one detector on one request that is examined in the pool", _FAST),
    Metric("facegate_examination_queue", "gauge", (), "Requests that wait for the examination pool or are in it"),
    Metric("facegate_faces_found_total", "counter", (), "Faces found in pictures of requests"),
    Metric("facegate_audit_records_total", "counter", ("kind",), "Records written to the journal (decision, outcome)"),
    Metric("facegate_audit_failures_total", "counter", (), "Records that the journal could not take"),
    Metric("facegate_policy_info", "gauge", ("pack", "version", "revision"), "1 for each policy pack in force"),
    Metric("facegate_streams_cancelled_total", "counter", (), "Replies that the caller gave up before their end"),
    Metric("facegate_auth_failures_total", "counter", ("reason",), "Requests without a valid credential, by reason"),
    Metric("facegate_build_info", "gauge", ("version",), "1, with the version that runs"),
)  # fmt: skip


class Metrics:
    """The metrics of one process, in a registry of their own. Label values come from closed sets only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics: Mapping[str, Counter | Gauge | Histogram] = {
            metric.name: self._register(metric) for metric in TABLE
        }
        self._children: dict[tuple[str, ...], Counter | Gauge | Histogram] = {}

    def _register(self, metric: Metric) -> Counter | Gauge | Histogram:
        if metric.kind == "histogram":
            return Histogram(metric.name, metric.help, metric.labels, registry=self.registry, buckets=metric.buckets)
        if metric.kind == "gauge":
            return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)
        return Counter(metric.name, metric.help, metric.labels, registry=self.registry)

    def _child(self, name: str, labels: tuple[str, ...]) -> Counter | Gauge | Histogram:
        key = (name, *labels)
        child = self._children.get(key)
        if child is None:
            metric = self._metrics[name]
            child = metric.labels(*labels) if labels else metric
            self._children[key] = child
        return child

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        self._child(name, labels).inc(by)  # type: ignore[union-attr] # a counter, by the table

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._child(name, labels).set(value)  # type: ignore[union-attr] # a gauge, by the table

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        """Add one duration to a histogram."""
        self._child(name, labels).observe(seconds)  # type: ignore[union-attr] # a histogram, by the table

    def value(self, name: str, **labels: str) -> float:
        """The present value of one series, 0 where it has none; for the readiness page and for tests."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def forget(self, name: str) -> None:
        """Drop all series of a metric (policy packs that are no longer in force)."""
        self._metrics[name].clear()
        self._children = {key: child for key, child in self._children.items() if key[0] != name}
