"""Conversations, which are begun and gone on with by items as the Responses API has them."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.readers.responses import item
from proxy.surface.readers.walk import Table, Walk, some


def read_conversation(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that begins a conversation or adds to it."""
    walk.fields(Location(), body, _BODY)


_BODY: Final[Table] = {"items": some(item), "metadata": Walk.free}

KNOWN_FIELDS: Final = frozenset(_BODY)
"""Field names that this reader knows."""
