"""Image edits and variations: pictures that are to be changed, as a form or as JSON."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.multipart import Form
from proxy.surface.readers import images
from proxy.surface.readers.completions import prompt
from proxy.surface.readers.form import FLAG, NUMBER, FormTable, picture_part, read_parts, word_of, words
from proxy.surface.readers.walk import EFFORT, Table, Walk, name, one_of, picture, refers

_FIDELITY: Final = ("high", "low")

_PICTURE: Final[Table] = {"image_url": picture, "file_id": refers("file")}


def _one(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, dict) and value:
        walk.fields(here, value, _PICTURE)
    else:
        walk.image(here, value)


def _some(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, list):
        walk.items(here, value, _one)
    else:
        _one(walk, here, value)


_BODY: Final[Table] = {
    **images.BODY,
    "images": _some,
    "image": _some,
    "mask": _one,
    "markup": _one,
    "input_fidelity": one_of(*_FIDELITY),
}


def read_image_edits(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the JSON body of an image edit."""
    walk.fields(Location(), body, _BODY)


_FORM: Final[FormTable] = {
    **{field: words(images.BODY[field]) for field in images.WORDS},
    **dict.fromkeys(images.NUMBERS, NUMBER),
    "prompt": words(prompt),
    "stream": FLAG,
    "input_fidelity": word_of(*_FIDELITY),
    "image": picture_part,
    "image[]": picture_part,
    "mask": picture_part,
    "markup": picture_part,
    "svg[model]": words(name),
    "svg[reasoning][effort]": words(EFFORT),
}


def read_image_form(walk: Walk, form: Form) -> None:
    """Read the form of an image edit, or of a variation."""
    read_parts(walk, form, _FORM)


KNOWN_FIELDS: Final = frozenset(_BODY) | frozenset(_PICTURE) | {"form", "filename", "svg", "reasoning"}
"""Field names that this reader knows."""
