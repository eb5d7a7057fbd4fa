"""PDFs, opened: nothing that a page shows, hides or keeps beside it is passed over, and what cannot be examined stays closed."""

import io
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from support import pdfs, pictures

from proxy.caller import Caller
from proxy.content import Content, Document, Image, Inline, Part, Text, Unfolded
from proxy.examine.faces import Faces
from proxy.examine.opening import DocumentLimits
from proxy.examine.unfold import unfold
from proxy.facts import Truth
from proxy.location import Location

HERE = Location(("file",))
FACES = Faces()
SIZE = (512, 512)


def opened(data: bytes, limits: DocumentLimits | None = None) -> Unfolded:
    """What a file holds."""
    return unfold(Document(HERE, Inline("", data)), limits or DocumentLimits())


def reason(data: bytes, limits: DocumentLimits | None = None) -> str:
    """Why a file stays closed."""
    ((place, why),) = opened(data, limits).gaps
    assert place == HERE
    return why.removeprefix("the file cannot be examined: ")


def faces_in(found: Unfolded) -> set[str]:
    """The places where faces are seen."""
    evidence = FACES.examine(Content(found.parts, (), ""), Caller("", ""))
    (fact,) = (one for one in evidence.facts if one.name == "media.faces")
    assert (fact.truth is Truth.TRUE) == bool(fact.locations)
    return set(map(str, fact.locations))


def words(found: Unfolded) -> dict[str, list[str]]:
    """The lines of each text, by its place."""
    return {str(part.location): part.text.split() for part in found.parts if isinstance(part, Text)}


def outline(parts: tuple[Part, ...]) -> list[str]:
    """Kind and place of each part."""
    return [f"{type(part).__name__.lower()} {part.location}" for part in parts]


def shown(resources: bytes, content: bytes, draft: pdfs.Draft | None = None, **page: Any) -> bytes:
    """A file of one page."""
    draft = draft or pdfs.Draft()
    draft.page(content, resources, **page)
    return draft.bytes()


def test_pages_words_and_pictures() -> None:
    """Everything has its place: pages by number, pictures below the page that leads to them."""
    found = opened(pdfs.picture_pdf())
    assert (outline(found.parts), found.gaps) == (
        [
            "image /file/page/3/picture/0",
            "image /file/page/1", "text /file/page/1",
            "image /file/page/2", "text /file/page/2",
            "image /file/page/3", "text /file/page/3",
        ],
        (),
    )  # fmt: skip
    assert faces_in(found) == {"/file/page/3/picture/0", "/file/page/3"}
    assert words(found)["/file/page/2"] == " ".join(pdfs.POLICY).split()
    assert faces_in(opened(pdfs.picture_pdf(with_face=False))) == set()


def test_as_other_programs_write_them() -> None:
    """By Pillow; and with object streams, linear, and with tables of both kinds."""
    scanned = pdfs.by_pillow(pictures.face_pixels(), pictures.plain_pixels(), title="A title")
    plain = opened(scanned)
    assert (faces_in(plain), plain.gaps) == ({"/file/page/1/picture/0", "/file/page/1"}, ())
    assert "title" in words(plain)["/file/words"]
    modes: list[dict[str, Any]] = [
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"linearize": True},
        {"qdf": True},
    ]
    for data in (scanned, pdfs.picture_pdf()):
        for mode in modes:
            written = io.BytesIO()
            with pikepdf.open(io.BytesIO(data)) as pdf:
                pdf.save(written, **mode)
            again = opened(written.getvalue())
            assert (len(faces_in(again)), again.gaps) == (2, ())


# ---- pictures that pages hide


def _with_picture(content: bytes) -> bytes:
    draft = pdfs.Draft()
    return shown(b"/XObject<</I %d 0 R>>" % draft.picture(pictures.face()), content, draft)


