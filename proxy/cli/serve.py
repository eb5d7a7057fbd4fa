"""facegate serve."""

from pathlib import Path

import click

from proxy.cli.configuration import config_option
from proxy.serve.lifecycle import serve as run
from proxy.serve.log import configure
from proxy.serve.runtime import load_runtime


@click.command()
@config_option
def serve(config: Path) -> None:
    """Start the proxy. The log goes to standard error, one JSON object a line; SIGTERM drains and stops."""
    runtime = load_runtime(config)
    configure(runtime.settings.log_level)
    run(runtime)
