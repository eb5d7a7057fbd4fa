"""Readers: one a body shape."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from proxy.surface.readers import chat, completions, embeddings, images, realtime, responses
from proxy.surface.readers.chat import read_chat
from proxy.surface.readers.completions import read_completions
from proxy.surface.readers.embeddings import read_embeddings
from proxy.surface.readers.images import read_image_generation
from proxy.surface.readers.realtime import read_realtime
from proxy.surface.readers.responses import read_responses
from proxy.surface.readers.walk import Walk

READERS: Final[Mapping[str, Callable[[Walk, Mapping[str, Any]], None]]] = {
    "chat": read_chat,
    "completions": read_completions,
    "embeddings": read_embeddings,
    "image_generation": read_image_generation,
    "realtime": read_realtime,
    "responses": read_responses,
}
"""The readers by the names that the catalogue uses."""

_SCHEMA_NAMES: Final = frozenset({
    "$defs", "additionalProperties", "allOf", "anyOf", "const", "default", "definition", "definitions", "description", "enum",
    "examples", "grammar", "items", "json_schema", "not", "oneOf", "output_schema", "parameters", "patternProperties",
    "prefixItems", "properties", "required", "schema", "strict", "syntax", "title",
})  # fmt: skip
"""What stands in tool definitions and response formats, whose pictures have places of their own."""

FIELD_NAMES: Final = frozenset().union(
    *(reader.KNOWN_FIELDS for reader in (chat, completions, embeddings, images, realtime, responses)),
    _SCHEMA_NAMES,
    {"headers", "query", "facegate-attributes", "earlier"},
)
"""Field names of the API: what a location may show of a request in the journal."""
