"""facegate test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from proxy.case import Case, load_cases
from proxy.cli.configuration import config_option, default_folder
from proxy.cli.screen import bench_of, today
from proxy.decision import Decision, Outcome
from proxy.documents import nearest
from proxy.errors import ConfigurationError
from proxy.facts import Truth
from proxy.judge.load import TESTS_FILE, load_policy
from proxy.judge.policy import Rule
from proxy.offline import Verdict, decide
from proxy.serve.runtime import Runtime, load_runtime

LEAST_CASES: Final = 8
"""Cases that a rule needs, on both sides of it."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A case with what became of it."""

    case: Case
    verdict: Verdict


@click.command(short_help="Run the policy packs' tests.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=lambda: default_folder() / "policies")
@config_option
def test(folder: Path, config: Path) -> None:
    """Run the tests of every policy pack below FOLDER, and name the rules that they do not prove.

    A rule needs 8 cases that expect something of it or are about it, among them one in which it holds, one in which it is
    silent, and one in which it cannot be determined, unless that is allowed.
    """
    runtime = load_runtime(config)
    packs = sorted(folder.rglob("policy.yaml")) if folder.is_dir() else []
    if not packs:
        raise ConfigurationError(f"{folder}: no policy.yaml in or below this folder")
    failed = sum(_run(path.parent, runtime) for path in packs)
    if failed:
        raise click.exceptions.Exit(1)


def _run(folder: Path, runtime: Runtime) -> int:
    """Run the tests of one pack; the number of problems, each printed."""
    policy = load_policy([folder])
    path = folder / TESTS_FILE
    bench = bench_of(runtime.with_policy(policy))
    cases = load_cases(path)
    problems = [f"{path}: {words}" for words in mistaken(cases, policy.rules)]
    tried: list[Tried] = []
    for case in cases:
        try:
            tried.append(Tried(case, decide(case, bench, folder, today())))
        except ConfigurationError as mistake:
            problems.append(f"{path}: {case.id}: {mistake}")
    for one in tried:
        problems += [f"{path}: {one.case.id}: {words}" for words in differences(one)]
    problems += [f"{path}: {words}" for rule in policy.rules for words in unproven(rule, tried)]
    for problem in problems:
        click.echo(problem, err=True)
    found = f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "good"
    click.echo(f"{policy.packs[0].id}: {len(cases)} cases, {len(policy.rules)} rules: {found}")
    return len(problems)


def mistaken(cases: Sequence[Case], rules: Sequence[Rule]) -> Iterator[str]:
    """What is wrong with the cases themselves: without id or with another's, without expectation, about no rule of the pack."""
    known = [rule.id for rule in rules]
    seen: set[str] = set()
    for number, case in enumerate(cases, 1):
        if not case.id or case.id in seen:
            yield f"case {number}: the id {case.id!r} is used twice" if case.id else f"case {number} has no id"
        seen.add(case.id)
        expected = case.expect
        if expected is None:
            yield f"{case.id}: the case expects nothing"
            continue
        named = (case.rule, *(expected.rules or ()), *(expected.undetermined or ()), *(expected.shadow or ()))
        for name in named:
            if name and name not in known:
                yield f"{case.id}: the pack has no rule {name!r}; {nearest(name, known)}"


def differences(tried: Tried) -> Iterator[str]:
    """What came out otherwise than the case expects."""
    expected, verdict = tried.case.expect, tried.verdict
    if expected is None:
        return
    decision = verdict.decision or Decision(Outcome.ALLOW)
    if expected.outcome != verdict.outcome:
        rules = ", ".join((*decision.fired, *decision.undetermined)) or "none"
        yield f"outcome {verdict.outcome}, expected {expected.outcome} (rules that speak: {rules})"
    got = {
        "rules": decision.fired,
        "undetermined": decision.undetermined,
        "shadow": tuple(finding.rule for finding in decision.shadow),
    }
    for name, found in got.items():
        wanted = getattr(expected, name)
        if wanted is not None and sorted(wanted) != sorted(found):
            yield f"{name} {_list(found)}, expected {_list(wanted)}"
    if expected.status is not None and expected.status != verdict.status:
        yield f"status {verdict.status}, expected {expected.status}"


def unproven(rule: Rule, tried: Sequence[Tried]) -> Iterator[str]:
    """What the cases leave unproven of a rule."""
    truths = [truth for one in tried if (truth := _says(rule.id, one)) is not None]
    if len(truths) < LEAST_CASES:
        yield f"rule {rule.id!r} has {len(truths)} cases, fewer than {LEAST_CASES}"
    if Truth.TRUE not in truths:
        yield f"rule {rule.id!r} has no case in which it holds"
    if Truth.FALSE not in truths:
        yield f"rule {rule.id!r} has no case about it (`rule: {rule.id}`) in which it is silent"
    if Truth.UNKNOWN not in truths and rule.undetermined is not Outcome.ALLOW:
        yield f"rule {rule.id!r} has no case in which it cannot be determined"


def _says(rule: str, tried: Tried) -> Truth | None:
    """What a rule says in a case that expects something of it or is about it; None where the case is not the rule's."""
    case, decision = tried.case, tried.verdict.decision or Decision(Outcome.ALLOW)
    expected = case.expect
    lists = (expected.rules, expected.undetermined, expected.shadow) if expected else ()
    if case.rule != rule and not any(rule in (names or ()) for names in lists):
        return None
    spoken = {finding.rule: finding.truth for finding in (*decision.findings, *decision.shadow)}
    return spoken.get(rule, Truth.FALSE)


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(sorted(names))}]"
