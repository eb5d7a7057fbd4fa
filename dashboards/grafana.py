"""Dashboards as Grafana reads them (schema 39: Grafana 11 and newer)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, assert_never

from dashboards.panels import COLUMNS, Course, Dashboard, Grid, Number, Panel, Query, Row, Variable

_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

_HEIGHTS: Final[Mapping[type, int]] = {Course: 8, Number: 4, Grid: 8}

Object = dict[str, Any]


def dashboard(made: Dashboard) -> Object:
    """The JSON document of a dashboard."""
    return {
        "annotations": {"list": []},
        "description": made.description,
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": [],
        "panels": list(_laid_out(made.rows)),
        "refresh": "30s",
        "schemaVersion": 39,
        "tags": ["facegate"],
        "templating": {"list": [_datasource(), *map(_variable, made.variables)]},
        "time": {"from": "now-6h", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": made.title,
        "uid": made.uid,
        "version": 1,
        "weekStart": "",
    }


def _laid_out(rows: Sequence[Row]) -> Iterator[Object]:
    """All panels with their ids and places: a row's panels flow from left to right, each line as high as its first."""
    y, number = 0, 0
    for row in rows:
        number += 1
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
        yield {"collapsed": False, "gridPos": place, "id": number, "panels": [], "title": row.title, "type": "row"}
        y += 1
        x, height = 0, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + height
            if x == 0:
                height = _HEIGHTS[type(panel)]
            number += 1
            yield {
                "id": number,
                "gridPos": {"h": height, "w": panel.width, "x": x, "y": y},
                **_panel(panel),
            }
            x += panel.width
        y += height


def _panel(panel: Panel) -> Object:
    common: Object = {
        "datasource": _SOURCE,
        "description": panel.description,
        "targets": [_target(index, query, panel) for index, query in enumerate(panel.queries)],
        "title": panel.title,
    }
    match panel:
        case Course():
            return common | _course(panel)
        case Number():
            return common | _number(panel)
        case Grid():
            return common | _grid(panel)
        case _:
            assert_never(panel)


def _target(index: int, query: Query, panel: Panel) -> Object:
    return {
        "datasource": _SOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "format": "table" if isinstance(panel, Grid) else "time_series",
        "instant": query.instant,
        "legendFormat": query.legend,
        "range": not query.instant,
        "refId": chr(ord("A") + index),
    }


def _course(panel: Course) -> Object:
    custom = {
        "drawStyle": "line",
        "fillOpacity": 30 if panel.stacked else 0,
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if panel.stacked else "none"},
    }
    return {
        "fieldConfig": {
            "defaults": {"color": {"mode": "palette-classic"}, "custom": custom, "min": 0, "unit": panel.unit},
            "overrides": [],
        },
        "options": {
            "legend": {"calcs": ["mean", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "type": "timeseries",
    }


def _number(panel: Number) -> Object:
    steps = [{"color": colour, "value": value} for value, colour in panel.thresholds]
    return {
        "fieldConfig": {
            "defaults": {
                "color": {"mode": "thresholds"},
                "thresholds": {"mode": "absolute", "steps": steps},
                "unit": panel.unit,
            },
            "overrides": [],
        },
        "options": {
            "colorMode": "value",
            "graphMode": "none" if panel.queries[0].instant else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "textMode": "value",
        },
        "type": "stat",
    }


def _grid(panel: Grid) -> Object:
    names = list(panel.columns)
    return {
        "fieldConfig": {
            "defaults": {"custom": {"filterable": True}, "decimals": 0, "unit": panel.unit},
            "overrides": [],
        },
        "options": {"cellHeight": "sm", "showHeader": True},
        "transformations": [
            {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {},
                    "indexByName": {name: place for place, name in enumerate(names)},
                    "renameByName": dict(panel.columns),
                },
            },
        ],
        "type": "table",
    }


def _datasource() -> Object:
    return {
        "current": {},
        "hide": 0,
        "includeAll": False,
        "label": "Data source",
        "multi": False,
        "name": "datasource",
        "options": [],
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "type": "datasource",
    }


def _variable(made: Variable) -> Object:
    query = f"label_values({made.metric}, {made.name})"
    return {
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "datasource": _SOURCE,
        "definition": query,
        "hide": 0,
        "includeAll": True,
        "label": made.label,
        "multi": True,
        "name": made.name,
        "options": [],
        "query": {"query": query, "refId": made.name},
        "refresh": 2,  # whenever the time range changes
        "regex": "",
        "sort": 1,
        "type": "query",
    }
