"""Making of moving pictures from words and a picture, as a form or as JSON."""

import re
from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.multipart import Form
from proxy.surface.readers.completions import prompt
from proxy.surface.readers.form import FormTable, picture_part, read_parts, words
from proxy.surface.readers.images import BODY
from proxy.surface.readers.walk import Table, Walk, name, record, refers

_SECONDS: Final = re.compile(r"[0-9]{1,3}")


def _seconds(walk: Walk, here: Location, value: Any) -> None:
    if _SECONDS.fullmatch(str(value)):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


_REMIXED: Final = refers("video")

_BODY: Final[Table] = {
    "model": name,
    "prompt": prompt,
    "seconds": _seconds,
    "size": BODY["size"],
    "input_reference": record({"image_url": Walk.image, "file_id": refers("file")}),
    "remix_video_id": _REMIXED,
}


def read_video(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the JSON body of a call that makes a moving picture."""
    walk.fields(Location(), body, _BODY)


_FORM: Final[FormTable] = {
    **{field: words(_BODY[field]) for field in ("model", "prompt", "seconds", "size", "remix_video_id")},
    "input_reference": picture_part,
    "input_reference[image_url]": words(Walk.image),
    "input_reference[file_id]": words(refers("file")),
}


def read_video_form(walk: Walk, form: Form) -> None:
    """Read its form."""
    read_parts(walk, form, _FORM)


KNOWN_FIELDS: Final = frozenset(_BODY) | {"image_url", "file_id"}
"""Field names that this reader knows."""
