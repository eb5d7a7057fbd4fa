"""Fetched pictures stand in the body in place of their addresses, and nothing else is touched."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from support.bodies import LIMITS, PICTURE, PIXEL, PIXEL_URI, inbound, outline, sent, surfaced

from proxy.content import Inline, Remote
from proxy.errors import NotInspectable
from proxy.location import Location, Step
from proxy.surface.decode import read_json
from proxy.surface.pin import pinned

A, B = "https://a.example/a.png", "https://b.example/b.jpg?sig=%2F"


def uri(data: bytes, declared: str = "image/png") -> str:
    """`data` as the data URI that the service gets."""
    return f"data:{declared};base64,{base64.b64encode(data).decode()}"


def chat(*parts: Any) -> dict[str, Any]:
    """A chat with one message of these parts."""
    return {"model": "m", "messages": [{"role": "user", "content": list(parts)}]}


def at(*steps: Step) -> Location:
    """A place in the first message's content."""
    return Location(("messages", 0, "content", *steps))


SLOT: Any = {"type": "image_url", "image_url": {"url": A, "detail": "low"}}
PLAIN: Any = {"type": "image_url", "image_url": B}
WORDS: Any = {"type": "text", "text": f"What is at {A}?"}

SLOT_AT, PLAIN_AT = at(0, "image_url", "url"), at(1, "image_url")

FETCHED = {SLOT_AT: Inline("image/png", PIXEL), PLAIN_AT: Inline("image/jpeg", PICTURE)}

