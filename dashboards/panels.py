"""What a dashboard consists of, as values. How Grafana wants it written is `dashboards.grafana`'s business."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from proxy.record.metrics import TABLE

COLUMNS: Final = 24
"""Grafana's grid: every panel has a width in these."""

Unit: TypeAlias = Literal["reqps", "cps", "s", "percentunit", "bytes", "short", "none", "bool_yes_no"]


@dataclass(frozen=True, slots=True)
class Query:
    """One query. `legend` names its series, with `{{label}}` for the value of a label.

    `instant` asks for the present value instead of a course: tables and totals of the time that is shown.
    """

    expr: str
    legend: str
    instant: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """Lines over time; `stacked` where the sum means something."""

    title: str
    description: str
    unit: Unit
    queries: tuple[Query, ...]
    width: int = 8
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """One number, coloured by `thresholds`: from each value on, that colour; the first one holds below all values."""

    title: str
    description: str
    unit: Unit
    queries: tuple[Query, ...]
    thresholds: tuple[tuple[float | None, str], ...] = ((None, "blue"),)
    width: int = 4


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of instant queries. `columns` names the labels to show, in order, with their headings."""

    title: str
    description: str
    unit: Unit
    queries: tuple[Query, ...]
    columns: Mapping[str, str]
    width: int = 8


Panel: TypeAlias = Course | Number | Grid


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it, which flow from left to right."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of the dashboard: the values of a label of a metric, several at once, all at first."""

    name: str
    label: str
    metric: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard. `uid` is its stable address."""

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]


_CHOSEN: Final = ("job", "instance", "tenant", "operation")
"""Labels that a variable of the same name narrows down."""

_LABELS: Final = {metric.name: metric.labels for metric in TABLE}

_KINDS: Final = {metric.name: metric.kind for metric in TABLE}


def series(name: str, *conditions: str) -> str:
    """The selector of a metric, narrowed by the dashboard's variables that apply to it and by `conditions` of its own.

    The metrics of a process (memory, processor time) have the labels of the scrape only.
    """
    labels = ("job", "instance", *_LABELS.get(name, ()))
    chosen = [f'{label}=~"${label}"' for label in labels if label in _CHOSEN]
    suffix = "_bucket" if _KINDS.get(name) == "histogram" else ""
    return f"{name}{suffix}{{{', '.join([*chosen, *conditions])}}}"


def per_second(name: str, *conditions: str, by: str = "") -> str:
    """How fast a counter grows, summed over everything but the labels in `by`."""
    return f"{_sum(by)}(rate({series(name, *conditions)}[$__rate_interval]))"


def shown(name: str, *conditions: str, by: str = "") -> str:
    """By how much a counter grew in the time that is shown."""
    return f"{_sum(by)}(increase({series(name, *conditions)}[$__range]))"


def share(part: str, whole: str) -> str:
    """`part` of `whole`, both sums: 0 where there is no part yet, nothing where there is no whole."""
    return f"({part} or vector(0)) / ({whole} > 0)"


def quantile(fraction: float, name: str, *conditions: str, by: str = "") -> str:
    """The duration that `fraction` of all stays below, estimated from the buckets of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({fraction}, {per_second(name, *conditions, by=labels)})"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
