"""Pages that tell what the code knows are current, and one command writes them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.programs import run

from proxy.record.metrics import LABELS, TABLE

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_pages_are_current(generator: ModuleType) -> None:
    """If not: `python docs/generate.py`."""
    assert sorted(generator.stale(DOCS)) == []


def test_one_command_writes_and_checks_them(generator: ModuleType, tmp_path: Path) -> None:
    """`--check` writes nothing and fails while a page is missing or changed; without it all are written."""
    command = ("-P", DOCS / "generate.py")
    python = Path(sys.executable)
    assert run(python, *command, "--check", tmp_path)[0] == 1
    assert list(tmp_path.iterdir()) == []
    assert run(python, *command, tmp_path)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(generator.PAGES)
    assert run(python, *command, "--check", tmp_path)[0] == 0
    (tmp_path / "metrics.md").write_text("# Metrics\n")
    status, said = run(python, *command, "--check", tmp_path)
    assert (status, "metrics.md" in said) == (1, True)


def test_the_page_of_metrics_tells_each_of_them() -> None:
    """Every metric and every label, once in a table of its own."""
    lines = (DOCS / "metrics.md").read_text(encoding="utf-8").splitlines()
    told = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert [name for name in told if name in {metric.name for metric in TABLE if not metric.buckets}] == [
        metric.name for metric in TABLE if not metric.buckets
    ]
    assert [name for name in told if name in LABELS] == list(LABELS)
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "python_gc_collections_total"} <= set(told)


def test_a_table_keeps_its_columns(generator: ModuleType) -> None:
    """A bar within a cell is escaped."""
    assert generator.table(("A", "B"), [("a|b", "c")]) == "| A | B |\n| --- | --- |\n| a\\|b | c |"
