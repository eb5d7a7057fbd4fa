"""Writes the dashboards: `python dashboards/build.py`, with `--check` only to say whether they are current."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import orjson

from dashboards.grafana import dashboard
from dashboards.overview import OVERVIEW
from dashboards.panels import Dashboard

FOLDER: Final = Path(__file__).resolve().parent / "grafana"

DASHBOARDS: Final[Mapping[str, Dashboard]] = {"facegate-overview.json": OVERVIEW}
"""The dashboards, by the file that each is written to."""


def stale(folder: Path) -> Mapping[str, bytes]:
    """What ought to be in `folder` and is not, by file name."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    wanted = {name: orjson.dumps(dashboard(made), option=option) for name, made in DASHBOARDS.items()}
    return {
        name: data
        for name, data in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != data
    }


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the files are current.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER)
def build(folder: Path, *, check: bool) -> None:
    """Write Grafana's dashboards from what dashboards/*.py say."""
    found = stale(folder)
    if check and found:
        raise click.ClickException(f"not current: {', '.join(found)}; run `python dashboards/build.py`")
    for name, data in found.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    click.echo(f"{folder}: {'written: ' + ', '.join(found) if found else 'current'}")


if __name__ == "__main__":
    build()
