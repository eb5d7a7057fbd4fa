"""The second look: when it is taken, what it says, what becomes of it when it fails."""

from collections.abc import Mapping

import pytest

from proxy.content import Content, Image, Inline, Json, Part, Role, Schema, SchemaKind, Text
from proxy.examine.semantic.detector import DEPICTED, FACTS, MAX_TEXT, SHOWING, Semantic
from proxy.examine.semantic.scorer import SemanticUnavailable, TooMuch
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.location import WHOLE, Location

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE
HERE, THERE = Location(("messages", 0)), Location(("messages", 1))
SHOWN = Evidence((Fact("media.images", T, "media"),))


class Trained:
    certain, possible = 0.8, 0.5


class Scores:
    """Scores by heart."""

    def __init__(self, known: Mapping[str, Mapping[str, float] | Exception]) -> None:
        self._known = known
        self.asked: list[str] = []

    def scores(self, text: str) -> Mapping[str, float]:
        self.asked.append(text)
        found = self._known.get(text, {})
        if isinstance(found, Exception):
            raise found
        return found

    def load(self) -> type[Trained]:
        return Trained


KNOWN: Mapping[str, Mapping[str, float] | Exception] = {
    "name him": {"identify": 0.9, "verify": 0.1},
    "perhaps": {"emotion": 0.6, "identify": 0.4},
    "both": {"emotion": 0.85, "sensitive": 0.8},
    "endless": TooMuch(),
    "broken": SemanticUnavailable("no such file"),
}


def text(words: str, place: Location = HERE) -> Text:
    return Text(place, Role.USER, words)


def looked(
    *parts: Part, seen: Evidence = SHOWN, certain: Mapping[str, float] = {}, possible: Mapping[str, float] = {}
) -> Evidence:
    semantic = Semantic(Scores(KNOWN), certain, possible)  # type: ignore[arg-type] # scores by heart
    return semantic.examine(Content(parts, (), "m"), seen)


def told(evidence: Evidence) -> dict[str, tuple[Truth, float, tuple[Location, ...]]]:
    return {name: (fact.truth, fact.score, fact.locations) for name, fact in evidence.by_name().items()}


def test_what_it_reports_is_in_the_catalogue() -> None:
    assert Semantic.reports <= set(CATALOGUE)
    assert Semantic.reports == set(FACTS.values())
    assert {DEPICTED, *SHOWING} <= set(CATALOGUE)


@pytest.mark.parametrize("name", SHOWING)
@pytest.mark.parametrize("truth", [F, U, T])
def test_it_is_taken_where_something_is_or_may_be_shown(name: str, truth: Truth) -> None:
    """Words alone are left to the lists."""
    silent = tuple(Fact(other, F, "media") for other in SHOWING if other != name)
    found = looked(text("name him"), seen=Evidence((*silent, Fact(name, truth, "media"))))
    assert bool(found.facts) is (truth is not F)


def test_where_nobody_says_what_is_shown_it_is_taken() -> None:
    assert looked(text("name him"), seen=Evidence()).facts


