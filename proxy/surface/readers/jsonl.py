"""The lines of files whose lines are requests, examples or items: batch, fine-tuning and evaluation."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from proxy.content import Role
from proxy.errors import BadRequest, NotInspectable
from proxy.location import Location
from proxy.surface.media import Cut, is_address
from proxy.surface.readers import chat, completions, embeddings, image_edits, images, responses
from proxy.surface.readers.completions import prompt
from proxy.surface.readers.walk import Table, Walk, doubt, flag, is_word, number, picture, record, recording, text

LineReader: TypeAlias = Callable[[Walk, Mapping[str, Any]], str]
"""Reads one line, and returns the model that it names; empty where it names none."""

# ---- batch

_URL: Final = re.compile(r"(?:/openai)?(?:/v1)?/([a-z]+(?:/[a-z]+)?)")
"""How the service's documents, the SDKs and the service itself spell the operation of a line."""

CALLS: Final[Mapping[str, tuple[str, Callable[[Walk, Mapping[str, Any]], None]]]] = {
    "chat/completions": ("chat.completions", chat.read_chat),
    "responses": ("responses.create", responses.read_responses),
    "embeddings": ("embeddings", embeddings.read_embeddings),
    "completions": ("completions", completions.read_completions),
    "images/generations": ("images.generations", images.read_image_generation),
    "images/edits": ("images.edits", image_edits.read_image_edits),
}
"""The operations that a line may call, by the end of its url, with their readers."""

_MAX_ID: Final = 512


def batch_id(line: Mapping[str, Any]) -> str:
    """The `custom_id` of a line, by which its answer is found. Raises BadRequest where there is none."""
    value = line.get("custom_id")
    if not isinstance(value, str) or isinstance(value, Cut) or not 0 < len(value) <= _MAX_ID:
        raise BadRequest(f"a line needs a custom_id of 1 to {_MAX_ID} characters", Location(("custom_id",)))
    return value


def read_batch_line(walk: Walk, line: Mapping[str, Any]) -> str:
    """Read one line of a batch as the request that it is; places are those in its body."""
    if set(line) != {"custom_id", "method", "url", "body"}:
        raise BadRequest("a line has custom_id, method, url and body, and nothing else")
    url = line["url"]
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    found = CALLS.get(match[1]) if match else None
    if found is None:
        valid = ", ".join(f"/v1/{path}" for path in CALLS)
        raise NotInspectable(
            f"a line calls an operation that is not forwarded in batches; valid: {valid}", Location(("url",))
        )
    body = line["body"]
    if line["method"] != "POST" or not isinstance(body, dict):
        raise BadRequest("a line's method is POST, and its body an object", Location(("body",)))
    walk.text(Location(("custom_id",)), Role.FIELD, batch_id(line))
    found[1](walk, body)
    model = body.get("model")
    if not is_word(model):
        raise BadRequest("the model is missing, or is not the name of one", Location(("model",)))
    return str(model)


# ---- fine-tuning

_TURNS: Final[Table] = {
    "messages": chat.messages,
    "tools": chat.tools,
    "functions": chat.functions,
    "parallel_tool_calls": flag,
}

_EXAMPLE: Final[Table] = {
    **_TURNS,
    "weight": number,
    "prompt": prompt,
    "completion": text,
    "input": record(_TURNS),
    "preferred_output": chat.messages,
    "non_preferred_output": chat.messages,
}


def read_example(walk: Walk, line: Mapping[str, Any]) -> str:
    """Read one example of fine-tuning: a conversation, a prompt with its completion, or a preference of answers."""
    walk.fields(Location(), line, _EXAMPLE)
    return ""


# ---- evaluation

_MEDIA: Final[Table] = {
    "image_url": picture,
    "input_audio": recording,
    "file_data": Walk.document,
    "messages": chat.messages,
    "tools": chat.tools,
}
"""Members whose names say what they hold, wherever they stand in an item."""


def read_item(walk: Walk, line: Mapping[str, Any]) -> str:
    """Read one item of an evaluation. Its form is free, and templates may put any of its strings in the place of a picture."""
    _free(walk, Location(), line)
    return ""


def _free(walk: Walk, here: Location, value: Any) -> None:
    match value:
        case dict() if value:
            walk.free(here, " ".join(value))
            for key, member in value.items():
                _member(walk, here.at(key), key, member)
        case list() if value:
            for index, item in enumerate(value):
                _free(walk, here.at(index), item)
        case str() if isinstance(value, Cut) or value[:5].lower() == "data:":
            walk.image(here, value)
        case str() if is_address(value):
            walk.opaque(here, "an address; the service might fetch it")
        case _:
            walk.free(here, value)


def _member(walk: Walk, here: Location, key: str, value: Any) -> None:
    read = _MEDIA.get(key)
    why = doubt(key, ()) if read is None else ""
    if why:
        walk.opaque(here, why)
    elif read is not None and isinstance(value, (dict, list, str)) and value:
        read(walk, here, value)
    else:
        _free(walk, here, value)


LINE_READERS: Final[Mapping[str, LineReader]] = {
    "batch": read_batch_line,
    "fine-tune": read_example,
    "evals": read_item,
}
"""The readers of lines by the purpose of their file."""

KNOWN_FIELDS: Final = frozenset(_EXAMPLE) | {"line", "custom_id", "method", "url", "body", "item"}
"""Field names that these readers know."""
