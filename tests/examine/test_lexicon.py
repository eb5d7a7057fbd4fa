"""Word lists: what is found in a text, what the files must be, and that the work is linear in the text."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from support.gate import CONFIG

from proxy.errors import ConfigurationError
from proxy.examine import lexicon as module
from proxy.examine.lexicon import (
    WINDOW,
    FieldWords,
    IntentEntry,
    Lexicon,
    TooDense,
    check_examples,
    digest_of,
    load_lexicon,
    speaking,
)
from proxy.examine.negation import Reach
from proxy.examine.normalise import canonical, fold

SHIPPED = CONFIG / "lexicons"

PERSON, TRACK, EMOTION = "intent.identify_person", "intent.track_person", "intent.infer_emotion"

CONCEPTS: Mapping[str, Sequence[str]] = {
    "name": ("name", "identify", "who is"),
    "person": ("man", "woman", "wom*", "人"),
    "again": ("again",),
    "negation": ("do not", "don't"),
    "neutral": ("rock man", "why don't you"),
}
INTENTS = (
    IntentEntry(fact=PERSON, sequence=("name", "person"), within=12, score=0.9),
    IntentEntry(fact=PERSON, sequence=("name",), score=0.4),
    IntentEntry(fact=TRACK, sequence=("name", "person", "again"), within=12, score=0.8),
    IntentEntry(fact=EMOTION, sequence=("person", "name"), within=12, score=0.7),
)
SMALL = Lexicon(CONCEPTS, INTENTS, reaches={"negation": Reach(lead=frozenset({"try", "to"}))})


def found(text: str, lexicon: Lexicon = SMALL) -> Mapping[str, float]:
    return lexicon.find(canonical(fold(text)))


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        pytest.param("the weather", {}, id="no concept"),
        pytest.param("the man", {}, id="one concept of a sequence"),
        pytest.param("who is it", {PERSON: 0.4}, id="a sequence of one"),
        pytest.param("who is the man", {PERSON: 0.9}, id="the best score of several"),
        pytest.param("who is the old, tall man", {PERSON: 0.9}, id="just within reach"),
        pytest.param("who is the very old, tall man", {PERSON: 0.4}, id="out of reach"),
        pytest.param("who is it. The man", {PERSON: 0.4}, id="another sentence"),
        pytest.param("the man, who is it", {PERSON: 0.4, EMOTION: 0.7}, id="the other order is another sequence"),
        pytest.param("who is this man again", {PERSON: 0.9, TRACK: 0.8}, id="three concepts"),
        pytest.param("who is this man. Again", {PERSON: 0.9}, id="the third in another sentence"),
        pytest.param("again who is this man", {PERSON: 0.9}, id="the third in front"),
        pytest.param("name the woman", {PERSON: 0.9}, id="a word"),
        pytest.param("name the womanly", {PERSON: 0.9}, id="a stem is open at its end"),
        pytest.param("rename the manual", {}, id="words are whole"),
        pytest.param("name 一人の", {PERSON: 0.9}, id="scripts without spaces"),
        pytest.param("name the rock man", {PERSON: 0.4}, id="a neutral expression is none of its words"),
        pytest.param("do not name the man", {}, id="negated"),
        pytest.param("do not try to name the man", {}, id="negated over what leads to it"),
        pytest.param("do not wait, name the man", {PERSON: 0.9}, id="a negation binds to its own verb"),
        pytest.param("do not stop. Name the man", {PERSON: 0.9}, id="a negation ends with its sentence"),
        pytest.param("do not name it, name the man", {PERSON: 0.9}, id="one is negated, the other is not"),
        pytest.param("why don't you name the man", {PERSON: 0.9}, id="a neutral negation negates nothing"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_what_speaks(text: str, facts: Mapping[str, float]) -> None:
    assert found(text) == facts


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("word " * 40_000 + "who is the man", id="behind much without an end"),
        pytest.param("A sentence here. " * 20_000 + "who is the man", id="behind many sentences"),
        pytest.param("who is the man " + "word " * 40_000, id="before much"),
        *(
            pytest.param("a " * (WINDOW // 2 - before) + "who is the man " + "a " * 40_000, id=f"on the cut, {before}")
            for before in (1, 3, 5, 7, 9)
        ),
    ],
)
def test_nothing_hides_in_a_long_text(text: str) -> None:
    assert found(text)[PERSON] == 0.9


def test_negations_hold_over_the_cuts_of_a_long_text() -> None:
    assert found("Do not name the man. " * 10_000) == {}


def test_a_text_of_more_terms_than_are_weighed_is_not_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many windows they lie in."""
    monkeypatch.setattr(module, "MAX_HITS", 1_000)
    far = "b" * WINDOW
    assert found(f"{'name ' * 500}. {far}. {'name ' * 500}") == {PERSON: 0.4}
    with pytest.raises(TooDense):
        found(f"{'name ' * 500}. {far}. {'name ' * 501}")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("이름을 말해 줘", {PERSON: 0.9}),
        ("이름을 말해줘", {PERSON: 0.9}),
        ("이름을말해줘", {PERSON: 0.9}),
        ("이 름을 말해 줘", {}),
        ("이름은?", {TRACK: 0.9}),
        ("이름은 말해", {}),
        ("이름을 말해 주지 마", {}),
        ("그 이름을 말해 주지 마", {}),
    ],
)
def test_scripts_without_spaces(text: str, facts: Mapping[str, float]) -> None:
    """A space in a term may be left out, but not one put in; a term may hold the end of a sentence; negations reach back."""
    lexicon = Lexicon(
        {"told": ("이름을 말해", "그 이름"), "asked": ("이름은?",), "negation": ("지 마",)},
        (
            IntentEntry(fact=PERSON, sequence=("told",), score=0.9),
            IntentEntry(fact=TRACK, sequence=("asked",), score=0.9),
        ),
        reaches={"negation": Reach(carry=frozenset({"말해 주"}), object=frozenset({"이름", "을", " "}), back=True)},
    )
    assert found(text, lexicon) == facts


