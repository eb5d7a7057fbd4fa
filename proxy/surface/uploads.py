"""Files that come in slices: what was announced, and the slices joined as the file that they make, read as any file is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import structs

from proxy.errors import BadRequest
from proxy.exchange import Inspected, Surfaced
from proxy.location import Location
from proxy.surface.limits import Limits
from proxy.surface.lines import lines_of
from proxy.surface.multipart import FORM, Form, FormField, rewrite_form
from proxy.surface.readers.files import read_file_form
from proxy.surface.readers.walk import Walk
from proxy.surface.rewrite import rewrite_json

CREATE: Final = "uploads.create"
PART: Final = "uploads.parts"
COMPLETE: Final = "uploads.complete"
CANCEL: Final = "uploads.cancel"

_SLICE: Final = 32 * 1024 * 1024
"""Bytes of one slice as it is sent; the service takes 64 MB."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the call that began an upload said of its file. `size` is in bytes."""

    purpose: str
    filename: str
    media_type: str
    size: int


def announced(tree: Mapping[str, Any]) -> Announced:
    """The announcement in a body that was read. Raises BadRequest where it lacks something."""
    purpose, filename, media_type = (tree.get(name) for name in ("purpose", "filename", "mime_type"))
    size = tree.get("bytes")
    if not (isinstance(purpose, str) and isinstance(filename, str) and isinstance(media_type, str)):
        raise BadRequest("an upload needs a purpose, a filename and a mime_type")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise BadRequest("an upload needs the number of its bytes", Location(("bytes",)))
    return Announced(str(purpose), str(filename), str(media_type), size)


def part_ids(tree: Mapping[str, Any]) -> Sequence[str]:
    """The slices in their order. Raises BadRequest where there are none, or one stands twice."""
    value = tree.get("part_ids")
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise BadRequest("part_ids is a list of the parts' ids, in their order", Location(("part_ids",)))
    if len(set(value)) != len(value):
        raise BadRequest("a part stands twice in part_ids", Location(("part_ids",)))
    return value


def joined(surfaced: Surfaced, file: Announced, data: bytes, limits: Limits) -> Surfaced:
    """The call that ends an upload, with the file that its slices make; `kept` is the file as it may be sent.

    Raises BadRequest when it is not what was announced, and whatever reading a file raises.
    """
    _check(surfaced.tree, file, data)
    form = Form((
        FormField("purpose", FORM.at("purpose"), file.purpose.encode()),
        FormField("file", FORM.at("file"), data, file.filename, file.media_type),
    ))  # fmt: skip
    form, lines = lines_of(form, limits)
    walk = Walk(limits)
    read_file_form(walk, form)
    own = surfaced.content
    content = structs.replace(own, parts=own.parts + tuple(walk.parts), inert=own.inert + tuple(walk.inert))
    return structs.replace(surfaced, content=content, lines=lines, kept=_padded(form.fields[1].data, file.size))


def _check(tree: Mapping[str, Any], file: Announced, data: bytes) -> None:
    if len(data) != file.size:
        raise BadRequest(f"the parts make {len(data)} bytes, and {file.size} were announced", Location(("part_ids",)))
    md5 = tree.get("md5")
    if md5 is not None and str(md5).lower() != _md5(data):
        raise BadRequest("the parts do not make the file whose md5 is given", Location(("md5",)))


def _padded(data: bytes, size: int) -> bytes:
    """A file of lines written anew is shorter than it came, and the service counts: blanks in front of its last line's end."""
    if len(data) > size:
        raise BadRequest(
            "the file's lines are longer once they are written in one way; send it as a whole (files.create)"
        )
    return data if len(data) == size else data[:-1] + b" " * (size - len(data)) + b"\n"


def slices(data: bytes) -> Sequence[Inspected]:
    """The forms that take a whole file to the service."""
    pieces = [data[start : start + _SLICE] for start in range(0, len(data), _SLICE)]
    return [rewrite_form(Form((FormField("data", FORM.at("data"), piece, "part"),))) for piece in pieces]


def ending(tree: Mapping[str, Any], ids: Sequence[str], data: bytes) -> Inspected:
    """The body that ends an upload, with the service's own ids of the slices that were sent."""
    md5 = {"md5": _md5(data)} if "md5" in tree else {}
    return rewrite_json({"part_ids": list(ids), **md5})


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
