"""What the pages of a PDF show: their words, and how they look, as PDFium reads and draws them.

Comments and forms are made part of the page first, so that their words and pictures count like all others.
"""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from proxy.examine.opening import Deadline, DocumentLimits, Unopened
from proxy.examine.pdf_objects import Box

LONGEST: Final = 14_400.0
"""Longest side of a page in points, 200 inches (ISO 32000-1, annex C.2)."""

SLIMMEST: Final = 12.0
"""Most that a page may be longer than wide: of a slimmer one nothing could be seen at the size at which it is drawn."""

TEXT: Final = 4_000_000
"""Characters of one page."""

_QUALITY: Final = 85

_ONE_AT_A_TIME: Final = threading.Lock()
"""PDFium keeps state of its own for the whole process, and is not made for threads."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its words, and how it looks, as JPEGs: what viewers show and, where that is less, all of it."""

    words: str
    looks: tuple[bytes, ...]


def read_pages(data: bytes, hidden: Sequence[Box | None], limits: DocumentLimits, deadline: Deadline) -> Iterator[Page]:
    """Each page of a PDF. `hidden` has the whole extent of each page that is shown in part. Raises Unopened."""
    with _opened(data) as document:
        if len(document) != len(hidden) or not raw.FPDF_DocumentHasValidCrossReferenceTable(document):
            raise Unopened("a PDF that two readers read in two ways")
        if document.get_formtype() in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND):
            raise Unopened("a PDF with an XFA form")
        for number, whole in enumerate(hidden):
            deadline.check()
            _flatten(document, number)
            with _page(document, number) as page:
                looks = [_drawn(page, limits.side)]
                if whole is not None:
                    page.set_cropbox(*whole)
                    looks.append(_drawn(page, limits.side))
                yield Page(_words(page), tuple(looks))


def read_words(data: bytes) -> list[str]:
    """The words of each page. Raises Unopened."""
    with _opened(data) as document:
        found = []
        for number in range(len(document)):
            with _page(document, number) as page:
                found.append(_words(page))
        return found


def draw_sheet(data: bytes, limits: DocumentLimits, deadline: Deadline) -> Iterator[bytes]:
    """Each page of a PDF that shows one picture a page, as JPEG. Raises Unopened where a picture cannot be decoded."""
    with _opened(data) as document:
        for number in range(len(document)):
            deadline.check()
            with _page(document, number) as page:
                yield _drawn(page, _side_of(page, limits.side))


@contextmanager
def _opened(data: bytes) -> Iterator[pdfium.PdfDocument]:
    with _ONE_AT_A_TIME:
        try:
            with pdfium.PdfDocument(data) as document:
                yield document
        except pdfium.PdfiumError as mistake:
            raise Unopened("a PDF that cannot be drawn") from mistake


@contextmanager
def _page(document: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    page = document[number]
    try:
        yield page
    finally:
        page.close()


def _flatten(document: pdfium.PdfDocument, number: int) -> None:
    with _page(document, number) as page:
        if raw.FPDFPage_GetAnnotCount(page) and raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_FAIL:
            raise Unopened("a PDF whose comments cannot be drawn")


def _words(page: pdfium.PdfPage) -> str:
    text = page.get_textpage()
    try:
        if text.count_chars() > TEXT:
            raise Unopened(f"a page with more than {TEXT} characters")
        return str(text.get_text_range())
    finally:
        text.close()


def _side_of(sheet: pdfium.PdfPage, side: int) -> int:
    """The side at which the one picture of a page is drawn: it is not enlarged. Raises Unopened where it is not decoded."""
    shown = next(iter(sheet.get_objects([raw.FPDF_PAGEOBJ_IMAGE])), None)
    if shown is None:
        raise Unopened("a picture in a PDF that cannot be decoded")
    shown.get_bitmap()
    width, height = shown.get_px_size()
    return min(side, int(max(width, height)))


def _drawn(page: pdfium.PdfPage, side: int) -> bytes:
    """The page on white, `side` pixels at its longest side, as JPEG."""
    width, height = page.get_size()
    short, long = sorted((width, height))
    if not 0 < short <= long <= LONGEST or long > short * SLIMMEST:
        raise Unopened(f"a page of {width:g} x {height:g} points in a PDF")
    bitmap = page.render(scale=side / long, rev_byteorder=True)
    try:
        return _as_jpeg(bitmap.to_pil())
    finally:
        bitmap.close()


def _as_jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.convert("RGB").save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
