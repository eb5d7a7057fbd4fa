"""Words to be spoken."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "all fields": (
        {"model": "tts-1", "input": "a", "instructions": "b", "voice": "alloy", "response_format": "mp3", "speed": 1.5,
         "stream_format": "sse"},
        ["text /input: user: a", "text /instructions: system: b", "text /voice: field: alloy", "inert /response_format",
         "inert /speed", "inert /stream_format"],
    ),
    "a voice that the service keeps": (
        {"voice": {"id": "voice_1", "note": "a"}},
        ["reference /voice/id: voice: voice_1", "text /voice/note: field: note", "text /voice/note: field: a"],
    ),
    "a voice that is none": (
        {"voice": [PIXEL_URI, 7]},
        ["opaque /voice/0", "text /voice/1: field: 7"],
    ),
    "a picture among words": (
        {"input": f"see {PIXEL_URI}"},
        [f"text /input: user: see {PIXEL_URI}", "image /input:  70"],
    ),
    "words where they do not belong": (
        {"speed": "him", "response_format": "him", "stream_format": ["him"], "input": {"a": "b"}},
        ["text /speed: field: him", "text /response_format: field: him", "text /stream_format/0: field: him",
         "text /input: user: a", "text /input/a: user: b"],
    ),
    "a recording": (
        {"audio": "QUJD", "input_audio": {"data": "QUJD"}},
        ["opaque /audio", "opaque /input_audio"],
    ),
    "nothing": (
        {"input": None, "voice": None},
        ["inert /input", "inert /voice"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_speech(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "speech").content) == expected
