"""Embeddings."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "a string": ({"input": "a"}, ["text /input: user: a"]),
    "strings": ({"input": ["a", "b"]}, ["text /input/0: user: a", "text /input/1: user: b"]),
    "token ids": ({"input": [[1, 2]]}, ["opaque /input"]),
    "pictures as objects": ({"input": [{"image": PIXEL_URI}]}, ["opaque /input"]),
    "a picture among words": ({"input": [PIXEL_URI]}, [f"text /input/0: user: {PIXEL_URI}", "image /input/0:  70"]),
    "other words": ({"user": "u", "input_type": "query"}, ["text /user: field: u", "text /input_type: field: query"]),
    "numbers and closed lists": (
        {"dimensions": 3, "encoding_format": "base64"}, ["inert /dimensions", "inert /encoding_format"],
    ),
    "words there": (
        {"dimensions": "him", "encoding_format": "ubinary"},
        ["text /dimensions: field: him", "text /encoding_format: field: ubinary"],
    ),
    "fields of other calls": (
        {"prompt": "a", "data_sources": "b", "images": [PIXEL_URI]},
        ["text /prompt: field: prompt", "text /prompt: field: a", "text /data_sources: field: data_sources",
         "text /data_sources: field: b", "opaque /images"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_embeddings(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "embeddings").content) == expected
