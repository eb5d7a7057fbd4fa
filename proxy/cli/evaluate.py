"""facegate evaluate."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click
import orjson

from proxy.cli.configuration import config_option
from proxy.cli.screen import bench_of, today
from proxy.evaluation import Figures, Report, evaluate, interval, items_of
from proxy.serve.runtime import load_runtime

EVALUATE_HELP = "Measure the detectors on labelled data."


@click.command(name="evaluate", short_help=EVALUATE_HELP)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--wrong", "show_wrong", is_flag=True, help="Also name the rows that were missed or wrongly found.")
@click.option("--lists-alone", is_flag=True, help="Without the second look that words get beside pictures.")
def evaluate_command(
    files: tuple[Path, ...], config: Path, *, as_json: bool, show_wrong: bool, lists_alone: bool
) -> None:
    """Measure the detectors on labelled data: recall, precision, F1 and false positives with 95 % intervals, and CPU time.

    FILES hold texts (.jsonl with `text` and `labels`), cases (.jsonl with `body` and `expect`) or pictures (.csv with
    `path` and `label`). Texts are judged as beside a picture of a person unless `has_person_image` is false.
    """
    bench, day = bench_of(load_runtime(config)), today()
    if lists_alone:
        bench = replace(bench, screening=replace(bench.screening, second=None))
    report = evaluate([item for file in files for item in items_of(file, bench, day)])
    if as_json:
        click.echo(orjson.dumps(report.listing(), option=orjson.OPT_INDENT_2))
    else:
        _print(report)
    if show_wrong:
        for item in report.wrong:
            expected, found = (", ".join(sorted(names)) or "nothing" for names in (item.expected, item.found))
            click.echo(
                f"{item.id} ({item.lang or '-'}, {item.kind or '-'}): expected {expected}; found {found}", err=as_json
            )


def _print(report: Report) -> None:
    click.echo(f"{'':28} {'recall (95 %)':>29} {'precision':>9} {'F1':>6} {'false positives (95 %)':>29} {'CPU ms':>8}")
    _line("all", report.any)
    for title, group in (("clause", report.by_clause), ("language", report.by_lang)):
        _group(title, group, {})
    _group("kind", report.by_kind, {kind: f"{report.median_ms(kind):8.1f}" for kind in report.by_kind})
    times = report.listing()["cpu_ms"]
    unknown = sum(1 for item in report.items if item.unknown)
    click.echo(
        f"\n{len(report.items)} items, {unknown} not fully examined; CPU {times['p50']} ms median, {times['p99']} ms p99"
    )


def _group(title: str, group: Mapping[str, Figures], times: Mapping[str, str]) -> None:
    if group:
        click.echo(f"\nby {title}")
    for name, figures in group.items():
        _line(f"  {name}", figures, times.get(name, ""))


def _line(name: str, figures: Figures, time: str = "") -> None:
    recall = _share(figures.hits, figures.hits + figures.misses)
    alarms = _share(figures.alarms, figures.alarms + figures.silent)
    told = f"{name:28} {recall:>29} {_percent(figures.precision):>9} {_percent(figures.f1):>6} {alarms:>29} {time}"
    click.echo(told.rstrip())


def _share(part: int, whole: int) -> str:
    """A share, its counts, and its 95 % interval."""
    bounds = interval(part, whole)
    sure = f"({bounds[0]:.1%}-{bounds[1]:.1%})" if bounds else ""
    return f"{_percent(part / whole if whole else None)} {part:>4}/{whole:<4} {sure:>13}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
