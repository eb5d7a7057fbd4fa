"""The rules of Grafana's dashboard-linter that apply to us, and some of our own."""

import re
from collections.abc import Iterator
from typing import Any

from support.promql import Selector, selectors

SOURCE = {"type": "prometheus", "uid": "${datasource}"}

COLUMNS = 24


def complaints(dashboard: dict[str, Any]) -> list[str]:
    """What is wrong with a dashboard, one line each."""
    panels = dashboard["panels"]
    found = [*_whole(dashboard), *_variables(dashboard), *_overlaps(panels)]
    for panel in panels:
        found += [f"{panel.get('title') or 'a panel'}: {why}" for why in _panel(panel)]
    return found


def _whole(dashboard: dict[str, Any]) -> Iterator[str]:
    if dashboard["editable"]:
        yield "it can be edited in the browser"
    if not dashboard["uid"] or not dashboard["title"] or not dashboard["description"]:
        yield "it has no uid, title or description"
    numbers = [panel["id"] for panel in dashboard["panels"]]
    if len(set(numbers)) != len(numbers):
        yield "two panels have the same id"
    titles = [panel["title"] for panel in dashboard["panels"]]
    if len(set(titles)) != len(titles):
        yield "two panels have the same title"


def _variables(dashboard: dict[str, Any]) -> Iterator[str]:
    first, *others = dashboard["templating"]["list"]
    if (first["type"], first["name"], first["label"], first["query"]) != (
        "datasource", "datasource", "Data source", "prometheus",
    ):  # fmt: skip
        yield "its first variable is not the data source"
    for one in others:
        yield from _variable(one)
    written = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ()))
    names = {one["name"] for one in others}
    used = set(re.findall(r"\$(\w+)", written)) - {"__rate_interval", "__range"}
    yield from (f"there is no variable ${name}" for name in sorted({"job", "instance"} - names))
    yield from (f"${name} is used and not defined" for name in sorted(used - names))
    yield from (f"${name} is used nowhere" for name in sorted(names - used))


def _variable(one: dict[str, Any]) -> Iterator[str]:
    name = one["name"]
    if one["datasource"] != SOURCE:
        yield f"${name} asks another data source"
    if not (one["multi"] and one["includeAll"] and one["allValue"] == ".+"):
        yield f"${name} does not offer several values and all of them"
    if one["refresh"] != 2:
        yield f"${name} is not asked anew when the time range changes"


def _overlaps(panels: list[dict[str, Any]]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS or min(place["x"], place["y"]) < 0 or min(place["w"], place["h"]) < 1:
            yield f"{panel['title']}: it lies outside the grid"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"{panel['title']}: it lies on {taken[x, y]}"
                    return
                taken[x, y] = panel["title"]


def _panel(panel: dict[str, Any]) -> Iterator[str]:
    if not panel["title"]:
        yield "it has no title"
    if panel["type"] == "row":
        return
    holds = {
        "it has no description": panel["description"].endswith("."),
        "it asks another data source": panel["datasource"] == SOURCE,
        "it has no unit": bool(panel["fieldConfig"]["defaults"].get("unit")),
        "it has no query": bool(panel["targets"]),
    }
    yield from (complaint for complaint, kept in holds.items() if not kept)
    for name in ("refId", "legendFormat"):
        values = [target[name] for target in panel["targets"]]
        if len(set(values)) != len(values):
            yield f"two queries have the same {name}"
    for target in panel["targets"]:
        yield from _target(target)


def _target(target: dict[str, Any]) -> Iterator[str]:
    if target["datasource"] != SOURCE:
        yield "a query asks another data source"
    if target["instant"] == target["range"]:
        yield "a query asks for both a course and a moment, or for neither"
    try:
        found = selectors(target["expr"])
    except ValueError as why:
        yield f"a query does not parse: {why}"
        return
    for one in found:
        yield from _selector(one, target["expr"])
    wanted = "$__range" if target["instant"] else "$__rate_interval"
    ranges = re.findall(r"\[([^\]]*)\]", target["expr"])
    yield from (f"a range is {found}, not {wanted}" for found in ranges if found != wanted)
    yield from _legend(target)


def _selector(one: Selector, expr: str) -> Iterator[str]:
    for label in ("job", "instance"):
        if f'{label}=~"${label}"' not in expr or one.conditions.get(label) != ".+":
            yield f"{one.name} is not narrowed by ${label}"
    if one.counted and not (one.ranged and one.function in ("rate", "increase")):
        yield f"{one.name} only grows, and is asked for without rate or increase"
    if not one.counted and one.ranged:
        yield f"{one.name} goes up and down, and is asked for its rate"


def _legend(target: dict[str, Any]) -> Iterator[str]:
    """Series can be told apart: each label that the sums keep is in the legend."""
    kept = {label.strip() for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in group.split(",")}
    shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    if not target["legendFormat"]:
        yield "a query has no legend"
    if target["format"] == "time_series" and kept - {"le"} != shown:
        yield f"the legend shows {sorted(shown)}, the series differ by {sorted(kept - {'le'})}"
