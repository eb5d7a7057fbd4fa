"""PromQL as dashboards and alerts write it, taken apart."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser

STAND_INS: Mapping[str, str] = {"$__rate_interval": "1m", "$__range": "1h", "$__interval": "15s"}
"""Grafana's own variables, as a browser might fill them in."""


@dataclass(frozen=True)
class Selector:
    """A metric in a query: its name, conditions by label, the range (as written) and the function directly around it."""

    name: str
    conditions: Mapping[str, str]
    ranged: bool
    function: str | None

    @property
    def counted(self) -> bool:
        """Whether the metric only ever grows."""
        return self.name.endswith(("_total", "_bucket", "_sum", "_count"))


def substituted(expr: str) -> str:
    """A query as Prometheus gets it: intervals filled in, and every choice of the dashboard set to all."""
    for name, value in STAND_INS.items():
        expr = expr.replace(name, value)
    return re.sub(r"\$\w+", ".+", expr)


def selectors(expr: str) -> list[Selector]:
    """All metrics of a query, in order. Raises ValueError where it does not parse, or holds what is not read here."""
    return list(_selectors(promql_parser.parse(substituted(expr)), None))


def _selectors(expr: Any, function: str | None) -> Iterator[Selector]:
    match expr:
        case promql_parser.VectorSelector():
            yield _selector(expr, ranged=False, function=function)
        case promql_parser.MatrixSelector():
            yield _selector(expr.vector_selector, ranged=True, function=function)
        case promql_parser.Call():
            for argument in expr.args:
                yield from _selectors(argument, expr.func.name)
        case promql_parser.BinaryExpr():
            yield from _selectors(expr.lhs, None)
            yield from _selectors(expr.rhs, None)
        case (
            promql_parser.AggregateExpr()
            | promql_parser.ParenExpr()
            | promql_parser.UnaryExpr()
            | promql_parser.SubqueryExpr()
        ):
            yield from _selectors(expr.expr, None)
        case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
            return
        case _:
            raise ValueError(
                f"what metrics are in a {type(expr).__name__} cannot be told: no query was of that kind before"
            )


def _selector(selector: Any, *, ranged: bool, function: str | None) -> Selector:
    conditions = {one.name: one.value for one in selector.matchers.matchers}
    return Selector(str(selector.name), conditions, ranged, function)
