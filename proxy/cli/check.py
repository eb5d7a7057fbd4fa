"""facegate check."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import click

from proxy import documents
from proxy.admit.register import RegisterFile, TenantEntry
from proxy.cli.configuration import default_folder
from proxy.cli.screen import today
from proxy.documents import nearest
from proxy.errors import ConfigurationError
from proxy.examine.lexicon import check_examples
from proxy.judge.policy import Pack
from proxy.serve.runtime import Runtime, describe, load_runtime


@click.command(short_help="Validate all configuration.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=default_folder)
def check(folder: Path) -> None:
    """Validate all configuration of FOLDER (a folder with a proxy.yaml, or that file itself).

    Every mistake is printed as file:line: what is wrong and what is valid. Secrets are not read. What has expired is noted, and
    is no mistake.
    """
    path = folder / "proxy.yaml" if folder.is_dir() else folder
    runtime = load_runtime(path)
    problems = [*check_examples(runtime.folder / runtime.settings.lexicons), *scopes(runtime)]
    if problems:
        raise ConfigurationError(*problems)
    for note in notes(runtime, today()):
        click.echo(f"note: {note}")
    found = describe(runtime)
    packs = ", ".join(pack.id for pack in runtime.policy.packs)
    rules = sum(len(pack.rules) for pack in runtime.policy.packs)
    click.echo(
        f"{path}: good. {packs}: {rules} rules; {found['tenants']} tenants; policy revision {runtime.policy.revision}"
    )


def scopes(runtime: Runtime) -> Sequence[str]:
    """Approvals in the register that name neither a clause nor a rule of the policy."""
    located = documents.load_located(runtime.folder / runtime.settings.tenants, RegisterFile)
    known = {name for pack in runtime.policy.packs for rule in pack.rules for name in (rule.id, rule.clause)}
    return [
        located.problem(
            ("tenants", at, "approvals", number, "scope", place), f"no rule or clause {name!r}; {nearest(name, known)}"
        )
        for at, tenant in enumerate(located.value.tenants)
        for number, approval in enumerate(tenant.approvals)
        for place, name in enumerate(approval.scope)
        if name not in known
    ]


def notes(runtime: Runtime, day: date) -> Iterator[str]:
    """What is in order and yet worth a look on `day`: packs out of their time, keys and approvals that count no more."""
    for pack in runtime.policy.packs:
        yield from _of_pack(pack, day.isoformat())
    for tenant in runtime.register.tenants.values():
        yield from _of_tenant(tenant, day)


def _of_pack(pack: Pack, day: str) -> Iterator[str]:
    if day < pack.effective_from:
        yield f"{pack.id} is enforced, though its text is in force from {pack.effective_from} only"
    if pack.effective_to and day > pack.effective_to:
        yield f"{pack.id} is enforced, though its text was in force to {pack.effective_to} only"
    if pack.review_by and day > pack.review_by:
        yield f"{pack.id} should have been compared with its text by {pack.review_by}"


def _of_tenant(tenant: TenantEntry, day: date) -> Iterator[str]:
    for credential in tenant.credentials:
        if credential.expires is not None and day > credential.expires:
            yield f"the key {credential.id!r} of {tenant.id} expired on {credential.expires}"
    if tenant.approvals and tenant.attributes.organization is None:
        yield f"the approvals of {tenant.id} count for nothing while its `organization` is not declared"
    for approval in tenant.approvals:
        if day > approval.expires:
            yield f"the approval {approval.reference!r} of {tenant.id} expired on {approval.expires}"
