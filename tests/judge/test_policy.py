"""Conditions in three values, and what may be concluded from them before they are evaluated."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import caller, facts

from proxy.caller import SOMEBODY, OnBehalfOf, Principal
from proxy.decision import Outcome
from proxy.facts import CATALOGUE, Fact, Truth
from proxy.judge.policy import (
    ActsFor,
    All,
    AnyOf,
    AttributeIn,
    Condition,
    FactIs,
    Facts,
    Mode,
    NoneOf,
    Pack,
    Policy,
    Rule,
    evaluate,
    fact_names,
    needs,
)

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE

A, B = FactIs("media.images"), FactIs("media.faces")

US_POLICE, FRENCH_POLICE = Principal("police_department", "US"), Principal("police_department", "FR")


# ---- Kleene's tables, written out


AND = {(F, F): F, (F, U): F, (F, T): F, (U, F): F, (U, U): U, (U, T): U, (T, F): F, (T, U): U, (T, T): T}
OR = {(F, F): F, (F, U): U, (F, T): T, (U, F): U, (U, U): U, (U, T): T, (T, F): T, (T, U): T, (T, T): T}
NOR = {(F, F): T, (F, U): U, (F, T): F, (U, F): U, (U, U): U, (U, T): F, (T, F): F, (T, U): F, (T, T): F}


@pytest.mark.parametrize(("kind", "table"), [(All, AND), (AnyOf, OR), (NoneOf, NOR)], ids=["all", "any", "none"])
def test_combinations_follow_kleene(kind: type[All | AnyOf | NoneOf], table: dict[tuple[Truth, Truth], Truth]) -> None:
    """`all`, `any` and `none` of two conditions, in all nine combinations."""
    got = {
        (one, other): evaluate(kind((A, B)), facts({A.name: one, B.name: other}), caller())
        for one, other in itertools.product(Truth, repeat=2)
    }
    assert got == table


@pytest.mark.parametrize(("kind", "empty"), [(All, T), (AnyOf, F), (NoneOf, T)], ids=["all", "any", "none"])
def test_empty_combinations(kind: type[All | AnyOf | NoneOf], empty: Truth) -> None:
    """Of nothing, everything holds and not one."""
    assert evaluate(kind(()), {}, caller()) is empty


# ---- facts


FACTS: list[tuple[str, FactIs, Facts, Truth]] = [
    ("true", FactIs("x"), {"x": Fact("x", T, "d")}, T),
    ("false", FactIs("x"), {"x": Fact("x", F, "d")}, F),
    ("unknown", FactIs("x"), {"x": Fact("x", U, "d")}, U),
    ("reported by nobody", FactIs("x"), {}, U),
    ("score reached", FactIs("x", min_score=0.9), {"x": Fact("x", T, "d", 0.9)}, T),
    ("score missed", FactIs("x", min_score=0.9), {"x": Fact("x", T, "d", 0.89)}, F),
    ("unknown, whatever its score", FactIs("x", min_score=0.9), {"x": Fact("x", U, "d", 0.0)}, U),
    ("count reached", FactIs("x", min_count=2), {"x": Fact("x", T, "d", count=2)}, T),
    ("count missed", FactIs("x", min_count=2), {"x": Fact("x", T, "d", count=1)}, F),
    ("unknown, whatever its count", FactIs("x", min_count=2), {"x": Fact("x", U, "d", count=0)}, U),
    ("score without count", FactIs("x", 0.5, 2), {"x": Fact("x", T, "d", 0.6, count=1)}, F),
]


@pytest.mark.parametrize(("condition", "found", "truth"), [case[1:] for case in FACTS], ids=[case[0] for case in FACTS])
def test_a_fact(condition: FactIs, found: Facts, truth: Truth) -> None:
    """A fact holds with enough score and count; one that nobody reported is unknown."""
    assert evaluate(condition, found, caller()) is truth


# ---- attributes and whom the caller acts for


@pytest.mark.parametrize(
    ("value", "truth"), [("dash", T), ("fixed", F), (None, U)], ids=["among them", "another", "nobody knows"]
)
def test_an_attribute(value: str | None, truth: Truth) -> None:
    """An attribute that nobody knows is unknown, not absent."""
    known = {} if value is None else {"camera": value}
    assert evaluate(AttributeIn("camera", ("dash", "drone")), {}, caller(**known)) is truth


ACTS: list[tuple[str, dict[str, str], OnBehalfOf, Truth]] = [
    ("is one", {"organization": "police_department", "country": "US"}, (), T),
    ("is one elsewhere", {"organization": "police_department", "country": "FR"}, (), F),
    ("is one, country unknown", {"organization": "police_department"}, (), U),
    ("is another", {"organization": "private", "country": "US"}, (), F),
    ("is another, country unknown", {"organization": "private"}, (), F),
    ("organisation unknown, country another", {"country": "FR"}, (), F),
    ("undeclared", {}, (), U),
    ("acts for one", {"organization": "private", "country": "US"}, (US_POLICE,), T),
    ("acts for one among others", {"organization": "private", "country": "DE"}, (FRENCH_POLICE, US_POLICE), T),
    ("acts for another", {"organization": "private", "country": "US"}, (FRENCH_POLICE,), F),
    (
        "acts for one, country unknown",
        {"organization": "private", "country": "US"},
        (Principal("police_department", ""),),
        U,
    ),
    ("acts for somebody unknown", {"organization": "private", "country": "US"}, None, U),
    (
        "acts for another and somebody unknown",
        {"organization": "private", "country": "US"},
        (FRENCH_POLICE, SOMEBODY),
        U,
    ),
    ("is one and acts for somebody unknown", {"organization": "police_department", "country": "US"}, None, T),
    ("does not know its country, acts for another", {"organization": "police_department"}, (FRENCH_POLICE,), U),
]


@pytest.mark.parametrize(("known", "acting", "truth"), [case[1:] for case in ACTS], ids=[case[0] for case in ACTS])
def test_acting_for_us_police(known: dict[str, str], acting: OnBehalfOf, truth: Truth) -> None:
    """The caller is a US police department, or acts on behalf of one."""
    assert evaluate(ActsFor(("police_department",), ("US",)), {}, caller(acting, **known)) is truth


@pytest.mark.parametrize(
    ("condition", "truth"),
    [(ActsFor(("private",)), T), (ActsFor((), ("US",)), T), (ActsFor(), T), (ActsFor((), ("DE",)), F)],
    ids=["organisation alone", "country alone", "anybody", "country of others"],
)
def test_acting_for_what_is_left_out_is_any(condition: ActsFor, truth: Truth) -> None:
    """What a condition leaves out may be anything."""
    assert evaluate(condition, {}, caller(organization="private", country="US")) is truth


# ---- what may be concluded beforehand


NAMES = sorted(CATALOGUE)[:6]

LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(FactIs, st.sampled_from(NAMES), st.sampled_from([0.0, 0.5]), st.sampled_from([0, 2])),
    st.just(AttributeIn("camera", ("dash",))),
    st.just(ActsFor(("police_department",), ("US",))),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        .map(tuple)
        .flatmap(lambda several: st.sampled_from([All(several), AnyOf(several), NoneOf(several)]))
    ),
    max_leaves=8,
)
CALLERS = st.sampled_from(
    [
        caller(),
        caller(camera="dash", organization="police_department", country="US"),
        caller(camera="fixed", organization="private", country="US"),
        caller(None, organization="private", country="US"),
    ]
)


@st.composite
def found_facts(draw: st.DrawFn) -> Facts:
    """Any facts; some are reported by nobody."""
    reported = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return {
        name: Fact(
            name, draw(st.sampled_from(Truth)), "d", draw(st.sampled_from([0.2, 0.9])), (), draw(st.integers(0, 3))
        )
        for name in reported
    }


@given(CONDITIONS, found_facts(), CALLERS)
def test_what_a_condition_needs(condition: Condition, found: Facts, who: object) -> None:
    """While all that a condition needs is FALSE, the condition is FALSE: asking it may be left out."""
    needed = needs(condition)
    quiet = needed is not None and all(name in found and found[name].truth is F for name in needed)
    assert not quiet or evaluate(condition, found, who) is F  # type: ignore[arg-type] # callers, as the strategy draws them


@given(CONDITIONS, found_facts(), CALLERS)
def test_other_facts_do_not_matter(condition: Condition, found: Facts, who: object) -> None:
    """A condition rests on the facts that it names, and on no other."""
    named = {name: fact for name, fact in found.items() if name in fact_names(condition)}
    assert evaluate(condition, found, who) is evaluate(condition, named, who)  # type: ignore[arg-type] # callers, as the strategy draws them


NEEDS: list[tuple[str, Condition, frozenset[str] | None]] = [
    ("a fact", A, frozenset({A.name})),
    ("all: the fewest of one of them", All((AnyOf((A, B)), B)), frozenset({B.name})),
    ("all with an attribute", All((AttributeIn("camera", ("dash",)), A)), frozenset({A.name})),
    ("any: those of each", AnyOf((A, B)), frozenset({A.name, B.name})),
    ("any with an attribute", AnyOf((A, AttributeIn("camera", ("dash",)))), None),
    ("none: it holds while nothing is there", NoneOf((A,)), None),
    ("an attribute alone", AttributeIn("camera", ("dash",)), None),
    ("any of nothing: it never holds", AnyOf(()), frozenset()),
]


@pytest.mark.parametrize(("condition", "needed"), [case[1:] for case in NEEDS], ids=[case[0] for case in NEEDS])
def test_needs(condition: Condition, needed: frozenset[str] | None) -> None:
    """The facts of which one must be other than FALSE."""
    assert needs(condition) == needed


def test_fact_names_in_order_each_once() -> None:
    """Also inside `any` and `none`, in the order of the file."""
    condition = All((B, AnyOf((A, B)), NoneOf((FactIs("media.audio"),)), ActsFor()))
    assert fact_names(condition) == ("media.faces", "media.images", "media.audio")


def test_rules_that_are_off_are_none() -> None:
    """A policy's rules are those of all packs, without the ones that are off."""
    rules = tuple(
        Rule(mode.value, "C01", "", "", "verbatim", A, Outcome.BLOCK, Outcome.REVIEW, "", mode=mode) for mode in Mode
    )
    policy = Policy((Pack("one", "1", "", rules), Pack("two", "2", "", rules[:1])), "r")
    assert [rule.id for rule in policy.rules] == ["enforce", "shadow", "enforce"]
    assert [pack.id for pack in policy.packs] == ["one@1", "two@2"]