def _in_form() -> bytes:
    draft = pdfs.Draft()
    inner = draft.picture(pictures.face())
    for _ in range(3):
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<</XObject<</I %d 0 R>>>>" % inner
        inner = draft.add(pdfs.stream(b"/I Do", entries))
    return shown(b"/XObject<</I %d 0 R>>" % inner, b"/I Do", draft)


def _in_pattern() -> bytes:
    draft = pdfs.Draft()
    number = draft.picture(pictures.face())
    entries = (
        b"/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<</XObject<</I %d 0 R>>>>"
    )
    tile = draft.add(pdfs.stream(pdfs.drawn(box=(0, 0, 9, 9)), entries % number))
    return shown(b"/Pattern<</P %d 0 R>>" % tile, b"/Pattern cs /P scn 0 0 9 9 re f", draft)


def _in_annotation() -> bytes:
    draft = pdfs.Draft()
    number = draft.picture(pictures.face())
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</I %d 0 R>>>>" % number
    stamp = draft.add(pdfs.stream(pdfs.drawn(box=(0, 0, 9, 9)), entries))
    note = draft.add(b"<</Type/Annot/Subtype/Stamp/Rect[0 0 9 9]/F 2/AP<</N %d 0 R>>>>" % stamp)
    return shown(b"", b"", draft, entries=b"/Annots[%d 0 R]" % note)


def _coded(data: bytes, entries: bytes, colours: bytes = b"/DeviceRGB") -> bytes:
    draft = pdfs.Draft()
    number = draft.add(pdfs.stream(data, pdfs.image_entries(SIZE, colours) + entries))
    return shown(b"/XObject<</I %d 0 R>>" % number, pdfs.drawn(box=(0, 0, 2, 2)), draft)


def _mask(key: bytes) -> bytes:
    draft = pdfs.Draft()
    grey = zlib.compress(pictures.face_pixels().convert("L").tobytes())
    mask = draft.add(pdfs.stream(grey, pdfs.image_entries(SIZE, b"/DeviceGray") + b"/Filter/FlateDecode"))
    black = zlib.compress(bytes(512 * 512))
    entries = pdfs.image_entries(SIZE, b"/DeviceGray") + b"/Filter/FlateDecode/" + key + b" %d 0 R" % mask
    number = draft.add(pdfs.stream(black, entries))
    return shown(b"/XObject<</I %d 0 R>>" % number, pdfs.drawn(box=(0, 0, 2, 2)), draft)


def _inline() -> bytes:
    raw = pictures.face_pixels(256).tobytes().hex().encode()
    return shown(b"", b"q 1 0 0 1 0 0 cm BI /W 256 /H 256 /BPC 8 /CS /RGB /F /AHx ID " + raw + b"> EI Q")


RGB = pictures.face_pixels().tobytes()
NEGATIVE = bytes(255 - value for value in RGB)
FLATE = b"/Filter/FlateDecode"

