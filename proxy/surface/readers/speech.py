"""Words to be spoken."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role
from proxy.location import Location
from proxy.surface.readers.walk import Table, Walk, name, number, one_of, record, refers, said, text


def read_speech(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that has words spoken."""
    walk.fields(Location(), body, _BODY)


_KEPT_VOICE: Final = record({"id": refers("voice")})


def _voice(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict):
        _KEPT_VOICE(walk, here, value)
    else:
        text(walk, here, value)


_BODY: Final[Table] = {
    "model": name,
    "input": said(Role.USER),
    "instructions": said(Role.SYSTEM),
    "voice": _voice,
    "response_format": one_of("mp3", "opus", "aac", "flac", "wav", "pcm"),
    "speed": number,
    "stream_format": one_of("sse", "audio"),
}

KNOWN_FIELDS: Final = frozenset(_BODY) | {"id"}
"""Field names that this reader knows."""
