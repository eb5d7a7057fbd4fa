"""From policy files to a Policy, or to a ConfigurationError that names file, line and the nearest valid name."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proxy import documents
from proxy.caller import ATTRIBUTE_VALUES
from proxy.decision import Outcome
from proxy.documents import Located, nearest
from proxy.errors import ConfigurationError
from proxy.facts import CATALOGUE
from proxy.judge.policy import (
    ActsFor,
    All,
    AnyOf,
    AttributeIn,
    Condition,
    FactIs,
    Lifts,
    Mode,
    NoneOf,
    Pack,
    Policy,
    Rule,
    fact_names,
    needs,
)

POLICY_FILE: Final = "policy.yaml"
TESTS_FILE: Final = "tests.yaml"

OutcomeWord = Literal["allow", "advise", "flag", "review", "block"]
IsoDate = Annotated[date, Field(strict=False)]
_OPEN_ATTRIBUTES: Final = ("country", "use_case")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ActsForEntry(_Entry):
    """Whom the caller is or acts for."""

    organization: tuple[str, ...] = ()
    country: tuple[str, ...] = ()


class ConditionEntry(_Entry):
    """A condition: exactly one of fact, attribute, acts_for, all, any, none."""

    fact: str | None = Field(None, description="name of a fact")
    min_score: float | None = Field(None, ge=0, le=1, strict=False, description="least score that counts (with fact)")
    min_count: int | None = Field(None, ge=1, description="least count that counts (with fact)")
    attribute: str | None = Field(None, description="name of an attribute of the caller (with in)")
    in_: tuple[str, ...] | None = Field(None, alias="in", description="values that hold (with attribute)")
    acts_for: ActsForEntry | None = Field(None, description="the caller is, or acts for, such an organisation")
    all: tuple["ConditionEntry", ...] | None = Field(None, description="every one of these holds")
    any: tuple["ConditionEntry", ...] | None = Field(None, description="one of these holds")
    none: tuple["ConditionEntry", ...] | None = Field(None, description="none of these holds")

    @model_validator(mode="after")
    def _one_kind(self) -> "ConditionEntry":
        kinds = [
            kind for kind in ("fact", "attribute", "acts_for", "all", "any", "none") if getattr(self, kind) is not None
        ]
        if len(kinds) != 1:
            raise ValueError("a condition has exactly one of: fact, attribute, acts_for, all, any, none")
        if (self.attribute is None) != (self.in_ is None):
            raise ValueError("`attribute` and `in` go together")
        if self.fact is None and (self.min_score is not None or self.min_count is not None):
            raise ValueError("`min_score` and `min_count` go with `fact`")
        if any(getattr(self, kind) == () for kind in ("all", "any", "none")):
            raise ValueError("an empty list of conditions says nothing")
        return self


class LiftsEntry(_Entry):
    """What is on file softens the outcome to."""

    approval: OutcomeWord | None = None
    consent: OutcomeWord | None = None


class RuleEntry(_Entry):
    """One rule."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$", description="stable id, in refusals, metrics and records")
    clause: str = Field(pattern=r"^[A-Z][A-Z0-9-]{1,15}$", description="the clause that the rule enforces, as C03")
    citation: str = Field(min_length=1, description="where the clause's text stands")
    text: str = Field(min_length=1, description="the clause in short words of ours")
    text_status: Literal["verbatim", "quoted", "paraphrase", "inferred"] = Field(description="how sure its words are")
    when: ConditionEntry
    outcome: OutcomeWord
    undetermined: OutcomeWord = Field(description="the outcome when the condition cannot be determined")
    lifts: LiftsEntry = LiftsEntry()
    exceptions: tuple[ConditionEntry, ...] = Field((), description="the rule does not speak where one of these holds")
    mode: Literal["enforce", "shadow", "off"] = "enforce"
    message: str = Field(min_length=1, description="what the caller is told")
    alternative: str = Field("", description="the lawful alternative, where there is one")


