"""What the checks of dashboards and alerts see in a query: every metric, with its range and the function around it."""

import promql_parser
import pytest
from support.promql import Selector, selectors, substituted

QUERIES: dict[str, tuple[str, list[Selector]]] = {
    "a metric": ("up", [Selector("up", {}, ranged=False, function=None)]),
    "with conditions": ('up{a="b", c=~"d"}', [Selector("up", {"a": "b", "c": "d"}, ranged=False, function=None)]),
    "a rate": ("rate(a_total[5m])", [Selector("a_total", {}, ranged=True, function="rate")]),
    "a rate of all": ("sum by (b) (rate(a_total[5m]))", [Selector("a_total", {}, ranged=True, function="rate")]),
    "a sum of a metric": ("sum(a)", [Selector("a", {}, ranged=False, function=None)]),
    "two": (
        "(a / b) > bool -c",
        [Selector(name, {}, ranged=False, function=None) for name in ("a", "b", "c")],
    ),
    "an argument that is a number": (
        "histogram_quantile(0.9, a)",
        [Selector("a", {}, ranged=False, function="histogram_quantile")],
    ),
    "within a range of results": (
        "max_over_time(rate(a_total[1m])[5m:15s])",
        [Selector("a_total", {}, ranged=True, function="rate")],
    ),
    "a sum within a function": ("abs(sum(a))", [Selector("a", {}, ranged=False, function=None)]),
    "no metric": ("vector(1) + time()", []),
    "words": ('"words"', []),
}


@pytest.mark.parametrize("name", QUERIES)
def test_metrics_of_a_query(name: str) -> None:
    """In the order in which they stand there."""
    query, found = QUERIES[name]
    assert selectors(query) == found


def test_every_kind_of_expression_is_read() -> None:
    """The queries above hold each kind that the parser knows, so that none is met first in a dashboard."""
    kinds = {name for query, _ in QUERIES.values() for name in _kinds(promql_parser.parse(query))}
    assert kinds == {kind.__name__ for kind in promql_parser.Expr.__subclasses__()}


def _kinds(expr: object) -> set[str]:
    inner = [getattr(expr, name) for name in ("expr", "lhs", "rhs") if hasattr(expr, name)]
    return {type(expr).__name__}.union(*map(_kinds, [*inner, *getattr(expr, "args", ())]))


@pytest.mark.parametrize("query", ["", "sum(", "rate(a)", "a{b}"])
def test_what_is_no_query(query: str) -> None:
    """An error, not a query without metrics."""
    with pytest.raises(ValueError, match=r"."):
        selectors(query)


def test_variables_are_filled_in() -> None:
    """Grafana's intervals become durations, the dashboard's choices all values."""
    query = 'rate(a{job=~"$job"}[$__rate_interval]) / b[$__range]'
    assert substituted(query) == 'rate(a{job=~".+"}[1m]) / b[1h]'
