"""Image generation."""

import re
from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.readers.completions import prompt
from proxy.surface.readers.walk import EFFORT, Table, Walk, flag, name, number, one_of, record, text


def read_image_generation(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of an image generation call."""
    walk.fields(Location(), body, BODY)


_SIZE: Final = re.compile(r"auto|[0-9]{1,5}x[0-9]{1,5}")


def _size(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str) and _SIZE.fullmatch(value):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


BODY: Final[Table] = {
    "model": name,
    "prompt": prompt,
    "n": number,
    "size": _size,
    "quality": one_of("standard", "hd", "low", "medium", "high", "xhigh", "max", "auto"),
    "style": text,
    "user": text,
    "response_format": one_of("url", "b64_json"),
    "background": one_of("transparent", "opaque", "auto"),
    "moderation": one_of("low", "auto"),
    "output_format": one_of("png", "jpeg", "webp", "gif", "svg"),
    "output_compression": number,
    "stream": flag,
    "partial_images": number,
    "complexity": one_of("low", "medium", "high"),
    "frame_count": number,
    "frame_duration_ms": number,
    "svg": record({"model": name, "reasoning": record({"effort": EFFORT})}),
    "safety_identifier": text,
}

"""The fields of a request for pictures; edits have them too."""

NUMBERS: Final = ("n", "output_compression", "partial_images", "frame_count", "frame_duration_ms")
"""Fields that are numbers."""

WORDS: Final = (
    "model", "size", "quality", "style", "response_format", "background", "moderation", "output_format", "complexity",
    "safety_identifier", "user",
)  # fmt: skip
"""Fields that are words."""

KNOWN_FIELDS: Final = frozenset(BODY) | {"reasoning", "effort"}
"""Field names that this reader knows."""
