"""Readers: one a body shape."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from proxy.surface.multipart import Form
from proxy.surface.readers import (
    assistants,
    audio,
    batches,
    chat,
    completions,
    containers,
    conversations,
    embeddings,
    evals,
    files,
    fine_tuning,
    graders,
    image_edits,
    images,
    jsonl,
    metadata,
    moderations,
    realtime,
    responses,
    speech,
    threads,
    vector_stores,
    videos,
)
from proxy.surface.readers.assistants import read_assistant
from proxy.surface.readers.audio import read_audio_form
from proxy.surface.readers.batches import read_batch
from proxy.surface.readers.chat import read_chat
from proxy.surface.readers.completions import read_completions
from proxy.surface.readers.containers import read_container
from proxy.surface.readers.conversations import read_conversation
from proxy.surface.readers.embeddings import read_embeddings
from proxy.surface.readers.evals import read_eval
from proxy.surface.readers.files import (
    read_container_file,
    read_container_file_form,
    read_file_form,
    read_upload,
    read_upload_end,
    read_upload_part,
)
from proxy.surface.readers.fine_tuning import read_fine_tuning_job
from proxy.surface.readers.graders import read_grader
from proxy.surface.readers.image_edits import read_image_edits, read_image_form
from proxy.surface.readers.images import read_image_generation
from proxy.surface.readers.metadata import read_metadata
from proxy.surface.readers.moderations import read_moderation
from proxy.surface.readers.realtime import read_client_secret, read_session
from proxy.surface.readers.responses import read_responses
from proxy.surface.readers.speech import read_speech
from proxy.surface.readers.threads import read_message, read_run, read_thread, read_tool_outputs
from proxy.surface.readers.vector_stores import read_vector_store, read_vector_store_files, read_vector_store_search
from proxy.surface.readers.videos import read_video, read_video_form
from proxy.surface.readers.walk import Walk

READERS: Final[Mapping[str, Callable[[Walk, Mapping[str, Any]], None]]] = {
    "assistant": read_assistant,
    "batch": read_batch,
    "chat": read_chat,
    "client_secret": read_client_secret,
    "completions": read_completions,
    "container": read_container,
    "container_file": read_container_file,
    "conversation": read_conversation,
    "embeddings": read_embeddings,
    "eval": read_eval,
    "fine_tuning_job": read_fine_tuning_job,
    "grader": read_grader,
    "image_edits": read_image_edits,
    "image_generation": read_image_generation,
    "message": read_message,
    "metadata": read_metadata,
    "moderation": read_moderation,
    "realtime_session": read_session,
    "responses": read_responses,
    "run": read_run,
    "speech": read_speech,
    "thread": read_thread,
    "tool_outputs": read_tool_outputs,
    "upload": read_upload,
    "upload_end": read_upload_end,
    "vector_store": read_vector_store,
    "vector_store_files": read_vector_store_files,
    "vector_store_search": read_vector_store_search,
    "video": read_video,
}
"""The readers of JSON by the names that the catalogue uses."""

FORM_READERS: Final[Mapping[str, Callable[[Walk, Form], None]]] = {
    "audio": read_audio_form,
    "container_file": read_container_file_form,
    "file": read_file_form,
    "image_edits": read_image_form,
    "upload_part": read_upload_part,
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
    assistants,
    audio,
    batches,
    chat,
    completions,
    containers,
    conversations,
    embeddings,
    evals,
    files,
    fine_tuning,
    graders,
    image_edits,
    images,
    jsonl,
    metadata,
    moderations,
    realtime,
    responses,
    speech,
    threads,
    vector_stores,
    videos,
)

_NAMED: Final = frozenset({
    "path", "assistant", "batch", "completion", "container", "conversation", "eval", "file", "file_batch", "item", "job",
    "message", "output_item", "response", "run", "step", "thread", "upload", "vector_store", "video",
})  # fmt: skip
"""What paths name."""

FIELD_NAMES: Final = frozenset().union(
    *(reader.KNOWN_FIELDS for reader in _READING),
    _SCHEMA_NAMES,
    _NAMED,
    {"headers", "query", "after", "before", "facegate-attributes", "earlier", "form"},
)
"""Field names of the API: what a location may show of a request in the journal."""
