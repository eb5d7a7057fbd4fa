"""facegate check."""

from pathlib import Path

import click

from proxy.cli.configuration import default_folder
from proxy.errors import ConfigurationError
from proxy.examine.lexicon import check_examples
from proxy.serve.runtime import describe, load_runtime


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=default_folder)
def check(folder: Path) -> None:
    """Validate all configuration of FOLDER (a folder with a proxy.yaml, or that file itself).

    Every mistake is printed as file:line: what is wrong and what is valid. Secrets are not read.
    """
    path = folder / "proxy.yaml" if folder.is_dir() else folder
    runtime = load_runtime(path)
    problems = check_examples(runtime.folder / runtime.settings.lexicons)
    if problems:
        raise ConfigurationError(*problems)
    found = describe(runtime)
    packs = ", ".join(pack.id for pack in runtime.policy.packs)
    rules = sum(len(pack.rules) for pack in runtime.policy.packs)
    click.echo(
        f"{path}: good. {packs}: {rules} rules; {found['tenants']} tenants; policy revision {runtime.policy.revision}"
    )
