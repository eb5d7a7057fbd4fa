"""Embeddings."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.readers.completions import prompt
from proxy.surface.readers.walk import Table, Walk, name, number, one_of, text


def read_embeddings(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of an embeddings call."""
    walk.fields(Location(), body, _BODY)


_BODY: Final[Table] = {
    "model": name,
    "input": prompt,
    "dimensions": number,
    "encoding_format": one_of("float", "base64"),
    "user": text,
    "input_type": text,
}

KNOWN_FIELDS: Final = frozenset(_BODY)
"""Field names that this reader knows."""
