"""Moderation."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

URL = "https://example.com/a"

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "a string": (
        {"model": "omni-moderation-latest", "input": "who is he?"},
        ["text /input: user: who is he?"],
    ),
    "strings": (
        {"input": ["a", ""]},
        ["text /input/0: user: a", "text /input/1: user: "],
    ),
    "parts": (
        {"input": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PIXEL_URI, "detail": "low"}},
                   {"type": "image_url", "image_url": PIXEL_URI}, {"type": "image_url", "image_url": {"url": URL}}]},
        ["text /input/0/text: user: a", "image /input/1/image_url/url: image/png 70",
         "image /input/2/image_url: image/png 70", f"image /input/3/image_url/url: {URL}", "inert /input/0/type",
         "inert /input/1/type", "inert /input/1/image_url/detail", "inert /input/2/type", "inert /input/3/type"],
    ),
    "parts of other types": (
        {"input": [{"type": "input_image", "image_url": PIXEL_URI}, {"type": ["text"]}, {"text": "a"}, {}, 7, None]},
        ["opaque /input/0", "opaque /input/1", "opaque /input/2", "opaque /input/3", "opaque /input/4", "opaque /input/5"],
    ),
    "a part with more in it": (
        {"input": [{"type": "text", "text": {"a": "b"}, "image_url": {"url": PIXEL_URI}, "note": "d"}]},
        ["text /input/0/text: user: a", "text /input/0/text/a: user: b", "opaque /input/0/image_url",
         "text /input/0/note: field: note", "text /input/0/note: field: d", "inert /input/0/type"],
    ),
    "a picture among words": (
        {"input": PIXEL_URI},
        [f"text /input: user: {PIXEL_URI}", "image /input:  70"],
    ),
    "nothing": (
        {"input": None, "model": None},
        ["inert /input"],
    ),
    "an empty list": (
        {"input": []},
        ["inert /input"],
    ),
    "an object": (
        {"input": {"type": "text", "text": "a"}},
        ["opaque /input"],
    ),
    "words where they do not belong": (
        {"model": "who is he?", "messages": "a"},
        ["text /model: field: who is he?", "text /messages: field: messages", "text /messages: field: a"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_moderation(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "moderation", model=False).content) == expected
