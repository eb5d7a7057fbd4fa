"""Files whose lines are JSON: each line read strictly and written anew, then cut into parts one at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import orjson

from proxy.content import Content
from proxy.encoded import HINT
from proxy.errors import BadRequest, RequestError, TooLarge
from proxy.exchange import Line
from proxy.location import WHOLE, Location
from proxy.surface.decode import read_object
from proxy.surface.limits import Limits
from proxy.surface.multipart import Form
from proxy.surface.readers.files import line_file
from proxy.surface.readers.jsonl import LINE_READERS, batch_id
from proxy.surface.readers.walk import Walk
from proxy.surface.rewrite import rewrite_json

_BATCH: Final = "batch"
_HINT: Final = HINT.encode("ascii")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file for one `purpose`. `data` is the file written anew, `numbers` the lines' numbers in the file as sent,
    `place` that of a file that a request only names.

    Each walk over it reads the lines again, one at a time: a hundred thousand requests are never held in parts.
    """

    purpose: str
    data: bytes
    numbers: tuple[int, ...]
    limits: Limits
    place: Location = WHOLE

    def __iter__(self) -> Iterator[Line]:
        """Each line as the request, example or item that it is. Raises RequestError naming the line."""
        read = LINE_READERS[self.purpose]
        start = 0
        for number in self.numbers:
            end = self.data.index(b"\n", start)
            raw = self.data[start:end]
            start = end + 1
            walk = Walk(self.limits, uris=_HINT in raw)
            try:
                model = read(walk, orjson.loads(raw))
            except RequestError as mistake:
                raise _placed(mistake, self.place, number) from mistake
            yield Line(number, Content(tuple(walk.parts), tuple(walk.inert), model), self.place)


def read_lines(data: bytes, purpose: str, limits: Limits, place: Location = WHOLE) -> Lines:
    """Every line of a file read by the same rules as a JSON body, and written anew. Lines without a word are left out.

    Raises BadRequest or TooLarge naming the line, BadRequest for a file without lines and for a `custom_id` given twice.
    """
    written = BytesIO()
    numbers: list[int] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(_split(data), 1):
        if not raw.strip():
            continue
        if len(numbers) >= limits.file_lines:
            raise TooLarge(f"the file has more than {limits.file_lines} lines", _line(place, number))
        try:
            tree = read_object(raw, limits)
            if purpose == _BATCH:
                _once(tree, number, seen)
            written.writelines((*rewrite_json(tree).chunks, b"\n"))
        except RequestError as mistake:
            raise _placed(mistake, place, number) from mistake
        numbers.append(number)
    if not numbers:
        raise BadRequest("the file has no lines")
    return Lines(purpose, written.getvalue(), tuple(numbers), limits, place)


def lines_of(form: Form, limits: Limits) -> tuple[Form, Iterable[Line]]:
    """A form of a file with its lines, and the form with them written anew; no lines where they are not read on their own."""
    file = line_file(form)
    if file is None:
        return form, ()
    lines = read_lines(file.data, form.value("purpose"), limits)
    return form.with_data(file, lines.data), lines


def _split(data: bytes) -> Iterator[bytes]:
    """The lines of a file, one at a time; the carriage return of a CRLF is white space to JSON."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start:end]
        start = end + 1
    yield data[start:]


def _once(tree: dict[str, Any], number: int, seen: dict[str, int]) -> None:
    own = batch_id(tree)
    if own in seen:
        raise BadRequest(f"its custom_id stands in line {seen[own]} already", Location(("custom_id",)))
    seen[own] = number


def _line(file: Location, number: int) -> Location:
    return file.at("line", number)


def _placed(mistake: RequestError, file: Location, number: int) -> RequestError:
    """The same mistake, said of a line."""
    said = mistake.message.replace("the body", "it", 1)
    return type(mistake)(f"line {number} of the file: {said}", _line(file, number).at(*mistake.location.steps))
