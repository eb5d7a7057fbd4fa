"""Queries are written once, narrowed by the dashboard's choices."""

import pytest

from dashboards.panels import per_second, quantile, series, share, shown

WHERE = 'job=~"$job", instance=~"$instance"'

WRITTEN = {
    "a metric of a tenant": (
        series("facegate_findings_total", 'mode="shadow"'),
        'facegate_findings_total{job=~"$job", instance=~"$instance", tenant=~"$tenant", mode="shadow"}',
    ),
    "a metric of nobody": (series("facegate_ready"), 'facegate_ready{job=~"$job", instance=~"$instance"}'),
    "a metric that is not ours": (
        series("process_open_fds"),
        'process_open_fds{job=~"$job", instance=~"$instance"}',
    ),
    "a rate": (
        per_second("facegate_auth_failures_total", by="reason"),
        'sum by (reason) (rate(facegate_auth_failures_total{job=~"$job", instance=~"$instance"}[$__rate_interval]))',
    ),
    "a total": (
        shown("facegate_faces_found_total"),
        'sum(increase(facegate_faces_found_total{job=~"$job", instance=~"$instance"}[$__range]))',
    ),
    "a quantile of all": (
        quantile(0.5, "facegate_detector_seconds"),
        f"histogram_quantile(0.5, sum by (le) (rate(facegate_detector_seconds_bucket{{{WHERE}}}[$__rate_interval])))",
    ),
    "a quantile of each": (
        quantile(0.99, "facegate_upstream_seconds", by="operation"),
        (
            "histogram_quantile(0.99, sum by (le, operation) "
            f'(rate(facegate_upstream_seconds_bucket{{{WHERE}, operation=~"$operation"}}[$__rate_interval])))'
        ),
    ),
    "a share": (share("sum(a)", "sum(b)"), "(sum(a) or vector(0)) / (sum(b) > 0)"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_query_is_written(name: str) -> None:
    """As Prometheus reads it."""
    written, expected = WRITTEN[name]
    assert written == expected
