"""Events of a realtime session as `surface` takes them."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from support.bodies import CATALOGUE, LIMITS

from proxy.exchange import Surfaced
from proxy.surface import route
from proxy.surface.event import read_event
from proxy.surface.limits import Limits

CALLED: Final = route("GET", "/openai/v1/realtime?model=gpt-realtime", CATALOGUE)
"""The operation whose events they are."""


def event(frame: bytes | Mapping[str, Any], limits: Limits = LIMITS) -> Surfaced:
    """What is read of an event, written as JSON where it is not bytes."""
    return read_event(frame if isinstance(frame, bytes) else orjson.dumps(frame), CALLED, limits)


def message(*parts: Mapping[str, Any], role: str = "user", **more: Any) -> dict[str, Any]:
    """The event that adds a message to the conversation."""
    item = {"type": "message", "role": role, "content": list(parts), **more}
    return {"type": "conversation.item.create", "item": item}


def says(text: str) -> dict[str, Any]:
    """A part with words."""
    return {"type": "input_text", "text": text}


def shows(uri: str) -> dict[str, Any]:
    """A part with a picture."""
    return {"type": "input_image", "image_url": uri}
