"""The Responses API: what a model is to answer, and the items that conversations are made of."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role, SchemaKind
from proxy.location import Location
from proxy.surface.readers.containers import SETTING_UP
from proxy.surface.readers.images import BODY
from proxy.surface.readers.vector_stores import SEARCHING
from proxy.surface.readers.walk import (
    COMMON,
    EFFORT,
    VERBOSITY,
    Field,
    Table,
    Walk,
    answer_format,
    choice,
    flag,
    holds,
    name,
    number,
    one_of,
    picture,
    record,
    recording,
    refer,
    refers,
    some,
    some_of,
    text,
    typed,
    unread,
    with_types,
)

_ROLES: Final[Mapping[str, Role]] = {
    "system": Role.SYSTEM,
    "developer": Role.DEVELOPER,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}

READ_ITEMS: Final = frozenset({
    "message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output", "computer_call",
    "computer_call_output", "reasoning", "image_generation_call", "code_interpreter_call", "local_shell_call",
    "local_shell_call_output", "shell_call", "shell_call_output", "apply_patch_call", "apply_patch_call_output",
    "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "mcp_call", "tool_search_call",
    "tool_search_output", "additional_tools", "web_search_call", "file_search_call", "program", "program_output",
    "configuration_update", "compaction", "compaction_trigger",
})  # fmt: skip
"""Input items that are read word for word; what they name or hide inside is still a reference or opaque."""

REFUSED_ITEMS: Final[Mapping[str, str]] = {
    "agent_message": "an encrypted message of another agent",
    "multi_agent_call": "calls of further agents are not read",
    "multi_agent_call_output": "outputs of further agents are not read",
}

REFERENCE_ITEMS: Final = frozenset({"item_reference"})

_PARTS: Final = frozenset({
    "input_text", "output_text", "text", "refusal", "summary_text", "reasoning_text", "input_image", "input_file",
    "computer_screenshot", "input_audio", "logs", "image", "exit", "timeout", "exec", "url_citation", "file_citation",
    "container_file_citation", "file_path", "search", "open_page", "find_in_page", "find", "click", "double_click",
    "drag", "keypress", "move", "screenshot", "scroll", "type", "wait", "create_file", "update_file", "delete_file",
    "function", "custom", "direct", "program", "local", "container_reference", "url", "mcp_protocol_error",
    "mcp_tool_execution_error", "http_error",
})  # fmt: skip
"""Types of things inside items that are read word for word; any other type is opaque."""


def read_responses(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a responses call."""
    walk.fields(Location(), body, _BODY)
    if body.get("previous_response_id") is not None or body.get("conversation") is not None:
        for place in walk.containers:
            walk.opaque(place, _REUSED)


_REUSED: Final = (
    "the container may be one of earlier turns, into which files were put since; name it, as the earlier reply tells it"
)


