"""The command line: one module a command."""

import sys

import click

from proxy import __version__
from proxy.cli.check import check
from proxy.cli.coverage import coverage
from proxy.cli.demo import demo
from proxy.cli.evaluate import evaluate_command
from proxy.cli.schemas import schemas
from proxy.cli.screen import screen
from proxy.cli.serve import serve
from proxy.cli.tenants import tenants
from proxy.cli.test import test
from proxy.errors import FacegateError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="facegate")
def cli() -> None:
    """Facegate: a reverse proxy that holds Azure OpenAI requests against the service's code of conduct."""


demo.short_help = "See it forward and refuse."
for command in (serve, demo, screen, check, test, evaluate_command, tenants, coverage, schemas):
    cli.add_command(command)


def main() -> None:
    """Run a command. Exit status 0: done (screen: forwarded); 1: checks or tests failed; 2: unusable input; 3: refused."""
    try:
        sys.exit(cli(standalone_mode=False))  # click gives back the status of an Exit here, rather than raising it
    except click.ClickException as mistake:
        mistake.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except FacegateError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
