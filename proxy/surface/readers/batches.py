"""Batches: files of requests, each line of which was read when its file was sent."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.readers.walk import Table, Walk, number, one_of, record, refers, text, unread


def read_batch(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that starts a batch."""
    walk.fields(Location(), body, _BODY)


_EXPIRY: Final[Table] = {"anchor": one_of("created_at"), "seconds": number}

_BODY: Final[Table] = {
    "input_file_id": refers("file"),
    "endpoint": text,
    "completion_window": one_of("24h"),
    "metadata": Walk.free,
    "output_expires_after": record(_EXPIRY),
    "input_blob": unread("the service would fetch requests that were not seen here"),
    "output_folder": unread("the service would put answers where they cannot be told from other files"),
}

KNOWN_FIELDS: Final = frozenset(_BODY) | frozenset(_EXPIRY)
"""Field names that this reader knows."""
