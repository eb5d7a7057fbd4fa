"""What PDFium reads and draws: only where it sees the pages that were found among the objects."""

import io

import pytest
from PIL import Image
from support import pdfs, pictures

from proxy.examine import pdf_pages as module
from proxy.examine.opening import Deadline, DocumentLimits, Unopened
from proxy.examine.pdf_pages import Page, draw_sheet, read_pages, read_words

LIMITS = DocumentLimits()


def read(data: bytes, pages: int = 1, limits: DocumentLimits = LIMITS) -> list[Page]:
    """The pages of a file."""
    return list(read_pages(data, [None] * pages, limits, Deadline(60)))


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a JPEG."""
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        return picture.size


@pytest.mark.parametrize(
    ("box", "side", "expected"),
    [
        ((0, 0, 612, 792), 1000, (773, 1000)),
        ((0, 0, 612, 792), 320, (248, 320)),
        ((0, 0, 14400, 1440), 1000, (1000, 100)),
        ((0, 0, 10, 10), 1000, (1000, 1000)),
        ((100, 100, 200, 150), 1000, (1000, 500)),
    ],
)
def test_pages_are_drawn_at_one_size(box: tuple[int, ...], side: int, expected: tuple[int, int]) -> None:
    """The longest side has as many pixels as the limit says, whatever the page's own size."""
    draft = pdfs.Draft()
    draft.page(box=box)
    (page,) = read(draft.bytes(), limits=DocumentLimits(side=side))
    assert [size(look) for look in page.looks] == [expected]


def test_pages_that_hide_some_of_themselves_are_drawn_twice() -> None:
    """As viewers show them, and whole."""
    draft = pdfs.Draft()
    draft.page(entries=b"/CropBox[0 0 100 200]")
    whole = (0.0, 0.0, 612.0, 792.0)
    (page,) = read_pages(draft.bytes(), [whole], LIMITS, Deadline(60))
    assert [size(look) for look in page.looks] == [(500, 1000), (773, 1000)]


def test_words_of_pages() -> None:
    """Line by line."""
    assert [words.splitlines() for words in read_words(pdfs.text_pdf(2))] == [
        [*pdfs.POLICY, "Page 1"],
        [*pdfs.POLICY, "Page 2"],
    ]


def test_a_sheet_shows_pictures_no_larger_than_they_are() -> None:
    """And no larger than the limit."""
    sheet = pdfs.by_pillow(pictures.plain_pixels(64), pictures.plain_pixels(1600))
    assert [size(look) for look in draw_sheet(sheet, LIMITS, Deadline(60))] == [(64, 64), (1000, 1000)]
    with pytest.raises(Unopened, match="cannot be decoded"):
        list(draw_sheet(pdfs.text_pdf(), LIMITS, Deadline(60)))


def _xfa() -> bytes:
    draft = pdfs.Draft(b"/AcroForm<</Fields[]/XFA 6 0 R>>")
    draft.page()
    draft.add(pdfs.stream(b"<xdp/>"))
    return draft.bytes()


CLOSED: dict[str, tuple[bytes, int, str]] = {
    "another number of pages": (pdfs.text_pdf(2), 3, "two readers"),
    "a table that is repaired": (pdfs.text_pdf().replace(b"startxref", b"startxxxx"), 1, "two readers"),
    "a form of another kind": (_xfa(), 1, "an XFA form"),
    "nonsense": (b"nonsense", 1, "cannot be drawn"),
}


@pytest.mark.parametrize("case", CLOSED)
def test_closed(case: str) -> None:
    """What PDFium reads otherwise than the objects say, or not at all."""
    data, pages, why = CLOSED[case]
    with pytest.raises(Unopened, match=why):
        read(data, pages)


def test_too_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The characters of a page are limited."""
    monkeypatch.setattr(module, "TEXT", 100)
    with pytest.raises(Unopened, match="more than 100 characters"):
        read(pdfs.text_pdf())


def test_comments_that_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PDFium gives up on them, so does the page."""
    monkeypatch.setattr(module.raw, "FLATTEN_FAIL", module.raw.FLATTEN_SUCCESS)
    draft = pdfs.Draft()
    look = draft.add(pdfs.stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"))
    note = draft.add(b"<</Type/Annot/Subtype/Stamp/Rect[0 0 9 9]/F 4/AP<</N %d 0 R>>>>" % look)
    draft.page(entries=b"/Annots[%d 0 R]" % note)
    with pytest.raises(Unopened, match="comments cannot be drawn"):
        read(draft.bytes())


def test_a_file_is_let_go() -> None:
    """Whoever stops in the middle holds up nobody: the next file is read."""
    pages = read_pages(pdfs.text_pdf(3), [None] * 3, LIMITS, Deadline(60))
    next(pages)
    del pages
    assert len(read(pdfs.text_pdf(2), 2)) == 2
