"""Truth in three values, and the joining of what several detectors say of one thing."""

import itertools
from pathlib import Path

import pytest

import proxy
from proxy.examine.faces import Faces
from proxy.examine.lexicon import load_lexicon
from proxy.examine.media import Media
from proxy.facts import CATALOGUE, Evidence, Fact, Truth, unknown
from proxy.location import Location

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE

HERE, THERE = Location(("messages", 0)), Location(("messages", 1))

LEXICONS = Path(proxy.__file__).parents[1] / "config" / "lexicons"


def test_kleenes_tables() -> None:
    """`min` is his "and", `max` his "or", `negated` his "not"."""
    assert {(a, b): min(a, b) for a, b in itertools.product(Truth, Truth)} == {
        (F, F): F, (F, U): F, (F, T): F,
        (U, F): F, (U, U): U, (U, T): U,
        (T, F): F, (T, U): U, (T, T): T,
    }  # fmt: skip
    assert {(a, b): max(a, b) for a, b in itertools.product(Truth, Truth)} == {
        (F, F): F, (F, U): U, (F, T): T,
        (U, F): U, (U, U): U, (U, T): T,
        (T, F): T, (T, U): T, (T, T): T,
    }  # fmt: skip
    assert [truth.negated() for truth in (F, U, T)] == [T, U, F]


@pytest.mark.parametrize(
    ("reports", "truth"),
    [((), U), ((F,), F), ((U,), U), ((T,), T), ((F, U), U), ((U, F), U), ((U, T), T), ((T, F), T), ((F, F), F)],
)
def test_the_strongest_report_counts_and_none_is_unknown(reports: tuple[Truth, ...], truth: Truth) -> None:
    facts = tuple(Fact("media.faces", one, f"detector {n}") for n, one in enumerate(reports))
    other = Fact("media.images", T, "another")
    assert Evidence((*facts, other)).truth_of("media.faces") is truth


def test_equal_reports_are_joined() -> None:
    """Sources, places and counts add up; the better score and the first reason stay."""
    one = Fact("media.faces", T, "small", 0.8, (HERE,), 1, "")
    other = Fact("media.faces", T, "large", 0.9, (HERE, THERE), 2, "seen")
    joined = Fact("media.faces", T, "small,large", 0.9, (HERE, THERE), 3, "seen")
    assert Evidence((one, other)).by_name() == {"media.faces": joined}
    assert Evidence((one, one)).by_name()["media.faces"].source == "small"


@pytest.mark.parametrize("order", list(itertools.permutations((F, U, T))))
def test_a_stronger_report_replaces_a_weaker_one_in_any_order(order: tuple[Truth, ...]) -> None:
    facts = {truth: Fact("media.faces", truth, truth.name, 0.5, (HERE,)) for truth in Truth}
    assert Evidence(tuple(facts[truth] for truth in order)).by_name() == {"media.faces": facts[T]}


def test_quiet_are_the_names_reported_as_false_and_as_nothing_else() -> None:
    """Evidence is joined once, and then the same."""
    reports = (("media.images", F), ("media.audio", U), ("media.video", F), ("media.video", T), ("media.faces", F))
    found = Evidence(tuple(Fact(name, truth, "test") for name, truth in reports))
    assert found.quiet() == {"media.images", "media.faces"}
    assert found.by_name() is found.by_name()
    assert Evidence().quiet() == set()


def test_unknown_facts_name_who_could_not_say_and_why() -> None:
    assert unknown({"media.video", "media.audio"}, "media", "too long") == (
        Fact("media.audio", U, "media", 0.0, (), 0, "too long"),
        Fact("media.video", U, "media", 0.0, (), 0, "too long"),
    )


def test_every_fact_of_the_catalogue_is_reported_by_somebody() -> None:
    """A name that nobody reports would be unknown for ever; a lexicon speaks of every intent and setting."""
    spoken = load_lexicon(LEXICONS).facts
    conflicts = {name for name in CATALOGUE if name.startswith("conflict.")}
    assert spoken | Media.reports | Faces.reports | conflicts == set(CATALOGUE)
    assert {name for name in CATALOGUE if name.startswith(("intent.", "context."))} == spoken


def test_every_fact_has_a_meaning_of_one_line() -> None:
    assert [name for name, meaning in CATALOGUE.items() if not meaning or "\n" in meaning] == []
