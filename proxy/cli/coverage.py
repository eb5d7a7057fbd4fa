"""facegate coverage."""

from collections.abc import Iterator, Sequence
from typing import Final, get_args

import click
import orjson

from proxy.operation import Disposition, Operation
from proxy.surface import load_catalogue
from proxy.surface.catalogue import PartKind


@click.command(short_help="List what becomes of each operation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def coverage(*, as_json: bool) -> None:
    """List every operation of the service: screened or refused, and what becomes of each kind of part."""
    operations = load_catalogue().operations
    if as_json:
        rows = [
            {
                "operation": one.name,
                "methods": one.methods,
                "paths": one.paths,
                "disposition": one.disposition.value,
                "parts": dict(one.parts),
                **({"why": one.why} if one.why else {}),
            }
            for one in operations
        ]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    for line in _lines(operations):
        click.echo(line)


_KINDS: Final = get_args(PartKind)


def _lines(operations: Sequence[Operation]) -> Iterator[str]:
    """A table of screened operations by kinds of parts, then the refused ones with their reasons, then the sums."""
    screened = [one for one in operations if one.disposition is Disposition.SCREEN]
    refused = [one for one in operations if one.disposition is Disposition.REFUSE]
    width = max(len(one.name) for one in operations)
    yield f"{'screened':{width}}" + "".join(f"  {kind:9}" for kind in _KINDS).rstrip()
    for one in screened:
        parts = dict(one.parts)
        yield f"{one.name:{width}}" + "".join(f"  {parts.get(kind, '-'):9}" for kind in _KINDS).rstrip()
    yield f"{'refused':{width}}  why"
    for one in refused:
        yield f"{one.name:{width}}  {one.why}"
    yield (f"{len(operations)} operations: {len(screened)} screened, {len(refused)} refused; any other path is refused")
