"""A file that the service keeps already, read as if it were uploaded now."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from proxy.content import Content
from proxy.exchange import Inspected, Line, Surfaced
from proxy.location import Location
from proxy.operation import Called
from proxy.surface.limits import Limits
from proxy.surface.lines import read_lines
from proxy.surface.multipart import Form, FormField
from proxy.surface.readers.files import line_file, read_file_form
from proxy.surface.readers.walk import Walk

OUTPUTS: Final = frozenset({"assistants_output", "batch_output", "fine-tune-results"})
"""What files are for that the service made itself: they are read, and no line of theirs is a request."""

_PURPOSE: Final = "purpose"

_READ: Final = "user_data"
"""The purpose of an upload that is read and no more."""

_NO_LINES: Final[Iterable[Line]] = ()


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as the service has it: what it is for, what it is called, and all of its bytes."""

    purpose: str
    filename: str
    data: bytes


def read_kept_file(file: KeptFile, place: Location, upload: Called, limits: Limits) -> Surfaced:
    """What `upload`, the call that uploads files, would be with this file; nothing of it is to be sent.

    Parts, and lines of files that have some, lie at `place`, where a request names the file. Raises RequestError as an upload
    would.
    """
    form = Form((
        FormField(_PURPOSE, place.at(_PURPOSE), (_READ if file.purpose in OUTPUTS else file.purpose).encode()),
        FormField("file", place, file.data, file.filename),
    ))  # fmt: skip
    walk = Walk(limits)
    lines = _NO_LINES if line_file(form) is None else read_lines(file.data, file.purpose, limits, place)
    read_file_form(walk, form)
    return Surfaced(upload, Content(tuple(walk.parts), tuple(walk.inert), ""), Inspected("", ()), lines=lines)
