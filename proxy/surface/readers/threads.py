"""Threads, their messages, and runs of assistants over them."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role
from proxy.location import Location
from proxy.surface.readers.assistants import ANSWERING, RESOURCES, tools
from proxy.surface.readers.walk import (
    DETAIL,
    Field,
    Table,
    Walk,
    choice,
    flag,
    holds,
    number,
    one_of,
    picture,
    record,
    refer,
    refers,
    said,
    some,
    text,
    typed,
    unread,
    with_types,
)

_ROLES: Final[Mapping[str, Role]] = {"user": Role.USER, "assistant": Role.ASSISTANT}

_KEPT_PICTURE: Final[Table] = {"file_id": refers("file"), "detail": DETAIL}


def _words(role: Role) -> Field:
    """Words as they are sent, or as an object, as messages are had from the service."""
    spoken = said(role)
    whole = record({"value": spoken, "annotations": some(unread("a citation names files that were not seen here"))})
    return lambda walk, here, value: (whole if isinstance(value, dict) else spoken)(walk, here, value)


def _parts(role: Role) -> Mapping[str, Table]:
    return with_types(
        {
            "text": {"text": _words(role)},
            "refusal": {"refusal": said(role)},
            "image_url": {"image_url": picture},
            "image_file": {"image_file": holds(_KEPT_PICTURE)},
        }
    )


PART_TYPES: Final = frozenset(_parts(Role.USER))
"""Content parts that are read; all others are opaque."""


def _content(role: Role) -> Field:
    part = typed(_parts(role), "a content part")

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, str):
            walk.text(here, role, value)
        elif isinstance(value, list):
            walk.items(here, value, part)
        else:
            walk.opaque(here, "content is a string or a list of parts")

    return read


_ATTACHMENT: Final[Table] = {"file_id": refers("file"), "tools": tools}


def _message_table(role: Role) -> Table:
    return {
        "role": one_of(*_ROLES),
        "content": _content(role),
        "attachments": some(holds(_ATTACHMENT)),
        "file_ids": refer("file"),
        "metadata": Walk.free,
    }


_MESSAGE: Final[Mapping[Role, Table]] = {role: _message_table(role) for role in (*_ROLES.values(), Role.FIELD)}


def read_message(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that adds a message to a thread."""
    _members(walk, Location(), body)


def _message(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value:
        _members(walk, here, value)
    else:
        walk.opaque(here, "a message must be an object")


def _members(walk: Walk, here: Location, value: Mapping[str, Any]) -> None:
    role = value.get("role")
    walk.fields(here, value, _MESSAGE[_ROLES.get(role, Role.FIELD) if isinstance(role, str) else Role.FIELD])


def read_thread(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that begins or changes a thread."""
    walk.fields(Location(), body, _THREAD)


_THREAD: Final[Table] = {"messages": some(_message), "metadata": Walk.free, "tool_resources": RESOURCES}


def read_run(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that has an assistant answer a thread."""
    walk.fields(Location(), body, _RUN)


_TRUNCATION: Final[Table] = {"type": one_of("auto", "last_messages"), "last_messages": number}

_RUN: Final[Table] = {
    **ANSWERING,
    "assistant_id": refers("assistant"),
    "thread": holds(_THREAD),
    "additional_instructions": said(Role.SYSTEM),
    "additional_messages": some(_message),
    "max_prompt_tokens": number,
    "max_completion_tokens": number,
    "truncation_strategy": record(_TRUNCATION),
    "tool_choice": choice,
    "parallel_tool_calls": flag,
    "stream": flag,
}


def read_tool_outputs(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that gives a run the answers of its tools."""
    walk.fields(Location(), body, _OUTPUTS)


_OUTPUT: Final[Table] = {"tool_call_id": text, "output": said(Role.TOOL)}

_OUTPUTS: Final[Table] = {"tool_outputs": some(record(_OUTPUT)), "stream": flag}

KNOWN_FIELDS: Final = frozenset().union(
    _MESSAGE[Role.USER], _ATTACHMENT, _KEPT_PICTURE, _THREAD, _RUN, _TRUNCATION, _OUTPUT, _OUTPUTS,
    *_parts(Role.USER).values(),
    {"url", "value", "annotations"},
)  # fmt: skip
"""Field names that this reader knows."""