def _input(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.text(here, Role.USER, value)
    elif isinstance(value, list):
        walk.items(here, value, item)
    else:
        walk.opaque(here, "input is a string or a list of items")


def _instructions(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.text(here, Role.SYSTEM, value)
    else:
        _input(walk, here, value)


def item(walk: Walk, here: Location, value: Any) -> None:
    """One item of a conversation; one of a type that is not known is opaque."""
    if isinstance(value, str):
        walk.text(here, Role.USER, value)
        return
    if not isinstance(value, dict) or not value:
        walk.opaque(here, "an input item must be an object")
        return
    kind = _kind(value)
    if kind in _TABLES:
        walk.fields(here, value, _TABLES[kind])
    elif kind in READ_ITEMS:
        role = value.get("role")
        speaker = _ROLES.get(role, Role.FIELD) if isinstance(role, str) else Role.TOOL
        _members(walk, here, value, speaker)
    else:
        walk.opaque(here, REFUSED_ITEMS.get(kind, "an input item of a type that is not known"))


def _kind(value: Mapping[str, Any]) -> str:
    """What an item is; one that is told by nothing but its id stands for what the service keeps under that id."""
    kind = value.get("type") or ("message" if "role" in value else "item_reference")
    if not isinstance(kind, str):
        return ""
    return "item_reference" if "id" in value and value.keys() <= _BARE and kind in READ_ITEMS else kind


_BARE: Final = frozenset({"type", "id", "status"})
"""Members that say nothing by themselves."""


def _deep(walk: Walk, here: Location, value: Any, role: Role) -> None:
    """Something inside an item: objects of known types are read word for word, with their media."""
    if isinstance(value, str):
        walk.text(here, role, value)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            _deep(walk, here.at(index), item, role)
    elif isinstance(value, dict) and value:
        kind = value.get("type")
        if kind is not None and not (isinstance(kind, str) and kind in _PARTS):
            walk.opaque(here, "a part of a type that is not known")
        else:
            _members(walk, here, value, role)
    else:
        walk.unknown(here, value, role)


def _members(walk: Walk, here: Location, value: Mapping[str, Any], role: Role) -> None:
    kind = value.get("type")
    for key, member in value.items():
        place = here.at(key)
        media = (_TYPED_MEDIA.get((kind, key)) if isinstance(kind, str) else None) or _MEDIA.get(key)
        if media is None and key not in _MEMBERS:
            walk.stranger(place, key, member, _NAMES, role)
        elif member is None or (key in _WORDED and isinstance(member, str) and member in _WORDS):
            walk.inert.append(place)
        elif media is not None:
            media(walk, place, member)
        elif isinstance(member, (bool, int, float)):
            walk.inert.append(place)
        else:
            _deep(walk, place, member, role)


def _result(walk: Walk, here: Location, value: Any) -> None:
    walk.unknown(here, value, Role.TOOL)


_MEDIA: Final[Table] = {  # and what else is read in a way of its own, wherever it stands in an item
    "image_url": picture,
    "file_id": refers("file"),
    "file_ids": refer("file"),
    "file_url": Walk.document,
    "file_data": Walk.document,
    "input_audio": recording,
    "result": _result,
    "encrypted_content": refers("sealed"),
    "container_id": refers("container"),
    "env": Walk.free,
    "attributes": Walk.free,
    "tools": lambda walk, here, value: _tools(walk, here, value),  # noqa: PLW0108 - defined below; tools hold tools
}

_TYPED_MEDIA: Final[Mapping[tuple[str, str], Field]] = {
    ("image_generation_call", "result"): Walk.bare_image,
    ("image_generation_call", "id"): refers("item"),
    ("reasoning", "id"): refers("item"),
    ("compaction", "id"): refers("item"),
    ("image", "url"): Walk.image,
}
"""Members that hold media, or stand for what the service keeps, in things of one type only."""

_WORDED: Final = frozenset({"type", "role", "status", "detail"})

_WORDS: Final = (
    READ_ITEMS
    | _PARTS
    | frozenset(_ROLES)
    | {"auto", "low", "high", "original", "completed", "in_progress", "incomplete", "searching", "generating", "failed"}
)

_MEMBERS: Final = frozenset({
    "id", "content", "text", "name", "arguments", "output", "call_id", "summary", "action", "actions", "queries",
    "results", "annotations", "logprobs", "filename", "input", "code", "outputs", "error", "server_label", "url",
    "query", "type", "role", "status", "detail", "refusal", "phase", "prompt_cache_breakpoint", "mode", "ttl",
    "acknowledged_safety_checks", "approval_request_id", "approve", "async", "background", "button", "bytes",
    "caller", "caller_id", "categories", "command", "commands", "diff", "end_index", "environment", "execution",
    "exit_code", "fingerprint", "index", "input_tokens", "keys", "logprob", "logs", "max_output_length", "message",
    "model", "moderation_details", "moderation_stage", "namespace", "operation", "outcome", "output_format",
    "output_tokens", "param", "path", "pattern", "pending_safety_checks", "quality", "reason", "reasoning_tokens",
    "revised_prompt", "score", "scroll_x", "scroll_y", "size", "sources", "start_index", "stderr", "stdout",
    "svg_usage", "timeout_ms", "title", "token", "top_logprobs", "total_tokens", "user", "working_directory", "x",
    "y", "created_by",
})  # fmt: skip
"""Members of items, and of things in them, whose words are read word for word."""

_NAMES: Final = tuple(sorted(_MEMBERS | frozenset(_MEDIA)))


def _tools(walk: Walk, here: Location, value: Any) -> None:
    walk.items(here, value, _tool)


def _tool(walk: Walk, here: Location, value: Any) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        walk.opaque(here, "a tool must be an object with a type")
    elif kind in _SCHEMA_TOOLS:
        walk.schema(here, SchemaKind.TOOL, value)
    else:
        if kind in _RUNNING and not _named(value.get(_RUNNING[kind])):
            walk.containers.append(here.at(_RUNNING[kind]) if _RUNNING[kind] in value else here)
        _TOOL(walk, here, value)


_RUNNING: Final = {"code_interpreter": "container", "shell": "environment"}
"""Tools that run programs, and where they say in what container."""


def _named(container: Any) -> bool:
    """Whether a tool names its container, or runs on the caller's own machine; else the service takes one as it likes."""
    return isinstance(container, str) or (
        isinstance(container, dict) and container.get("type") in ("container_reference", "local")
    )


_SCHEMA_TOOLS: Final = frozenset({"function", "custom", "tool_search"})

_LOCAL_SKILL: Final[Table] = {"name": text, "description": text, "path": text}

_ENVIRONMENTS: Final[Mapping[str, Table]] = with_types({
    "container_auto": SETTING_UP,
    "container_reference": {"container_id": refers("container")},
    "local": {"skills": some(record(_LOCAL_SKILL))},
})  # fmt: skip

_CONTAINERS: Final[Mapping[str, Table]] = with_types({"auto": SETTING_UP})

_NEW_CONTAINER: Final = typed(_CONTAINERS, "a container")


def _container(walk: Walk, here: Location, value: Any) -> None:
    """The container that a program runs in: one that the service keeps, or a new one."""
    (refers("container") if isinstance(value, str) else _NEW_CONTAINER)(walk, here, value)


_MASK: Final[Table] = {"image_url": Walk.image, "file_id": refers("file")}

_PAINTING: Final[Table] = {
    **{key: BODY[key] for key in (
        "background", "complexity", "frame_count", "frame_duration_ms", "model", "moderation", "output_compression",
        "output_format", "partial_images", "quality", "size", "svg",
    )},
    "action": one_of("generate", "edit", "auto"),
    "input_fidelity": one_of("high", "low"),
    "input_image_mask": holds(_MASK),
}  # fmt: skip

_SCREEN: Final[Table] = {
    "display_height": number,
    "display_width": number,
    "environment": one_of("windows", "mac", "linux", "ubuntu", "browser"),
}

_CALLERS: Final = some_of("direct", "programmatic")

_TOOL_TABLES: Final[Mapping[str, Table]] = with_types({
    "local_shell": {},
    "shell": {"environment": typed(_ENVIRONMENTS, "an environment"), "allowed_callers": _CALLERS},
    "computer": _SCREEN,
    "computer_use_preview": _SCREEN,
    "apply_patch": {"allowed_callers": _CALLERS},
    "namespace": {"name": text, "description": text, "tools": _tools},
    "file_search": {**SEARCHING, "vector_store_ids": refer("vector_store")},
    "code_interpreter": {"container": _container, "allowed_callers": _CALLERS},
    "image_generation": _PAINTING,
})  # fmt: skip

READ_TOOLS: Final = _SCHEMA_TOOLS | frozenset(_TOOL_TABLES)
"""Tools whose definitions are read."""

_WEB: Final = "a web search brings in pages and pictures that are not seen here"

UNREAD_TOOLS: Final[Mapping[str, str]] = {
    "mcp": "an MCP server answers the service directly, with content that is not seen here",
    "web_search": _WEB,
    "web_search_2025_08_26": _WEB,
    "web_search_preview": _WEB,
    "web_search_preview_2025_03_11": _WEB,
    "programmatic_tool_calling": "programs that call tools are not read",
}
"""Tools that are known and refused, with the reasons."""

_TOOL: Final = typed(_TOOL_TABLES, "a tool", UNREAD_TOOLS)


_KEPT_CONVERSATION: Final = record({"id": refers("conversation")})


def _conversation(walk: Walk, here: Location, value: Any) -> None:
    (_KEPT_CONVERSATION if isinstance(value, dict) else refers("conversation"))(walk, here, value)


def _variables(walk: Walk, here: Location, value: Any) -> None:
    """What a stored prompt is filled with: words, pictures and files."""
    if not isinstance(value, dict) or not value:
        walk.unknown(here, value)
        return
    for key, member in value.items():
        walk.text(here.at(key), Role.USER, key)
        _deep(walk, here.at(key), member, Role.USER)


_PROMPT: Final[Table] = {"id": refers("prompt"), "version": text, "variables": _variables}


_SUMMARY: Final[Field] = one_of("auto", "concise", "detailed")

_REASONING: Final = record({
    "effort": EFFORT,
    "summary": _SUMMARY,
    "generate_summary": _SUMMARY,
    "context": one_of("auto", "current_turn", "all_turns"),
    "mode": one_of("standard", "pro"),
})  # fmt: skip

_TEXT: Final = record({"format": answer_format, "verbosity": VERBOSITY})

_STATUS: Final = one_of("in_progress", "completed", "incomplete", "searching", "generating", "failed")

_CONFIGURATION: Final[Table] = {
    "type": one_of("configuration_update"),
    "id": text,
    "reasoning": _REASONING,
    "text": _TEXT,
}

_TABLES: Final[Mapping[str, Table]] = {
    "item_reference": {"type": one_of("item_reference", *READ_ITEMS), "id": refers("item"), "status": _STATUS},
    "configuration_update": _CONFIGURATION,
}
"""Items that are read by a table of their own."""

_BODY: Final[Table] = {
    **COMMON,
    "input": _input,
    "instructions": _instructions,
    "tools": _tools,
    "tool_choice": choice,
    "text": _TEXT,
    "previous_response_id": refers("response"),
    "conversation": _conversation,
    "prompt": holds(_PROMPT),
    "background": flag,
    "include": some_of(
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    ),
    "reasoning": _REASONING,
    "image": record({"context_compression": one_of("auto", "enabled", "disabled")}),
    "access_programs": record({"cyber": one_of("standard", "daybreak_blue", "daybreak_red")}),
    "background_options": record(
        {"completion_window": one_of("soonest", "2h", "8h"), "continuation_id": refers("response")}
    ),
    "max_output_tokens": number,
    "max_tool_calls": number,
    "parallel_tool_calls": flag,
    "top_logprobs": number,
    "truncation": one_of("auto", "disabled"),
    "context_management": Walk.free,
    "multi_agent": unread("work of further agents is not read"),
    "stream_id": name,
    "personality": one_of("friendly", "pragmatic"),
}

KNOWN_FIELDS: Final = (
    frozenset(_BODY)
    | frozenset(_MEDIA)
    | frozenset().union(*_TOOL_TABLES.values(), *_ENVIRONMENTS.values(), _LOCAL_SKILL, _MASK)
    | frozenset(_CONFIGURATION)
    | frozenset(_PROMPT)
    | _MEMBERS
    | {"format", "verbosity", "effort", "generate_summary", "context", "context_compression", "cyber"}
    | {"completion_window", "continuation_id"}
)
"""Field names that this reader knows."""
