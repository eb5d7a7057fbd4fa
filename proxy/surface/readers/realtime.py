"""One event of a caller in a realtime conversation: what the model is told, shown and given to hear."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role, SchemaKind
from proxy.location import Location
from proxy.surface.readers.walk import (
    DETAIL,
    EFFORT,
    Field,
    Table,
    Walk,
    choice,
    flag,
    name,
    number,
    one_of,
    picture,
    record,
    refers,
    said,
    some_of,
    text,
    texts,
)

AUDIO_FRAME: Final = "input_audio_buffer.append"
"""The event that carries a piece of what is said, many times a second."""

_ROLES: Final[Mapping[str, Role]] = {"system": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT}


def read_realtime(walk: Walk, event: Mapping[str, Any]) -> None:
    """Read one event. One of a type that is not known is opaque as a whole."""
    kind = event.get("type")
    table = _EVENTS.get(kind) if isinstance(kind, str) else None
    if table is None:
        walk.opaque(Location(), "an event of a type that is not known")
    else:
        walk.fields(Location(), event, table)


def read_client_secret(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read what a key for sessions past this proxy is asked with: how these are to be."""
    walk.fields(Location(), body, _SECRET)


def read_session(walk: Walk, body: Mapping[str, Any]) -> None:
    """As `read_client_secret`, in the form of the preview."""
    walk.fields(Location(), body, SESSION)


def _number_or_inf(walk: Walk, here: Location, value: Any) -> None:
    if value == "inf":
        walk.inert.append(here)
    else:
        number(walk, here, value)


# ---- what is said and shown

PART_TYPES: Final = frozenset({
    "input_text", "output_text", "text", "input_audio", "output_audio", "audio", "input_image",
})  # fmt: skip
"""Parts of messages that are read; all others are opaque."""


def _part_table(role: Role) -> Table:
    return {
        "type": one_of(*PART_TYPES),
        "text": said(role),
        "transcript": said(role),
        "audio": Walk.audio,
        "image_url": picture,
        "detail": DETAIL,
    }


_PARTS: Final[Mapping[Role, Table]] = {role: _part_table(role) for role in Role}


def _content(role: Role) -> Field:
    def part(walk: Walk, here: Location, value: Any) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in PART_TYPES:
            walk.fields(here, value, _PARTS[role])
        else:
            walk.opaque(here, "a content part of a type that is not known")

    return lambda walk, here, value: walk.items(here, value, part)


def _item_table(speaker: Role, **more: Field) -> Table:
    return {
        "type": one_of(*READ_ITEMS),
        "id": text,
        "object": one_of("realtime.item"),
        "status": one_of("completed", "incomplete", "in_progress"),
        "call_id": text,
        "name": said(speaker),
        "arguments": said(speaker),
        "output": said(speaker),
        **more,
    }


READ_ITEMS: Final = frozenset({"message", "function_call", "function_call_output"})
"""Items of a conversation that are read word for word."""

_MCP: Final = "an MCP server answers the service directly, with content that is not seen here"

REFUSED_ITEMS: Final[Mapping[str, str]] = {
    "mcp_list_tools": _MCP,
    "mcp_call": _MCP,
    "mcp_approval_request": _MCP,
    "mcp_approval_response": _MCP,
}
"""Items that are known and refused, with the reasons."""

REFERENCE_ITEMS: Final = frozenset({"item_reference"})

_MESSAGE: Final[Mapping[Role, Table]] = {
    role: _item_table(role, role=one_of(*_ROLES), content=_content(role)) for role in Role
}

_CALL: Final = _item_table(Role.TOOL)


def _item(walk: Walk, here: Location, value: Any) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "message":
        role = value.get("role")
        walk.fields(here, value, _MESSAGE[_ROLES.get(role, Role.FIELD) if isinstance(role, str) else Role.FIELD])
    elif isinstance(kind, str) and kind in READ_ITEMS:
        walk.fields(here, value, _CALL)
    elif isinstance(kind, str) and kind in REFERENCE_ITEMS:
        walk.reference(here, "item", value.get("id"))
    else:
        walk.opaque(here, REFUSED_ITEMS.get(str(kind), "an item of a type that is not known"))


def _items(walk: Walk, here: Location, value: Any) -> None:
    walk.items(here, value, _item)


# ---- how the model is to behave


def _tools(walk: Walk, here: Location, value: Any) -> None:
    walk.items(here, value, _tool)


def _tool(walk: Walk, here: Location, value: Any) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind in READ_TOOLS:
        walk.schema(here, SchemaKind.TOOL, value)
    else:
        walk.opaque(here, UNREAD_TOOLS.get(str(kind), "a tool of a type that is not known"))


READ_TOOLS: Final = ("function",)
"""Tools whose definitions are read."""

UNREAD_TOOLS: Final[Mapping[str, str]] = {"mcp": _MCP}
"""Tools that are known and refused, with the reasons."""


_CUSTOM_VOICE: Final = record({"id": refers("voice")})


def _voice(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict):
        _CUSTOM_VOICE(walk, here, value)
    else:
        text(walk, here, value)


_CONVERSATIONS: Final = ("auto", "none")


def _conversation(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str) and value in _CONVERSATIONS:
        walk.inert.append(here)
    else:
        walk.reference(here, "conversation", value)


