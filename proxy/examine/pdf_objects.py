"""What a PDF is made of, whether its pages show it or not. Every object is looked at: what words and pictures are among them.

The table of objects must be sound: nothing is repaired here, since another reader might repair it otherwise.
"""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pikepdf
from pikepdf import Array, Name, Object, Pdf, Stream

from proxy.examine.opening import Deadline, DocumentLimits, Unopened
from proxy.examine.pdf_filters import TORN, check_code, filters_of, is_coded
from proxy.examine.pdf_strings import decoded, without_strings, words_in
from proxy.examine.pdf_weight import DRAWN_BYTES, Weights

OBJECTS: Final = 200_000
"""Objects of one file; a book of a thousand pages has some ten thousand."""

_INFLATED: Final = 256 * 1024 * 1024
"""Bytes to which one stream may inflate, whatever the settings say: qpdf knows one limit for the whole process."""

pikepdf.settings.set_qpdf_limits(
    flate_max_memory=_INFLATED,
    run_length_max_memory=_INFLATED,
    png_max_memory=_INFLATED,
    tiff_max_memory=_INFLATED,
    parser_max_container_size=OBJECTS,
)

for library in ("pikepdf", "pypdfium2"):  # what they find odd in files of strangers is no event of ours
    logging.getLogger(library).addHandler(logging.NullHandler())
    logging.getLogger(library).propagate = False

_FORBIDDEN: Final[Mapping[bytes, str]] = {
    b"JavaScript": "a PDF with scripts",
    b"JS": "a PDF with scripts",
    b"XFA": "a PDF with an XFA form",
    b"EmbeddedFile": "files are attached to the PDF",
    b"EmbeddedFiles": "files are attached to the PDF",
    b"EF": "files are attached to the PDF",
    b"Collection": "files are attached to the PDF",
    b"RichMedia": "a PDF with sound, moving or spatial pictures",
    b"Movie": "a PDF with sound, moving or spatial pictures",
    b"Rendition": "a PDF with sound, moving or spatial pictures",
    b"Sound": "a PDF with sound, moving or spatial pictures",
    b"3D": "a PDF with sound, moving or spatial pictures",
    b"Launch": "a PDF that starts programs",
    b"ImportData": "a PDF that takes in other files",
    b"OPI": "a PDF that takes in other files",
}
"""Names that stand in a PDF for what is neither words nor pictures on pages."""

_NAMES: Final = re.compile(rb"/(" + b"|".join(_FORBIDDEN) + rb")(?=[\s/\[\]<>()]|\Z)")
_REFERENCE: Final = re.compile(rb"(\d+) (\d+) R")
_WORDS_AT: Final = re.compile(rb"/(?:V|DV|RC) (\d+) (\d+) R")
_ACTUAL_TEXT: Final = re.compile(
    b"/"
    + b"".join(b"(?:%c|#%02x|#%02X)" % (letter, letter, letter) for letter in b"ActualText")
    + rb"(?=[\s/\[\]<>()])"
)

