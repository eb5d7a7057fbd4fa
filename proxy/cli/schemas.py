"""facegate schemas."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import orjson
from pydantic import BaseModel

from proxy.admit.register import RegisterFile
from proxy.case import CaseFile
from proxy.cli.configuration import default_folder
from proxy.content import Json
from proxy.examine.image_context import CamerasFile
from proxy.examine.lexicon import LexiconFile
from proxy.judge.load import PolicyFile
from proxy.settings import Settings

_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "proxy": Settings,
    "tenants": RegisterFile,
    "policy": PolicyFile,
    "tests": CaseFile,
    "lexicon": LexiconFile,
    "cameras": CamerasFile,
}


def all_schemas() -> Mapping[str, Json]:
    """The JSON Schema of every configuration file, by file name."""
    return {f"{name}.schema.json": model.model_json_schema() for name, model in _MODELS.items()}


@click.command(short_help="Write the files' JSON Schemas.")
@click.argument("folder", type=click.Path(path_type=Path), default=lambda: default_folder() / "schemas")
@click.option("--check", is_flag=True, help="Only say whether the files are current.")
def schemas(folder: Path, *, check: bool) -> None:
    """Write the JSON Schemas of all configuration files, from which editors complete and validate."""
    stale: list[str] = []
    for name, schema in all_schemas().items():
        path = folder / name
        data = orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
        if path.is_file() and path.read_bytes() == data:
            continue
        stale.append(name)
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    if check and stale:
        click.echo(f"not current: {', '.join(stale)}; run `facegate schemas`", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{folder}: {'current' if check or not stale else 'written: ' + ', '.join(stale)}")