CASES: dict[str, tuple[tuple[Part, ...], dict[str, tuple[Truth, float, tuple[Location, ...]]]]] = {
    "nothing is asked for": ((text("hello"), Image(THERE, Inline("", b""))), {}),
    "something is": ((text("name him"),), {"intent.identify_person": (T, 0.9, (HERE,))}),
    "something may be": ((text("perhaps"),), {"intent.infer_emotion": (U, 0.6, (HERE,))}),
    "two things": (
        (text("both"),),
        {"intent.infer_emotion": (T, 0.85, (HERE,)), "intent.infer_sensitive_attribute": (T, 0.8, (HERE,))},
    ),
    "in two places": (
        (text("both"), text("perhaps", THERE)),
        {"intent.infer_emotion": (T, 0.85, (HERE,)), "intent.infer_sensitive_attribute": (T, 0.8, (HERE,))},
    ),
    "an empty text": ((text(""),), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_facts(name: str) -> None:
    parts, expected = CASES[name]
    evidence = looked(*parts)
    assert (told(evidence), evidence.unexamined) == (expected, ())


NAMES = [
    ("/v1/chat/completions", Role.FIELD, False),
    ("en-US", Role.FIELD, False),
    ("which_of_my_neighbours_is_it", Role.FIELD, True),
    ("name him", Role.FIELD, True),
    ("谁在按门铃", Role.FIELD, True),
    ("x" * 65, Role.FIELD, True),
    ("whoisit", Role.USER, True),
]


@pytest.mark.parametrize(("words", "role", "read"), NAMES, ids=[one[0][:20] for one in NAMES])
def test_values_that_are_names_are_not_read(words: str, role: Role, read: bool) -> None:  # noqa: FBT001 - a table
    """A few words without a space between them, in a field: what a sentence is taught by tells nothing of them."""
    scores = Scores({})
    Semantic(scores, {}, {}).examine(Content((Text(HERE, role, words),), (), "m"), SHOWN)  # type: ignore[arg-type] # scores by heart
    assert (scores.asked == [words]) is read


def test_its_facts_name_it_and_say_why() -> None:
    facts = looked(text("name him"), text("perhaps", THERE)).facts
    assert [(fact.source, fact.count, fact.why) for fact in facts] == [
        ("semantic", 1, ""),
        ("semantic", 1, "its words come close to asking for it"),
    ]


@pytest.mark.parametrize(
    ("certain", "possible", "truth"),
    [({}, {}, T), ({"identify": 0.95}, {}, U), ({"identify": 0.95}, {"identify": 0.92}, F), ({"emotion": 1.0}, {}, T)],
    ids=["as trained", "certain later", "possible later", "another label"],
)
def test_scores_are_the_operators_to_change(
    certain: Mapping[str, float], possible: Mapping[str, float], truth: Truth
) -> None:
    found = told(looked(text("name him"), certain=certain, possible=possible))
    assert found.get("intent.identify_person", (F, 0.0, ()))[0] is truth


def test_who_is_this_is_left_to_the_lists() -> None:
    """“Who is this?” is asked of dogs too: there the second look names no person. Elsewhere it does, and other facts stay."""
    seen = Evidence((*SHOWN.facts, Fact(DEPICTED, T, "intent", 0.8, (HERE,))))
    assert told(looked(text("name him"), seen=seen)) == {}
    assert set(told(looked(text("both"), seen=seen))) == {"intent.infer_emotion", "intent.infer_sensitive_attribute"}
    assert told(looked(text("name him"), text("name him", THERE), seen=seen)) == {
        "intent.identify_person": (T, 0.9, (THERE,))
    }


def test_schemas_are_read() -> None:
    """Their descriptions are sentences."""
    document: Json = {"type": "object", "description": "name him"}
    scores = Scores({})
    Semantic(scores, {}, {}).examine(Content((Schema(HERE, SchemaKind.TOOL, document),), (), "m"), SHOWN)  # type: ignore[arg-type] # scores by heart
    assert scores.asked == ["name him\n\nobject"]


ALL_UNKNOWN = dict.fromkeys(FACTS.values(), U)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (text("endless"), "more sentences that may ask for something than are read"),
        (text("x" * (MAX_TEXT + 1)), "more sentences that may ask for something than are read"),
        (
            Schema(HERE, SchemaKind.TOOL, {"properties": {str(number): {} for number in range(30_000)}}),
            "more sentences that may ask for something than are read",
        ),
    ],
    ids=["too many sentences", "too long", "too large a schema"],
)
def test_what_is_too_long_is_unknown(part: Part, why: str) -> None:
    """Never false: the place is a gap, and what else is seen still counts."""
    evidence = looked(text("name him", THERE), part)
    assert {name: fact.truth for name, fact in evidence.by_name().items()} == ALL_UNKNOWN | {
        "intent.identify_person": T
    }
    assert evidence.unexamined == ((HERE, why),)


def test_without_its_files_all_is_unknown() -> None:
    evidence = looked(text("name him"), text("broken", THERE))
    assert {name: fact.truth for name, fact in evidence.by_name().items()} == ALL_UNKNOWN
    assert evidence.unexamined == ((WHOLE, "the semantic layer is not available: no such file"),)


def test_a_text_is_scored_once() -> None:
    """System prompts come again with each request."""
    scores = Scores(KNOWN)
    semantic = Semantic(scores, {}, {})  # type: ignore[arg-type] # scores by heart
    for _ in range(3):
        semantic.examine(Content((text("name him"), text("both")), (), "m"), SHOWN)
    assert scores.asked == ["name him", "both", "name him both"]


SYSTEM, USER, FIELD = Role.SYSTEM, Role.USER, Role.FIELD

SPLIT: dict[str, tuple[list[tuple[Role, str]], list[str]]] = {
    "one text": ([(USER, "na")], []),
    "in one voice": ([(USER, "na"), (USER, "me"), (USER, "him")], ["na me him"]),
    "in two voices": ([(SYSTEM, "na"), (USER, "me"), (USER, "him")], ["me him"]),
    "with a long one between": ([(USER, "na"), (USER, "x" * 401), (USER, "me"), (USER, "him")], ["me him"]),
    "fields": ([(FIELD, "name h"), (FIELD, "im now")], []),
}


@pytest.mark.parametrize("name", SPLIT)
def test_a_sentence_may_be_cut_into_parts(name: str) -> None:
    """What short texts say together is scored beside what each says."""
    texts, together = SPLIT[name]
    scores = Scores({})
    parts = tuple(Text(Location(("messages", number)), role, words) for number, (role, words) in enumerate(texts))
    Semantic(scores, {}, {}).examine(Content(parts, (), "m"), SHOWN)  # type: ignore[arg-type] # scores by heart
    assert scores.asked == [*(words for _, words in texts), *together]
