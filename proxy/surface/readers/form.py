"""Forms, part by part: as the walk of a tree, every part ends on a part of the content or on the list of inert places."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from proxy.content import Audio, Document, Inline, Role
from proxy.location import Location
from proxy.surface.multipart import Form, FormField
from proxy.surface.readers.walk import Field, Walk, doubt, one_of, text

FormReader: TypeAlias = Callable[[Walk, FormField], None]
FormTable: TypeAlias = Mapping[str, FormReader]

_TEXTS: Final = frozenset({"", "text/plain"})
"""Media types of parts that hold words; none is the same as plain text."""

_STEP: Final = re.compile(r"[^\[\]]+")

_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")


def read_parts(walk: Walk, form: Form, table: FormTable) -> None:
    """Read each part of a form by `table`; one that is not in it is unknown."""
    for field in form.fields:
        read = table.get(field.name)
        if read is None:
            _stranger(walk, field, table)
        else:
            read(walk, field)


def _stranger(walk: Walk, field: FormField, table: FormTable) -> None:
    """A part that the table does not have: name and words are examined; a file is opaque, and so is a name in doubt."""
    known = tuple(sorted({name.partition("[")[0] for name in table}))
    doubts = [doubt(piece, known) for piece in _STEP.findall(field.name)]
    if any(doubts):
        walk.opaque(field.place, next(filter(None, doubts)))
    elif _is_file(field):
        walk.opaque(field.place, "a file in a part that is not known")
    else:
        walk.text(field.place, Role.FIELD, field.name)
        walk.unknown(field.place, field.words())


def _is_file(field: FormField) -> bool:
    return field.filename is not None or field.content_type not in _TEXTS


# ---- parts of a fixed kind


def words(read: Field = text) -> FormReader:
    """A part of words, read as a member of a tree would be."""

    def read_words(walk: Walk, field: FormField) -> None:
        if _is_file(field):
            walk.opaque(field.place, "a file, or data with a type of their own, where words are expected")
        else:
            read(walk, field.place, field.words())

    return read_words


def _number(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


NUMBER: Final = words(_number)
"""A number, in digits."""

FLAG: Final = words(one_of("true", "false"))
"""True or false, as words."""


def word_of(*valid: str) -> FormReader:
    """A word of a closed list; another one is text."""
    return words(one_of(*valid))


def unread_part(why: str) -> FormReader:
    """A part that is known, and that nobody here can examine."""
    return lambda walk, field: walk.opaque(field.place, why)


def picture_part(walk: Walk, field: FormField) -> None:
    """A picture as a file."""
    name_of_file(walk, field)
    walk.sent_image(field.place, _inline(field))


def recording_part(walk: Walk, field: FormField) -> None:
    """A recording as a file."""
    name_of_file(walk, field)
    walk.parts.append(Audio(field.place, _inline(field)))


def file_part(walk: Walk, field: FormField) -> None:
    """A file of any kind."""
    name_of_file(walk, field)
    walk.parts.append(Document(field.place, _inline(field), field.filename or ""))


def _inline(field: FormField) -> Inline:
    return Inline(field.content_type, field.data)


def name_of_file(walk: Walk, field: FormField) -> None:
    """The words of a file's name; where percent escapes stand in it, also what a server would make of them."""
    if field.filename is None:
        return
    here = field.place.at("filename")
    walk.text(here, Role.FIELD, field.filename)
    undone = unquote(field.filename, errors="replace")
    if undone != field.filename:
        walk.text(here, Role.FIELD, undone)
