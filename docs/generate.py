# ruff: noqa: INP001 - a script beside the pages that it writes
"""Writes the pages of this folder that tell what the code knows: `python docs/generate.py`, `--check` only to say whether
they are current.

A new page is a function that returns its text, and a line in PAGES.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from proxy.record.metrics import LABELS, TABLE, Metric, Metrics

FOLDER: Final = Path(__file__).resolve().parent

_NOTE: Final = "<!-- Written by docs/generate.py; change what it reads, not this page. -->"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. Cells may hold anything: what would end a cell is escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def page(title: str, *paragraphs: str) -> str:
    """A page: its title and what stands below it, set apart by empty lines."""
    return "\n\n".join([f"# {title}", _NOTE, *paragraphs]) + "\n"


def metrics() -> str:
    """metrics.md"""
    return page(
        "Metrics",
        "Prometheus reads them at `/metrics` on the admin port. "
        "[`dashboards/prometheus`](../dashboards/prometheus) holds a configuration and alerts, "
        "[`dashboards/grafana`](../dashboards/grafana) the dashboards; every metric below is on one.",
        table(
            ("Metric", "Kind", "Labels", "Meaning"),
            ((f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.help) for one in TABLE),
        ),
        "## Labels",
        "Their values come from closed sets, so that nobody who calls can make a series.",
        table(("Label", "Values"), ((f"`{name}`", values) for name, values in LABELS.items())),
        "## Buckets",
        "Upper bounds in seconds.",
        table(("Histogram", "Bounds"), ((f"`{one.name}`", _bounds(one)) for one in TABLE if one.buckets)),
        "## The process",
        "From Prometheus' Python client, as they are called everywhere.",
        table(("Metric", "Meaning"), _of_the_process()),
    )


def _bounds(metric: Metric) -> str:
    return ", ".join(f"{bound:g}" for bound in metric.buckets)


def _of_the_process() -> Iterable[tuple[str, str]]:
    ours = {metric.name for metric in TABLE}
    for family in Metrics().registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        if name not in ours:
            yield f"`{name}`", family.documentation.rstrip(".")


PAGES: Final[Mapping[str, Callable[[], str]]] = {"metrics.md": metrics}
"""What writes each page, by its file name."""


def stale(folder: Path) -> Mapping[str, str]:
    """The pages that are not as they ought to be in `folder`, as they ought to be."""
    wanted = {name: write() for name, write in PAGES.items()}
    return {
        name: text
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    }


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the pages are current.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER)
def generate(folder: Path, *, check: bool) -> None:
    """Write the pages that tell what the code knows."""
    found = stale(folder)
    if check and found:
        raise click.ClickException(f"not current: {', '.join(found)}; run `python docs/generate.py`")
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    click.echo(f"{folder}: {'written: ' + ', '.join(found) if found else 'current'}")


if __name__ == "__main__":
    generate()
