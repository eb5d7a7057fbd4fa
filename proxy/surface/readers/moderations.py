"""Moderation: words and pictures to be classified."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role
from proxy.location import Location
from proxy.surface.readers.walk import Table, Walk, name, picture, said, typed, with_types

PARTS: Final[Mapping[str, Table]] = with_types({"text": {"text": said(Role.USER)}, "image_url": {"image_url": picture}})
"""Content parts by their types."""

_PART: Final = typed(PARTS, "an input")


def read_moderation(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a moderation call."""
    walk.fields(Location(), body, _BODY)


def _input(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.text(here, Role.USER, value)
    elif isinstance(value, list):
        walk.items(here, value, _one)
    else:
        walk.opaque(here, "input is a string, or a list of strings or parts")


def _one(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str):
        walk.text(here, Role.USER, value)
    else:
        _PART(walk, here, value)


_BODY: Final[Table] = {"model": name, "input": _input}

KNOWN_FIELDS: Final = frozenset(_BODY).union(*PARTS.values()) | {"url", "detail"}
"""Field names that this reader knows."""
