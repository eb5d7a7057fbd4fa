"""Image generation."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PICTURE_URI, PIXEL_URI, outline, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "a prompt": ({"prompt": "a"}, ["text /prompt: user: a"]),
    "prompts": ({"prompt": ["a", "b"]}, ["text /prompt/0: user: a", "text /prompt/1: user: b"]),
    "token ids": ({"prompt": [1]}, ["opaque /prompt"]),
    "other words": (
        {"style": "vivid", "user": "u", "safety_identifier": "s"},
        ["text /style: field: vivid", "text /user: field: u", "text /safety_identifier: field: s"],
    ),
    "numbers, flags, closed lists": (
        {"n": 1, "size": "1024x1024", "quality": "hd", "response_format": "b64_json", "background": "opaque",
         "moderation": "low", "output_format": "png", "output_compression": 9, "stream": True, "partial_images": 2,
         "complexity": "low", "frame_count": 2, "frame_duration_ms": 3,
         "svg": {"model": "m", "reasoning": {"effort": "low"}}},
        ["inert /n", "inert /size", "inert /quality", "inert /response_format", "inert /background", "inert /moderation",
         "inert /output_format", "inert /output_compression", "inert /stream", "inert /partial_images", "inert /complexity",
         "inert /frame_count", "inert /frame_duration_ms", "inert /svg/model", "inert /svg/reasoning/effort"],
    ),
    "words there": (
        {"size": "as big as him", "quality": "best", "n": "all", "svg": "a", "stream": "yes"},
        ["text /size: field: as big as him", "text /quality: field: best", "text /n: field: all", "text /svg: field: a",
         "text /stream: field: yes"],
    ),
    "sizes that are none": (
        {"size": "identify-this-man"}, ["text /size: field: identify-this-man"],
    ),
    "pictures where the call has none": (
        {"image": [PIXEL_URI], "images": [{"image_url": PIXEL_URI}], "mask": {"file_id": "f"}, "input_reference": PIXEL_URI},
        ["opaque /image", "opaque /images", "opaque /mask", "text /input_reference: field: input_reference",
         "opaque /input_reference"],
    ),
    "long inline data in a word": ({"size": PICTURE_URI}, ["opaque /size"]),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_image_generation(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "image_generation").content) == expected
