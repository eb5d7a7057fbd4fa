"""Screening without a server: the same stages, in the same order, as an exchange takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from proxy.admit import caller_of, worst_case
from proxy.admit.narrow import HEADER, narrow, parse_attributes
from proxy.admit.register import Register, TenantEntry
from proxy.caller import Approval, Attribute, Caller, Principal, Provenance
from proxy.case import Case, body_of, path_of
from proxy.content import Json
from proxy.decision import Decision
from proxy.errors import ConfigurationError, RequestError
from proxy.exchange import Conclusion, Inbound, Refuse, Rejected, Screened
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.judge import judge
from proxy.judge.policy import Policy
from proxy.record.entry import outcome_of
from proxy.refusal import refuse_error
from proxy.screen import Screening, screen
from proxy.surface import surface
from proxy.surface.catalogue import Catalogue
from proxy.surface.limits import Limits


@dataclass(frozen=True, slots=True)
class Bench:
    """What offline screening works with."""

    register: Register
    catalogue: Catalogue
    screening: Screening
    limits: Limits


def caller_for(case: Case, register: Register, today: date) -> Caller:
    """The caller of a case. Raises ConfigurationError for an unknown tenant, BadRequest for malformed attributes."""
    if case.caller is None:
        if case.tenant is None:
            raise ConfigurationError(f"case {case.id or '(without id)'}: a `tenant` or a `caller` is missing")
        return caller_of(register.tenant(case.tenant), case.attributes, today)
    known = case.caller.model_dump(exclude={"on_behalf_of", "approvals"}, exclude_none=True)
    attributes: Mapping[str, Attribute] = {
        name: Attribute(name, value, Provenance.ATTESTED) for name, value in known.items()
    }
    acting = case.caller.on_behalf_of
    on_behalf_of = None if acting == "unknown" else tuple(Principal(one.organization, one.country) for one in acting)
    if case.attributes is not None:
        declared = parse_attributes(case.attributes)
        extra, _ = narrow(TenantEntry(id="case", name="case"), declared)
        attributes = {**extra, **attributes}
    approvals = tuple(Approval(one.reference, one.scope, "9999-12-31") for one in case.caller.approvals)
    return Caller("case", "offline", worst_case(attributes, on_behalf_of), on_behalf_of, approvals)


def decide_on_facts(case: Case, policy: Policy, caller: Caller) -> Decision:
    """Judge a case that gives facts in place of a request. Raises ConfigurationError for a fact that does not exist."""
    given = case.facts or {}
    strangers = sorted(set(given) - set(CATALOGUE))
    if strangers:
        raise ConfigurationError(f"case {case.id}: there is no fact {strangers[0]!r}")
    facts = tuple(Fact(name, _truth(given.get(name, False)), "case", 1.0, (), 1) for name in CATALOGUE)
    return judge(policy, Evidence(facts), caller)


def _truth(value: bool | str) -> Truth:  # noqa: FBT001 - that is what a case says
    if isinstance(value, str):
        return Truth.UNKNOWN
    return Truth.TRUE if value else Truth.FALSE


def screen_case(case: Case, bench: Bench, folder: Path, today: date) -> Conclusion:
    """Take a case with a body through surface, examine and judge, as the server does.

    Raises ConfigurationError when the case itself is unusable (unknown tenant, unreadable file).
    """
    headers = {"content-type": case.content_type, **{name.lower(): value for name, value in case.headers.items()}}
    inbound = Inbound(case.method, path_of(case), tuple(headers.items()), body_of(case, folder))
    caller: Caller | None = None
    try:
        attributes = case.attributes if case.attributes is not None else headers.get(HEADER)
        caller = caller_for(case.model_copy(update={"attributes": attributes}), bench.register, today)
        return screen(surface(inbound, bench.catalogue, bench.limits), caller, bench.screening, "offline")
    except RequestError as error:
        return Rejected(refuse_error(error, "offline", bench.screening.wording), caller)


def listing(case_id: str, conclusion: Conclusion, revision: str) -> dict[str, Json]:
    """A conclusion as `facegate screen --json` prints it."""
    if isinstance(conclusion, Rejected):
        return {
            "id": case_id,
            "outcome": "rejected",
            "status": conclusion.refuse.status,
            "code": conclusion.refuse.code,
            "message": conclusion.refuse.error.get("message"),
            "rules": [],
            "undetermined": [],
            "findings": [],
            "facts": {},
            "coverage": {"inspected": 0, "refused": 0, "exempt": 0},
            "policy_revision": revision,
        }
    found = conclusion.coverage
    refuse = conclusion.action if isinstance(conclusion.action, Refuse) else None
    return {
        "id": case_id,
        "outcome": outcome_of(conclusion),
        "status": refuse.status if refuse else 200,
        "code": refuse.code if refuse else None,
        "message": refuse.error.get("message") if refuse else None,
        "rules": list(conclusion.decision.fired),
        "undetermined": list(conclusion.decision.undetermined),
        "findings": _findings(conclusion.decision),
        "facts": _facts(conclusion),
        "coverage": {"inspected": found.inspected, "refused": found.refused, "exempt": found.exempt},
        "policy_revision": revision,
    }


def _findings(decision: Decision) -> list[Json]:
    return [
        {
            "rule": finding.rule,
            "clause": finding.clause,
            "outcome": finding.outcome.value,
            "undetermined": finding.truth is Truth.UNKNOWN,
            "locations": [str(place) for place in finding.locations],
            "facts": list(finding.facts),
            "message": finding.message,
            "citation": finding.citation,
            "alternative": finding.alternative or None,
        }
        for finding in decision.findings
    ]


def _facts(screened: Screened) -> dict[str, Any]:
    return {
        name: {
            "truth": fact.truth.name.lower(),
            "score": round(fact.score, 3),
            "sources": fact.source.split(","),
            "locations": [str(place) for place in fact.locations],
            **({"count": fact.count} if fact.count else {}),
            **({"why": fact.why} if fact.why else {}),
        }
        for name, fact in sorted(screened.evidence.by_name().items())
    }
