"""Assistants: instructions, tools and files that the service keeps for later runs."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role, SchemaKind
from proxy.location import Location
from proxy.surface.readers.vector_stores import NEW_STORE, SEARCHING
from proxy.surface.readers.walk import (
    EFFORT,
    Table,
    Walk,
    answer_format,
    holds,
    name,
    number,
    record,
    refer,
    said,
    some,
    text,
    typed,
    with_types,
)

TOOLS: Final[Mapping[str, Table]] = with_types(
    {"code_interpreter": {}, "file_search": {"file_search": record(SEARCHING)}}
)
"""Tools that are read, besides functions, by their types."""

_TOOL: Final = typed(TOOLS, "a tool")


def _tool(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value.get("type") == "function":
        walk.schema(here, SchemaKind.TOOL, value)
    else:
        _TOOL(walk, here, value)


tools: Final = some(_tool)
"""The tools of an assistant or a run."""

_RUNNING: Final[Table] = {"file_ids": refer("file")}

_SEARCHED: Final[Table] = {"vector_store_ids": refer("vector_store"), "vector_stores": some(NEW_STORE)}

_RESOURCES: Final[Table] = {"code_interpreter": holds(_RUNNING), "file_search": holds(_SEARCHED)}

RESOURCES: Final = holds(_RESOURCES)
"""The files and vector stores that tools work on."""


def read_assistant(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that makes or changes an assistant."""
    walk.fields(Location(), body, _BODY)


ANSWERING: Final[Table] = {
    "model": name,
    "instructions": said(Role.SYSTEM),
    "tools": tools,
    "tool_resources": RESOURCES,
    "metadata": Walk.free,
    "temperature": number,
    "top_p": number,
    "response_format": answer_format,
    "reasoning_effort": EFFORT,
}
"""How an assistant answers, which a run may say anew."""

_BODY: Final[Table] = {**ANSWERING, "name": text, "description": text, "file_ids": refer("file")}

KNOWN_FIELDS: Final = frozenset().union(_BODY, _RESOURCES, _RUNNING, _SEARCHED, SEARCHING, *TOOLS.values())
"""Field names that this reader knows."""
