"""Policy as values: packs of rules whose conditions are judged in three-valued logic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, assert_never

from proxy.caller import Caller
from proxy.decision import Outcome
from proxy.facts import Fact, Truth


class Mode(StrEnum):
    """Whether a rule counts, is only watched, or sleeps."""

    ENFORCE = "enforce"
    SHADOW = "shadow"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class FactIs:
    """Holds when the fact is true, with at least `min_score` and `min_count`; below them it is not."""

    name: str
    min_score: float = 0.0
    min_count: int = 0


@dataclass(frozen=True, slots=True)
class AttributeIn:
    """Holds when the caller's attribute has one of these values; unknown when nobody knows the attribute."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActsFor:
    """Holds when the caller is such an organisation in such a country, or acts on behalf of one. Empty: any."""

    organizations: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """Holds when every condition holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when one condition holds."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Holds when no condition holds."""

    conditions: tuple["Condition", ...]


Condition: TypeAlias = FactIs | AttributeIn | ActsFor | All | AnyOf | NoneOf

Facts: TypeAlias = Mapping[str, Fact]
"""One joined fact a name; a name that is missing was reported by nobody and is unknown."""


@dataclass(frozen=True, slots=True)
class Lifts:
    """What an approval in force or documented consent soften a rule's outcome to; None where they do not."""

    approval: Outcome | None = None
    consent: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `needs` are facts of which one must be other than false for the condition to hold; None: it cannot be told."""

    id: str
    clause: str
    citation: str
    text: str
    text_status: str
    when: Condition
    outcome: Outcome
    undetermined: Outcome
    message: str
    alternative: str = ""
    lifts: Lifts = Lifts()
    mode: Mode = Mode.ENFORCE
    needs: frozenset[str] | None = None
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """One version of one text, as rules. Dates are ISO."""

    name: str
    version: str
    title: str
    rules: tuple[Rule, ...]
    effective_from: str = ""
    effective_to: str = ""
    review_by: str = ""

    @property
    def id(self) -> str:
        """Name and version, as in `ms-aoai-coc@2024-05-01`."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Policy:
    """All packs in force. `revision` is a digest of everything that decides."""

    packs: tuple[Pack, ...]
    revision: str
    rules: tuple[Rule, ...] = field(init=False)

    def __post_init__(self) -> None:
        awake = tuple(rule for pack in self.packs for rule in pack.rules if rule.mode is not Mode.OFF)
        object.__setattr__(self, "rules", awake)


def evaluate(condition: Condition, facts: Facts, caller: Caller) -> Truth:
    """Judge a condition in Kleene's three values."""
    match condition:
        case FactIs():
            return _fact(condition, facts)
        case AttributeIn():
            value = caller.value_of(condition.name)
            return Truth.UNKNOWN if value is None else _truth(value in condition.values)
        case ActsFor():
            return _acts_for(condition, caller)
        case All():
            return min((evaluate(one, facts, caller) for one in condition.conditions), default=Truth.TRUE)
        case AnyOf():
            return max((evaluate(one, facts, caller) for one in condition.conditions), default=Truth.FALSE)
        case NoneOf():
            return max((evaluate(one, facts, caller) for one in condition.conditions), default=Truth.FALSE).negated()
        case _:
            assert_never(condition)


def _truth(holds: bool) -> Truth:  # noqa: FBT001 - that is the point
    return Truth.TRUE if holds else Truth.FALSE


def _fact(condition: FactIs, facts: Facts) -> Truth:
    fact = facts.get(condition.name)
    if fact is None:
        return Truth.UNKNOWN
    if fact.truth is Truth.TRUE and (fact.score < condition.min_score or fact.count < condition.min_count):
        return Truth.FALSE
    return fact.truth


def _acts_for(condition: ActsFor, caller: Caller) -> Truth:
    own = _matches(condition, caller.value_of("organization"), caller.value_of("country"))
    if caller.on_behalf_of is None:
        return max(own, Truth.UNKNOWN)
    others = (_matches(condition, one.organization or None, one.country or None) for one in caller.on_behalf_of)
    return max(own, *others) if caller.on_behalf_of else own


def _matches(condition: ActsFor, organization: str | None, country: str | None) -> Truth:
    return min(_among(organization, condition.organizations), _among(country, condition.countries))


def _among(value: str | None, wanted: tuple[str, ...]) -> Truth:
    if not wanted:
        return Truth.TRUE
    return Truth.UNKNOWN if value is None else _truth(value in wanted)


def needs(condition: Condition) -> frozenset[str] | None:
    """Facts of which one must be other than false for `condition` to be other than false; None when there are none such."""
    match condition:
        case FactIs():
            return frozenset({condition.name})
        case All():
            known = [found for one in condition.conditions if (found := needs(one)) is not None]
            return min(known, key=len, default=None)
        case AnyOf():
            every = [needs(one) for one in condition.conditions]
            return None if None in every else frozenset().union(*(one for one in every if one))
        case _:
            return None


def fact_names(condition: Condition) -> tuple[str, ...]:
    """The facts that a condition asks about, in order, each once."""
    match condition:
        case FactIs():
            return (condition.name,)
        case All() | AnyOf() | NoneOf():
            return tuple(dict.fromkeys(name for one in condition.conditions for name in fact_names(one)))
        case _:
            return ()
