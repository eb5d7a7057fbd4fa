"""Requests as `surface` takes them, and what it makes of them in lines that a table can hold."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from msgspec import structs

from proxy.content import Content, Image, Inline, Opaque, Part, Reference, Remote, Schema, Text, kind_of
from proxy.exchange import Inbound, Surfaced
from proxy.location import Location, Step
from proxy.surface import FIELD_NAMES, load_catalogue, surface
from proxy.surface.limits import Limits
from proxy.surface.readers.walk import is_word

CATALOGUE: Final = load_catalogue()
LIMITS: Final = Limits()

TARGETS: Final[Mapping[str, str]] = {
    "assistant": "/openai/v1/assistants",
    "batch": "/openai/v1/batches",
    "chat": "/openai/v1/chat/completions",
    "completions": "/openai/v1/completions",
    "container_file": "/openai/v1/containers/cntr_1/files",
    "container": "/openai/v1/containers",
    "conversation": "/openai/v1/conversations",
    "embeddings": "/openai/v1/embeddings",
    "eval": "/openai/v1/evals",
    "fine_tuning_job": "/openai/v1/fine_tuning/jobs",
    "grader": "/openai/v1/fine_tuning/alpha/graders/run",
    "image_edits": "/openai/v1/images/edits",
    "image_generation": "/openai/v1/images/generations",
    "message": "/openai/v1/threads/thread_1/messages",
    "metadata": "/openai/v1/conversations/conv_1",
    "moderation": "/openai/v1/moderations",
    "responses": "/openai/v1/responses",
    "run": "/openai/v1/threads/runs",
    "speech": "/openai/v1/audio/speech",
    "thread": "/openai/v1/threads",
    "tool_outputs": "/openai/v1/threads/thread_1/runs/run_1/submit_tool_outputs",
    "upload": "/openai/v1/uploads",
    "upload_end": "/openai/v1/uploads/upload_1/complete",
    "vector_store": "/openai/v1/vector_stores",
    "video": "/openai/v1/videos",
    "vector_store_files": "/openai/v1/vector_stores/vs_1/files",
    "vector_store_search": "/openai/v1/vector_stores/vs_1/search",
}
"""A path for each reader."""

JSON: Final = ("content-type", "application/json")

PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel: 70 bytes."""

PIXEL_BASE64: Final = base64.b64encode(PIXEL).decode()

PIXEL_URI: Final = f"data:image/png;base64,{PIXEL_BASE64}"

PICTURE: Final = PIXEL + bytes(range(256)) * 300
"""The same with 76,800 bytes after it: long enough for its data URI to be cut out before the body is parsed."""

PICTURE_URI: Final = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"


def inbound(
    body: bytes | Mapping[str, Any],
    target: str = TARGETS["chat"],
    headers: tuple[tuple[str, str], ...] = (JSON,),
    method: str = "POST",
) -> Inbound:
    """A request with `body`, written as JSON where it is not bytes."""
    return Inbound(method, target, headers, body if isinstance(body, bytes) else orjson.dumps(body))


def surfaced(
    body: bytes | Mapping[str, Any], reader: str = "chat", limits: Limits = LIMITS, *, model: bool = True
) -> Surfaced:
    """What a reader makes of `body`, to which the name of a model is added where `model`; what its path names is left out."""
    whole = {**body, "model": "m"} if model and not isinstance(body, bytes) else body
    found = surface(inbound(whole, TARGETS[reader]), CATALOGUE, limits)
    parts = tuple(
        part
        for part in found.content.parts
        if not (isinstance(part, Reference) and part.location.steps[:1] == ("path",))
    )
    return structs.replace(found, content=structs.replace(found.content, parts=parts))


def sent(found: Surfaced) -> bytes:
    """The body that would be sent."""
    return b"".join(found.inspected.chunks)