HIDDEN: dict[str, Callable[[], bytes]] = {
    "under white": lambda: _with_picture(pdfs.drawn() + b"1 g 0 0 612 792 re f"),
    "off the page": lambda: _with_picture(pdfs.drawn(box=(5000, 5000, 400, 400))),
    "tiny": lambda: _with_picture(pdfs.drawn(box=(50, 50, 2, 2))),
    "clipped away": lambda: _with_picture(b"q 0 0 1 1 re W n " + pdfs.drawn() + b" Q"),
    "on no page": lambda: _with_picture(b""),
    "in a form in a form": _in_form,
    "in a pattern": _in_pattern,
    "in a hidden annotation": _in_annotation,
    "in the page's own instructions": _inline,
    "in a mask": lambda: _mask(b"SMask"),
    "in another kind of mask": lambda: _mask(b"Mask"),
    "without a codec": lambda: _coded(zlib.compress(RGB), FLATE),
    "as a negative": lambda: _coded(zlib.compress(NEGATIVE), FLATE + b"/Decode[1 0 1 0 1 0]"),
    "as a JPEG inside a wrapper": lambda: _coded(
        pictures.face().hex().encode() + b">", b"/Filter[/ASCIIHexDecode/DCTDecode]"
    ),
    "as a packed JPEG": lambda: _coded(zlib.compress(pictures.face()), b"/Filter[/FlateDecode/DCTDecode]"),
    "as JPEG 2000": lambda: _coded(pictures.encode(pictures.face_pixels(), "JPEG2000"), b"/Filter/JPXDecode"),
    "in four colours": lambda: _coded(pictures.cmyk(), b"/Filter/DCTDecode/Decode[1 0 1 0 1 0 1 0]", b"/DeviceCMYK"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_hidden_faces(case: str) -> None:
    """A picture counts however it is drawn, or not drawn at all."""
    found = opened(HIDDEN[case]())
    assert found.gaps == ()
    assert {place for place in faces_in(found) if "picture" in place}


def test_a_face_in_pieces() -> None:
    """Strips that show nothing by themselves make a face on the page, also on a part of it that viewers crop away."""
    draft = pdfs.Draft()
    whole = pictures.face_pixels()
    names, content = b"", b""
    for number in range(64):
        strip = pictures.encode(whole.crop((0, 8 * number, 512, 8 * number + 8)), "JPEG")
        name = b"S%d" % number
        names += b"/" + name + b" %d 0 R" % draft.picture(strip, (512, 8))
        content += pdfs.drawn(name, (50, 500 - 6 * number, 400, 6.2))
    resources = b"/XObject<<" + names + b">>"
    draft.page(content, resources)
    draft.page(content, resources, b"/CropBox[600 0 612 12]")
    found = opened(draft.bytes())
    assert (faces_in(found), found.gaps) == ({"/file/page/1", "/file/page/2"}, ())
    assert outline(found.parts).count("image /file/page/2") == 2


def test_the_size_of_pages_may_be_inherited() -> None:
    """A crop box of the page's own and a media box of its parent's: the whole page is seen."""
    draft = pdfs.Draft()
    number = draft.picture(pictures.face())
    page = draft.page(pdfs.drawn(box=(2000, 2000, 900, 900)), b"/XObject<</I %d 0 R>>" % number)
    draft.objects[page] = draft.objects[page].replace(b"/MediaBox[0 0 612 792]", b"/CropBox[0 0 99 99]")
    whole = draft.bytes()
    data = pdfs.pdf({**draft.objects, 2: draft.objects[2].replace(b"/Type", b"/MediaBox[0 3000 3000 0]/Type")})
    assert whole != data
    assert faces_in(opened(data)) == {"/file/page/1/picture/0", "/file/page/1"}


# ---- words beside the pages


def _annotation(entries: bytes) -> bytes:
    draft = pdfs.Draft()
    note = draft.add(b"<</Type/Annot/Rect[0 0 9 9]" + entries + b">>")
    return shown(b"", b"", draft, entries=b"/Annots[%d 0 R]" % note)


def _appearance() -> bytes:
    draft = pdfs.Draft()
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 200 50]/Resources<</Font<</F 3 0 R>>>>"
    look = draft.add(pdfs.stream(b"BT /F 12 Tf 5 5 Td (who is this) Tj ET", entries))
    note = draft.add(b"<</Type/Annot/Subtype/FreeText/Rect[9 9 209 59]/F 4/AP<</N %d 0 R>>>>" % look)
    return shown(b"", b"", draft, entries=b"/Annots[%d 0 R]" % note)


def _catalog(entries: bytes, *objects: bytes, trailer: bytes = b"") -> bytes:
    draft = pdfs.Draft(entries, trailer)
    draft.page()
    for body in objects:
        draft.add(body)
    return draft.bytes()


TEXT = b" BT /F 12 Tf 50 50 Td (who is this) Tj ET "

SAID: dict[str, bytes] = {
    "on the page": shown(b"", TEXT),
    "on the page, invisible": shown(b"", b"3 Tr" + TEXT),
    "on the page, white": shown(b"", b"1 g" + TEXT),
    "off the page": shown(b"", b"1 0 0 1 5000 5000 cm" + TEXT),
    "under other words for readers": shown(b"", b"/Span<</ActualText(tea)>>BDC" + TEXT + b"EMC"),
    "under such words with an odd name": shown(b"", b"/Span<</Actual#54ext(tea)>>BDC" + TEXT + b"EMC"),
    "under such words kept apart": shown(b"/Properties<</P<</ActualText(tea)>>>>", b"/Span/P BDC" + TEXT + b"EMC"),
    "as other words for readers": shown(b"", b"/Span<</ActualText(who is this)>>BDC (x) Tj EMC" + TEXT),
    "in a comment": _annotation(b"/Subtype/Text/Contents(who is this)"),
    "in a hidden comment": _annotation(b"/Subtype/Text/F 2/Contents(who is this)"),
    "in a comment in UTF-16": _annotation(b"/Subtype/Text/Contents<FEFF00770068006F0020006900730020007400680069007300>"),
    "in a comment with escapes": _annotation(b"/Subtype/Text/Contents(\\167ho i\\\ns this)"),
    "in the looks of a comment": _appearance(),
    "in a form field": _annotation(b"/Subtype/Widget/FT/Tx/T(a)/V(who is this)"),
    "in a form field as a stream": _catalog(b"/A<</V 6 0 R/DV 3 0 R>>", pdfs.stream(b"who is this", packed=True)),
    "in a link": _annotation(b"/Subtype/Link/A<</S/URI/URI(https://x.example/who is this)>>"),
    "in the title": _catalog(b"", b"<</Title(who is this)>>", trailer=b"/Info 6 0 R"),
    "in the keywords": _catalog(b"", b"<</Keywords(who is this)>>", trailer=b"/Info 6 0 R"),
    "in a bookmark": _catalog(b"/Outlines 6 0 R", b"<</First 7 0 R/Count 1>>", b"<</Title(who is this)>>"),
    "in the description of a picture": _catalog(b"", b"<</Type/StructElem/S/Figure/Alt(who is this)>>"),
    "in metadata": _catalog(
        b"/Metadata 6 0 R", pdfs.stream(b"<x:xmpmeta>who is this</x:xmpmeta>", b"/Type/Metadata/Subtype/XML")
    ),
    "in metadata in UTF-16": _catalog(
        b"/Metadata 6 0 R", pdfs.stream("<x>who is this</x>".encode("utf-16"), b"/Type/Metadata/Subtype/XML", packed=True)
    ),
    "on a turned page": shown(b"", TEXT, entries=b"/Rotate 90"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_words(case: str) -> None:
    """Words count wherever they stand."""
    found = opened(SAID[case])
    assert found.gaps == ()
    said = " ".join(" ".join(told) for told in words(found).values())
    assert "who is this" in said.replace("<x:xmpmeta>", "").replace("<x>", "").replace("https://x.example/", "")


def test_pictures_in_words() -> None:
    """A data URI in a comment is a picture."""
    uri = pictures.data_uri(pictures.face(), "image/jpeg").encode()
    found = opened(_annotation(b"/Subtype/Text/Contents(look " + uri + b")"))
    assert (faces_in(found), found.gaps) == ({"/file/words/picture/0"}, ())


# ---- what stays closed


def _encrypted(**passwords: Any) -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdfs.text_pdf())) as pdf:
        pdf.save(written, encryption=pikepdf.Encryption(**passwords))
    return written.getvalue()


def _attached() -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdfs.text_pdf())) as pdf:
        pdf.attachments["face.jpg"] = pictures.face()
        pdf.save(written)
    return written.getvalue()


