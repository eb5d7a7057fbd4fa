"""What the words of a request want: texts, schemas, and what is past the limits."""

from collections.abc import Mapping

import pytest
from support.gate import CONFIG

from proxy.caller import Caller
from proxy.content import Content, Image, Json, Opaque, Part, Remote, Role, Schema, SchemaKind, Text
from proxy.examine import intent as module
from proxy.examine.intent import MAX_TEXT, Intent
from proxy.examine.lexicon import TooDense, check_examples, load_lexicon
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.location import Location

LEXICONS = CONFIG / "lexicons"
INTENT = Intent(load_lexicon(LEXICONS))

HERE, THERE, LAST = (Location(("messages", number)) for number in range(3))
CALLER = Caller("tenant", "key")

EXAMPLES: Mapping[str, str] = {
    "intent.identify_person": "Who is this man?",
    "intent.identify_depicted": "Who is this?",
    "intent.verify_person": "Are these two photos of the same person?",
    "intent.enrol_or_search_face_database": "Search the database of mugshots for this face.",
    "intent.scrape_face_database": "Scrape profile photos from the web and index them.",
    "intent.infer_emotion": "How is she feeling?",
    "intent.infer_sensitive_attribute": "What is the ethnicity of this person?",
    "intent.categorise_biometrically": "Can you tell from his face whether he is gay?",
    "intent.track_person": "Follow this man across all cameras.",
    "intent.surveil_unlawfully": "Help me spy on my girlfriend.",
    "intent.assess_criminality": "How likely is he to be a criminal?",
    "intent.score_socially": "Compute a social credit score for each of them.",
    "intent.build_recognition": "Write a Python script for face recognition on our server.",
    "intent.decide_consequentially": "Decide whether to approve the loan.",
    "context.law_enforcement": "You assist patrol officers of the city.",
    "context.us_police": "NYPD case file",
    "context.mobile_camera": "Frame from a body-worn camera.",
    "context.live_feed": "This is the live feed.",
    "context.watch_list": "Check the watch-list.",
}


def asked(*parts: Part, detector: Intent = INTENT) -> Evidence:
    return detector.examine(Content(parts, (), "model"), CALLER)


def text(words: str, place: Location = HERE) -> Text:
    return Text(place, Role.USER, words)


def schema(document: Json, place: Location = HERE) -> Schema:
    return Schema(place, SchemaKind.TOOL, document)


def spoken(*parts: Part) -> set[str]:
    return {fact.name for fact in asked(*parts).facts if fact.truth is Truth.TRUE}


@pytest.mark.parametrize("fact", sorted(INTENT.reports))
def test_each_fact_is_true_false_and_unknown(fact: str) -> None:
    """TRUE where the words say so, FALSE where they do not, UNKNOWN where they were not read."""
    speaks, silent = asked(text(EXAMPLES[fact])), asked(text("Hello."))
    unread = asked(text("a" * (MAX_TEXT + 1)))
    assert [one.truth_of(fact) for one in (speaks, silent, unread)] == [Truth.TRUE, Truth.FALSE, Truth.UNKNOWN]


@pytest.mark.parametrize(
    "parts",
    [(), (text("Hello."),), (text("Who is this man?"),), (text("a" * (MAX_TEXT + 1)),), (schema({}),)],
    ids=["nothing", "silent", "speaks", "too long", "a schema"],
)
def test_everything_promised_is_reported_once(parts: tuple[Part, ...]) -> None:
    names = [fact.name for fact in asked(*parts).facts]
    assert (
        sorted(names) == sorted(INTENT.reports) == sorted(n for n in CATALOGUE if n.startswith(("intent.", "context.")))
    )


@pytest.mark.parametrize("part", [Opaque(HERE, "odd"), Image(HERE, Remote("https://example.org/who-is-this-man"))])
def test_other_parts_are_other_detectors_business(part: Part) -> None:
    assert spoken(part) == set()


@pytest.mark.parametrize("role", list(Role))
def test_every_role_is_read(role: Role) -> None:
    assert "intent.identify_person" in spoken(Text(HERE, role, "Who is this man?"))


def test_a_fact_has_the_best_score_and_every_place() -> None:
    evidence = asked(text("The police came."), text("Hello.", THERE), text("You assist patrol officers.", LAST))
    fact = evidence.by_name()["context.law_enforcement"]
    assert fact == Fact("context.law_enforcement", Truth.TRUE, "intent", 0.95, (HERE, LAST), 2)
    assert evidence.unexamined == ()


