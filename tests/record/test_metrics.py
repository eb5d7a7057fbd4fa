"""The table of metrics keeps Prometheus' conventions, and the numbers come out as they were put in."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import generate_latest
from support.programs import require_program, run

from proxy.record.metrics import TABLE, Metric, Metrics


def samples(metrics: Metrics, name: str) -> dict[str, float]:
    """All samples of one metric, as Prometheus reads them, without its name."""
    text = generate_latest(metrics.registry).decode()
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(name)]
    return {series.removeprefix(name): float(value) for series, value in lines}


def filled() -> Metrics:
    """Metrics with one series of each metric of the table."""
    metrics = Metrics()
    for metric in TABLE:
        labels = metric.labels
        match metric.kind:
            case "counter":
                metrics.count(metric.name, *labels)
            case "gauge":
                metrics.set(metric.name, 1, *labels)
            case "histogram":
                metrics.observe(metric.name, 0.003, *labels)
    return metrics


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
def test_a_row_keeps_the_conventions(metric: Metric) -> None:
    """Names say kind and unit; buckets rise, and only histograms have them; what begins at 0 has the right labels."""
    assert re.fullmatch(r"facegate_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.endswith("_seconds") == (metric.kind == "histogram")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help
    assert metric.help[-1] not in ".\n"
    assert {len(labels) for labels in metric.begins} <= {len(metric.labels)}
    assert not {"le", "quantile", "job", "instance"} & set(metric.labels)


def test_no_name_is_given_twice() -> None:
    """One row a metric."""
    assert len({metric.name for metric in TABLE}) == len(TABLE)


def test_promtool_finds_nothing_to_say() -> None:
    """Prometheus' own check of names, units and help texts."""
    promtool = require_program("promtool", "prometheus")
    exposed = generate_latest(filled().registry)
    assert run(promtool, "check", "metrics", given=exposed) == (0, "")


def test_a_counter_adds_up() -> None:
    """Each combination of labels is a series of its own."""
    metrics = Metrics()
    metrics.count("facegate_parts_total", "chat.completions", "text", "inspected")
    metrics.count("facegate_parts_total", "chat.completions", "text", "inspected", by=4)
    metrics.count("facegate_parts_total", "chat.completions", "image", "refused")
    assert samples(metrics, "facegate_parts_total") == {
        '{disposition="inspected",kind="text",operation="chat.completions"}': 5,
        '{disposition="refused",kind="image",operation="chat.completions"}': 1,
    }


def test_series_that_alerts_wait_for_begin_at_zero() -> None:
    """The first failure is an increase."""
    assert samples(Metrics(), "facegate_audit_failures_total") == {"": 0}
    assert samples(Metrics(), "facegate_upstream_requests_total") == {
        '{status="error"}': 0,
        '{status="timeout"}': 0,
        '{status="cancelled"}': 0,
    }


def test_a_gauge_is_set_moved_and_forgotten() -> None:
    """A gauge may fall; a forgotten one has no series."""
    metrics = Metrics()
    metrics.set("facegate_inflight_requests", 3)
    metrics.count("facegate_inflight_requests", by=-1)
    assert samples(metrics, "facegate_inflight_requests") == {"": 2}
    metrics.set("facegate_policy_info", 1, "coc", "2024-05-01", "abc")
    metrics.forget("facegate_policy_info")
    assert samples(metrics, "facegate_policy_info") == {}


def test_a_watched_gauge_is_read_when_asked() -> None:
    """It has the value of the moment, not of the moment when it was registered."""
    metrics = Metrics()
    held = [1]
    metrics.watch("facegate_inflight_bytes", lambda: sum(held))
    held.append(41)
    assert samples(metrics, "facegate_inflight_bytes") == {"": 42}


def test_durations_fall_into_their_buckets() -> None:
    """A duration on a bound lies within it; one above all bounds is counted in +Inf alone."""
    metrics = Metrics()
    for seconds in (0.0001, 0.0002, 0.3, 11.0):
        metrics.observe("facegate_overhead_seconds", seconds, "embeddings")
    found = samples(metrics, "facegate_overhead_seconds")
    bounds = ("0.0001", "0.00025", "0.25", "0.5", "10.0", "+Inf")
    buckets = [found[f'_bucket{{le="{bound}",operation="embeddings"}}'] for bound in bounds]
    assert buckets == [1, 2, 2, 3, 3, 4]
    assert found['_count{operation="embeddings"}'] == 4
    assert found['_sum{operation="embeddings"}'] == pytest.approx(11.3003)


def test_several_durations_at_once() -> None:
    """Each is what `observe` makes of it, from milliseconds."""
    one, other = Metrics(), Metrics()
    one.observe_each("facegate_request_stage_seconds", {"admit": 0.5, "judge": 20.0})
    other.observe("facegate_request_stage_seconds", 0.0005, "admit")
    other.observe("facegate_request_stage_seconds", 0.02, "judge")
    found = samples(one, "facegate_request_stage_seconds")
    assert found == samples(other, "facegate_request_stage_seconds")
    assert found['_count{stage="judge"}'] == 1


@pytest.mark.parametrize("labels", [(), ("one", "two")], ids=["too few", "too many"])
def test_labels_must_be_as_many_as_in_the_table(labels: tuple[str, ...]) -> None:
    """A mistake of ours shows at once, and leaves no series."""
    metrics = Metrics()
    before = generate_latest(metrics)
    with pytest.raises(ValueError, match="facegate_auth_failures_total has the labels"):
        metrics.count("facegate_auth_failures_total", *labels)
    with pytest.raises(ValueError, match="facegate_detector_seconds has the labels"):
        metrics.observe("facegate_detector_seconds", 0.1, *labels)
    with pytest.raises(ValueError, match="facegate_build_info has the labels"):
        metrics.set("facegate_build_info", 1, *labels)
    with pytest.raises(ValueError, match="facegate_build_info has the labels"):
        metrics.watch("facegate_build_info", lambda: 1.0, *labels)
    assert generate_latest(metrics) == before


def test_what_is_not_in_the_table_cannot_be_counted() -> None:
    """A misspelt name is no new metric."""
    with pytest.raises(KeyError):
        Metrics().count("facegate_request_total")


def test_any_thread_may_count() -> None:
    """No increase is lost."""
    metrics = Metrics()

    def count(_: int) -> None:
        for _ in range(2000):
            metrics.count("facegate_faces_found_total")
            metrics.observe("facegate_detector_seconds", 0.002, "faces")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert metrics.value("facegate_faces_found_total") == 8000
    assert metrics.value("facegate_detector_seconds_count", detector="faces") == 8000


def test_a_series_that_is_not_there_reads_as_zero() -> None:
    """For tests and tools; Prometheus itself would see nothing."""
    assert Metrics().value("facegate_requests_total", tenant="nobody") == 0


def test_the_process_is_measured_too() -> None:
    """Memory, processor time, open files, collections of garbage; a registry of our own has them only if asked."""
    found = {sample.name for family in Metrics().registry.collect() for sample in family.samples}
    assert {
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_start_time_seconds",
        "python_gc_collections_total",
    } <= found
