"""Chat completions."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role, SchemaKind
from proxy.location import Location
from proxy.surface.readers.walk import (
    COMMON,
    Table,
    Walk,
    flag,
    free,
    number,
    one_of,
    record,
    refers,
    some_of,
    text,
    texts,
    token_biases,
    unread,
)

_ROLES: Final[Mapping[str, Role]] = {
    "system": Role.SYSTEM,
    "developer": Role.DEVELOPER,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}

_DETAIL: Final = one_of("auto", "low", "high", "original")


def read_chat(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a chat completions call."""
    walk.fields(Location(), body, _BODY)


def _messages(walk: Walk, here: Location, value: Any) -> None:
    walk.items(here, value, _message)


def _message(walk: Walk, here: Location, value: Any) -> None:
    if not isinstance(value, dict) or not value:
        walk.opaque(here, "a message must be an object")
        return
    role = value.get("role")
    speaker = _ROLES.get(role, Role.FIELD) if isinstance(role, str) else Role.FIELD
    walk.fields(here, value, _MESSAGE[speaker])


def _content(role: Role) -> Any:
    parts = record_of_part(role)

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, str):
            walk.text(here, role, value)
        elif isinstance(value, list):
            walk.items(here, value, parts)
        else:
            walk.opaque(here, "content is a string or a list of parts")

    return read


def record_of_part(role: Role) -> Any:
    """The reader of one content part; a part of a type that is not known is opaque."""
    said: Table = {"type": one_of("text", "refusal"), "text": _said(role), "refusal": _said(role)}
    tables: Mapping[str, Table] = {
        "text": said,
        "refusal": said,
        "image_url": {"type": one_of("image_url"), "image_url": _image_url},
        "input_audio": {"type": one_of("input_audio"), "input_audio": _AUDIO},
        "file": {"type": one_of("file"), "file": _file},
    }

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, str):
            walk.text(here, role, value)
            return
        kind = value.get("type") if isinstance(value, dict) else None
        table = tables.get(kind) if isinstance(kind, str) else None
        if table is None:
            walk.opaque(here, "a content part of a type that is not known")
        else:
            walk.fields(here, value, table)

    return read


def _said(role: Role) -> Any:
    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, str):
            walk.text(here, role, value)
        else:
            walk.unknown(here, value, role)

    return read


def _image_url(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value:
        walk.fields(here, value, {"url": Walk.image, "detail": _DETAIL})
    else:
        walk.image(here, value)


def _file(walk: Walk, here: Location, value: Any) -> None:
    if not isinstance(value, dict) or not value:
        walk.opaque(here, "a file part must be an object")
        return
    walk.fields(here, value, {"file_id": refers("file"), "file_data": Walk.document, "filename": text})


_AUDIO: Final = record({"data": Walk.audio, "format": one_of("wav", "mp3", "flac", "opus", "pcm16")})

_FUNCTION: Final = record({"name": text, "arguments": text})


def _tool_call(walk: Walk, here: Location, value: Any) -> None:
    if not isinstance(value, dict) or not value:
        walk.opaque(here, "a tool call must be an object")
        return
    walk.fields(
        here,
        value,
        {
            "id": text,
            "index": number,
            "type": one_of("function", "custom"),
            "function": _FUNCTION,
            "custom": record({"name": text, "input": text}),
        },
    )


def _message_table(role: Role) -> Table:
    return {
        "role": one_of(*_ROLES),
        "content": _content(role),
        "refusal": text,
        "name": text,
        "tool_call_id": text,
        "tool_calls": lambda walk, here, value: walk.items(here, value, _tool_call),
        "function_call": _FUNCTION,
        "audio": record({"id": refers("audio")}),
        "annotations": free,
        "reasoning_content": text,
    }


_MESSAGE: Final[Mapping[Role, Table]] = {role: _message_table(role) for role in Role}


def read_tools(walk: Walk, here: Location, value: Any) -> None:
    """A list of tool or function definitions."""
    walk.items(here, value, lambda inner, place, tool: inner.schema(place, SchemaKind.TOOL, tool))


def _response_format(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value.get("type") in ("text", "json_object") and len(value) == 1:
        walk.inert.append(here.at("type"))
    else:
        walk.schema(here, SchemaKind.RESPONSE_FORMAT, value)


def _choice(walk: Walk, here: Location, value: Any) -> None:
    if value in ("none", "auto", "required"):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


_DATA_SOURCES: Final = unread("the service would answer from data that were not seen here")

_BODY: Final[Table] = {
    **COMMON,
    "messages": _messages,
    "tools": read_tools,
    "functions": read_tools,
    "tool_choice": _choice,
    "function_call": _choice,
    "response_format": _response_format,
    "prediction": record({"type": one_of("content"), "content": _content(Role.ASSISTANT)}),
    "stop": texts,
    "n": number,
    "seed": number,
    "max_tokens": number,
    "max_completion_tokens": number,
    "presence_penalty": number,
    "frequency_penalty": number,
    "logit_bias": token_biases,
    "logprobs": flag,
    "top_logprobs": number,
    "parallel_tool_calls": flag,
    "reasoning_effort": one_of("none", "minimal", "low", "medium", "high", "xhigh"),
    "verbosity": one_of("low", "medium", "high"),
    "modalities": some_of("text", "audio"),
    "audio": record({"voice": text, "format": one_of("wav", "mp3", "flac", "opus", "pcm16", "aac")}),
    "data_sources": _DATA_SOURCES,
    "dataSources": _DATA_SOURCES,
    "enhancements": unread("enhancements send pictures to another service"),
    "web_search_options": unread("a web search brings in pages and pictures that were not seen here"),
}

PART_TYPES: Final = frozenset({"text", "refusal", "image_url", "input_audio", "file"})
"""Content parts that are read; all others are opaque."""

KNOWN_FIELDS: Final = (
    frozenset(_BODY)
    | frozenset(_MESSAGE[Role.USER])
    | PART_TYPES
    | {"url", "data", "file_id", "file_data", "filename", "function", "custom", "arguments", "input"}
)
"""Field names that this reader knows."""