@pytest.mark.parametrize("text", ["識別這個人", "识别这个人", "识別這个人", "請 識別這個人"])
def test_chinese_is_read_in_either_script(text: str) -> None:
    concepts = {"name": ("識別",), "person": ("这个人",)}
    lexicon = Lexicon(concepts, (IntentEntry(fact=PERSON, sequence=("name", "person"), score=0.9),))
    assert found(text, lexicon) == {PERSON: 0.9}


def test_a_word_of_two_concepts_is_both_and_of_two_languages_one() -> None:
    lexicon = Lexicon(
        {"one": ("foto", "foto"), "two": ("foto",), "three": ("b",)},
        [IntentEntry(fact=PERSON, sequence=("one",)), IntentEntry(fact=TRACK, sequence=("two", "three"))],
    )
    assert found("foto b", lexicon) == {PERSON: 0.9, TRACK: 0.9}
    assert found("foto", lexicon) == {PERSON: 0.9}
    assert lexicon.facts == {PERSON, TRACK}
    assert lexicon.words == FieldWords()


def test_weighing_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hit of a sequence is weighed once a step, however many could follow it."""
    weighed = 0
    leads = module._leads

    def counted(*arguments: object) -> bool:
        nonlocal weighed
        weighed += 1
        return leads(*arguments)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(module, "_leads", counted)
    far = Lexicon(
        {"a": ("a",), "b": ("b",), "c": ("c",)}, [IntentEntry(fact=PERSON, sequence=("a", "b", "c"), within=400)]
    )
    counts = []
    for number in (1_000, 4_000):
        weighed = 0
        assert found("c " + "a b " * number, far) == {}
        counts.append(weighed)
    assert counts == [1_000, 4_000]  # b leads to no c, so no a is weighed at all
    weighed = 0
    assert found("a b " * 1_000 + "c", far) == {PERSON: 0.9}
    assert weighed == 2_000


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        pytest.param("Who is this man?", {"intent.identify_person"}, id="plain"),
        pytest.param("V2hvIGlzIHRoaXMgbWFuIGluIHRoZSBwaG90bz8=", {"intent.identify_person"}, id="wrapped"),
        pytest.param("Identify. The. Man. Please. Now.", {"intent.identify_person"}, id="chopped"),
        pytest.param("w h o  i s  t h i s  m a n", {"intent.identify_person"}, id="spelled out"),
        pytest.param("What is the weather like?", set(), id="silent"),
    ],
)
def test_every_reading_speaks(text: str, facts: set[str]) -> None:
    spoken = speaking(load_lexicon(SHIPPED), text)
    assert {fact for fact in spoken if fact.startswith("intent.")} - {"intent.identify_depicted"} == facts


def test_the_shipped_word_lists_hold_their_examples() -> None:
    assert check_examples(SHIPPED) == []


FILE = """\
concepts:
  name: {{en: [name]}}
  person: {{en: [man]}}
