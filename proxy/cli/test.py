"""facegate test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from proxy.case import Case, load_cases
from proxy.cli.configuration import config_option, default_folder
from proxy.cli.screen import decide
from proxy.decision import Outcome
from proxy.judge.load import TESTS_FILE, load_policy
from proxy.serve.runtime import Runtime, load_runtime


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=lambda: default_folder() / "policies")
@config_option
def test(folder: Path, config: Path) -> None:
    """Run the tests of every policy pack below FOLDER, and name the rules that no case proves."""
    runtime = load_runtime(config)
    failed = 0
    for path in sorted(folder.rglob(TESTS_FILE)):
        failed += _run(path, runtime)
    if failed:
        click.echo(f"{failed} problems", err=True)
        raise click.exceptions.Exit(1)


def _run(path: Path, runtime: Runtime) -> int:
    """Run one tests.yaml against its own pack; the number of problems, each printed."""
    policy = load_policy([path.parent])
    own = runtime.with_policy(policy)
    cases = load_cases(path)
    problems: list[str] = []
    spoken: dict[str, set[bool]] = {rule.id: set() for rule in policy.rules}
    for case in cases:
        got = decide(case, own, path.parent)
        watched = set(got["rules"]) | set(got.get("shadow", ()))
        for rule, seen in spoken.items():
            seen.add(rule in watched)
        problems += [f"{path}: {case.id}: {words}" for words in _differences(case, got)]
    problems += [
        f"{path}: rule {rule!r} has no case in which it speaks" for rule, seen in spoken.items() if True not in seen
    ]
    problems += [
        f"{path}: rule {rule!r} has no case in which it is silent" for rule, seen in spoken.items() if False not in seen
    ]
    for problem in problems:
        click.echo(problem, err=True)
    pack = policy.packs[0]
    click.echo(f"{pack.id}: {len(cases)} cases, {len(policy.rules)} rules, {len(problems)} problems")
    return len(problems)


def _differences(case: Case, got: Mapping[str, Any]) -> list[str]:
    expected = case.expect
    if expected is None:
        return ["the case expects nothing"]
    found: list[str] = []
    if Outcome(expected.outcome).value != got["outcome"]:
        found.append(
            f"outcome {got['outcome']}, expected {expected.outcome} (rules: {', '.join(got['rules']) or 'none'})"
        )
    for name in ("rules", "undetermined"):
        wanted = getattr(expected, name)
        if wanted is not None and sorted(wanted) != sorted(got[name]):
            found.append(f"{name} {sorted(got[name])}, expected {sorted(wanted)}")
    if expected.status is not None and expected.status != got["status"]:
        found.append(f"status {got['status']}, expected {expected.status}")
    return found
