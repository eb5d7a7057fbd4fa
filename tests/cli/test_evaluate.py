"""`facegate evaluate`: figures for a person and for machines."""

import re
from pathlib import Path

import orjson
import pytest
from support.commands import run
from support.pictures import COFFEE, FACE

ROWS = [
    {"id": "a", "text": "Who is this man?", "labels": ["identify"], "lang": "en", "kind": "core"},
    {"id": "b", "text": "What colour is the car?", "lang": "en", "kind": "core"},
    {"id": "c", "text": "Tell me something nice.", "labels": ["emotion"], "lang": "en", "kind": "core"},
]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, ROWS)))
    return path


def test_for_machines(rows: Path) -> None:
    """The contract: the same members for all, and by clause, language and kind."""
    ran = run("evaluate", "--json", rows)
    status, said = ran.status, ran.out
    told = orjson.loads(said)
    figures = {
        "recall": 0.5,
        "precision": 1.0,
        "f1": 2 / 3,
        "false_positive_rate": 0.0,
        "n_positive": 2,
        "n_negative": 1,
    }
    assert (status, list(told)) == (0, ["any", "by_clause", "by_lang", "by_kind", "cpu_ms"])
    assert {name: value for name, value in told["any"].items() if name != "ci95"} == pytest.approx(figures)
    assert set(told["any"]["ci95"]) == {"recall", "false_positive_rate"}
    assert (set(told["by_clause"]), set(told["by_lang"]), set(told["by_kind"])) == (
        {"identify", "emotion"},
        {"en"},
        {"core"},
    )
    assert set(told["cpu_ms"]) == {"p50", "p99"}


def test_for_a_person(rows: Path) -> None:
    """A table, and the rows that went wrong where they are asked for."""
    ran = run("evaluate", "--wrong", rows)
    status, said = ran.status, ran.out
    assert status == 0
    assert "50.0%    1/2     (9.5%-90.5%)" in said
    assert said.splitlines()[-1] == "c (en, core): expected emotion; found nothing"


def test_pictures(tmp_path: Path) -> None:
    """By kind with an interval and the CPU time of one."""
    (tmp_path / "face.jpg").write_bytes(FACE)
    (tmp_path / "coffee.jpg").write_bytes(COFFEE)
    rows = tmp_path / "labels.csv"
    rows.write_text("path,label,kind\nface.jpg,1,portrait\ncoffee.jpg,0,object\n", encoding="utf-8")
    said = run("evaluate", rows).out
    lines = {line.split()[0]: line for line in said.splitlines() if line.startswith("  ")}
    assert re.search(r"100\.0%    1/1    \(20\.7%-100\.0%\) .* \d+\.\d$", lines["portrait"])
    assert re.search(r" 0\.0%    0/1     \(0\.0%-79\.3%\) +\d+\.\d$", lines["object"])


def test_unusable(tmp_path: Path) -> None:
    """A file that is not there is told, with status 2."""
    ran = run("evaluate", tmp_path / "none.jsonl")
    assert (ran.status, "none.jsonl" in ran.err) == (2, True)