def _format(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        _OLD_FORMAT(walk, here, value)
    else:
        _NEW_FORMAT(walk, here, value)


_OLD_FORMAT: Final = one_of("pcm16", "g711_ulaw", "g711_alaw")
_NEW_FORMAT: Final = record({"type": one_of("audio/pcm", "audio/pcmu", "audio/pcma"), "rate": number})


def _or_word(valid: Field, table: Table) -> Field:
    """An object of known members, or a word in its place."""
    whole = record(table)
    return lambda walk, here, value: (whole if isinstance(value, dict) else valid)(walk, here, value)


_TRANSCRIPTION: Final = record({
    "model": name,
    "language": name,
    "languages": texts,
    "prompt": text,
    "keywords": texts,
    "delay": one_of("minimal", "low", "medium", "high", "xhigh"),
})  # fmt: skip

_NOISE: Final = record({"type": one_of("near_field", "far_field"), "strength": number})

_TURNS: Final = record({
    "type": one_of("server_vad", "semantic_vad", "none"),
    "create_response": flag,
    "interrupt_response": flag,
    "eagerness": one_of("low", "medium", "high", "auto"),
    "idle_timeout_ms": number,
    "prefix_padding_ms": number,
    "silence_duration_ms": number,
    "threshold": number,
})  # fmt: skip

_AUDIO: Final = record({
    "input": record({
        "format": _format,
        "noise_reduction": _NOISE,
        "transcription": _TRANSCRIPTION,
        "turn_detection": _TURNS,
    }),
    "output": record({"format": _format, "voice": _voice, "speed": number}),
})  # fmt: skip

_EXPIRES: Final = record({"anchor": one_of("created_at"), "seconds": number})

_MODALITIES: Final = some_of("text", "audio")

_BEHAVIOUR: Final[Table] = {
    "instructions": said(Role.SYSTEM),
    "prompt": record({"id": refers("prompt"), "version": text, "variables": Walk.unknown}),
    "tools": _tools,
    "tool_choice": choice,
    "parallel_tool_calls": flag,
    "reasoning": record({"effort": EFFORT}),
    "audio": _AUDIO,
    "modalities": _MODALITIES,
    "output_modalities": _MODALITIES,
    "voice": _voice,
    "output_audio_format": _format,
    "temperature": number,
    "max_output_tokens": _number_or_inf,
    "max_response_output_tokens": _number_or_inf,
}
"""What a conversation and a single answer share; the names of the preview and those that came after it."""

SESSION: Final[Table] = {
    **_BEHAVIOUR,
    "type": one_of("realtime", "transcription"),
    "model": name,
    "include": some_of("item.input_audio_transcription.logprobs"),
    "input_audio_format": _format,
    "input_audio_noise_reduction": _NOISE,
    "input_audio_transcription": _TRANSCRIPTION,
    "turn_detection": _TURNS,
    "speed": number,
    "tracing": _or_word(one_of("auto"), {"workflow_name": text, "group_id": text, "metadata": Walk.free}),
    "truncation": _or_word(
        one_of("auto", "disabled"),
        {
            "type": one_of("retention_ratio"),
            "retention_ratio": number,
            "token_limits": record({"post_instructions": number}),
        },
    ),
    "client_secret": record({"expires_after": _EXPIRES, "expires_at": _EXPIRES}),
}
"""The settings of a whole conversation."""

_RESPONSE: Final[Table] = {
    **_BEHAVIOUR,
    "input": _items,
    "conversation": _conversation,
    "metadata": Walk.free,
}


def _event(kind: str, **members: Field) -> tuple[str, Table]:
    return kind, {"type": one_of(kind), "event_id": name, **members}


_EVENTS: Final[Mapping[str, Table]] = dict((
    _event("session.update", session=record(SESSION)),
    _event("transcription_session.update", session=record(SESSION)),
    _event("conversation.item.create", item=_item, previous_item_id=name),
    _event("conversation.item.delete", item_id=name),
    _event("conversation.item.retrieve", item_id=name),
    _event("conversation.item.truncate", item_id=name, content_index=number, audio_end_ms=number),
    _event(AUDIO_FRAME, audio=Walk.audio),
    _event("input_audio_buffer.commit"),
    _event("input_audio_buffer.clear"),
    _event("output_audio_buffer.clear"),
    _event("response.create", response=record(_RESPONSE)),
    _event("response.cancel", response_id=name),
))  # fmt: skip

_SECRET: Final[Table] = {"session": record(SESSION), "expires_after": _EXPIRES}

EVENT_TYPES: Final = frozenset(_EVENTS)
"""Events that are read; all others are refused."""

KNOWN_FIELDS: Final = (
    frozenset().union(*_EVENTS.values())
    | frozenset(SESSION)
    | frozenset(_RESPONSE)
    | frozenset(_MESSAGE[Role.USER])
    | frozenset(_PARTS[Role.USER])
    | {"input", "output", "format", "rate", "noise_reduction", "strength", "transcription", "language", "languages"}
    | {"keywords", "delay", "eagerness", "idle_timeout_ms", "prefix_padding_ms", "silence_duration_ms", "threshold"}
    | {"create_response", "interrupt_response", "workflow_name", "group_id", "retention_ratio", "token_limits"}
    | {"post_instructions", "expires_after", "expires_at", "anchor", "seconds", "effort", "version", "variables", "url"}
)
"""Field names that this reader knows."""
