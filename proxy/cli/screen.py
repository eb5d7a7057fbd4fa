"""facegate screen."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from proxy.case import YAML_SUFFIXES, Case, cases_in, load_cases, read_file, request_of
from proxy.cli.configuration import config_option
from proxy.decision import Finding
from proxy.errors import ConfigurationError
from proxy.facts import Truth
from proxy.offline import FORWARDED, Bench, Verdict, decide, listing
from proxy.serve.runtime import Runtime, load_runtime

UNUSABLE, REFUSED = 2, 3

Given = tuple[Case | ConfigurationError, bytes | None]
"""A case, or why there is none; and the body where it is not the case's own."""


@click.command(short_help="Decide offline, and say why.")
@click.argument("request_file", required=False, type=click.Path(path_type=Path))
@config_option
@click.option("--tenant", help="The tenant of the register that calls.")
@click.option("--attributes", help="The request's Facegate-Attributes header, as in camera=body_worn.")
@click.option("--path", "target", help="The request target, where the body alone does not tell the operation.")
@click.option(
    "--cases", "cases_file", type=click.Path(path_type=Path), help="A file of cases: .jsonl, or a tests.yaml."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def screen(  # noqa: PLR0913 - one a flag
    request_file: Path | None,
    config: Path,
    tenant: str | None,
    attributes: str | None,
    target: str | None,
    cases_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Decide offline what the server would decide, and say why.

    REQUEST_FILE is the body of a call, judged byte for byte, or a case. `-` stands for standard input. A case that is
    unusable is told on standard error, and the others are decided all the same.

    Exit status: 0 all forwarded, 3 one or more refused, 2 one or more unusable.
    """
    if (request_file is None) == (cases_file is None):
        raise click.UsageError("give a request file, or --cases FILE")
    runtime = load_runtime(config)
    source = cases_file or request_file or Path("-")
    given = _cases(source) if cases_file else iter([_request(source, target or "")])
    bench = bench_of(runtime)
    worst = 0
    for case, body in given:
        try:
            if isinstance(case, ConfigurationError):
                raise case
            verdict = decide(
                _overridden(case, tenant, attributes, target), bench, source.resolve().parent, today(), body
            )
        except ConfigurationError as mistake:
            click.echo(str(mistake), err=True)
            worst = UNUSABLE
            continue
        if verdict.status != FORWARDED and worst != UNUSABLE:
            worst = REFUSED
        _print(verdict, as_json=as_json)
    raise click.exceptions.Exit(worst)


def bench_of(runtime: Runtime) -> Bench:
    """What offline screening needs of a runtime."""
    return Bench(
        runtime.register,
        runtime.catalogue,
        runtime.screening,
        runtime.surface_limits,
        runtime.settings.limits.body_bytes,
    )


def today() -> date:
    """The day in UTC, by which keys and approvals expire."""
    return datetime.now(UTC).date()  # noqa: TID251 - a command owns its clock


def _cases(source: Path) -> Iterator[Given]:
    if source.suffix in YAML_SUFFIXES:
        for case in load_cases(source):
            yield case, None
        return
    for found in cases_in(_read(source), source):
        yield found, None


def _request(source: Path, target: str) -> Given:
    case, body = request_of(_read(source), source, target)
    return case if case.id else case.model_copy(update={"id": source.name}), body


def _read(source: Path) -> bytes:
    return sys.stdin.buffer.read() if str(source) == "-" else read_file(source)


def _overridden(case: Case, tenant: str | None, attributes: str | None, target: str | None) -> Case:
    """A case with what the command line says in place of its own; a tenant named there takes the place of any caller."""
    given: Mapping[str, Any] = {
        **({"tenant": tenant, "caller": None} if tenant else {}),
        **({"attributes": attributes} if attributes is not None else {}),
        **({"path": target} if target else {}),
    }
    return case.model_copy(update=dict(given))


def _print(verdict: Verdict, *, as_json: bool) -> None:
    if not as_json:
        click.echo(in_words(verdict))
        return
    click.echo(orjson.dumps(listing(verdict)))
    if verdict.decision is None:  # the contract has no place for the reason
        click.echo(f"{verdict.id}: {verdict.status} {verdict.code}: {verdict.message}", err=True)


def in_words(verdict: Verdict) -> str:
    """A verdict for a person to read."""
    fate = "forwarded" if verdict.status == FORWARDED else f"refused with {verdict.status} {verdict.code}"
    lines = [f"{verdict.id}: {verdict.outcome}, {fate}"]
    if verdict.message:
        lines.append(f"  {verdict.message}")
    if verdict.decision is None:
        return "\n".join(lines)
    for finding in verdict.decision.findings:
        lines += _finding(finding)
    lines += [
        f"  shadow  {finding.rule} ({finding.clause}) would say {finding.outcome.value}"
        for finding in verdict.decision.shadow
    ]
    for name, fact in sorted(verdict.facts.items()):
        if fact.truth is not Truth.FALSE:
            where = f" at {', '.join(map(_place, fact.locations))}" if fact.locations else ""
            why = f" ({fact.why})" if fact.why else ""
            lines.append(f"  fact    {name}: {fact.truth.name.lower()}{where}{why}")
    seen = verdict.coverage
    lines.append(
        f"  parts   {seen.inspected} inspected, {seen.refused} refused, {seen.exempt} exempt; policy {verdict.revision}"
    )
    return "\n".join(lines)


def _finding(finding: Finding) -> list[str]:
    sure = "holds" if finding.truth is Truth.TRUE else "could not be ruled out"
    softened = f", softened by {finding.lifted_by}" if finding.lifted_by else ""
    places = f" at {', '.join(map(_place, finding.locations))}" if finding.locations else ""
    return [
        f"  {finding.outcome.value:7} {finding.rule} ({finding.clause}): {sure}{softened}",
        f"          {finding.message}",
        f"          rests on {', '.join(finding.facts) or 'the caller alone'}{places}",
        f"          {finding.citation}",
        *([f"          instead: {finding.alternative}"] if finding.alternative else []),
    ]


def _place(location: object) -> str:
    return str(location) or "the whole body"
