"""Conversations."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "items": (
        {"items": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"},
                               {"type": "input_image", "image_url": PIXEL_URI}]},
                   {"role": "assistant", "content": "b"}], "metadata": {"a": "b"}},
        ["text /items/0/content/0/text: user: a", "image /items/0/content/1/image_url: image/png 70",
         "text /items/1/content: assistant: b", "text /metadata: field: a", "text /metadata/a: field: b",
         "inert /items/0/type", "inert /items/0/role", "inert /items/0/content/0/type", "inert /items/0/content/1/type",
         "inert /items/1/role"],
    ),
    "items by their ids": (
        {"items": [{"id": "msg_1"}, {"type": "item_reference", "id": "msg_2"}]},
        ["reference /items/0/id: item: msg_1", "reference /items/1/id: item: msg_2", "inert /items/1/type"],
    ),
    "items that are none": (
        {"items": [7, {}, {"type": "new"}, "a"]},
        ["opaque /items/0", "opaque /items/1", "opaque /items/2", "text /items/3: user: a"],
    ),
    "one item": (
        {"items": {"role": "user", "content": "a"}},
        ["opaque /items"],
    ),
    "none": (
        {"items": [], "metadata": None},
        ["inert /items", "inert /metadata"],
    ),
    "what other calls take": (
        {"input": "a", "instructions": "b", "file_ids": ["file-1"]},
        ["text /input: field: input", "text /input: field: a", "text /instructions: field: instructions",
         "text /instructions: field: b", "opaque /file_ids"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_conversation(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "conversation", model=False).content) == expected
