"""facegate tenants."""

from pathlib import Path

import click
from ruamel.yaml import YAML

from proxy.admit.credentials import digest_of, new_key
from proxy.admit.register import load_register
from proxy.cli.configuration import config_option
from proxy.errors import ConfigurationError
from proxy.settings import load_settings


@click.group()
def tenants() -> None:
    """The tenant register."""


@tenants.command()
@click.argument("tenant")
@config_option
@click.option(
    "--id", "credential", default="key-1", show_default=True, help="Name of the key in the register and in records."
)
@click.option("--write", is_flag=True, help="Add the digest to the register file.")
def key(tenant: str, config: Path, credential: str, *, write: bool) -> None:
    """Make a proxy key for TENANT. The key is shown once; the register keeps its digest only."""
    path = config.resolve().parent / load_settings(config).tenants
    entry = load_register(path).tenant(tenant)
    if any(one.id == credential for one in entry.credentials):
        raise ConfigurationError(f"{tenant} has a credential {credential!r} already; choose another with --id")
    made = new_key()
    if write:
        add_credential(path, tenant, credential, digest_of(made))
        load_register(path)
        click.echo(f"the digest is in {path}; running proxies read it at their next start", err=True)
    else:
        click.echo(f"put this under the credentials of {tenant} in {path}:", err=True)
        click.echo(f"      - id: {credential}\n        digest: {digest_of(made)}", err=True)
    click.echo("the key, shown once:", err=True)
    click.echo(made)


def add_credential(path: Path, tenant: str, credential: str, digest: str) -> None:
    """Add a credential to a register file, its comments and order kept."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(path.read_text(encoding="utf-8"))
    entry = next(one for one in document["tenants"] if one["id"] == tenant)
    known = list(entry.get("credentials") or [])
    entry["credentials"] = [*known, {"id": credential, "digest": digest}]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)


@tenants.command(name="list")
@config_option
def list_(config: Path) -> None:
    """List the tenants, their attributes and how many keys they have."""
    register = load_register(config.resolve().parent / load_settings(config).tenants)
    for entry in register.tenants.values():
        known = ", ".join(f"{name}={attribute.value}" for name, attribute in entry.attested().items())
        click.echo(f"{entry.id:20} {len(entry.credentials)} keys  {known}  {entry.name}")
