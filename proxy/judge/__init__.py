"""What does policy say?"""

from proxy.caller import Caller
from proxy.decision import Decision, Finding, Outcome
from proxy.facts import Evidence, Truth
from proxy.judge.policy import Facts, Mode, Policy, Rule, evaluate
from proxy.location import Location


def judge(policy: Policy, evidence: Evidence, caller: Caller) -> Decision:
    """Ask every rule and keep the strictest outcome. The order of rules never matters."""
    facts = evidence.by_name()
    quiet = evidence.quiet()
    findings: list[Finding] = []
    shadow: list[Finding] = []
    for rule in policy.rules:
        if rule.needs is not None and rule.needs <= quiet:
            continue
        finding = _ask(rule, facts, caller)
        if finding is not None:
            (shadow if rule.mode is Mode.SHADOW else findings).append(finding)
    outcome = max((finding.outcome for finding in findings), default=Outcome.ALLOW)
    return Decision(outcome, tuple(findings), tuple(shadow), policy.revision)


def _ask(rule: Rule, facts: Facts, caller: Caller) -> Finding | None:
    truth = evaluate(rule.when, facts, caller)
    if truth is Truth.FALSE or (truth is Truth.UNKNOWN and rule.undetermined is Outcome.ALLOW):
        return None
    outcome, lifted_by = _lifted(rule, rule.outcome if truth is Truth.TRUE else rule.undetermined, caller)
    resting = tuple(name for name in rule.facts if (fact := facts.get(name)) is None or fact.truth is not Truth.FALSE)
    places = [place for name in resting if (fact := facts.get(name)) is not None for place in fact.locations]
    locations: tuple[Location, ...] = tuple(dict.fromkeys(places))
    return Finding(
        rule=rule.id,
        clause=rule.clause,
        citation=rule.citation,
        outcome=outcome,
        truth=truth,
        message=rule.message,
        facts=resting,
        locations=locations,
        alternative=rule.alternative,
        lifted_by=lifted_by,
    )


def _lifted(rule: Rule, outcome: Outcome, caller: Caller) -> tuple[Outcome, str]:
    """The outcome after what is on file softens it, and what did: `approval REFERENCE` or `consent`."""
    softest, by = outcome, ""
    approval = next((one for one in caller.approvals if rule.id in one.scope or rule.clause in one.scope), None)
    if rule.lifts.approval is not None and approval is not None and rule.lifts.approval < softest:
        softest, by = rule.lifts.approval, f"approval {approval.reference}"
    if rule.lifts.consent is not None and caller.value_of("consent") == "documented" and rule.lifts.consent < softest:
        softest, by = rule.lifts.consent, "consent"
    return softest, by
