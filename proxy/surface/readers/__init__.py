"""Readers: one a body shape."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from proxy.surface.multipart import Form
from proxy.surface.readers import (
    audio,
    chat,
    completions,
    embeddings,
    files,
    image_edits,
    images,
    jsonl,
    realtime,
    responses,
    videos,
)
from proxy.surface.readers.audio import read_audio_form
from proxy.surface.readers.chat import read_chat
from proxy.surface.readers.completions import read_completions
from proxy.surface.readers.embeddings import read_embeddings
from proxy.surface.readers.files import read_container_file, read_container_file_form, read_file_form
from proxy.surface.readers.image_edits import read_image_edits, read_image_form
from proxy.surface.readers.images import read_image_generation
from proxy.surface.readers.realtime import read_realtime
from proxy.surface.readers.responses import read_responses
from proxy.surface.readers.videos import read_video, read_video_form
from proxy.surface.readers.walk import Walk

READERS: Final[Mapping[str, Callable[[Walk, Mapping[str, Any]], None]]] = {
    "chat": read_chat,
    "completions": read_completions,
    "container_file": read_container_file,
    "embeddings": read_embeddings,
    "image_edits": read_image_edits,
    "image_generation": read_image_generation,
    "realtime": read_realtime,
    "responses": read_responses,
    "video": read_video,
}
"""The readers of JSON by the names that the catalogue uses."""

FORM_READERS: Final[Mapping[str, Callable[[Walk, Form], None]]] = {
    "audio": read_audio_form,
    "container_file": read_container_file_form,
    "file": read_file_form,
    "image_edits": read_image_form,
    "video": read_video_form,
}
"""The readers of forms by the same names."""

_SCHEMA_NAMES: Final = frozenset({
    "$defs", "additionalProperties", "allOf", "anyOf", "const", "default", "definition", "definitions", "description", "enum",
    "examples", "grammar", "items", "json_schema", "not", "oneOf", "output_schema", "parameters", "patternProperties",
    "prefixItems", "properties", "required", "schema", "strict", "syntax", "title",
})  # fmt: skip
"""What stands in tool definitions and response formats, whose pictures have places of their own."""

_READING: Final = (
    audio,
    chat,
    completions,
    embeddings,
    files,
    image_edits,
    images,
    jsonl,
    realtime,
    responses,
    videos,
)

FIELD_NAMES: Final = frozenset().union(
    *(reader.KNOWN_FIELDS for reader in _READING),
    _SCHEMA_NAMES,
    {"headers", "query", "facegate-attributes", "earlier", "form"},
)
"""Field names of the API: what a location may show of a request in the journal."""
