"""Lines of batch, fine-tuning and evaluation files, each read as what it is."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import CATALOGUE, LIMITS, PIXEL, PIXEL_URI, outline, pictures

from proxy.content import Content
from proxy.errors import BadRequest, NotInspectable
from proxy.operation import Disposition
from proxy.surface.catalogue import route
from proxy.surface.readers import READERS
from proxy.surface.readers.jsonl import CALLS, LINE_READERS, batch_id
from proxy.surface.readers.walk import Walk

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def read(purpose: str, line: Mapping[str, Any]) -> Content:
    """What is made of one line."""
    walk = Walk(LIMITS)
    model = LINE_READERS[purpose](walk, line)
    return Content(tuple(walk.parts), tuple(walk.inert), model)


def batch(url: Any = "/v1/chat/completions", body: Any = None, **members: Any) -> dict[str, Any]:
    """A line of a batch."""
    return {"custom_id": "r-1", "method": "POST", "url": url, "body": CHAT if body is None else body, **members}


# ---- batch

BODIES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "/v1/chat/completions": (CHAT, ["text /messages/0/content: user: hi", "inert /messages/0/role"]),
    "/v1/responses": ({"model": "m", "input": "hi"}, ["text /input: user: hi"]),
    "/v1/embeddings": ({"model": "m", "input": ["hi"]}, ["text /input/0: user: hi"]),
    "/v1/completions": ({"model": "m", "prompt": "hi"}, ["text /prompt: user: hi"]),
    "/v1/images/generations": ({"model": "m", "prompt": "hi"}, ["text /prompt: user: hi"]),
    "/v1/images/edits": (
        {"model": "m", "images": [{"image_url": PIXEL_URI}]},
        ["image /images/0/image_url: image/png 70"],
    ),
}


@pytest.mark.parametrize("url", BODIES)
@pytest.mark.parametrize("spelled", ["/v1{}", "{}", "/openai{}", "/openai/v1{}"])
def test_batch(url: str, spelled: str) -> None:
    """A line is read as the operation that it calls, however its path is spelled in files."""
    body, expected = BODIES[url]
    found = read("batch", batch(spelled.format(url.removeprefix("/v1")), body))
    assert (outline(found), found.model) == (["text /custom_id: field: r-1", *expected], "m")


def test_calls_are_those_of_the_catalogue() -> None:
    """Each operation that a line may call is one that the proxy screens as well, with the same reader."""
    assert {f"/v1/{path}" for path in CALLS} == set(BODIES)
    for path, (name, reader) in CALLS.items():
        operation = route("POST", f"/openai/v1/{path}", CATALOGUE).operation
        assert (operation.name, operation.disposition, READERS[operation.reader]) == (name, Disposition.SCREEN, reader)


@pytest.mark.parametrize("url", [
    "/v1/audio/transcriptions", "/v1/files", "/v1/batches", "/v1/chat/completions?x=y", "/v1/chat/completions/", "//v1/responses",
    "/v1/responses/compact", "/v2/responses", "/V1/responses", "https://example.com/v1/responses", "/v1/../v1/responses",
    "/v1/responses\n", "", None, 7, "/openai/deployments/m/chat/completions",
])  # fmt: skip
def test_calls_that_are_not_forwarded(url: Any) -> None:
    """Any other operation is refused, with the place."""
    with pytest.raises(NotInspectable) as refusal:
        read("batch", batch(url))
    assert str(refusal.value.location) == "/url"


MALFORMED: dict[str, dict[str, Any]] = {
    "no method": {name: one for name, one in batch().items() if name != "method"},
    "another method": batch(method="GET"),
    "a method in small letters": batch(method="post"),
    "one member more": batch(params={}),
    "a body that is a string": batch(body="{}"),
    "a body that is a list": batch(body=[CHAT]),
    "no model": batch(body={"messages": []}),
    "a model that is none": batch(body={**CHAT, "model": "who is this"}),
    "no id": {name: one for name, one in batch().items() if name != "custom_id"},
    "an id that is a number": batch(custom_id=7),
    "an empty id": batch(custom_id=""),
    "an id without end": batch(custom_id="a" * 513),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_lines_that_are_no_requests(case: str) -> None:
    """A line that the service could read in a way of its own is refused."""
    with pytest.raises(BadRequest):
        read("batch", MALFORMED[case])


def test_id() -> None:
    """The id of a line is words of the caller's."""
    assert batch_id(batch(custom_id="who is this?")) == "who is this?"
    assert outline(read("batch", batch(custom_id="who is this?")))[0] == "text /custom_id: field: who is this?"


