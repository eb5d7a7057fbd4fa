"""What may be changed of most things that the service keeps: a name, and the caller's own notes."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.readers.walk import Table, Walk, text


def read_metadata(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that changes a name or notes."""
    walk.fields(Location(), body, _BODY)


_BODY: Final[Table] = {"metadata": Walk.free, "name": text}

KNOWN_FIELDS: Final = frozenset(_BODY)
"""Field names that this reader knows."""
