"""Every panel of the overview, asked of a real Prometheus that scrapes a running Facegate."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from support.gate import Gate
from support.prometheus import Prometheus, prometheus
from support.promql import substituted

from dashboards.build import FOLDER
from proxy.demo.calls import photograph

HELLO: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}

PORTRAIT = {"type": "image_url", "image_url": {"url": photograph("astronaut.jpg")}}
WHO: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Who is this?"}, PORTRAIT]}],
}

MAY_BE_EMPTY = {"Findings that do not refuse", "Undetermined rules", "Events"}
"""Panels that show nothing after these calls: the policy has nothing to note and leaves nothing open, and no session is held."""


async def calls(proxy: Gate) -> None:
    """One forwarded, one refused, one of a stranger."""
    assert (await proxy.post(HELLO))[0] == 200
    assert (await proxy.post(WHO))[0] == 403
    assert (await proxy.post(HELLO, api_key="fg_nobody"))[0] == 401


async def sums(server: Prometheus, panel: dict[str, Any]) -> list[float]:
    """The values of all series that a panel shows now."""
    found = [await server.query(substituted(target["expr"])) for target in panel["targets"]]
    return [float(series["value"][1]) for result in found for series in result]


async def test_every_panel_answers(proxy: Gate, tmp_path: Path) -> None:
    """Each query succeeds, and shows something; what was called shows as more than nothing."""
    target = proxy.admin_url.removeprefix("http://")
    async with prometheus(tmp_path, target) as server:
        await calls(proxy)
        await server.until('facegate_audit_records_total{kind="outcome"} == 3')
        await calls(proxy)
        await server.until('facegate_audit_records_total{kind="outcome"} == 6')
        panels = {
            panel["title"]: panel
            for panel in orjson.loads((FOLDER / "facegate-overview.json").read_bytes())["panels"]
            if panel["type"] != "row"
        }
        shown = {title: await sums(server, panel) for title, panel in panels.items()}
        health = await server.get("targets")
        names = await server.get("label/tenant/values", **{"match[]": "facegate_requests_total"})
    assert {title for title, values in shown.items() if not values} <= MAY_BE_EMPTY
    for title in ("Requests", "Refused", "Requests by outcome", "Requests by tenant", "Refusals by rule", "Coverage"):
        assert max(shown[title]) > 0, title
    assert shown["Ready"] == [1]
    assert shown["Refused"] == [pytest.approx(2 / 3)]
    assert shown["Audit failures"] == [0]
    assert [one["health"] for one in health["activeTargets"]] == ["up"]
    assert names == ["none", "retail-co"]
