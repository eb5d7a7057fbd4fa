"""Values become the JSON that Grafana reads, panel by panel, on a grid without overlaps."""

from typing import Any

import pytest

from dashboards.grafana import dashboard
from dashboards.panels import Course, Dashboard, Grid, Number, Panel, Query, Row, Variable

UP = Query('sum by (instance) (up{job=~"$job", instance=~"$instance"})', "{{instance}}")


def course(title: str, width: int = 8) -> Course:
    """A panel with lines."""
    return Course(title, "Says something.", "short", (UP,), width)


def made(*rows: Row) -> dict[str, Any]:
    """A dashboard of these rows."""
    return dashboard(Dashboard("it", "It", "Says it.", (Variable("job", "Job", "up"),), rows))


def test_panels_flow_from_left_to_right_and_on_to_the_next_line() -> None:
    """Each line is as high as its panels, each row has a heading, and ids count on."""
    low = tuple(Number(f"n{index}", "Says something.", "short", (UP,)) for index in range(2))
    found = made(
        Row("First", (*low, Number("m0", "Says.", "short", (UP,), width=20))),
        Row("Second", (course("a"), course("b"), course("c"), course("d", 24))),
    )
    assert [(one["title"], *(one["gridPos"][key] for key in "xywh"), one["id"]) for one in found["panels"]] == [
        ("First", 0, 0, 24, 1, 1),
        ("n0", 0, 1, 4, 4, 2),
        ("n1", 4, 1, 4, 4, 3),
        ("m0", 0, 5, 20, 4, 4),
        ("Second", 0, 9, 24, 1, 5),
        ("a", 0, 10, 8, 8, 6),
        ("b", 8, 10, 8, 8, 7),
        ("c", 16, 10, 8, 8, 8),
        ("d", 0, 18, 24, 8, 9),
    ]


PANELS: dict[str, tuple[Panel, dict[str, Any]]] = {
    "lines": (course("a"), {"type": "timeseries", "format": "time_series", "stacking": "none", "instant": False}),
    "areas that add up": (
        Course("a", "Says.", "reqps", (UP,), stacked=True),
        {"type": "timeseries", "format": "time_series", "stacking": "normal", "instant": False},
    ),
    "a number over time": (
        Number("a", "Says.", "s", (UP,)),
        {"type": "stat", "format": "time_series", "graph": "area", "instant": False},
    ),
    "a number of now": (
        Number("a", "Says.", "s", (Query(UP.expr, "{{instance}}", instant=True),)),
        {"type": "stat", "format": "time_series", "graph": "none", "instant": True},
    ),
    "a table": (
        Grid("a", "Says.", "none", (Query(UP.expr, "", instant=True),), {"instance": "Instance", "Value": "Up"}),
        {"type": "table", "format": "table", "columns": {"instance": "Instance", "Value": "Up"}, "instant": True},
    ),
}


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_becomes_json(name: str) -> None:
    """Its kind, its query, and what is particular to it."""
    panel, expected = PANELS[name]
    found = made(Row("Row", (panel,)))["panels"][1]
    target = found["targets"][0]
    told = {"type": found["type"], "format": target["format"], "instant": target["instant"]}
    if found["type"] == "timeseries":
        told["stacking"] = found["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"]
    elif found["type"] == "stat":
        told["graph"] = found["options"]["graphMode"]
    else:
        told["columns"] = found["transformations"][1]["options"]["renameByName"]
    assert told == expected
    assert (found["title"], found["description"], target["expr"]) == ("a", panel.description, UP.expr)
    assert found["fieldConfig"]["defaults"]["unit"] == panel.unit


def test_queries_of_one_panel_have_letters() -> None:
    """A, B, C…"""
    panel = Course("a", "Says.", "short", (UP, UP, UP))
    found = made(Row("Row", (panel,)))["panels"][1]
    assert [target["refId"] for target in found["targets"]] == ["A", "B", "C"]


def test_a_variable_lists_the_values_of_a_label() -> None:
    """All of them at first, several at choice."""
    source, job = made()["templating"]["list"]
    assert (source["name"], source["type"]) == ("datasource", "datasource")
    assert (job["name"], job["definition"], job["multi"], job["includeAll"], job["current"]["value"]) == (
        "job", "label_values(up, job)", True, True, ["$__all"],
    )  # fmt: skip
