"""The parts of a request as values."""

import pickle
from typing import get_args

import pytest

from proxy.content import (
    Audio,
    Content,
    Document,
    Image,
    Inline,
    Opaque,
    Part,
    Reference,
    Remote,
    Role,
    Schema,
    SchemaKind,
    Text,
    Video,
    kind_of,
    size_of,
)
from proxy.location import WHOLE
from proxy.surface.catalogue import PartKind

PARTS: dict[str, Part] = {
    "text": Text(WHOLE, Role.USER, "a"),
    "image": Image(WHOLE, Inline("image/png", b"a")),
    "audio": Audio(WHOLE, Inline("", b"a")),
    "video": Video(WHOLE, Remote("https://example.com")),
    "document": Document(WHOLE, Remote("https://example.com"), "a.pdf"),
    "schema": Schema(WHOLE, SchemaKind.TOOL, {"name": "f"}),
    "reference": Reference(WHOLE, "file", "file-1"),
    "opaque": Opaque(WHOLE, "nobody reads it"),
}


def test_kinds() -> None:
    """Each kind of part has a name, and the catalogue knows the same names."""
    assert {kind_of(part) for part in PARTS.values()} == set(PARTS) == set(get_args(PartKind))
    assert {type(part) for part in PARTS.values()} == set(get_args(Part))


@pytest.mark.parametrize("kind", PARTS)
def test_values(kind: str) -> None:
    """A part has the kind of its name, cannot be changed, and passes between processes."""
    part = PARTS[kind]
    assert (kind_of(part), pickle.loads(pickle.dumps(part))) == (kind, part)  # noqa: S301 - our own value
    with pytest.raises(AttributeError, match="immutable"):
        part.location = WHOLE  # type: ignore[misc] # it is frozen


def test_content() -> None:
    """Contents are equal by what they hold; no events are wanted unless asked for."""
    parts = tuple(PARTS.values())
    assert Content(parts, (), "m") == Content(tuple(PARTS.values()), (), "m", stream=False)
    assert Content(parts, (), "m") != Content(parts, (WHOLE,), "m")


def test_sizes() -> None:
    """Characters of words, bytes of what is inline and shown or heard; nothing of what only points somewhere."""
    here = WHOLE
    assert {
        "words": size_of(Text(here, Role.USER, "Grüße")),
        "a picture": size_of(Image(here, Inline("", b"abc"))),
        "a recording": size_of(Audio(here, Inline("", b"abcd"))),
        "a film": size_of(Video(here, Inline("", b"abcde"))),
        "an address": size_of(Image(here, Remote("https://a"))),
        "opaque": size_of(Opaque(here, "why")),
    } == {"words": 5, "a picture": 3, "a recording": 4, "a film": 5, "an address": 0, "opaque": 0}