Number = tuple[int, int]

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a PDF. `page` is the first that leads to it, 0 where none does.

    `jpeg` is its file where it is kept as one. `sheet` is the page of `Objects.sheet` that shows it, 0 where the JPEG says all.
    """

    page: int
    jpeg: bytes
    sheet: int


@dataclass(frozen=True, slots=True)
class Objects:
    """What was found.

    `hidden` has for each page its whole extent where viewers show but a part of it, else None.

    `sheet` is a PDF that shows pictures bare, one a page: without masks, on no other ground.

    `unmarked` is the PDF without the texts that it gives in place of what is shown; empty where there are none.
    """

    hidden: tuple[Box | None, ...]
    words: tuple[str, ...]
    pictures: tuple[Picture, ...]
    sheet: bytes
    unmarked: bytes


def read_objects(data: bytes, limits: DocumentLimits, deadline: Deadline) -> Objects:
    """Look at all objects of a PDF. Raises Unopened."""
    try:
        with pikepdf.open(io.BytesIO(data), attempt_recovery=False) as pdf:
            return _Reading(pdf, limits, deadline).whole()
    except pikepdf.PasswordError as mistake:
        raise Unopened("an encrypted PDF") from mistake
    except pikepdf.DataDecodingError as mistake:
        raise Unopened(TORN) from mistake
    except (pikepdf.exceptions.PikepdfError, UnicodeDecodeError) as mistake:
        raise Unopened("a PDF that is damaged") from mistake


class _Reading:
    """One PDF, while it is looked at."""

    def __init__(self, pdf: Pdf, limits: DocumentLimits, deadline: Deadline) -> None:
        self._pdf = pdf
        self._limits = limits
        self._deadline = deadline
        self._left = limits.inflated_bytes
        self._plain: dict[Number, bytes] = {}
        self._contents: dict[Number, bytes] = {}
        self._pictures: dict[Number, Object] = {}
        self._forms: list[Object] = []
        self._metadata: list[str] = []

    def whole(self) -> Objects:
        if self._pdf.is_encrypted:
            raise Unopened("an encrypted PDF")
        pages = len(self._pdf.pages)
        if pages > self._limits.pages:
            raise Unopened(f"a PDF of {pages} pages; the limit is {self._limits.pages}")
        for page in self._pdf.pages:
            page.externalize_inline_images()
        self._objects()
        if self._pdf.get_warnings():
            raise Unopened("a PDF that is not built as the format says")
        blob = b"\n".join((*self._plain.values(), self._pdf.trailer.unparse(resolved=True)))
        self._refuse_forbidden(blob)
        self._weigh()
        words = tuple(words_in(blob)) + tuple(self._metadata) + tuple(self._streamed_words(blob))
        pictures, sheet = self._shown()
        hidden = tuple(map(_hidden, self._pdf.pages))
        return Objects(hidden, words, pictures, sheet, self._unmarked())

    # ---- objects

    def _objects(self) -> None:
        objects = self._pdf.objects
        if len(objects) > OBJECTS:
            raise Unopened(f"a PDF of more than {OBJECTS} objects")
        found: list[object] = list(objects)
        for one in found:
            self._deadline.check()
            if isinstance(one, Stream):
                self._plain[one.objgen] = one.stream_dict.unparse(resolved=True)
                self._stream(one)
            elif isinstance(one, Object):  # numbers, flags and nothing come as Python's own, and say nothing
                self._plain[one.objgen] = one.unparse(resolved=True)

    def _stream(self, one: Object) -> None:
        if Name.F in one.stream_dict:
            raise Unopened("a PDF that takes in other files")
        coded = is_coded(one)
        if _is_picture(one):
            self._picture(one)
        if coded:
            self._left -= check_code(one, self._left, self._limits.picture)
        else:
            self._content(one, one.read_bytes(pikepdf.StreamDecodeLevel.specialized))

    def _content(self, one: Object, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise Unopened(f"a PDF that inflates to more than {self._limits.inflated_bytes} bytes")
        if one.get(Name.Type) == Name.Metadata or one.get(Name.Subtype) == Name.XML:
            self._metadata.append(_text_of(data))
        elif one.objgen not in self._pictures:
            self._contents[one.objgen] = data
            if one.get(Name.Subtype) == Name.Form:
                self._forms.append(one)

    def _picture(self, one: Object) -> None:
        if len(self._pictures) >= self._limits.pictures:
            raise Unopened(f"a PDF with more than {self._limits.pictures} pictures")
        width, height = _extent(one)
        limits = self._limits.picture
        if min(width, height) < 1 or max(width, height) > limits.side or width * height > limits.pixels:
            raise Unopened(f"a picture of {width} x {height} pixels in a PDF")
        self._pictures[one.objgen] = one

    # ---- what they say together

    @staticmethod
    def _refuse_forbidden(blob: bytes) -> None:
        if found := _NAMES.search(without_strings(blob)):
            raise Unopened(_FORBIDDEN[found[1]])

    def _weigh(self) -> None:
        weights = Weights(self._contents)
        total = 0
        for page in self._pdf.pages:
            self._deadline.check()
            total += weights.page(page.obj)
        heaviest = max(map(weights.form, self._forms), default=0)  # comments and patterns draw forms too
        if max(total, heaviest) > DRAWN_BYTES:
            raise Unopened("a PDF whose pages draw too much")

    def _streamed_words(self, blob: bytes) -> Iterator[str]:
        """Values of form fields and comments that are kept as streams."""
        for number, generation in _WORDS_AT.findall(blob):
            if data := self._contents.get((int(number), int(generation))):
                yield decoded(data)

    # ---- pictures

    def _shown(self) -> tuple[tuple[Picture, ...], bytes]:
        pages = self._pages_of_pictures()
        found: list[Picture] = []
        with pikepdf.new() as sheet:
            for number, one in self._pictures.items():
                self._deadline.check()
                jpeg = one.read_raw_bytes() if filters_of(one) in (["/DCTDecode"], ["/DCT"]) else b""
                drawn = not jpeg or not _is_plain(one)
                if drawn:
                    _put(sheet, one, *_extent(one))
                found.append(Picture(pages.get(number, 0), jpeg, len(sheet.pages) if drawn else 0))
            return tuple(found), _saved(sheet) if len(sheet.pages) else b""

    def _pages_of_pictures(self) -> Mapping[Number, int]:
        """The first page, from 1, that leads to each picture."""
        leads = {number: _references(plain) for number, plain in self._plain.items()}
        roots = [page.obj.objgen for page in self._pdf.pages]
        stops = {number for number, plain in self._plain.items() if b"/Type /Page" in plain}
        found: dict[Number, int] = {}
        for page, root in enumerate(roots, 1):
            seen, ahead = {root}, list(leads.get(root, ()))
            while ahead:
                number = ahead.pop()
                if number in seen or number in stops:
                    continue
                seen.add(number)
                if number in self._pictures:
                    found.setdefault(number, page)
                ahead.extend(leads.get(number, ()))
            self._deadline.check()
        return found

    # ---- texts in place of what is shown

    def _unmarked(self) -> bytes:
        marked = {number: data for number, data in self._contents.items() if _ACTUAL_TEXT.search(data)}
        lists = [
            number for number, plain in self._plain.items() if b"/ActualText" in plain and b"/StructElem" not in plain
        ]
        if not marked and not lists:
            return b""
        for number, data in marked.items():
            self._pdf.get_object(number).write(_ACTUAL_TEXT.sub(b"/OtherText", data))
        for number in lists:
            _drop_actual_text(self._pdf.get_object(number), 8)
        return _saved(self._pdf)


def _hidden(page: pikepdf.Page) -> Box | None:
    media, crop = _box(page.mediabox), _box(page.cropbox)
    return None if media == crop else media


def _box(given: Object) -> Box:
    try:
        left, bottom, right, top = map(float, given.as_list())
    except (TypeError, ValueError, OverflowError) as mistake:
        raise Unopened("a PDF with a page without a size") from mistake
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _references(plain: bytes) -> list[Number]:
    return [(int(number), int(generation)) for number, generation in _REFERENCE.findall(without_strings(plain))]


def _is_picture(one: Object) -> bool:
    return one.get(Name.Subtype) == Name.Image or (Name.Width in one.stream_dict and Name.Height in one.stream_dict)


def _extent(one: Object) -> tuple[int, int]:
    try:
        return int(one.stream_dict[Name.Width]), int(one.stream_dict[Name.Height])
    except (KeyError, TypeError, ValueError, OverflowError) as mistake:
        raise Unopened("a picture without a size in a PDF") from mistake


def _is_plain(one: Object) -> bool:
    """Whether the JPEG alone says how the picture looks: colours of three kinds or greys, neither inverted nor mapped."""
    entries = one.stream_dict
    colours = entries.get(Name.ColorSpace)
    if Name.Decode in entries or Name.ImageMask in entries:
        return False
    if isinstance(colours, Array) and len(colours) > 1 and colours[0] == Name.ICCBased:
        profile = colours[1]
        return isinstance(profile, Stream) and profile.get(Name.N) in (1, 3)
    return colours in (Name.DeviceRGB, Name.DeviceGray)


def _put(sheet: Pdf, one: Object, width: int, height: int) -> None:
    """Add a page that shows a picture and nothing else, without its masks: these are pictures of their own."""
    for key in (Name.SMask, Name.Mask, Name.Alternates, Name.OC, Name.Metadata):
        if key in one.stream_dict:
            del one.stream_dict[key]
    one.stream_dict[Name.Type], one.stream_dict[Name.Subtype] = Name.XObject, Name.Image
    scale = 1000 / max(width, height)
    size = (max(1.0, width * scale), max(1.0, height * scale))
    page = sheet.add_blank_page(page_size=size)
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=sheet.copy_foreign(one)))
    page.Contents = sheet.make_stream(f"{size[0]:.3f} 0 0 {size[1]:.3f} 0 0 cm /I Do".encode())


def _text_of(data: bytes) -> str:
    try:
        return data.decode("utf-16" if data.startswith((b"\xfe\xff", b"\xff\xfe")) else "utf-8")
    except UnicodeDecodeError as mistake:
        raise Unopened("a PDF with metadata that are not text") from mistake


def _drop_actual_text(one: Object, left: int) -> None:
    if isinstance(one, Stream):
        one = one.stream_dict
    if isinstance(one, pikepdf.Dictionary):
        if Name.ActualText in one:
            del one[Name.ActualText]
        members: list[object] = [member for _, member in one.items()]
    elif isinstance(one, Array):
        members = list(one)
    else:
        return
    if left == 0:
        raise Unopened("a PDF whose objects are nested too deeply")
    for member in members:
        if isinstance(member, Object) and not member.is_indirect:
            _drop_actual_text(member, left - 1)


def _saved(pdf: Pdf) -> bytes:
    written = io.BytesIO()
    pdf.save(written, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return written.getvalue()
