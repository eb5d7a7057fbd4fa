"""Chat completions."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role, SchemaKind
from proxy.location import Location
from proxy.surface.readers.walk import (
    BREAKPOINT,
    COMMON,
    EFFORT,
    VERBOSITY,
    Table,
    Walk,
    answer_format,
    choice,
    flag,
    number,
    one_of,
    picture,
    record,
    recording,
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

_EVERY_PART: Final[Table] = {"prompt_cache_breakpoint": BREAKPOINT}


def read_chat(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a chat completions call."""
    walk.fields(Location(), body, _BODY)


def messages(walk: Walk, here: Location, value: Any) -> None:
    """The turns of a conversation."""
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
    said: Table = {"type": one_of("text", "refusal"), "text": _said(role), "refusal": _said(role), **_EVERY_PART}
    tables: Mapping[str, Table] = {
        "text": said,
        "refusal": said,
        "image_url": {"type": one_of("image_url"), "image_url": picture, **_EVERY_PART},
        "input_audio": {"type": one_of("input_audio"), "input_audio": recording, **_EVERY_PART},
        "file": {"type": one_of("file"), "file": _file, **_EVERY_PART},
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


_FILE: Final[Table] = {"file_id": refers("file"), "file_data": Walk.document, "filename": text}


def _file(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value:
        walk.fields(here, value, _FILE)
    else:
        walk.opaque(here, "a file part must be an object")


_FUNCTION: Final = record({"name": text, "arguments": text})


_TOOL_CALL: Final[Table] = {
    "id": text,
    "index": number,
    "type": one_of("function", "custom"),
    "function": _FUNCTION,
    "custom": record({"name": text, "input": text}),
}


def _tool_call(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value:
        walk.fields(here, value, _TOOL_CALL)
    else:
        walk.opaque(here, "a tool call must be an object")


def _tool_calls(walk: Walk, here: Location, value: Any) -> None:
    walk.items(here, value, _tool_call)


def _message_table(role: Role) -> Table:
    return {
        "role": one_of(*_ROLES),
        "content": _content(role),
        "refusal": text,
        "name": text,
        "tool_call_id": text,
        "tool_calls": _tool_calls,
        "function_call": _FUNCTION,
        "audio": record({"id": refers("audio")}),
        "annotations": Walk.free,
        "reasoning_content": text,
    }


_MESSAGE: Final[Mapping[Role, Table]] = {role: _message_table(role) for role in Role}


def tools(walk: Walk, here: Location, value: Any) -> None:
    """Definitions of tools."""
    walk.items(here, value, _tool)


def _tool(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value.get("type") in ("function", "custom"):
        walk.schema(here, SchemaKind.TOOL, value)
    else:
        walk.opaque(here, "a tool of a type that is not known")


def functions(walk: Walk, here: Location, value: Any) -> None:
    """Definitions of functions, as they were before there were tools."""
    walk.items(here, value, _definition)


def _definition(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and "type" not in value:
        walk.schema(here, SchemaKind.TOOL, value)
    else:
        walk.opaque(here, "a function must be an object with a name, and has no type")


_DATA_SOURCES: Final = unread("the service would answer from data that were not seen here")

_BODY: Final[Table] = {
    **COMMON,
    "messages": messages,
    "tools": tools,
    "functions": functions,
    "tool_choice": choice,
    "function_call": choice,
    "response_format": answer_format,
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
    "reasoning_effort": EFFORT,
    "verbosity": VERBOSITY,
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
    | frozenset(_TOOL_CALL)
    | frozenset(_FILE)
    | frozenset(_EVERY_PART)
    | PART_TYPES
    | {"url", "data", "detail", "arguments", "input", "voice", "format", "mode", "ttl"}
    | {"include_usage", "include_obfuscation"}
)
"""Field names that this reader knows."""
