"""PDF files for tests, written by hand object by object, so that each can hold what no tool would write."""

import io
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from PIL import Image
from support import pictures

FONT: Final = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"

POLICY: Final = (
    "Household insurance policy no. 4711",
    "We cover damage by fire, water and storm up to the sum insured.",
    "Claims are to be reported within seven days.",
)
"""What an ordinary document says."""


def stream(data: bytes, entries: bytes = b"", *, packed: bool = False) -> bytes:
    """A stream object; `packed` deflates the data."""
    if packed:
        data, entries = zlib.compress(data), entries + b"/Filter/FlateDecode"
    return b"<<" + entries + b"/Length %d>>stream\n" % len(data) + data + b"\nendstream"


def pdf(objects: Mapping[int, bytes], root: int = 1, trailer: bytes = b"") -> bytes:
    """A file of these objects, with its table."""
    written = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(written)
        written += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    size = max(objects) + 1
    start = len(written)
    written += b"xref\n0 %d\n" % size
    for number in range(size):
        written += b"%010d %05d %s \n" % ((places[number], 0, b"n") if number in places else (0, 65535, b"f"))
    return bytes(
        written + b"trailer\n<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, trailer, start)
    )


class Draft:
    """A PDF on its way: pages are added, with whatever objects they need."""

    def __init__(self, catalog: bytes = b"", trailer: bytes = b"") -> None:
        self.catalog = catalog
        self.trailer = trailer
        self.objects: dict[int, bytes] = {1: b"", 2: b"", 3: FONT}
        self._pages: list[int] = []

    def add(self, body: bytes) -> int:
        """Another object; its number."""
        number = self.following
        self.objects[number] = body
        return number

    @property
    def following(self) -> int:
        """The number of the object that is added next."""
        return len(self.objects) + 1

    def page(
        self,
        content: bytes = b"",
        resources: bytes = b"",
        entries: bytes = b"",
        box: Sequence[float | str] = (0, 0, 612, 792),
    ) -> int:
        """Another page; `resources` beside the font `/F`, `entries` of the page itself."""
        drawn = self.add(stream(content))
        shape = " ".join(map(str, box)).encode()
        number = self.add(
            b"<</Type/Page/Parent 2 0 R/MediaBox[" + shape + b"]/Contents %d 0 R" % drawn
            + b"/Resources<</Font<</F 3 0 R>>" + resources + b">>" + entries + b">>"
        )  # fmt: skip
        self._pages.append(number)
        return number

    def picture(self, data: bytes, size: tuple[int, int] = (512, 512), entries: bytes = b"") -> int:
        """Another picture, as JPEG."""
        return self.add(stream(data, image_entries(size) + b"/Filter/DCTDecode" + entries))

    def bytes(self) -> bytes:
        """The file."""
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        self.objects[1] = b"<</Type/Catalog/Pages 2 0 R" + self.catalog + b">>"
        self.objects[2] = b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % len(self._pages)
        return pdf(self.objects, trailer=self.trailer)


def image_entries(size: tuple[int, int], colours: bytes = b"/DeviceRGB") -> bytes:
    """The entries of a picture's dictionary beside its filter."""
    return b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace" % size + colours


def lines(*words: str, at: tuple[int, int] = (72, 700)) -> bytes:
    """The content of a page that shows these lines."""
    shown = b"".join(
        b"(" + one.encode("latin-1").replace(b"(", b"\\(").replace(b")", b"\\)") + b")Tj T* " for one in words
    )
    return b"BT /F 12 Tf 16 TL %d %d Td " % at + shown + b"ET "


def drawn(name: bytes = b"I", box: Sequence[float] = (72, 200, 400, 400)) -> bytes:
    """The content of a page that shows a picture at (left, bottom, width, height)."""
    left, bottom, width, height = box
    return f"q {width} 0 0 {height} {left} {bottom} cm ".encode() + b"/" + name + b" Do Q "


@cache
def text_pdf(pages: int = 1) -> bytes:
    """An ordinary document without pictures."""
    draft = Draft()
    for number in range(pages):
        draft.page(lines(*POLICY, f"Page {number + 1}"))
    return draft.bytes()


@cache
def picture_pdf(*, with_face: bool = True, face_page: int = 3, pages: int = 3) -> bytes:
    """A document of `pages` pages with a photograph on page `face_page`, as a scanner or an office program writes it."""
    draft = Draft()
    for number in range(1, pages + 1):
        if number == face_page:
            data = pictures.face() if with_face else pictures.coffee()
            name = b"/XObject<</I %d 0 R>>" % draft.picture(data)
            draft.page(lines("Annex: photograph") + drawn(), name)
        else:
            draft.page(lines(*POLICY))
    return draft.bytes()


def by_pillow(*shown: Image.Image, **options: Any) -> bytes:
    """Pictures as Pillow saves them into a PDF, each on a page."""
    written = io.BytesIO()
    shown[0].save(written, "PDF", save_all=True, append_images=shown[1:], **options)
    return written.getvalue()
