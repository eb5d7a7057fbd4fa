"""The SDK's types against the readers: what a new release can send must be read, or refused on purpose."""

import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from openai.types import CompletionCreateParams, EmbeddingCreateParams, ImageGenerateParams, responses
from openai.types import chat as chat_types
from openai.types.chat import CompletionCreateParams as ChatCreateParams
from openai.types.responses import ResponseCreateParams
from support.bodies import outline, surfaced
from typing_extensions import get_type_hints, is_typeddict

from proxy.surface import FIELD_NAMES
from proxy.surface.readers import chat, completions, embeddings, images
from proxy.surface.readers import responses as reader


def members(kind: Any) -> Iterator[Any]:
    """The typed dictionaries that a union is made of, outermost only."""
    if is_typeddict(kind):
        yield kind
    else:
        for inner in typing.get_args(kind):
            yield from members(inner)


def below(kind: Any, found: list[Any], *, leave: tuple[Any, ...] = ()) -> list[Any]:
    """All typed dictionaries that can stand anywhere in a value of a type, but those to `leave`."""
    for one in members(kind):
        if one not in found and one not in leave:
            found.append(one)
            for hint in get_type_hints(one).values():
                below(hint, found, leave=leave)
    return found


def words(hint: Any) -> set[str]:
    """The words of the closed lists in a type, not counting those of typed dictionaries in it."""
    if typing.get_origin(hint) is typing.Literal:
        return {word for word in typing.get_args(hint) if isinstance(word, str)}
    return set() if is_typeddict(hint) else {word for inner in typing.get_args(hint) for word in words(inner)}


def types(kinds: Iterator[Any] | list[Any]) -> set[str]:
    """The words of the `type` members of typed dictionaries."""
    return {word for kind in kinds if "type" in (hints := get_type_hints(kind)) for word in words(hints["type"])}


def names(kinds: Iterator[Any] | list[Any]) -> set[str]:
    """The names of the members of typed dictionaries."""
    return {name for kind in kinds for name in get_type_hints(kind)}


def tools() -> list[Any]:
    """What stands in the lists of tools that items hold: read by the reader of tools, each as a whole."""
    found: list[Any] = []
    for item in members(responses.ResponseInputItemParam):
        below(get_type_hints(item).get("tools"), found)
    return found


BODIES: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "chat": (ChatCreateParams, chat._BODY),
    "responses": (ResponseCreateParams, reader._BODY),
    "completions": (CompletionCreateParams, completions._BODY),
    "embeddings": (EmbeddingCreateParams, embeddings._BODY),
    "image_generation": (ImageGenerateParams, images.BODY),
}


@pytest.mark.parametrize("name", BODIES)
def test_fields(name: str) -> None:
    """Each field that the SDK can send has its place in the reader's table."""
    params, table = BODIES[name]
    sent = names(members(params))
    assert len(sent) > 4
    assert sent - set(table) == set()


def test_chat_parts() -> None:
    """Each content part of a chat message is read."""
    sent = types(members(chat_types.ChatCompletionContentPartParam)) | types(
        below(chat_types.ChatCompletionAssistantMessageParam, [])
    )
    assert sent - {"function", "custom"} == set(chat.PART_TYPES)


def test_chat_tools() -> None:
    """Each tool of chat completions is a definition that is read."""
    sent = types(members(chat_types.ChatCompletionToolUnionParam))
    found = surfaced({"tools": [{"type": kind} for kind in sorted(sent)]}).content
    assert outline(found) == [f"schema /tools/{number}: tool" for number in range(len(sent))]


def test_chat_messages() -> None:
    """Each member of a message, and of what is in it, has a name that the reader knows."""
    assert names(below(chat_types.ChatCompletionMessageParam, [])) - FIELD_NAMES == set()


def test_items() -> None:
    """Each input item of responses is read, a reference, or refused with a reason; none is on two lists."""
    lists = (reader.READ_ITEMS, frozenset(reader.REFUSED_ITEMS), reader.REFERENCE_ITEMS)
    known: frozenset[str] = frozenset().union(*lists)
    assert types(members(responses.ResponseInputItemParam)) - known == set()
    assert sum(map(len, lists)) == len(known)
    assert all(reader.REFUSED_ITEMS.values())


def test_tools() -> None:
    """Each tool of responses is read, or refused with a reason."""
    assert types(members(responses.ToolParam)) - reader.READ_TOOLS - set(reader.UNREAD_TOOLS) == set()
    assert all(reader.UNREAD_TOOLS.values())


UNREAD_THINGS = {
    "json_schema": "the form of the answer: a schema, which covers what is in it",
    "text": "the form of the answer",
    "json_object": "the form of the answer",
    **reader.REFUSED_ITEMS,
    "item_reference": "the item as a whole is a reference",
}
"""Types of things inside items that are read in another way than word for word, or not at all."""

READ_OTHERWISE = {
    "schema": "in the form of the answer, a schema",
    "strict": "in the form of the answer, a schema",
    "description": "in the form of the answer, a schema",
    "format": "the form of the answer",
    "verbosity": "beside the form of the answer",
    "reasoning": "a field of the change of configuration",
    "effort": "a field of the reasoning",
}
"""Names of members inside items that the table of items need not have, with where they are read."""


def test_inside_items() -> None:
    """Each type and each member of what stands inside items is known to the reader."""
    inside = below(responses.ResponseInputItemParam, [], leave=tuple(tools()))
    assert len(inside) > 60
    assert types(inside) - reader._PARTS - reader.READ_ITEMS - set(UNREAD_THINGS) == set()
    assert names(inside) - reader._MEMBERS - set(reader._MEDIA) - set(READ_OTHERWISE) == set()


AS_TEXT = {
    ("image_generation", "style"): "it once took words of the caller's, which reach the model",
}
"""Fields with a closed list whose words are told all the same."""


@pytest.mark.parametrize("name", BODIES)
def test_closed_lists(name: str) -> None:
    """The words of the SDK's closed lists are inert: a new word there would be examined as if the caller said it."""
    params, _ = BODIES[name]
    spoken = [
        f"{field}: {word}"
        for kind in members(params)
        for field, hint in get_type_hints(kind).items()
        for word in sorted(words(hint))
        if field != "model" and (name, field) not in AS_TEXT and not inert(name, field, word)
    ]
    assert spoken == []


def inert(name: str, field: str, word: str) -> bool:
    """Whether a word, or a list of it, is inert in a field."""
    alone, listed = (outline(surfaced({field: value}, name).content) for value in (word, [word]))
    return f"inert /{field}" in alone or f"inert /{field}/0" in listed
