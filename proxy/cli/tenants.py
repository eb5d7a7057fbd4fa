"""facegate tenants."""

import re
import shutil
from pathlib import Path

import click
from ruamel.yaml import YAML

from proxy.admit.credentials import digest_of, new_key
from proxy.admit.register import SLUG_PATTERN, TenantEntry, load_register
from proxy.cli.configuration import config_option
from proxy.errors import ConfigurationError
from proxy.settings import load_settings


@click.group(short_help="Make keys, list tenants.")
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
    if not re.fullmatch(SLUG_PATTERN, credential):
        raise ConfigurationError(f"{credential!r} is no name of a key; it has small letters, digits, dots and dashes")
    made = new_key()
    if write:
        add_credential(path, tenant, credential, digest_of(made))
        click.echo(f"the digest is in {path}; running proxies read it at their next start", err=True)
    else:
        click.echo(f"put this under the credentials of {tenant} in {path}:", err=True)
        click.echo(f"      - id: {credential}\n        digest: {digest_of(made)}", err=True)
    click.echo("the key, shown once:", err=True)
    click.echo(made)


def add_credential(path: Path, tenant: str, credential: str, digest: str) -> None:
    """Add a credential to a register file, its comments and order kept. The file is replaced whole, or stays as it was."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(path.read_text(encoding="utf-8"))
    entry = next(one for one in document["tenants"] if one["id"] == tenant)
    added = {"id": credential, "digest": digest}
    if entry.get("credentials"):
        entry["credentials"].append(added)
    else:
        entry["credentials"] = [added]
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)
        load_register(fresh)
        shutil.copymode(target, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


@tenants.command(name="list", short_help="List the tenants.")
@config_option
def list_(config: Path) -> None:
    """List the tenants: how many keys they have, what is attested of them, whom they act for, and their approvals."""
    register = load_register(config.resolve().parent / load_settings(config).tenants)
    width = max(map(len, register.tenants), default=0)
    for entry in register.tenants.values():
        keys = f"{len(entry.credentials)} key{'s' * (len(entry.credentials) != 1)}"
        known = ", ".join(f"{name}={attribute.value}" for name, attribute in entry.attested().items())
        click.echo(f"{entry.id:{width}}  {keys:7} {known or 'undeclared'}{_further(entry)}  ({entry.name})")


def _further(entry: TenantEntry) -> str:
    acting = entry.principals()
    named = [
        "somebody not known" if not one.organization else f"{one.organization} {one.country}" for one in acting or ()
    ]
    serves = "; acts for: not known" if acting is None else f"; acts for: {', '.join(named)}" if named else ""
    held = [f"{one.reference} ({', '.join(one.scope)}, to {one.expires})" for one in entry.approvals]
    return serves + (f"; approvals: {', '.join(held)}" if held else "")
