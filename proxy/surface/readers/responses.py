"""The Responses API's create call."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Document, Remote, Role, SchemaKind
from proxy.location import Location
from proxy.surface.readers.walk import (
    COMMON,
    Field,
    Table,
    Walk,
    flag,
    free,
    name,
    number,
    one_of,
    record,
    refers,
    some_of,
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
    "function", "custom", "direct", "program", "local", "container_reference",
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
    for key, member in value.items():
        place = here.at(key)
        media = _MEDIA.get(key)
        if member is None or (
            key in ("type", "role", "status", "detail") and isinstance(member, str) and member in _WORDS
        ):
            walk.inert.append(place)
        elif media is not None:
            media(walk, place, member)
        else:
            if key not in _MEMBERS:
                walk.key(place, key)
            _deep(walk, place, member, role)


def _image_url(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value:
        walk.fields(here, value, {"url": Walk.image, "detail": one_of("auto", "low", "high", "original")})
    else:
        walk.image(here, value)


def _file_url(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.parts.append(Document(here, Remote(value)))
    else:
        walk.opaque(here, "a string is expected where the address should be")


def _result(walk: Walk, here: Location, value: Any) -> None:
    """The result of an image generation (a picture as bare base64) or of a program (words)."""
    if isinstance(value, str) and len(value) > 128 and " " not in value:  # noqa: PLR2004 - the smallest picture is longer
        walk.bare_image(here, value)
    else:
        walk.unknown(here, value, Role.TOOL)


_MEDIA: Final[Table] = {
    "image_url": _image_url,
    "file_id": refers("file"),
    "file_ids": unread("files that were not seen here"),
    "file_url": _file_url,
    "file_data": Walk.document,
    "input_audio": record({"data": Walk.audio, "format": one_of("wav", "mp3")}),
    "result": _result,
    "encrypted_content": unread("encrypted content of turns that were not seen here"),
    "container_id": refers("container"),
    "tools": lambda walk, here, value: _tools(walk, here, value),  # noqa: PLW0108 - defined below; tools hold tools
}

_WORDS: Final = (
    READ_ITEMS
    | _PARTS
    | frozenset(_ROLES)
    | {"auto", "low", "high", "original", "completed", "in_progress", "incomplete"}
)

_MEMBERS: Final = frozenset({
    "id", "content", "text", "name", "arguments", "output", "call_id", "summary", "action", "actions", "queries",
    "results", "annotations", "logprobs", "filename", "input", "code", "outputs", "error", "server_label", "url", "query",
    "type", "role", "status", "detail", "refusal", "phase",
})  # fmt: skip


def _tools(walk: Walk, here: Location, value: Any) -> None:
    walk.items(here, value, _tool)


def _tool(walk: Walk, here: Location, value: Any) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    why = _UNREAD_TOOLS.get(kind) if isinstance(kind, str) else "a tool must be an object with a type"
    if kind in ("function", "custom"):
        walk.schema(here, SchemaKind.TOOL, value)
    elif kind == "namespace" and isinstance(value, dict):
        walk.fields(here, value, {"type": one_of("namespace"), "name": _said, "description": _said, "tools": _tools})
    elif kind in _PLAIN_TOOLS and isinstance(value, dict):
        _members(walk, here, value, Role.FIELD) if "environment" not in value else walk.opaque(
            here, "a tool's environment brings in files that were not seen here"
        )
    else:
        walk.opaque(here, why or "a tool of a type that is not known")


def _said(walk: Walk, here: Location, value: Any) -> None:
    walk.unknown(here, value)


_PLAIN_TOOLS: Final = frozenset(
    {"local_shell", "shell", "computer", "computer_use_preview", "apply_patch", "tool_search"}
)

_UNREAD_TOOLS: Final[Mapping[str, str]] = {
    "mcp": "an MCP server answers the service directly, with content that is not seen here",
    "web_search": "a web search brings in pages and pictures that are not seen here",
    "web_search_preview": "a web search brings in pages and pictures that are not seen here",
    "file_search": "it searches files that were not seen here",
    "code_interpreter": "its container may hold files that were not seen here",
    "image_generation": "it works on pictures of earlier turns, and its mask is not read yet",
    "programmatic_tool_calling": "programs that call tools are not read yet",
}


def _conversation(walk: Walk, here: Location, value: Any) -> None:
    walk.reference(here, "conversation", value.get("id") if isinstance(value, dict) else value)


def _prompt(walk: Walk, here: Location, value: Any) -> None:
    walk.reference(here, "prompt", value.get("id") if isinstance(value, dict) else value)
    if isinstance(value, dict) and value.get("variables"):
        _deep(walk, here.at("variables"), value["variables"], Role.USER)


def _format(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value.get("type") in ("text", "json_object") and len(value) == 1:
        walk.inert.append(here.at("type"))
    else:
        walk.schema(here, SchemaKind.RESPONSE_FORMAT, value)


def _choice(walk: Walk, here: Location, value: Any) -> None:
    if value in ("none", "auto", "required"):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


_EFFORT: Final = one_of("none", "minimal", "low", "medium", "high", "xhigh")
_SUMMARY: Final[Field] = one_of("auto", "concise", "detailed")

_BODY: Final[Table] = {
    **COMMON,
    "input": _input,
    "instructions": _instructions,
    "tools": _tools,
    "tool_choice": _choice,
    "text": record({"format": _format, "verbosity": one_of("low", "medium", "high")}),
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
    "reasoning": record({"effort": _EFFORT, "summary": _SUMMARY, "generate_summary": _SUMMARY}),
    "max_output_tokens": number,
    "max_tool_calls": number,
    "parallel_tool_calls": flag,
    "top_logprobs": number,
    "truncation": one_of("auto", "disabled"),
    "context_management": free,
    "moderation": free,
    "multi_agent": unread("work of further agents is not read"),
    "stream_id": name,
}

KNOWN_FIELDS: Final = (
    frozenset(_BODY) | frozenset(_MEDIA) | _MEMBERS | {"format", "verbosity", "variables", "description"}
)
"""Field names that this reader knows."""