class PackEntry(_Entry):
    """What text a pack enforces."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(min_length=1)
    title: str = Field(min_length=1)
    source: str = Field(min_length=1, description="the text, as a person would cite it")
    source_url: str = ""
    source_sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="digest of the page that you saved")
    effective_from: IsoDate
    effective_to: IsoDate | None = None
    review_by: IsoDate | None = Field(None, description="when somebody should compare the pack with its text again")

    @model_validator(mode="after")
    def _dates_in_order(self) -> "PackEntry":
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("`effective_to` lies before `effective_from`")
        return self


class PolicyFile(_Entry):
    """The whole of a policy.yaml."""

    pack: PackEntry
    rules: tuple[RuleEntry, ...] = Field(min_length=1)


def load_policy(folders: Sequence[Path]) -> Policy:
    """Read the packs of some folders. Raises ConfigurationError with every mistake in all of them."""
    problems: list[str] = []
    packs: list[Pack] = []
    digest = sha256()
    for folder in folders:
        try:
            packs.append(load_pack(folder))
            digest.update((folder / POLICY_FILE).read_bytes())
        except ConfigurationError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigurationError(*problems)
    return Policy(tuple(packs), digest.hexdigest()[:12])


def load_pack(folder: Path) -> Pack:
    """Read one pack. Raises ConfigurationError with every mistake in it."""
    located = documents.load_located(folder / POLICY_FILE, PolicyFile)
    problems = [problem for index, rule in enumerate(located.value.rules) for problem in _check(located, index, rule)]
    if problems:
        raise ConfigurationError(*problems)
    entry = located.value.pack
    return Pack(
        name=entry.name,
        version=entry.version,
        title=entry.title,
        rules=tuple(_rule(rule) for rule in located.value.rules),
        effective_from=entry.effective_from.isoformat(),
        effective_to=entry.effective_to.isoformat() if entry.effective_to else "",
        review_by=entry.review_by.isoformat() if entry.review_by else "",
    )


def _check(located: Located[PolicyFile], index: int, rule: RuleEntry) -> Sequence[str]:
    problems: list[str] = []
    if any(other.id == rule.id for other in located.value.rules[:index]):
        problems.append(located.problem(("rules", index, "id"), f"the rule id {rule.id!r} is used twice"))
    conditions = [(("rules", index, "when"), rule.when)]
    conditions += [(("rules", index, "exceptions", number), one) for number, one in enumerate(rule.exceptions)]  # type: ignore[misc] # paths of both lengths
    for where, condition in conditions:
        problems.extend(
            located.problem(place, f"rule {rule.id!r} {words}") for place, words in _unknown(where, condition)
        )
    return problems


def _unknown(where: tuple[Any, ...], entry: ConditionEntry) -> list[tuple[tuple[Any, ...], str]]:
    """The unknown names of a condition: where each stands, and what is valid."""
    found: list[tuple[tuple[Any, ...], str]] = []
    if entry.fact is not None and entry.fact not in CATALOGUE:
        found.append(((*where, "fact"), f"asks about unknown {entry.fact!r}; {nearest(entry.fact, CATALOGUE)}"))
    if entry.attribute is not None:
        found += _unknown_attribute(where, entry.attribute, entry.in_ or ())
    if entry.acts_for is not None:
        valid = ATTRIBUTE_VALUES["organization"]
        found += [
            ((*where, "acts_for", "organization", index), f"asks about unknown {value!r}; {nearest(value, valid)}")
            for index, value in enumerate(entry.acts_for.organization)
            if value not in valid
        ]
    for kind in ("all", "any", "none"):
        for index, inner in enumerate(getattr(entry, kind) or ()):
            found += _unknown((*where, kind, index), inner)
    return found


def _unknown_attribute(where: tuple[Any, ...], name: str, values: Sequence[str]) -> list[tuple[tuple[Any, ...], str]]:
    if name in _OPEN_ATTRIBUTES:
        return []
    if name not in ATTRIBUTE_VALUES:
        return [
            (
                (*where, "attribute"),
                f"asks about unknown {name!r}; {nearest(name, (*ATTRIBUTE_VALUES, *_OPEN_ATTRIBUTES))}",
            )
        ]
    valid = ATTRIBUTE_VALUES[name]
    return [
        ((*where, "in", index), f"asks {name} for unknown {value!r}; {nearest(value, valid)}")
        for index, value in enumerate(values)
        if value not in valid
    ]


def _rule(entry: RuleEntry) -> Rule:
    when = _condition(entry.when)
    if entry.exceptions:
        when = All((when, NoneOf(tuple(map(_condition, entry.exceptions)))))
    return Rule(
        id=entry.id,
        clause=entry.clause,
        citation=entry.citation,
        text=entry.text,
        text_status=entry.text_status,
        when=when,
        outcome=Outcome(entry.outcome),
        undetermined=Outcome(entry.undetermined),
        message=entry.message,
        alternative=entry.alternative,
        lifts=Lifts(_outcome(entry.lifts.approval), _outcome(entry.lifts.consent)),
        mode=Mode(entry.mode),
        needs=needs(when),
        facts=fact_names(when),
    )


def _outcome(word: str | None) -> Outcome | None:
    return Outcome(word) if word else None


def _condition(entry: ConditionEntry) -> Condition:
    if entry.fact is not None:
        return FactIs(entry.fact, entry.min_score or 0.0, entry.min_count or 0)
    if entry.attribute is not None:
        return AttributeIn(entry.attribute, entry.in_ or ())
    if entry.acts_for is not None:
        return ActsFor(entry.acts_for.organization, entry.acts_for.country)
    if entry.all is not None:
        return All(tuple(map(_condition, entry.all)))
    if entry.any is not None:
        return AnyOf(tuple(map(_condition, entry.any)))
    return NoneOf(tuple(map(_condition, entry.none or ())))
