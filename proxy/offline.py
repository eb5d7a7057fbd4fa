"""Screening without a server: the same stages, in the same order, as an exchange takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from proxy.admit import caller_of
from proxy.admit.narrow import HEADER
from proxy.admit.permit import permitted
from proxy.admit.register import ApprovalEntry, AttributesEntry, PrincipalEntry, Register, TenantEntry
from proxy.caller import Caller
from proxy.case import CallerCase, Case, body_of, path_of
from proxy.content import Coverage, Json
from proxy.decision import Decision, Outcome
from proxy.errors import ConfigurationError, RequestError, TooLarge
from proxy.exchange import Conclusion, Inbound, Refuse, Rejected
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.judge import judge
from proxy.operation import Called
from proxy.past import Name, Past, left_by
from proxy.record.entry import outcome_of
from proxy.refusal import refuse_by_policy, refuse_error
from proxy.screen import Screening, screen
from proxy.surface import read, route
from proxy.surface.catalogue import Catalogue
from proxy.surface.limits import Limits

OFFLINE: Final = "offline"
"""Stands for the decision id in refusals: nothing was recorded."""

FORWARDED: Final = 200


@dataclass(frozen=True, slots=True)
class Bench:
    """What offline screening works with. `body_bytes` is the server's limit on a body."""

    register: Register
    catalogue: Catalogue
    screening: Screening
    limits: Limits
    body_bytes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case.

    `status` is the answer's (200: forwarded), `code` and `message` are the refusal's. `decision` is None where the request
    was rejected before policy was asked.
    """

    id: str
    outcome: str
    status: int
    code: str
    message: str
    decision: Decision | None
    revision: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    coverage: Coverage = field(default_factory=lambda: Coverage(0, 0, 0, {}))


def decide(case: Case, bench: Bench, folder: Path, today: date, body: bytes | None = None) -> Verdict:
    """The verdict on a case, of a request or of facts. `folder` is where its files are looked for.

    `body` is the request's body where that is not the case's own. Raises ConfigurationError when the case is unusable.
    """
    if case.facts is not None:
        return _on_facts(case, bench, today)
    conclusion = screen_case(case, bench, folder, today, body)
    answer = _answer(_refuse_of(conclusion))
    revision = bench.screening.policy.revision
    if isinstance(conclusion, Rejected):
        return Verdict(case.id, outcome_of(conclusion), *answer, None, revision)
    facts = conclusion.evidence.by_name()
    decision, coverage = conclusion.decision, conclusion.coverage
    return Verdict(case.id, outcome_of(conclusion), *answer, decision, revision, facts, coverage)


def screen_case(case: Case, bench: Bench, folder: Path, today: date, body: bytes | None = None) -> Conclusion:
    """Take a case with a body through surface, examine and judge, as the server does. Arguments and errors as in `decide`."""
    headers = {"content-type": case.content_type, **{name.lower(): value for name, value in case.headers.items()}}
    data = body_of(case, folder) if body is None else body
    inbound = Inbound(case.method, path_of(case), tuple(headers.items()), data)
    caller: Caller | None = None
    called: Called | None = None
    try:
        attributes = case.attributes if case.attributes is not None else headers.get(HEADER)
        caller = caller_for(case.model_copy(update={"attributes": attributes}), bench.register, today)
        called = route(inbound.method, inbound.target, bench.catalogue)
        if caller.tenant in bench.register.tenants:
            called = permitted(called, bench.register.tenants[caller.tenant])
        if len(data) > bench.body_bytes:
            raise TooLarge(f"the body is larger than {bench.body_bytes} bytes")
        return screen(read(inbound, called, bench.limits), caller, bench.screening, OFFLINE, past_of(case))
    except RequestError as error:
        return Rejected(refuse_error(error, OFFLINE, bench.screening.wording), caller, called)


def past_of(case: Case) -> Past:
    """What earlier requests showed, as a case tells it. What it does not name is unknown: nothing is remembered offline."""
    return Past({_named(thing): left_by(evidence_of(facts)) for thing, facts in case.past.items()})


def _named(thing: str) -> Name:
    kind, _, name = thing.partition("/")
    return kind, name


def caller_for(case: Case, register: Register, today: date) -> Caller:
    """The caller of a case. Raises ConfigurationError for an unknown tenant, BadRequest for malformed attributes."""
    if case.caller is not None:
        return caller_of(tenant_of(case.caller), case.attributes, today)
    if case.tenant is None:
        raise ConfigurationError(f"case {case.id or '(without id)'}: a `tenant` or a `caller` is missing")
    return caller_of(register.tenant(case.tenant), case.attributes, today)


def tenant_of(caller: CallerCase) -> TenantEntry:
    """The register entry, without keys, that a caller written out stands for."""
    known = caller.model_dump(exclude={"on_behalf_of", "approvals"}, exclude_none=True)
    acting = caller.on_behalf_of
    return TenantEntry(
        id="case",
        name="case",
        attributes=AttributesEntry(**known),
        on_behalf_of=tuple(PrincipalEntry(organization=one.organization, country=one.country) for one in acting)
        if isinstance(acting, tuple)
        else acting,
        approvals=tuple(
            ApprovalEntry(reference=one.reference, scope=one.scope, expires=date.max) for one in caller.approvals
        ),
    )


def _on_facts(case: Case, bench: Bench, today: date) -> Verdict:
    screening = bench.screening
    try:
        caller = caller_for(case, bench.register, today)
    except RequestError as error:
        refuse = refuse_error(error, OFFLINE, screening.wording)
        return Verdict(case.id, "rejected", *_answer(refuse), None, screening.policy.revision)
    evidence = evidence_of(case.facts or {})
    decision = judge(screening.policy, evidence, caller)
    held = None if decision.outcome.forwards else refuse_by_policy(decision, OFFLINE, screening.wording)
    return Verdict(case.id, decision.outcome.value, *_answer(held), decision, decision.revision, evidence.by_name())


def evidence_of(given: Mapping[str, bool | str]) -> Evidence:
    """Facts as a case gives them: true, false or `unknown`; what is not given is false."""
    return Evidence(tuple(Fact(name, _truth(given.get(name, False)), "case", 1.0, (), 1) for name in CATALOGUE))


def _truth(value: bool | str) -> Truth:  # noqa: FBT001 - that is what a case says
    if isinstance(value, str):
        return Truth.UNKNOWN
    return Truth.TRUE if value else Truth.FALSE


def _refuse_of(conclusion: Conclusion) -> Refuse | None:
    if isinstance(conclusion, Rejected):
        return conclusion.refuse
    return conclusion.action if isinstance(conclusion.action, Refuse) else None


def _answer(refuse: Refuse | None) -> tuple[int, str, str]:
    if refuse is None:
        return FORWARDED, "", ""
    return refuse.status, refuse.code, str(refuse.error.get("message", ""))


def listing(verdict: Verdict) -> dict[str, Json]:
    """A verdict as `facegate screen --json` prints it; a contract (docs/cli.md)."""
    decision = verdict.decision or Decision(Outcome.ALLOW)  # no policy was asked: no findings
    seen = verdict.coverage
    return {
        "id": verdict.id,
        "outcome": verdict.outcome,
        "status": verdict.status,
        "rules": list(decision.fired),
        "undetermined": list(decision.undetermined),
        "findings": [
            {
                "rule": finding.rule,
                "clause": finding.clause,
                "outcome": finding.outcome.value,
                "locations": [str(place) for place in finding.locations],
                "facts": list(finding.facts),
            }
            for finding in decision.findings
        ],
        "facts": {name: _fact(fact) for name, fact in sorted(verdict.facts.items())},
        "coverage": {"inspected": seen.inspected, "refused": seen.refused, "exempt": seen.exempt},
        "policy_revision": verdict.revision,
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "truth": fact.truth.name.lower(),
        "score": round(fact.score, 3),
        "sources": fact.source.split(","),
        "locations": [str(place) for place in fact.locations],
    }
