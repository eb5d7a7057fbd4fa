"""facegate screen."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from proxy.case import Case, load_cases, parse_case
from proxy.cli.configuration import config_option
from proxy.errors import ConfigurationError
from proxy.offline import Bench, caller_for, decide_on_facts, listing, screen_case
from proxy.serve.runtime import Runtime, load_runtime

FORWARDED, REFUSED = 0, 3


@click.command()
@click.argument("request_file", required=False, type=click.Path(path_type=Path))
@config_option
@click.option("--tenant", help="The tenant of the register that calls.")
@click.option("--attributes", help="The request's Facegate-Attributes header, as in camera=body_worn.")
@click.option("--path", "target", help="The request target, when the file is a body alone and does not tell.")
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

    REQUEST_FILE is a case, or the JSON body of a call (`-` reads standard input). Exit status: 0 all forwarded, 3 one or more
    refused, 2 unusable input.
    """
    if (request_file is None) == (cases_file is None):
        raise click.UsageError("give a request file, or --cases")
    runtime = load_runtime(config)
    given = {key: value for key, value in (("tenant", tenant), ("attributes", attributes), ("path", target)) if value}
    if cases_file is not None:
        cases, folder = load_cases(cases_file), cases_file.resolve().parent
    else:
        cases, folder = [_read(request_file or Path("-"))], (request_file or Path()).resolve().parent
    refused = False
    for case in cases:
        row = decide(case.model_copy(update=given), runtime, folder)
        refused |= row["status"] != 200  # noqa: PLR2004 - forwarded
        sys.stdout.buffer.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)) if as_json else click.echo(
            in_words(row)
        )
    sys.stdout.flush()
    raise click.exceptions.Exit(REFUSED if refused else FORWARDED)


def decide(case: Case, runtime: Runtime, folder: Path) -> Mapping[str, Any]:
    """One case's decision, as `--json` prints it."""
    bench = Bench(runtime.register, runtime.catalogue, runtime.screening, runtime.surface_limits)
    today = datetime.now(UTC).date()  # noqa: TID251 - a command owns its clock
    if case.facts is None:
        return listing(case.id, screen_case(case, bench, folder, today), runtime.policy.revision)
    decision = decide_on_facts(case, runtime.policy, caller_for(case, runtime.register, today))
    return {
        "id": case.id,
        "outcome": decision.outcome.value,
        "status": 200 if decision.outcome.forwards else 403,
        "rules": list(decision.fired),
        "undetermined": list(decision.undetermined),
        "findings": [
            {
                "rule": one.rule,
                "clause": one.clause,
                "outcome": one.outcome.value,
                "locations": [],
                "facts": list(one.facts),
            }
            for one in decision.findings
        ],
        "facts": {name: {"truth": str(value).lower()} for name, value in case.facts.items()},
        "coverage": {"inspected": 0, "refused": 0, "exempt": 0},
        "policy_revision": decision.revision,
    }


def _read(path: Path) -> Case:
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as failure:
        raise ConfigurationError(f"{path}: cannot be read: {failure.strerror or failure}") from failure
    return parse_case(data, path)


def in_words(row: Mapping[str, Any]) -> str:
    """A decision for a person to read."""
    fate = "forwarded" if row["status"] == 200 else f"refused with {row['status']} {row.get('code') or ''}".rstrip()  # noqa: PLR2004
    lines = [f"{row['id'] or 'request'}: {row['outcome']}, {fate}"]
    if row.get("message"):
        lines.append(f"  {row['message']}")
    for finding in row["findings"]:
        sure = "could not be ruled out" if finding.get("undetermined") else "holds"
        lines.append(
            f"  {finding['outcome']:7} {finding['rule']} ({finding['clause']}): {finding.get('message', '')}; {sure}"
        )
        lines.append(
            f"          rests on {', '.join(finding['facts'])}"
            + (f" at {', '.join(finding['locations'])}" if finding["locations"] else "")
        )
        if finding.get("citation"):
            lines.append(f"          {finding['citation']}")
        if finding.get("alternative"):
            lines.append(f"          instead: {finding['alternative']}")
    loud = {name: fact for name, fact in row["facts"].items() if fact["truth"] != "false"}
    for name, fact in loud.items():
        where = f" at {', '.join(fact.get('locations', []))}" if fact.get("locations") else ""
        why = f" ({fact['why']})" if fact.get("why") else ""
        lines.append(f"  fact    {name}: {fact['truth']}{where}{why}")
    seen = row["coverage"]
    lines.append(
        f"  parts   {seen['inspected']} inspected, {seen['refused']} refused, {seen['exempt']} exempt;"
        f" policy {row['policy_revision']}"
    )
    return "\n".join(lines)