intents:
  - {{fact: intent.identify_person, sequence: [name, person]}}
{more}
"""


def folder(path: Path, more: str = "", **files: str) -> Path:
    (path / "one.yaml").write_text(FILE.format(more=more), encoding="utf-8")
    for name, text in files.items():
        (path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return path


def test_terms_as_a_text(tmp_path: Path) -> None:
    """Commas part them, wherever lines end; a term of several words stays one, and its form is filled in."""
    more = "forms: {s: ['', s]}\nconcepts:\n  person:\n    en: >-\n      lady<s>,\n      old\n      chap, ,dr. who,\n"
    lexicon = load_lexicon(folder(tmp_path, two=more))
    texts = ("name the ladys", "name an old chap", "name the old", "name dr. who")
    assert [dict(found(text, lexicon)) for text in texts] == [{PERSON: 0.9}, {PERSON: 0.9}, {}, {PERSON: 0.9}]


def test_a_folder_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    """And not while it has not."""
    one = load_lexicon(folder(tmp_path))
    assert load_lexicon(tmp_path) is one
    other = load_lexicon(folder(tmp_path, two="concepts: {person: {en: [lady]}}\n"))
    assert [dict(found("name the lady", lexicon)) for lexicon in (one, other)] == [{}, {PERSON: 0.9}]


def test_files_are_joined(tmp_path: Path) -> None:
    """Concepts, unions, intents, fields, choices and the reach of negations come from all files together."""
    more = (
        "concepts: {person: {en: [lady]}, negation: {en: [never], es: [nunca]}}\nnegation_reach: {en: {lead: [ever]}}\n"
    )
    more += "unions: {anybody: [person, crowd]}\nfields: {intent.track_person: [track id]}\n"
    more += "integer_fields: {age: intent.infer_sensitive_attribute}\ndocument_fields: [surname]\n"
    more += "choices: {intent.infer_emotion: [sad, odd], intent.track_person: [odd]}\n"
    more += "field_words: {intent.infer_emotion: [mood]}\n"
    more += "field_pairs: {intent.track_person: [{one: [person, face], other: [track]}]}\n"
    third = "concepts: {crowd: {en: [crowd]}}\nintents: [{fact: intent.track_person, sequence: [name, anybody]}]\n"
    lexicon = load_lexicon(folder(tmp_path, two=more, three=third))
    assert [
        dict(found(text, lexicon))
        for text in ("name the lady", "name the crowd", "never ever name the man", "nunca ever name the man")
    ] == [
        {PERSON: 0.9, TRACK: 0.9},
        {TRACK: 0.9},
        {},
        {PERSON: 0.9, TRACK: 0.9},
    ]
    assert lexicon.words == FieldWords(
        {"track id": frozenset({TRACK})},
        {"age": "intent.infer_sensitive_attribute"},
        {"sad": frozenset({EMOTION}), "odd": frozenset({EMOTION, TRACK})},
        frozenset({"surname"}),
        {"mood": frozenset({EMOTION})},
        ((frozenset({"person", "face"}), frozenset({"track"}), TRACK),),
    )
    told = {
        name: set(lexicon.words.told_by(name)) for name in ("track id", "the mood", "person x track", "face", "moody")
    }
    assert told == {
        "track id": {TRACK},
        "the mood": {EMOTION},
        "person x track": {TRACK},
        "face": set(),
        "moody": set(),
    }


def test_a_term_stands_for_itself_with_each_of_its_forms(tmp_path: Path) -> None:
    more = "concepts: {name: {en: ['<ask> <it>, <it>', '<it>']}, person: {en: ['<of>']}}\n"
    more += "forms: {ask: [call, name], it: [him, her], of: [boy]}\n"
    lexicon = load_lexicon(folder(tmp_path, two=more))
    texts = ("call him, her boy", "name her, her boy", "her boy", "call boy", "ask him boy", "<it> boy", "him <of>")
    assert [bool(found(text, lexicon)) for text in texts] == [True, True, True, False, True, False, False]


def test_an_unknown_form_is_a_mistake_with_its_place(tmp_path: Path) -> None:
    two = "concepts:\n  name:\n    en: [a, '<its>']\nforms: {it: [a]}\n"
    with pytest.raises(ConfigurationError) as caught:
        load_lexicon(folder(tmp_path, two=two))
    (problem,) = caught.value.problems
    assert problem == f"{tmp_path / 'two.yaml'}:3: concepts.name.en[1]: unknown form 'its'; did you mean 'it'?"


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        ("speaks: {intent.identify: [a]}", "unknown fact 'intent.identify'; did you mean 'intent.identify_person'?"),
        ("fields: {intent.identify: [a]}", "unknown fact 'intent.identify'; did you mean 'intent.identify_person'?"),
        (
            "field_words: {intent.identify: [a]}",
            "unknown fact 'intent.identify'; did you mean 'intent.identify_person'?",
        ),
        ("field_pairs: {intent.track_person: [{one: [a]}]}", "other"),
        ("choices: {intent.identify: [a]}", "unknown fact 'intent.identify'; did you mean 'intent.identify_person'?"),
        ("unions: {all: [persn]}", "unknown concept 'persn'; did you mean 'person'?"),
        ("silents: [a]", "silents"),
        ("silent: 3", "silent"),
    ],
)
def test_mistakes_have_a_place_and_the_nearest_name(tmp_path: Path, more: str, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_lexicon(folder(tmp_path, more))
    (problem,) = caught.value.problems
    assert problem.startswith(f"{tmp_path / 'one.yaml'}:")
    assert mistake in problem


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    two = "intents:\n  - {fact: intent.tracks_person, sequence: [nam]}\n"
    with pytest.raises(ConfigurationError) as caught:
        load_lexicon(folder(tmp_path, two=two, three="concepts: ["))
    places = [problem.removeprefix(f"{tmp_path}/").split(" ")[0] for problem in caught.value.problems]
    assert sorted(place.split(":")[0] for place in places) == ["three.yaml", "two.yaml", "two.yaml"]


def test_a_folder_without_word_lists_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_lexicon(tmp_path)
    assert caught.value.problems == (f"{tmp_path}:1: no word lists (*.yaml) in this folder",)


def test_examples_that_do_not_hold_are_told(tmp_path: Path) -> None:
    more = "speaks: {intent.identify_person: [name the man, hello]}\nsilent: [hello, name the man]\n"
    problems = check_examples(folder(tmp_path, more))
    assert [problem.split(": ", 1)[1] for problem in problems] == [
        "speaks.intent.identify_person[1]: intent.identify_person does not speak in 'hello'",
        "silent[1]: intent.identify_person speaks in 'name the man'",
    ]


def test_the_digest_is_of_names_and_words(tmp_path: Path) -> None:
    first = digest_of(folder(tmp_path))
    assert digest_of(folder(tmp_path)) == first
    (tmp_path / "one.yaml").rename(tmp_path / "two.yaml")
    renamed = digest_of(tmp_path)
    (tmp_path / "two.yaml").write_text("concepts: {}", encoding="utf-8")
    assert len({first, renamed, digest_of(tmp_path)}) == 3
