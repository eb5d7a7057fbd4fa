"""What tool definitions and response formats ask for."""

import pytest

from proxy.content import Json
from proxy.examine.schema_words import TooLargeSchema, split_name, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("same_person", "same person"),
        ("samePerson", "same person"),
        ("same-person", "same person"),
        ("SAME PERSON", "same person"),
        ("face2Name", "face2 name"),
        ("__emotion__", "emotion"),
        ("", ""),
    ],
)
def test_names_as_words(name: str, words: str) -> None:
    assert split_name(name) == words


def test_a_tool_gives_its_words_fields_and_choices() -> None:
    tool: Json = {
        "name": "report_mood",
        "description": "What the person feels",
        "parameters": {
            "type": "object",
            "properties": {
                "dominantEmotion": {"type": "string", "enum": ["happy", "sad", 3]},
                "age": {"type": "integer"},
                "any": True,
                "kind": {"type": ["string", "null"]},
            },
            "$defs": {"Face": {"properties": {"score": {"type": "number", "examples": ["high"]}}}},
        },
    }
    words = words_of(tool)
    assert {"report mood", "What the person feels", "happy", "sad", "high"} <= set(words.sentences)
    assert sorted(words.fields) == [
        ("age", "integer"),
        ("any", ""),
        ("dominant emotion", "string"),
        ("face", ""),
        ("kind", ""),
        ("score", "number"),
    ]
    assert sorted(words.choices) == [("happy", "sad"), ("high",)]


def test_a_field_called_properties_is_a_field() -> None:
    assert words_of({"properties": {"properties": {"type": "string"}}}).fields == [("properties", "string")]


def test_a_key_of_several_words_is_read_as_a_sentence() -> None:
    """Whatever it is a key of: the model reads it too."""
    schema: Json = {"identifyThePersonShown": 1, "properties": {"who is in this picture": {}, "first_name": {}}}
    assert sorted(words_of(schema).sentences) == ["identify the person shown", "who is in this picture"]


def test_a_long_key_of_a_long_list_is_read_once() -> None:
    assert words_of({"identify the person shown": [1] * 9_000}).sentences == ["identify the person shown"]


@pytest.mark.parametrize("document", ["words", ["words"], {"a": [{"b": ["words"]}]}], ids=["text", "list", "nested"])
def test_words_are_found_anywhere(document: Json) -> None:
    assert words_of(document).sentences == ["words"]


@pytest.mark.parametrize("document", [None, True, 3, [], {}], ids=["null", "true", "number", "list", "object"])
def test_nothing_is_found_in_nothing(document: Json) -> None:
    words = words_of(document)
    assert (words.sentences, words.fields, words.choices) == ([], [], [])


def test_a_schema_past_the_limit_is_not_read_in_part() -> None:
    assert len(words_of([""] * 19_999).sentences) == 19_999
    with pytest.raises(TooLargeSchema):
        words_of([""] * 20_001)


def test_depth_costs_no_stack() -> None:
    document: Json = "words"
    for _ in range(5_000):
        document = [document]
    assert words_of(document).sentences == ["words"]
