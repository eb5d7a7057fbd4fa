"""facegate coverage."""

import click
import orjson

from proxy.operation import Disposition
from proxy.surface import load_catalogue


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
    for one in operations:
        fate = ", ".join(f"{kind} {what}" for kind, what in one.parts) or one.why
        click.echo(f"{one.disposition.value:7} {one.name:45} {fate}")
    screened = sum(1 for one in operations if one.disposition is Disposition.SCREEN)
    click.echo(
        f"{len(operations)} operations: {screened} screened, {len(operations) - screened} refused; any other path is refused"
    )