def outline(content: Content) -> list[str]:
    """Each part as `kind pointer: what`, then each inert place but the model's as `inert pointer`."""
    lines = [f"{kind_of(part)} {part.location}{_what(part)}" for part in content.parts]
    return lines + [f"inert {place}" for place in content.inert if place.steps != ("model",)]


def _what(part: Part) -> str:
    match part:
        case Text():
            return f": {part.role}: {part.text}"
        case Schema():
            return f": {part.kind}"
        case Reference():
            return f": {part.kind}: {part.id}"
        case Opaque():
            return ""
        case _:
            source = part.source
            return f": {source.url}" if isinstance(source, Remote) else f": {source.declared} {len(source.data)}"


def reasons(content: Content) -> dict[str, str]:
    """Why each opaque part is opaque, by its place."""
    return {str(part.location): part.why for part in content.parts if isinstance(part, Opaque)}


def pictures(content: Content) -> dict[str, bytes]:
    """The bytes of each inline picture, by its place."""
    return {
        str(part.location): part.source.data
        for part in content.parts
        if isinstance(part, Image) and isinstance(part.source, Inline)
    }


def leaves(tree: Any, steps: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Each scalar and each empty object or list of a tree, with the steps to it."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*steps, key))
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, (*steps, index))
    else:
        yield steps, tree


def uncovered(tree: Mapping[str, Any], content: Content) -> list[str]:
    """What of a body is neither on a part nor inert, in words; empty when the invariant holds.

    A text covers the one value at its place, and must tell it as it is; every other part covers all below its place. What
    is inert is a number, a flag, nothing, or one plain word. The name of a member is one of the API's, or told.
    """
    inert = {place.steps for place in content.inert}
    whole = {part.location.steps for part in content.parts if not isinstance(part, Text)}
    told: dict[tuple[Step, ...], list[str]] = {}
    for part in content.parts:
        if isinstance(part, Text):
            told.setdefault(part.location.steps, []).append(part.text)
    lost: list[str] = []
    for steps, value in leaves(tree):
        if any(steps[:depth] in whole for depth in range(len(steps) + 1)):
            continue
        if steps not in inert and str(value) not in told.get(steps, ()):
            lost.append(f"the value of {Location(steps)} is nowhere")
        if steps in inert and isinstance(value, str) and not is_word(value):
            lost.append(f"the value of {Location(steps)} is inert, and may speak")
        lost.extend(_untold(steps, inert, told))
    return lost


def _untold(
    steps: tuple[Step, ...], inert: set[tuple[Step, ...]], told: Mapping[tuple[Step, ...], list[str]]
) -> Iterator[str]:
    for depth, key in enumerate(steps):
        if isinstance(key, int) or key in FIELD_NAMES or (key.isdigit() and steps in inert):
            continue
        beside, above = told.get(steps[: depth + 1], ()), told.get(steps[:depth], ())
        if key not in beside and not any(key in words for words in above):
            yield f"the name of {Location(steps[: depth + 1])} is nowhere"


def unseen(tree: Mapping[str, Any], content: Content, begins: str = PIXEL_URI[:100]) -> list[str]:
    """Places whose string or name holds a picture (one that `begins` so) while no picture or unread part stands there."""
    seen = {part.location.steps for part in content.parts if not isinstance(part, (Text, Schema))}
    held = {steps for steps, value in leaves(tree) if isinstance(value, str) and begins in value}
    for steps, _ in leaves(tree):
        named = [depth for depth, key in enumerate(steps, 1) if isinstance(key, str) and begins in key]
        held.update(steps[:depth] for depth in named)
    return [str(Location(steps)) for steps in held if not any(steps[:n] in seen for n in range(len(steps) + 1))]


def strangers(content: Content, tree: Any) -> list[str]:
    """Parts and inert places that stand nowhere in the tree."""
    return [str(place) for place in [*(p.location for p in content.parts), *content.inert] if not _stands(tree, place)]


def _stands(tree: Any, place: Location) -> bool:
    for step in place.steps:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
