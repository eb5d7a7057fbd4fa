"""A decision: the strictest of all findings, whatever the order, softened only by what is on file."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from support.cases import PACK, caller, evidence

from proxy.caller import Approval, Caller, Principal
from proxy.decision import Decision, Finding, Outcome
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.judge import judge
from proxy.judge.load import load_policy
from proxy.judge.policy import AttributeIn, Condition, FactIs, Lifts, Mode, Pack, Policy, Rule, fact_names, needs
from proxy.location import Location

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE

SHIPPED = load_policy([PACK])

IMAGES = "media.images"


def a_rule(
    name: str = "rule",
    outcome: Outcome = Outcome.BLOCK,
    undetermined: Outcome = Outcome.REVIEW,
    when: Condition | None = None,
    lifts: Lifts | None = None,
    mode: Mode = Mode.ENFORCE,
) -> Rule:
    condition = when or FactIs(IMAGES)
    return Rule(
        id=name,
        clause="C03",
        citation="where it stands",
        text="",
        text_status="verbatim",
        when=condition,
        outcome=outcome,
        undetermined=undetermined,
        message="what is not permitted",
        alternative="what is",
        lifts=lifts or Lifts(),
        mode=mode,
        needs=needs(condition),
        facts=fact_names(condition),
    )


def a_policy(*rules: Rule) -> Policy:
    return Policy((Pack("pack", "1", "", rules),), "revision")


def test_a_decision_whole() -> None:
    """Findings say what they rest on and where; rules that are silent leave none."""
    places = (Location(("messages", 0, "content", 1)),)
    seen = Evidence(
        (
            *(fact for fact in evidence().facts if fact.name not in (IMAGES, "media.faces")),
            Fact(IMAGES, T, "media", 1.0, places, 1),
            Fact("media.faces", U, "faces", 0.0, places, 0, "cannot be decoded"),
        )
    )
    policy = a_policy(
        a_rule("holds"), a_rule("open", when=FactIs("media.faces")), a_rule("silent", when=FactIs("media.audio"))
    )
    common = {
        "clause": "C03",
        "citation": "where it stands",
        "message": "what is not permitted",
        "alternative": "what is",
    }
    assert judge(policy, seen, caller()) == Decision(
        Outcome.BLOCK,
        (
            Finding(rule="holds", outcome=Outcome.BLOCK, truth=T, facts=(IMAGES,), locations=places, **common),
            Finding(rule="open", outcome=Outcome.REVIEW, truth=U, facts=("media.faces",), locations=places, **common),
        ),
        (),
        "revision",
    )


@pytest.mark.parametrize("strict", list(Outcome), ids=lambda one: one.value)
@pytest.mark.parametrize("mild", list(Outcome), ids=lambda one: one.value)
def test_the_strictest_wins(strict: Outcome, mild: Outcome) -> None:
    """Of two rules that hold the severer counts; severity is the order of the outcomes."""
    decision = judge(a_policy(a_rule("one", strict), a_rule("two", mild)), evidence({IMAGES: T}), caller())
    order = ["allow", "advise", "flag", "redact", "review", "block"]
    assert decision.outcome.value == max(strict.value, mild.value, key=order.index)
    assert decision.fired == ("one", "two")


UNDETERMINED = [
    (T, Outcome.BLOCK, ("rule",), ()),
    (U, Outcome.REVIEW, (), ("rule",)),
    (F, Outcome.ALLOW, (), ()),
]


@pytest.mark.parametrize(("truth", "outcome", "fired", "undetermined"), UNDETERMINED, ids=["true", "unknown", "false"])
def test_each_truth_has_its_outcome(
    truth: Truth, outcome: Outcome, fired: tuple[str, ...], undetermined: tuple[str, ...]
) -> None:
    """TRUE: the outcome. UNKNOWN: what the rule says of undetermined cases. FALSE: nothing."""
    decision = judge(a_policy(a_rule()), evidence({IMAGES: truth}), caller())
    assert (decision.outcome, decision.fired, decision.undetermined) == (outcome, fired, undetermined)


def test_undetermined_allow_is_silent() -> None:
    """A rule that allows undetermined cases says nothing of them."""
    assert judge(a_policy(a_rule(undetermined=Outcome.ALLOW)), evidence({IMAGES: U}), caller()).findings == ()


def test_what_nobody_reported_is_unknown() -> None:
    """Without any detector every rule over facts is undetermined, and none is silent."""
    decision = judge(a_policy(a_rule()), Evidence(), caller())
    assert (decision.outcome, decision.undetermined) == (Outcome.REVIEW, ("rule",))


def test_a_rule_over_attributes_alone_is_always_asked() -> None:
    """Facts that are all FALSE do not silence a rule that rests on none."""
    rule = a_rule(when=AttributeIn("camera", ("dash",)))
    assert judge(a_policy(rule), evidence(), caller(camera="dash")).outcome is Outcome.BLOCK


def test_shadow_is_seen_and_never_counts() -> None:
    """Shadow findings stand apart; the outcome is that of the others."""
    policy = a_policy(a_rule("watched", mode=Mode.SHADOW), a_rule("counted", Outcome.ADVISE))
    decision = judge(policy, evidence({IMAGES: T}), caller())
    assert decision.outcome is Outcome.ADVISE
    assert decision.fired == ("counted",)
    assert [(one.rule, one.outcome) for one in decision.shadow] == [("watched", Outcome.BLOCK)]


# ---- lifts


APPROVAL = Approval("A-1", ("C03",), "2099-01-01")
TO_REVIEW = Lifts(approval=Outcome.REVIEW)
TO_ADVICE = Lifts(consent=Outcome.ADVISE)
BOTH = Lifts(approval=Outcome.REVIEW, consent=Outcome.ADVISE)

LIFTED: list[tuple[str, Lifts, Caller, Outcome, str]] = [
    ("an approval of the clause", TO_REVIEW, caller((), [APPROVAL]), Outcome.REVIEW, "approval A-1"),
    (
        "an approval of the rule",
        TO_REVIEW,
        caller((), [replace(APPROVAL, scope=("rule",))]),
        Outcome.REVIEW,
        "approval A-1",
    ),
    ("an approval of another clause", TO_REVIEW, caller((), [replace(APPROVAL, scope=("C04",))]), Outcome.BLOCK, ""),
    (
        "two approvals, the second of the clause",
        TO_REVIEW,
        caller((), [replace(APPROVAL, reference="A-0", scope=("C04",)), APPROVAL]),
        Outcome.REVIEW,
        "approval A-1",
    ),
    ("no approval", TO_REVIEW, caller(), Outcome.BLOCK, ""),
    ("an approval where the rule knows none", Lifts(), caller((), [APPROVAL]), Outcome.BLOCK, ""),
    ("consent", TO_ADVICE, caller(consent="documented"), Outcome.ADVISE, "consent"),
    ("no consent", TO_ADVICE, caller(consent="none"), Outcome.BLOCK, ""),
    ("consent not known", TO_ADVICE, caller(), Outcome.BLOCK, ""),
    ("consent where the rule knows none", TO_REVIEW, caller(consent="documented"), Outcome.BLOCK, ""),
    ("both, the milder", BOTH, caller((), [APPROVAL], consent="documented"), Outcome.ADVISE, "consent"),
    ("a lift never hardens", Lifts(approval=Outcome.BLOCK), caller((), [APPROVAL]), Outcome.BLOCK, ""),
]


@pytest.mark.parametrize(
    ("lifts", "who", "outcome", "by"), [case[1:] for case in LIFTED], ids=[case[0] for case in LIFTED]
)
def test_lifts(lifts: Lifts, who: Caller, outcome: Outcome, by: str) -> None:
    """What is on file softens a rule to what the rule says, and the finding tells what did."""
    decision = judge(a_policy(a_rule(lifts=lifts)), evidence({IMAGES: T}), who)
    assert (decision.outcome, [one.lifted_by for one in decision.findings]) == (outcome, [by])


def test_a_lift_of_one_rule_leaves_the_others() -> None:
    """An approval softens the rule that names it; another that holds still blocks."""
    policy = a_policy(a_rule("lifted", lifts=TO_REVIEW), a_rule("firm"))
    assert judge(policy, evidence({IMAGES: T}), caller((), [APPROVAL])).outcome is Outcome.BLOCK


# ---- order and short cuts, on the shipped pack


CALLERS = st.sampled_from(
    [
        caller(
            organization="police_department",
            country="US",
            camera="body_worn",
            environment="uncontrolled",
            timing="real_time",
        ),
        caller(
            organization="law_enforcement", country="FR", camera="fixed", environment="controlled", timing="post_event"
        ),
        caller((Principal("police_department", "US"),), organization="private", country="US"),
        caller(None, [APPROVAL], organization="public_safety_vendor", country="US"),
        caller((), [APPROVAL], organization="private", country="US", consent="documented"),
        caller(None),
    ]
)
TRUTHS = st.dictionaries(st.sampled_from(sorted(CATALOGUE)), st.sampled_from(Truth))


@given(TRUTHS, CALLERS, st.randoms(use_true_random=False))
def test_order_never_matters(truths: dict[str, Truth], who: Caller, chance: random.Random) -> None:
    """Rules and facts in any order come to the same outcome and the same findings."""
    rules = list(SHIPPED.rules)
    found = list(evidence(truths).facts)
    chance.shuffle(rules)
    chance.shuffle(found)
    straight = judge(SHIPPED, evidence(truths), who)
    shuffled = judge(a_policy(*rules), Evidence(tuple(found)), who)
    assert shuffled.outcome is straight.outcome
    for one, other in ((straight.findings, shuffled.findings), (straight.shadow, shuffled.shadow)):
        assert sorted(one, key=lambda finding: finding.rule) == sorted(other, key=lambda finding: finding.rule)


@given(TRUTHS, CALLERS)
def test_leaving_rules_out_by_what_they_need_changes_nothing(truths: dict[str, Truth], who: Caller) -> None:
    """Rules are skipped while all that they need is FALSE; asking them all comes to the same."""
    thorough = a_policy(*(replace(rule, needs=None) for rule in SHIPPED.rules))
    quick, slow = judge(SHIPPED, evidence(truths), who), judge(thorough, evidence(truths), who)
    assert structs.replace(quick, revision="") == structs.replace(slow, revision="")


@given(TRUTHS, CALLERS)
def test_more_evidence_is_never_milder(truths: dict[str, Truth], who: Caller) -> None:
    """In the shipped pack a fact that becomes more certain softens nothing, except where another rule is the exception."""
    stronger = {name: Truth.TRUE if truth is not F else F for name, truth in truths.items()}
    assert judge(SHIPPED, evidence(stronger), who).outcome >= judge(SHIPPED, evidence(truths), who).outcome


def test_nothing_found_nothing_said() -> None:
    """A request that shows nothing passes every rule of the shipped pack, whoever calls."""
    for who in (caller(None), caller(organization="police_department", country="US")):
        assert judge(SHIPPED, evidence(), who) == Decision(Outcome.ALLOW, (), (), SHIPPED.revision)
