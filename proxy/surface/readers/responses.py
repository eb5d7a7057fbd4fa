"""The Responses API's create call."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role, SchemaKind
from proxy.location import Location
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
    name,
    number,
    one_of,
    picture,
    record,
    recording,
    refers,
    some_of,
    text,
    unread,
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
    "configuration_update",
})  # fmt: skip
"""Input items that are read word for word; what they name or hide inside is still a reference or opaque."""

REFUSED_ITEMS: Final[Mapping[str, str]] = {
    "compaction": "an encrypted summary of turns that were not seen here",
    "compaction_trigger": "it makes the service summarise turns that were not seen here",
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


def _input(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.text(here, Role.USER, value)
    elif isinstance(value, list):
        walk.items(here, value, _item)
    else:
        walk.opaque(here, "input is a string or a list of items")


def _instructions(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.text(here, Role.SYSTEM, value)
    else:
        _input(walk, here, value)


def _item(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.text(here, Role.USER, value)
        return
    if not isinstance(value, dict) or not value:
        walk.opaque(here, "an input item must be an object")
        return
    kind = value.get("type", "message" if "role" in value else "item_reference")
    if kind == "item_reference":
        walk.reference(here, "item", value.get("id"))
    elif kind == "configuration_update":
        walk.fields(here, value, _CONFIGURATION)
    elif isinstance(kind, str) and kind in READ_ITEMS:
        role = value.get("role")
        speaker = _ROLES.get(role, Role.FIELD) if isinstance(role, str) else Role.TOOL
        _members(walk, here, value, speaker)
    else:
        walk.opaque(here, REFUSED_ITEMS.get(str(kind), "an input item of a type that is not known"))


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
    "file_ids": unread("files that were not seen here"),
    "file_url": Walk.document,
    "file_data": Walk.document,
    "input_audio": recording,
    "result": _result,
    "encrypted_content": unread("encrypted content of turns that were not seen here"),
    "container_id": refers("container"),
    "env": Walk.free,
    "attributes": Walk.free,
    "tools": lambda walk, here, value: _tools(walk, here, value),  # noqa: PLW0108 - defined below; tools hold tools
}

_TYPED_MEDIA: Final[Mapping[tuple[str, str], Field]] = {
    ("image_generation_call", "result"): Walk.bare_image,
    ("image", "url"): Walk.image,
}
"""Members that hold media in things of one type only."""

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
    elif kind == "namespace":
        walk.fields(here, value, _NAMESPACE)
    elif kind in _PLAIN_TOOLS:
        walk.fields(here, value, _PLAIN_TOOL)
    else:
        walk.opaque(here, UNREAD_TOOLS.get(kind, "a tool of a type that is not known"))


_SCREENS: Final = one_of("windows", "mac", "linux", "ubuntu", "browser")


def _environment(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        _SCREENS(walk, here, value)
    else:
        walk.opaque(here, "a tool's environment brings in files that were not seen here")


_SCHEMA_TOOLS: Final = frozenset({"function", "custom", "tool_search"})

_PLAIN_TOOLS: Final = frozenset({"local_shell", "shell", "computer", "computer_use_preview", "apply_patch"})

READ_TOOLS: Final = _SCHEMA_TOOLS | _PLAIN_TOOLS | {"namespace"}
"""Tools whose definitions are read."""

_PLAIN_TOOL: Final[Table] = {
    "type": one_of(*_PLAIN_TOOLS),
    "display_height": number,
    "display_width": number,
    "environment": _environment,
    "allowed_callers": some_of("direct", "programmatic"),
}

_NAMESPACE: Final[Table] = {"type": one_of("namespace"), "name": text, "description": text, "tools": _tools}

_WEB: Final = "a web search brings in pages and pictures that are not seen here"

UNREAD_TOOLS: Final[Mapping[str, str]] = {
    "mcp": "an MCP server answers the service directly, with content that is not seen here",
    "web_search": _WEB,
    "web_search_2025_08_26": _WEB,
    "web_search_preview": _WEB,
    "web_search_preview_2025_03_11": _WEB,
    "file_search": "it searches files that were not seen here",
    "code_interpreter": "its container may hold files that were not seen here",
    "image_generation": "it works on pictures of earlier turns, and its mask is not read yet",
    "programmatic_tool_calling": "programs that call tools are not read yet",
}
"""Tools that are known and refused, with the reasons."""


def _conversation(walk: Walk, here: Location, value: Any) -> None:
    walk.reference(here, "conversation", value.get("id") if isinstance(value, dict) else value)


def _prompt(walk: Walk, here: Location, value: Any) -> None:
    walk.reference(here, "prompt", value.get("id") if isinstance(value, dict) else value)
    variables = value.get("variables") if isinstance(value, dict) else None
    if isinstance(variables, dict):
        for key, member in variables.items():
            walk.text(here.at("variables", key), Role.USER, key)
            _deep(walk, here.at("variables", key), member, Role.USER)


_SUMMARY: Final[Field] = one_of("auto", "concise", "detailed")

_REASONING: Final = record({
    "effort": EFFORT,
    "summary": _SUMMARY,
    "generate_summary": _SUMMARY,
    "context": one_of("auto", "current_turn", "all_turns"),
    "mode": one_of("standard", "pro"),
})  # fmt: skip

_TEXT: Final = record({"format": answer_format, "verbosity": VERBOSITY})

_CONFIGURATION: Final[Table] = {
    "type": one_of("configuration_update"),
    "id": text,
    "reasoning": _REASONING,
    "text": _TEXT,
}

_BODY: Final[Table] = {
    **COMMON,
    "input": _input,
    "instructions": _instructions,
    "tools": _tools,
    "tool_choice": choice,
    "text": _TEXT,
    "previous_response_id": refers("response"),
    "conversation": _conversation,
    "prompt": _prompt,
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
}

KNOWN_FIELDS: Final = (
    frozenset(_BODY)
    | frozenset(_MEDIA)
    | frozenset(_PLAIN_TOOL)
    | frozenset(_NAMESPACE)
    | frozenset(_CONFIGURATION)
    | _MEMBERS
    | {"format", "verbosity", "variables", "effort", "generate_summary", "context", "context_compression", "cyber"}
    | {"completion_window", "continuation_id"}
)
"""Field names that this reader knows."""