def _packed(data: bytes, filters: bytes) -> bytes:
    draft = pdfs.Draft()
    draft.page()
    draft.add(pdfs.stream(data, b"/Filter" + filters))
    return draft.bytes()


def _with_size(size: bytes) -> bytes:
    draft = pdfs.Draft()
    draft.page()
    draft.add(pdfs.stream(b"", b"/Subtype/Image" + size))
    return draft.bytes()


SOUND = pdfs.text_pdf()
DAMAGED = "a PDF that is damaged"
UNUSUAL = "a PDF whose streams are packed in an unusual way"
FILES = "files are attached to the PDF"
SCRIPTS = "a PDF with scripts"
MEDIA = "a PDF with sound, moving or spatial pictures"
BUILT = "a PDF that is not built as the format says"
TORN = "a PDF with a stream that is damaged, or inflates beyond the limit"

CLOSED: dict[str, tuple[bytes, str]] = {
    "encrypted": (_encrypted(user="secret", owner="secret"), "an encrypted PDF"),
    "encrypted for nobody": (_encrypted(user="", owner="secret"), "an encrypted PDF"),
    "with a file": (_attached(), FILES),
    "with a file by its name alone": (_catalog(b"/Names<</Embedded#46iles<</Names[]>>>>"), FILES),
    "with a file in a comment": (_annotation(b"/Subtype/FileAttachment/FS<</EF<</F 3 0 R>>>>"), FILES),
    "with a script": (_catalog(b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"), SCRIPTS),
    "with a script under an odd name": (_catalog(b"/OpenAction<</S/Java#53cript>>"), SCRIPTS),
    "with an XFA form": (_catalog(b"/AcroForm<</XFA[(a) 3 0 R]/Fields[]>>"), "a PDF with an XFA form"),
    "with a film": (_annotation(b"/Subtype/Movie/Movie<</F(a.mov)>>"), MEDIA),
    "with a spatial picture": (_annotation(b"/Subtype/3D"), MEDIA),
    "with rich media": (_annotation(b"/Subtype/RichMedia"), MEDIA),
    "with a program": (_annotation(b"/Subtype/Link/A<</S/Launch/F(cmd.exe)>>"), "a PDF that starts programs"),
    "a portfolio": (_catalog(b"/Collection<</View/D>>"), FILES),
    "with a stream kept elsewhere": (_packed(b"", b"[]/F(other.bin)"), "a PDF that takes in other files"),
    "packed twice": (_packed(zlib.compress(zlib.compress(b"x")), b"[/FlateDecode/FlateDecode]"), UNUSUAL),
    "packed by what nobody knows": (_packed(b"x", b"/MyDecode"), UNUSUAL),
    "encrypted in part": (_packed(b"x", b"/Crypt"), UNUSUAL),
    "a picture packed into words": (_packed(b"x", b"[/DCTDecode/FlateDecode]"), UNUSUAL),
    "packed by LZW, and large": (
        _packed(bytes(100_001), b"/LZWDecode"),
        "a PDF with a stream of more than 100000 bytes packed by LZW or run lengths",
    ),
    "a torn stream": (_packed(zlib.compress(bytes(9999))[:-8], FLATE.removeprefix(b"/Filter")), BUILT),
    "a broken stream": (_packed(b"nonsense", b"/FlateDecode"), TORN),
    "a picture without a size": (_with_size(b"/Width(a)/Height 9"), "a picture without a size in a PDF"),
    "a picture of nothing": (_with_size(b"/Width 0/Height 9"), "a picture of 0 x 9 pixels in a PDF"),
    "a huge picture": (_with_size(b"/Width 60000/Height 60000"), "a picture of 60000 x 60000 pixels in a PDF"),
    "a picture that cannot be decoded": (
        _coded(b"nonsense", b"/Filter/JPXDecode"),
        "a picture in a PDF that cannot be decoded",
    ),
    "half a picture": (
        _coded(pictures.encode(pictures.face_pixels(), "JPEG2000")[:9000], b"/Filter/JPXDecode"),
        "a PDF that cannot be drawn",
    ),
    "without a table": (SOUND.replace(b"xref", b"xxxx"), DAMAGED),
    "with a table that is wrong": (SOUND.replace(b"0000000015", b"0000000016"), DAMAGED),
    "with a key told twice": (SOUND.replace(b"/Type/Catalog", b"/Pages 3 0 R/Type/Catalog"), DAMAGED),
    "with two contents of a page": (SOUND.replace(b"/Contents 4 0 R", b"/Contents 4 0 R/Contents 3 0 R"), DAMAGED),
    "metadata that are no text": (
        _catalog(b"/Metadata 6 0 R", pdfs.stream(b"\xff\x00\x80", b"/Type/Metadata")),
        "a PDF with metadata that are not text",
    ),
    "pages beyond the limit": (pdfs.text_pdf(51), "a PDF of 51 pages; the limit is 50"),
    "a page beyond all sizes": (shown(b"", b"", box=(0, 0, 1e9, 1e9)), "a page of 1e+09 x 1e+09 points in a PDF"),
    "a page like a thread": (shown(b"", b"", box=(0, 0, 10, 1000)), "a page of 10 x 1000 points in a PDF"),
    "a page without a size": (shown(b"", b"", box=("/a", 0, 1, 1)), BUILT),
}


@pytest.mark.parametrize("case", CLOSED)
def test_what_stays_closed(case: str) -> None:
    """What cannot be read in one way, or holds more than words and pictures; with the reason."""
    data, why = CLOSED[case]
    assert reason(data) == why


def test_names_in_words_are_words() -> None:
    """Who writes about scripts has none."""
    assert opened(_annotation(b"/Subtype/Text/Contents(see /JavaScript and /JS )")).gaps == ()


LIMITED: list[tuple[str, bytes, DocumentLimits, str]] = [
    ("pages", pdfs.text_pdf(3), DocumentLimits(pages=2), "a PDF of 3 pages; the limit is 2"),
    (
        "pictures",
        pdfs.by_pillow(*[pictures.plain_pixels(32)] * 3),
        DocumentLimits(pictures=2),
        "a PDF with more than 2 pictures",
    ),
    (
        "what comes out",
        pdfs.picture_pdf(),
        DocumentLimits(held_bytes=99_999),
        "more than 99999 bytes of pictures and words came out of it",
    ),
    ("bytes", pdfs.text_pdf(), DocumentLimits(inflated_bytes=99), "a PDF that inflates to more than 99 bytes"),
]


@pytest.mark.parametrize("case", LIMITED, ids=[one[0] for one in LIMITED])
def test_limits(case: tuple[str, bytes, DocumentLimits, str]) -> None:
    """Each limit holds, and what is just below it passes."""
    _, data, limits, why = case
    assert reason(data, limits) == why
    assert opened(data).gaps == ()


@pytest.mark.parametrize("ticks", range(1, 12))
def test_out_of_time(ticks: int) -> None:
    """Whenever the time is over, what was found by then stays, and the file is closed."""
    left = iter([0.0] * ticks)
    found = unfold(Document(HERE, Inline("", pdfs.picture_pdf())), DocumentLimits(), lambda: next(left, 99.0))
    assert found.gaps == ((HERE, "the file cannot be examined: opening it took longer than 15 seconds"),)


def test_what_was_found_before_a_gap_counts() -> None:
    """A face on the first page is seen, though the second cannot be drawn."""
    draft = pdfs.Draft()
    draft.page(pdfs.drawn(), b"/XObject<</I %d 0 R>>" % draft.picture(pictures.face()))
    draft.page(box=(0, 0, 10, 1000))
    found = opened(draft.bytes())
    assert faces_in(found) == {"/file/page/1/picture/0", "/file/page/1"}
    assert len(found.gaps) == 1


def test_cameras_are_seen() -> None:
    """A photograph in a file keeps what it says of its camera."""
    draft = pdfs.Draft()
    draft.page(pdfs.drawn(), b"/XObject<</I %d 0 R>>" % draft.picture(pictures.taken_by("Axon", "Body 3"), (64, 64)))
    found = opened(draft.bytes())
    (photograph,) = (part for part in found.parts if "picture" in part.location.steps)
    assert isinstance(photograph, Image)
    assert isinstance(photograph.source, Inline)
    assert b"Axon" in photograph.source.data