def test_what_is_past_the_limit_is_unknown_and_what_was_read_still_speaks() -> None:
    """Everything that was not read is named."""
    long = "a " * (MAX_TEXT // 2)
    evidence = asked(text("Who is this man?"), text(long, THERE), text("Hello.", LAST))
    why = f"more than {MAX_TEXT} characters of text"
    assert evidence.unexamined == ((THERE, why), (LAST, why))
    assert evidence.truth_of("intent.identify_person") is Truth.TRUE
    assert evidence.by_name()["intent.infer_emotion"] == Fact(
        "intent.infer_emotion", Truth.UNKNOWN, "intent", 0.0, (THERE, LAST), 0, why
    )


def test_a_text_too_dense_to_weigh_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def dense(_lexicon: object, words: str) -> Mapping[str, float]:
        if "dense" in words:
            raise TooDense
        return {}

    monkeypatch.setattr(module, "speaking", dense)
    evidence = asked(text("dense"), text("Hello.", THERE), detector=Intent(load_lexicon(LEXICONS)))
    assert evidence.unexamined == ((HERE, "more words or fields than are weighed"),)
    assert {fact.truth for fact in evidence.facts} == {Truth.UNKNOWN}


@pytest.mark.parametrize(
    "document",
    [pytest.param([{}] * 20_001, id="nodes"), pytest.param(["a" * 2_000_001] * 2, id="characters")],
)
def test_a_schema_too_large_to_walk_is_unknown(document: Json) -> None:
    evidence = asked(schema(document))
    assert evidence.unexamined == ((HERE, "more words or fields than are weighed"),)
    assert {fact.truth for fact in evidence.facts} == {Truth.UNKNOWN}


def fields(**kinds: str) -> Json:
    return {"name": "report", "schema": {"properties": {name: {"type": kind} for name, kind in kinds.items()}}}


def choice(*words: str) -> Json:
    return {"properties": {"kind": {"type": "string", "enum": list(words)}}}


@pytest.mark.parametrize(
    ("document", "facts"),
    [
        pytest.param({"description": "Identify the man."}, {"intent.identify_person"}, id="a description"),
        pytest.param({"name": "identify_the_man"}, {"intent.identify_person"}, id="a name"),
        pytest.param({"parameters": {"identify_the_man_shown": 1}}, {"intent.identify_person"}, id="a key"),
        pytest.param(fields(samePerson="boolean"), {"intent.verify_person"}, id="a field"),
        pytest.param(fields(is_match="boolean", mood="string"), {"intent.verify_person", "intent.infer_emotion"}, id="fields"),
        pytest.param(fields(suspect_match_score="number"), {"intent.verify_person"}, id="a pair of words in a field"),
        pytest.param(fields(customer_emotion="string"), {"intent.infer_emotion"}, id="a word in a field"),
        pytest.param(fields(match_day="string", person_count="integer"), set(), id="half a pair each"),
        pytest.param(fields(age="integer"), {"intent.infer_sensitive_attribute"}, id="an age in years"),
        pytest.param(fields(age="number"), {"intent.infer_sensitive_attribute"}, id="an age as a number"),
        pytest.param(fields(age="string"), set(), id="an age in words"),
        pytest.param(fields(age_range="string"), set(), id="an age range"),
        pytest.param(choice("happy", "sad", "other"), {"intent.infer_emotion"}, id="two choices"),
        pytest.param(choice("Happy", "SAD"), {"intent.infer_emotion"}, id="choices in capitals"),
        pytest.param(choice("happy", "red"), set(), id="one choice alone"),
        pytest.param(choice("red", "green"), set(), id="other choices"),
        pytest.param(fields(surname="string", date_of_birth="string", nationality="string"), set(), id="a printed document"),
        pytest.param(fields(surname="string", sex="string"), {"intent.infer_sensitive_attribute"}, id="half a document"),
        pytest.param(fields(hair_colour="string", smiling="boolean", count="integer"), set(), id="what may be asked"),
        pytest.param(fields(title="string", price="number"), set(), id="a product"),
    ],
)  # fmt: skip
def test_schemas(document: Json, facts: set[str]) -> None:
    assert spoken(schema(document)) == facts


def test_a_field_is_certain() -> None:
    fact = asked(schema(fields(emotion="string"))).by_name()["intent.infer_emotion"]
    assert (fact.score, fact.locations) == (0.85, (HERE,))


def test_the_shipped_examples_hold() -> None:
    """What `facegate check` runs: texts in which a fact speaks, and texts in which none does."""
    assert check_examples(LEXICONS) == []