PINNED: Mapping[str, tuple[dict[str, Any], str, Mapping[Location, Inline | Remote], dict[str, Any], list[str]]] = {
    # the body, its reader, what was found, the body that is sent, what of it is examined
    "both forms of a slot, beside words with the same address": (
        chat(SLOT, PLAIN, WORDS),
        "chat",
        FETCHED,
        chat(
            {"type": "image_url", "image_url": {"url": uri(PIXEL), "detail": "low"}},
            {"type": "image_url", "image_url": uri(PICTURE, "image/jpeg")},
            WORDS,
        ),
        [
            "image /messages/0/content/0/image_url/url: image/png 70",
            "image /messages/0/content/1/image_url: image/jpeg 76870",
            f"text /messages/0/content/2/text: user: What is at {A}?",
        ],
    ),
    "one of two": (
        chat(SLOT, PLAIN),
        "chat",
        {PLAIN_AT: Inline("image/png", PIXEL)},
        chat(SLOT, {"type": "image_url", "image_url": uri(PIXEL)}),
        [
            f"image /messages/0/content/0/image_url/url: {A}",
            "image /messages/0/content/1/image_url: image/png 70",
        ],
    ),
    "beside a picture that came inline": (
        chat(SLOT, {"type": "image_url", "image_url": {"url": PIXEL_URI}}),
        "chat",
        {SLOT_AT: Inline("image/gif", b"GIF89a")},
        chat(
            {"type": "image_url", "image_url": {"url": uri(b"GIF89a", "image/gif"), "detail": "low"}},
            {"type": "image_url", "image_url": {"url": PIXEL_URI}},
        ),
        [
            "image /messages/0/content/0/image_url/url: image/gif 6",
            "image /messages/0/content/1/image_url/url: image/png 70",
        ],
    ),
    "not fetched": (
        chat(SLOT),
        "chat",
        {SLOT_AT: Remote(A, "it took too long")},
        chat(SLOT),
        [f"image /messages/0/content/0/image_url/url: {A}"],
    ),
    "nothing asked": (
        chat(SLOT),
        "chat",
        {},
        chat(SLOT),
        [f"image /messages/0/content/0/image_url/url: {A}"],
    ),
    "responses": (
        {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image", "image_url": A}]}]},
        "responses",
        {Location(("input", 0, "content", 0, "image_url")): Inline("image/png", PIXEL)},
        {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image", "image_url": uri(PIXEL)}]}]},
        ["image /input/0/content/0/image_url: image/png 70"],
    ),
}


@pytest.mark.parametrize("case", PINNED)
def test_pinned(case: str) -> None:
    """What is sent and what is examined tell the same, in the order in which it stood; the rest is as it was."""
    body, reader, found, expected, parts = PINNED[case]
    before = surfaced(body, reader)
    after = pinned(before, found)
    assert sent(after) == orjson.dumps(expected)
    assert [line for line in outline(after.content) if not line.startswith("inert ")] == parts
    assert (after.called, after.content.inert, after.content.model) == (
        before.called,
        before.content.inert,
        before.content.model,
    )


def test_what_was_read_stays_as_it_was() -> None:
    """A new value is made; the old body and tree still hold the address."""
    before = surfaced(chat(SLOT, PLAIN))
    pinned(before, FETCHED)
    assert sent(before) == orjson.dumps(chat(SLOT, PLAIN))
    assert before.tree == chat(SLOT, PLAIN)


def test_what_is_sent_reads_back_as_what_was_examined() -> None:
    """Whoever reads the new body finds the very bytes, at the same places."""
    after = pinned(surfaced(chat(SLOT, PLAIN, WORDS)), FETCHED)
    again = surfaced(sent(after))
    assert again.content == after.content
    assert read_json(inbound(sent(after)), LIMITS) == read_json(inbound(sent(again)), LIMITS)


def test_pictures_that_were_cut_out_before_stay_theirs() -> None:
    """Long inline pictures are cut out under marks of their own; many of both kinds each go to their own place."""
    inline = [{"type": "image_url", "image_url": {"url": uri(PICTURE + bytes([n]))}} for n in range(12)]
    remote = [{"type": "image_url", "image_url": {"url": f"{A}?{n}"}} for n in range(12)]
    mixed = [part for pair in zip(inline, remote, strict=True) for part in pair]
    found = {at(2 * n + 1, "image_url", "url"): Inline("image/png", PIXEL + bytes([n])) for n in range(12)}
    fetched = [{"type": "image_url", "image_url": {"url": uri(PIXEL + bytes([n]))}} for n in range(12)]
    expected = [part for pair in zip(inline, fetched, strict=True) for part in pair]
    assert sent(pinned(surfaced(chat(*mixed)), found)) == orjson.dumps(chat(*expected))


NO_PLACES: Mapping[str, Location] = {
    "words": at(2, "text"),
    "an inline picture": at(3, "image_url", "url"),
    "an object": at(0, "image_url"),
    "a list": Location(("messages",)),
    "the whole body": Location(),
    "beyond the end": at(9, "image_url", "url"),
    "counted from the end": at(-4, "image_url", "url"),
    "a key that is not there": at(0, "image_url", "uri"),
    "inside a string": at(0, "image_url", "url", 0),
}


@pytest.mark.parametrize("case", NO_PLACES)
def test_nothing_else_is_replaced(case: str) -> None:
    """A place where no address of a picture was read is refused, and named."""
    body = chat(SLOT, PLAIN, WORDS, {"type": "image_url", "image_url": {"url": PIXEL_URI}})
    with pytest.raises(NotInspectable, match="no address of a picture") as refused:
        pinned(surfaced(body), {NO_PLACES[case]: Inline("image/png", PIXEL)})
    assert refused.value.location == NO_PLACES[case]


TREES: Mapping[str, Any] = {
    "no tree": {},
    "a list in place of an object": {"messages": []},
    "an object in place of a list": {"messages": {"0": {}}},
    "no string": chat({"type": "image_url", "image_url": {"url": 7}}),
    "another address": chat({"type": "image_url", "image_url": {"url": B}}),
    "an object in place of the string": chat({"type": "image_url", "image_url": {"url": {"url": A}}}),
}


@pytest.mark.parametrize("case", TREES)
def test_a_tree_that_differs_from_the_parts(case: str) -> None:
    """Where parts and tree do not tell the same, nothing is replaced by guess."""
    before = surfaced(chat(SLOT))
    other = type(before)(before.called, before.content, before.inspected, TREES[case])
    with pytest.raises(NotInspectable, match="no address of a picture"):
        pinned(other, {SLOT_AT: Inline("image/png", PIXEL)})
