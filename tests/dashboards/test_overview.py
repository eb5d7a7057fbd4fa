"""The overview keeps the rules for dashboards, and every metric is on it."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from support.dashboard_rules import complaints
from support.promql import selectors

from dashboards.build import DASHBOARDS, FOLDER
from proxy.record.metrics import TABLE, Metrics

Document = dict[str, Any]

ELSEWHERE: dict[str, str] = {}
"""Metrics that are on no panel, each with the reason."""


def committed(name: str = "facegate-overview.json") -> Document:
    """A dashboard as it is in the repository."""
    document = orjson.loads((FOLDER / name).read_bytes())
    assert isinstance(document, dict)
    return document


def asked(document: Document) -> set[str]:
    """The metrics that a dashboard asks for, by the names in the table."""
    names = {
        one.name
        for panel in document["panels"]
        for target in panel.get("targets", ())
        for one in selectors(target["expr"])
    }
    return {name.removesuffix("_bucket") for name in names}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_nothing_to_complain_of(name: str) -> None:
    """Titles, descriptions, units, legends, variables, rates, places."""
    assert complaints(committed(name)) == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_metric_asked_for_exists(name: str) -> None:
    """In the table, or among those of the process."""
    exposed = {sample.name for family in Metrics().registry.collect() for sample in family.samples}
    assert asked(committed(name)) - {metric.name for metric in TABLE} - exposed == set()


def test_every_metric_is_on_a_panel() -> None:
    """Or on the list of those that are not, with a reason; and that list holds no others."""
    shown = set().union(*(asked(committed(name)) for name in DASHBOARDS))
    table = {metric.name for metric in TABLE}
    assert table - shown == set(ELSEWHERE)
    assert all(ELSEWHERE.values())


def test_every_condition_is_on_a_label_that_the_metric_has() -> None:
    """A misspelt label would select nothing, silently."""
    labels = {metric.name: {*metric.labels, "job", "instance"} for metric in TABLE}
    strangers = [
        (one.name, set(one.conditions) - labels[one.name.removesuffix("_bucket")])
        for panel in committed()["panels"]
        for target in panel.get("targets", ())
        for one in selectors(target["expr"])
        if one.name.startswith("facegate_")
    ]
    assert [found for found in strangers if found[1]] == []


def _panel(document: Document) -> Document:
    return next(one for one in document["panels"] if one["title"] == "Requests by outcome")


def _without_unit(document: Document) -> None:
    del _panel(document)["fieldConfig"]["defaults"]["unit"]


def _moved(document: Document) -> None:
    _panel(document)["gridPos"]["x"] += 4


def _outside(document: Document) -> None:
    document["panels"][-1]["gridPos"]["x"] = 20


def _asks(expr: str, legend: str = "all") -> Callable[[Document], None]:
    def change(document: Document) -> None:
        _panel(document)["targets"][0] |= {"expr": expr, "legendFormat": legend}

    return change


WHERE = 'job=~"$job", instance=~"$instance"'

MISTAKES: dict[str, tuple[Callable[[Document], object], str]] = {
    "no title": (lambda one: _panel(one).update(title=""), "a panel: it has no title"),
    "no description": (lambda one: _panel(one).update(description=""), "it has no description"),
    "no unit": (_without_unit, "it has no unit"),
    "no query": (lambda one: _panel(one).update(targets=[]), "it has no query"),
    "another data source": (lambda one: _panel(one).update(datasource={"uid": "P1"}), "it asks another data source"),
    "not PromQL": (_asks("sum(rate(x[1m])"), "a query does not parse"),
    "a bare counter": (_asks(f"sum(facegate_requests_total{{{WHERE}}})"), "only grows, and is asked for without rate"),
    "a rate of a gauge": (_asks(f"sum(rate(facegate_ready{{{WHERE}}}[$__rate_interval]))"), "goes up and down"),
    "a fixed interval": (_asks(f"sum(rate(facegate_requests_total{{{WHERE}}}[5m]))"), "a range is 5m"),
    "no job": (_asks('sum(facegate_ready{instance=~"$instance"})'), "facegate_ready is not narrowed by $job"),
    "series that look the same": (
        _asks(f"sum by (tenant) (rate(facegate_requests_total{{{WHERE}}}[$__rate_interval]))"),
        "the legend shows [], the series differ by ['tenant']",
    ),
    "an unknown variable": (_asks(f'sum(facegate_ready{{{WHERE}, x=~"$model"}})'), "$model is used and not defined"),
    "one on another": (_moved, "it lies on Requests by outcome"),
    "outside the grid": (_outside, "it lies outside the grid"),
    "can be edited": (lambda one: one.update(editable=True), "it can be edited in the browser"),
    "a choice of one": (lambda one: one["templating"]["list"][1].update(multi=False), "$job does not offer several"),
    "a choice without use": (lambda one: one["templating"]["list"][3].update(name="model"), "$model is used nowhere"),
    "no data source": (lambda one: one["templating"]["list"].pop(0), "first variable is not the data source"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_rules_see_a_mistake(mistake: str) -> None:
    """Each rule speaks where it is broken."""
    document = committed()
    change, complaint = MISTAKES[mistake]
    change(document)
    assert any(complaint in found for found in complaints(document)), complaints(document)
