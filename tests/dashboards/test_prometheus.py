"""What Prometheus is given: a configuration, and alerts that speak and keep silent as their tests say."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.programs import require_program, run
from support.promql import selectors

from proxy.record.metrics import TABLE

FOLDER = Path(__file__).resolve().parent.parent.parent / "dashboards" / "prometheus"


def read(name: str) -> Any:
    """A YAML file of the folder."""
    return YAML(typ="safe").load((FOLDER / name).read_text(encoding="utf-8"))


ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in read("alerts.yaml")["groups"][0]["rules"]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "--lint=all", "--lint-fatal", "prometheus.yaml"),
        ("check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"),
        ("test", "rules", "alerts.test.yaml"),
    ],
    ids=["configuration", "rules", "tests of the rules"],
)
def test_promtool_accepts(arguments: tuple[str, ...]) -> None:
    """Prometheus' own check."""
    status, said = run(require_program("promtool", "prometheus"), *arguments, at=FOLDER)
    assert status == 0, said


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_complete(name: str) -> None:
    """It asks for metrics that exist, by labels that they have, and says how bad it is and what it means."""
    alert = ALERTS[name]
    labels = {metric.name: {*metric.labels, "job", "instance"} for metric in TABLE} | {"up": {"job", "instance"}}
    for one in selectors(alert["expr"]):
        assert set(one.conditions) <= labels[one.name]
        assert one.ranged == one.counted
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(alert["annotations"]) == {"summary", "description"}
    assert "{{ $labels.instance }}" in alert["annotations"]["summary"]


def test_every_alert_is_tested_speaking_and_silent() -> None:
    """At least once each."""
    cases = [case for test in read("alerts.test.yaml")["tests"] for case in test["alert_rule_test"]]
    speaking = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert (speaking, silent) == (set(ALERTS), set(ALERTS))


def test_statuses_in_alerts_are_spelt_as_they_are_counted() -> None:
    """`forwarded`, `error` and `timeout` are words of ours; all others are HTTP statuses."""
    told = " ".join(metric.help for metric in TABLE)
    for alert in ALERTS.values():
        for pattern in re.findall(r'status!?=~?"([^"]*)"', alert["expr"]):
            for word in pattern.split("|"):
                assert re.fullmatch(r"[1-5](\d\d|\.\.)", word) or f"`{word}`" in told
