"""One event of a caller in a realtime conversation: read as a body is, and by the same rules."""

from typing import Final

from proxy.content import Audio, Content
from proxy.exchange import Surfaced
from proxy.operation import Called
from proxy.surface.decode import read_object
from proxy.surface.limits import Limits
from proxy.surface.readers.realtime import AUDIO_FRAME, EVENT_TYPES, read_realtime
from proxy.surface.readers.walk import Walk
from proxy.surface.rewrite import holds_uri, rewrite_json

UNKNOWN: Final = "unknown"
"""Stands for every type that no event has, so that the caller's own words are in no record and no metric."""


def read_event(frame: bytes, called: Called, limits: Limits) -> Surfaced:
    """The parts of one event (the bytes of a text message), and the event written anew.

    Raises RequestError as `surface` does for a body. An event of a type that is not known is one opaque part.
    """
    walk = Walk(limits)
    event = read_object(frame, limits)
    inspected = rewrite_json(event)
    walk.uris = holds_uri(inspected)
    read_realtime(walk, event)
    return Surfaced(called, Content(tuple(walk.parts), tuple(walk.inert), called.deployment), inspected, event)


def type_of(surfaced: Surfaced) -> str:
    """The event's type, of the closed list of those that are read, or `UNKNOWN`."""
    kind = surfaced.tree.get("type")
    return kind if isinstance(kind, str) and kind in EVENT_TYPES else UNKNOWN


def is_audio_frame(surfaced: Surfaced) -> bool:
    """Whether an event is a piece of what is said, and nothing else."""
    parts = surfaced.content.parts
    return surfaced.tree.get("type") == AUDIO_FRAME and len(parts) == 1 and isinstance(parts[0], Audio)
