"""Files that are handed to the service to keep: as forms, or (for containers) as references; and the words of an upload."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.errors import BadRequest
from proxy.location import Location
from proxy.surface.multipart import FORM, Form, FormField
from proxy.surface.readers.form import NUMBER, FormTable, file_part, name_of_file, read_parts, word_of, words
from proxy.surface.readers.jsonl import LINE_READERS
from proxy.surface.readers.walk import Table, Walk, name, number, one_of, record, refers, text

PURPOSES: Final = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
"""What files may be for. Another word is refused: it could mean a purpose whose lines are requests."""


def _purpose(walk: Walk, here: Location, value: Any) -> None:
    if value in PURPOSES:
        walk.inert.append(here)
    else:
        walk.opaque(here, f"a purpose that is not known; valid: {', '.join(PURPOSES)}")


_FORM: Final[FormTable] = {
    "file": file_part,
    "purpose": words(_purpose),
    "expires_after[anchor]": word_of("created_at"),
    "expires_after[seconds]": NUMBER,
}


_LINES: Final[FormTable] = {**_FORM, "file": name_of_file}


def read_file_form(walk: Walk, form: Form) -> None:
    """Read the form of a file; one whose lines are examined on their own is told by its name alone."""
    read_parts(walk, form, _FORM if line_file(form) is None else _LINES)


def line_file(form: Form) -> FormField | None:
    """The file of a form whose purpose makes each of its lines a request, an example or an item; None for all others."""
    if form.value("purpose") not in LINE_READERS:
        return None
    return next((field for field in form.fields if field.name == "file"), None)


_CONTAINED: Final[FormTable] = {"file": file_part, "file_id": words(refers("file"))}


def read_container_file_form(walk: Walk, form: Form) -> None:
    """Read the form of a file for a container."""
    read_parts(walk, form, _CONTAINED)


def read_container_file(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the JSON body that puts a file into a container: a reference to one."""
    walk.fields(Location(), body, {"file_id": refers("file"), "file": Walk.document})


_UPLOAD: Final[Table] = {
    "filename": text,
    "purpose": _purpose,
    "bytes": number,
    "mime_type": text,
    "expires_after": record({"anchor": one_of("created_at"), "seconds": number}),
}


def read_upload(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the JSON body that announces a file in parts."""
    walk.fields(Location(), body, _UPLOAD)


def _slice(walk: Walk, field: FormField) -> None:
    """A slice of a file means nothing by itself: it is held back, and examined with the others as the file that they make."""
    name_of_file(walk, field)
    walk.inert.append(field.place)


def read_upload_part(walk: Walk, form: Form) -> None:
    """Read the form of a slice of a file."""
    read_parts(walk, form, {"data": _slice})


def slice_of(form: Form) -> bytes:
    """The bytes of a slice. Raises BadRequest where there are none."""
    data = next((field.data for field in form.fields if field.name == "data"), b"")
    if not data:
        raise BadRequest("a part of an upload needs data", FORM.at("data"))
    return data


def read_upload_end(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the JSON body that says in which order the slices make a file."""
    walk.fields(Location(), body, _END)


def _ids(walk: Walk, here: Location, value: Any) -> None:
    walk.items(here, value, name)


_END: Final[Table] = {"part_ids": _ids, "md5": name}

KNOWN_FIELDS: Final = frozenset(_UPLOAD) | frozenset(_END) | {"file", "file_id", "anchor", "seconds", "data"}
"""Field names that this reader knows."""
