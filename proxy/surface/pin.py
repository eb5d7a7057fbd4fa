"""Pictures that were fetched take the place of their addresses, so that what was examined is what is sent."""

from collections.abc import Mapping
from typing import Any

import pybase64
from msgspec import structs

from proxy.content import Image, Inline, Part, Remote
from proxy.errors import NotInspectable
from proxy.exchange import Surfaced
from proxy.location import Location
from proxy.surface.media import MARK, Cut
from proxy.surface.rewrite import rewrite_json


def pinned(surfaced: Surfaced, found: Mapping[Location, Inline | Remote]) -> Surfaced:
    """`surfaced` with the sources `found` for its pictures behind addresses; parts and body tell the same.

    Bytes stand in the body as a data URI of their declared type. An address that could not be fetched stays, with its reason.
    Raises NotInspectable for a place where the body holds no address of a picture: nothing else is ever replaced.
    """
    addresses = {
        part.location: part.source.url
        for part in surfaced.content.parts
        if isinstance(part, Image) and isinstance(part.source, Remote)
    }
    tree: Any = surfaced.tree
    for number, (place, source) in enumerate(found.items()):
        if place not in addresses:
            raise NotInspectable("no address of a picture stands here", place)
        if isinstance(source, Inline):
            tree = _put(tree, place, addresses[place], _uri(number, source))
    parts = tuple(_with_source(part, found) for part in surfaced.content.parts)
    content = structs.replace(surfaced.content, parts=parts)
    return structs.replace(surfaced, content=content, inspected=rewrite_json(tree), tree=tree)


def _with_source(part: Part, found: Mapping[Location, Inline | Remote]) -> Part:
    if isinstance(part, Image) and isinstance(part.source, Remote) and part.location in found:
        return Image(part.location, found[part.location])
    return part


def _uri(number: int, inline: Inline) -> Cut:
    """The data URI of some bytes, in the form in which long ones are cut out of a body: written without being copied."""
    cut = Cut(f"{MARK}pinned{number}")
    cut.declared = inline.declared
    cut.data = inline.data
    cut.raw = memoryview(pybase64.b64encode(inline.data))
    return cut


def _put(tree: Any, place: Location, address: str, uri: Cut, depth: int = 0) -> Any:
    """A copy of `tree` with `uri` in place of `address`; what does not lead there is shared."""
    if depth == len(place.steps):
        if tree == address:
            return uri
        raise NotInspectable("no address of a picture stands here", place)
    step = place.steps[depth]
    match tree:
        case dict() if step in tree:
            return {**tree, step: _put(tree[step], place, address, uri, depth + 1)}
        case list() if isinstance(step, int) and step < len(tree):
            return [*tree[:step], _put(tree[step], place, address, uri, depth + 1), *tree[step + 1 :]]
        case _:
            raise NotInspectable("no address of a picture stands here", place)
