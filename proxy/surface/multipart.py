"""Forms (multipart/form-data, RFC 7578): read in the one way that no two parsers could dispute, and written anew.

What was inspected is what is sent: a form goes on with a boundary of ours, its parts in order, and of their headers only
names, file names and media types that were vetted here. Everything that parsers are known to read differently is refused.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from proxy.errors import BadRequest, TooLarge, UnsupportedMedia
from proxy.exchange import Inbound, Inspected
from proxy.location import Location, Step
from proxy.surface.decode import inflated
from proxy.surface.limits import Limits

FORM: Final = Location(("form",))
"""Where the places of a form begin: `/form/prompt`, `/form/image/0`."""

_CHARSET: Final = r"\s*;\s*charset\s*=\s*(?:utf-8|\"utf-8\")"

_FORM_TYPE: Final = re.compile(
    rf"multipart/form-data(?:{_CHARSET})?"
    r"\s*;\s*boundary=(?:(?P<plain>[A-Za-z0-9_.+-]{1,70})|\"(?P<quoted>[A-Za-z0-9_.+=-]{1,70})\")"
    rf"(?:{_CHARSET})?\s*",
    re.IGNORECASE | re.ASCII,
)
"""Boundaries of plain characters only; RFC 2046 allows spaces, colons and more, which parsers cut at different places."""

_PART_TYPE: Final = re.compile(
    r"(?P<type>(?!multipart/|message/)[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,95})"
    rf"(?:(?P<charset>{_CHARSET})|\s*;\s*codecs\s*=\s*(?:[a-z0-9.]{{1,32}}|\"[a-z0-9., ]{{1,64}}\"))?\s*",
    re.IGNORECASE | re.ASCII,
)
"""The media type of a part: never one with parts of its own, and no character set but UTF-8."""

_DISPOSITION: Final = re.compile(
    r"form-data(?P<parameters>(?:\s*;\s*[a-z*]+=(?:\"[^\"\\]*\"|[^\s\";]+))+)\s*", re.IGNORECASE | re.ASCII
)

_PARAMETER: Final = re.compile(
    r";\s*([a-z*]+)=(?:\"([^\"\\]*)\"|([A-Za-z0-9!#$&+.^_`|~-]+)(?=\s*(?:;|\Z)))", re.IGNORECASE | re.ASCII
)
"""One parameter of a disposition. No backslash: what it escapes differs between clients. Bare words without `'`, `%`, `*`."""

_ENCODED_WORD: Final = "=?"
"""Begins an encoded word (RFC 2047), which some servers undo in names."""

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_NAME: Final = re.compile(r"([^\[\];%]{1,128})((?:\[[^\[\];%]{0,64}\]){0,4})")
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")
_LIST: Final = "[]"

_CHARSET_FIELD: Final = "_charset_"
"""A part whose value is the character set of all other parts, to some servers (RFC 7578, 4.6)."""

_MAX_FILENAME: Final = 255

_ESCAPED: Final = re.compile(r"%(?:22|0[0ad]|2f|5c)", re.IGNORECASE)
"""What would end a quoted file name, or lead out of its folder, where percent escapes are undone."""

_MAX_HEADER: Final = 2048
_MAX_HEADERS: Final = 4

_TRANSFER: Final = frozenset({"7bit", "8bit", "binary"})
"""Transfer codings that change nothing."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One part of a form.

    `place` is where it stands: `image[]` the third time is `/form/image/2`, `expires_after[anchor]` is
    `/form/expires_after/anchor`. `filename` is None for a part that is no file. `content_type` is its media type in lower
    case without parameters, empty where it gives none. `data` is a single copy, the one that is sent.
    """

    name: str
    place: Location
    data: bytes
    filename: str | None = None
    content_type: str = ""

    def words(self) -> str:
        """The value as text. Raises BadRequest for what is not UTF-8."""
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError as mistake:
            raise BadRequest(f"the field is not UTF-8 (byte {mistake.start})", self.place) from mistake


@dataclass(frozen=True, slots=True)
class Form:
    """A form, its parts in order. No name stands twice but those that end in `[]`."""

    fields: tuple[FormField, ...]

    def value(self, name: str) -> str:
        """The words of the field `name`; empty where there is none. Raises BadRequest for what is not UTF-8."""
        return next((field.words() for field in self.fields if field.name == name), "")

    def with_data(self, field: FormField, data: bytes) -> "Form":
        """The same form with other data in one of its parts."""
        return Form(tuple([replace(one, data=data) if one is field else one for one in self.fields]))


def is_form(inbound: Inbound) -> bool:
    """Whether a body says of itself that it is of parts, of whatever kind."""
    return any(value.lstrip().lower().startswith("multipart/") for value in inbound.header_values("content-type"))


def read_form(inbound: Inbound, limits: Limits) -> Form:
    """The body as a form.

    Raises UnsupportedMedia for another content type or coding, TooLarge over the limits, BadRequest for everything that two
    parsers could read differently: a preamble or epilogue, a boundary with odd characters, line feeds alone, repeated names
    and headers, `filename*`, transfer codings, parts within parts, names that are not UTF-8 or hold control characters.
    """
    boundary = _boundary(inbound)
    body = inflated(inbound, limits)
    _check_frame(body, boundary)
    seen: dict[str, int] = {}
    return Form(tuple([_field(segment, data, seen) for segment, data in _segments(body, boundary, limits)]))


def _boundary(inbound: Inbound) -> bytes:
    types = inbound.header_values("content-type")
    match = _FORM_TYPE.fullmatch(types[0]) if len(types) == 1 else None
    if match is None:
        raise UnsupportedMedia("the content type must be multipart/form-data with one boundary of plain characters")
    return (match["plain"] or match["quoted"]).encode("ascii")


def _check_frame(body: bytes, boundary: bytes) -> None:
    """Nothing may stand before the first boundary or after the last; parsers skip it, or take it for a part."""
    if not body.startswith(b"--" + boundary + b"\r\n"):
        raise BadRequest("the form does not begin with its boundary, or is empty", FORM)
    last = b"\r\n--" + boundary + b"--"
    end = body.find(last)
    if end < 0:
        raise BadRequest("the form's last boundary is missing", FORM)
    if body[end + len(last) :] not in (b"", b"\r\n"):
        raise BadRequest("something follows the form's last boundary", FORM)


def _segments(body: bytes, boundary: bytes, limits: Limits) -> Iterator[tuple[MultipartSegment, bytes]]:
    parser = PushMultipartParser(
        boundary,
        max_header_size=_MAX_HEADER,
        max_header_count=_MAX_HEADERS,
        max_segment_count=limits.form_parts,
        strict=True,
    )
    segment: MultipartSegment | None = None
    data: list[bytes] = []
    try:
        for event in parser.parse(body):  # in one piece, so that each part's data come in one piece
            if isinstance(event, MultipartSegment):
                segment, data = event, []
            elif event is not None:
                data.append(event)
            else:
                yield segment, b"".join(data)
        parser.close()
    except ParserLimitReached as mistake:
        raise TooLarge(f"the form is too large: {_said(mistake)}", FORM) from mistake
    except MultipartError as mistake:
        raise BadRequest(f"the form is malformed: {_said(mistake)}", FORM) from mistake


def _said(mistake: MultipartError) -> str:
    return str(mistake.args[0]) if mistake.args else "it cannot be parsed"


def _field(segment: MultipartSegment, data: bytes, seen: dict[str, int]) -> FormField:
    headers = _headers(segment)
    name, filename = _disposition(headers.get("content-disposition", ""))
    place = _place(name, seen)
    transfer = headers.get("content-transfer-encoding")
    if transfer is not None and transfer.strip().lower() not in _TRANSFER:
        raise BadRequest("a part with a transfer coding is not read; send its bytes as they are", place)
    return FormField(name, place, data, _vetted(filename, place), _media_type(headers.get("content-type"), place))


def _headers(segment: MultipartSegment) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in segment.headerlist:
        key = name.lower()
        if key in headers or key not in _HEADERS:
            raise BadRequest(f"a part's header {name[:64]!r} is given twice, or is none that is read", FORM)
        headers[key] = value
    return headers


_HEADERS: Final = frozenset({"content-disposition", "content-type", "content-transfer-encoding", "content-length"})


def _disposition(value: str) -> tuple[str, str | None]:
    """Name and file name of a part, with nothing undone in them."""
    whole = _DISPOSITION.fullmatch(value)
    if whole is None:
        raise BadRequest('a part\'s Content-Disposition does not read form-data; name="…"; filename="…"', FORM)
    parameters: dict[str, str] = {}
    rest = whole["parameters"]
    for match in _PARAMETER.finditer(rest):
        key = match[1].lower()
        if key in parameters or key not in ("name", "filename"):
            raise BadRequest(f"a part's Content-Disposition has {key[:16]!r} twice, or has it at all", FORM)
        parameters[key] = match[2] if match[2] is not None else match[3]
    if "name" not in parameters or _PARAMETER.sub("", rest).strip():
        raise BadRequest("a part's Content-Disposition has no name, or more than a name and a file name", FORM)
    return parameters["name"], parameters.get("filename")


def _place(name: str, seen: dict[str, int]) -> Location:
    """Where a part stands. Raises BadRequest for a name that parsers read differently, or that was there before."""
    match = _NAME.fullmatch(name)
    if match is None or name != name.strip() or _CONTROLS.search(name) or _ENCODED_WORD in name:
        raise BadRequest("a part's name is empty, or holds control characters, escapes, stray blanks or brackets", FORM)
    if name.casefold() == _CHARSET_FIELD:
        raise BadRequest("a part that names the character set of others is not read; send UTF-8", FORM.at(name))
    steps: list[Step] = [match[1], *(_BRACKETS.findall(match[2]))]
    if "" in steps[1:-1]:
        raise BadRequest("a part's name is a list in the midst of it", FORM.at(match[1]))
    folded = name.casefold()
    times = seen.get(folded, 0)
    seen[folded] = times + 1
    if name.endswith(_LIST):
        steps[-1] = times
    elif times:
        raise BadRequest("the field is given twice, and is no list", FORM.at(*steps))
    return FORM.at(*steps)


def _vetted(filename: str | None, place: Location) -> str | None:
    if filename is None:
        return None
    if not filename.strip(". ") or len(filename) > _MAX_FILENAME:
        raise BadRequest("the file's name is empty, or too long", place)
    if "/" in filename or ";" in filename or _ESCAPED.search(filename):
        raise BadRequest("the file's name leads out of its folder, or holds a semicolon or escapes", place)
    if _CONTROLS.search(filename) or _ENCODED_WORD in filename:
        raise BadRequest("the file's name holds control characters, or is encoded (send it as UTF-8)", place)
    return filename


def _media_type(value: str | None, place: Location) -> str:
    if value is None:
        return ""
    match = _PART_TYPE.fullmatch(value)
    if match is None:
        raise BadRequest("the part's Content-Type is no plain media type, or names a character set but UTF-8", place)
    return match["type"].lower()


def rewrite_form(form: Form) -> Inspected:
    """The form written anew; each part's data stay a chunk of their own."""
    boundary = f"facegate-{secrets.token_hex(16)}"
    chunks: list[bytes | memoryview] = []
    between = f"--{boundary}\r\n"
    for field in form.fields:
        chunks.append(f"{between}{_written(field)}\r\n".encode())
        if field.data:
            chunks.append(field.data)
        between = f"\r\n--{boundary}\r\n"
    chunks.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return Inspected(f"multipart/form-data; boundary={boundary}", tuple(chunks))


def _written(field: FormField) -> str:
    named = f'form-data; name="{field.name}"'
    if field.filename is not None:
        named += f'; filename="{field.filename}"'
    kind = field.content_type or ("application/octet-stream" if field.filename is not None else "")
    return f"Content-Disposition: {named}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