# ---- fine-tuning

EXAMPLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a conversation": (
        {"messages": [{"role": "assistant", "content": "hi", "weight": 0}], "parallel_tool_calls": False},
        ["text /messages/0/content: assistant: hi", "text /messages/0/weight: field: weight", "text /messages/0/weight: field: 0",
         "inert /messages/0/role", "inert /parallel_tool_calls"],
    ),
    "a conversation with a picture": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL_URI}}]}]},
        ["image /messages/0/content/0/image_url/url: image/png 70", "inert /messages/0/role", "inert /messages/0/content/0/type"],
    ),
    "tools and functions": (
        {"tools": [{"type": "function", "function": {"name": "f"}}], "functions": [{"name": "g"}]},
        ["schema /tools/0: tool", "schema /functions/0: tool"],
    ),
    "a prompt and its completion": (
        {"prompt": "a", "completion": "b"}, ["text /prompt: user: a", "text /completion: field: b"],
    ),
    "a preference": (
        {"input": {"messages": [{"role": "user", "content": "hi"}]}, "preferred_output": [{"role": "assistant", "content": "a"}],
         "non_preferred_output": [{"role": "assistant", "content": "b"}]},
        ["text /input/messages/0/content: user: hi", "text /preferred_output/0/content: assistant: a",
         "text /non_preferred_output/0/content: assistant: b", "inert /input/messages/0/role", "inert /preferred_output/0/role",
         "inert /non_preferred_output/0/role"],
    ),
    "what a grader is to see": (
        {"messages": [], "answer": "Paris"},
        ["text /answer: field: answer", "text /answer: field: Paris", "inert /messages"],
    ),
    "a place of media": ({"image_url": PIXEL_URI}, ["opaque /image_url"]),
}  # fmt: skip


@pytest.mark.parametrize("case", EXAMPLES)
def test_examples(case: str) -> None:
    """Examples of fine-tuning name no model; all that is in them is read."""
    line, expected = EXAMPLES[case]
    found = read("fine-tune", line)
    assert (outline(found), found.model) == (expected, "")


# ---- evaluation

ITEMS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "words": (
        {"item": {"question": "Where?", "n": 7, "right": True, "none": None}},
        ["text : field: item", "text /item: field: question n right none", "text /item/question: field: Where?",
         "text /item/n: field: 7", "text /item/right: field: True", "inert /item/none"],
    ),
    "an empty item": ({"item": {}}, ["text : field: item", "inert /item"]),
    "a list": ({"item": ["a", ["b"]]}, ["text : field: item", "text /item/0: field: a", "text /item/1/0: field: b"]),
    "a picture under any name": (
        {"item": {"photo": PIXEL_URI}},
        ["text : field: item", "text /item: field: photo", "image /item/photo: image/png 70"],
    ),
    "a picture in its place": (
        {"item": {"image_url": {"url": PIXEL_URI}}},
        ["text : field: item", "text /item: field: image_url", "image /item/image_url/url: image/png 70"],
    ),
    "an address under any name": (
        {"item": {"photo": "https://example.com/a.png"}},
        ["text : field: item", "text /item: field: photo", "opaque /item/photo"],
    ),
    "a broken data URI": (
        {"item": {"photo": "data:image/png;base64,@"}}, ["text : field: item", "text /item: field: photo", "opaque /item/photo"],
    ),
    "bare base64": (
        {"item": {"photo": "QUJD" * 200}}, ["text : field: item", "text /item: field: photo", "opaque /item/photo"],
    ),
    "a place of media that is not read": (
        {"item": {"file_id": "f"}}, ["text : field: item", "text /item: field: file_id", "opaque /item/file_id"],
    ),
    "turns of a conversation": (
        {"item": {"messages": [{"role": "user", "content": "hi"}]}},
        ["text : field: item", "text /item: field: messages", "text /item/messages/0/content: user: hi",
         "inert /item/messages/0/role"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ITEMS)
def test_items(case: str) -> None:
    """Items have any form: all words are read, and a string may be put in the place of a picture by a template."""
    line, expected = ITEMS[case]
    assert outline(read("evals", line)) == expected


def test_a_picture_in_an_item_is_seen_whole() -> None:
    """The bytes are those of the picture."""
    assert pictures(read("evals", {"item": {"photo": PIXEL_URI}})) == {"/item/photo": PIXEL}
