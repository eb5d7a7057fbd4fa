"""What a PDF is made of: the pictures among its objects, which of them a JPEG says all of, and the limits."""

import pytest
from support import pdfs, pictures

from proxy.examine import pdf_objects as module
from proxy.examine.opening import Deadline, DocumentLimits, Unopened
from proxy.examine.pdf_objects import Objects, Picture, read_objects

JPEG = pictures.coffee()


def read(data: bytes) -> Objects:
    """The objects of a file."""
    return read_objects(data, DocumentLimits(), Deadline(60))


def holding(*objects: bytes, content: bytes = b"", resources: bytes = b"") -> bytes:
    """A file of one page with other objects from number 6 on."""
    draft = pdfs.Draft()
    draft.page(content, resources)
    for body in objects:
        draft.add(body)
    return draft.bytes()


def jpeg(colours: bytes, entries: bytes = b"") -> bytes:
    """A picture of these colours, as JPEG."""
    return pdfs.stream(JPEG, pdfs.image_entries((512, 512), colours) + b"/Filter/DCTDecode" + entries)


PROFILE = pdfs.stream(b"profile", b"/N 3")
FOUR = pdfs.stream(b"profile", b"/N 4")

PLAIN: dict[str, tuple[tuple[bytes, ...], bool]] = {
    "three colours": ((jpeg(b"/DeviceRGB"),), True),
    "greys": ((jpeg(b"/DeviceGray"),), True),
    "three colours by a profile": ((jpeg(b"[/ICCBased 7 0 R]"), PROFILE), True),
    "four colours": ((jpeg(b"/DeviceCMYK"),), False),
    "four colours by a profile": ((jpeg(b"[/ICCBased 7 0 R]"), FOUR), False),
    "a profile that is none": ((jpeg(b"[/ICCBased 9]"),), False),
    "a palette": ((jpeg(b"[/Indexed/DeviceRGB 1(abcdef)]"),), False),
    "inverted": ((jpeg(b"/DeviceRGB", b"/Decode[1 0 1 0 1 0]"),), False),
    "a stencil": ((jpeg(b"/DeviceGray", b"/ImageMask true"),), False),
    "in an array of filters": ((jpeg(b"/DeviceRGB").replace(b"/DCTDecode", b"[/DCTDecode]"),), True),
}


@pytest.mark.parametrize("case", PLAIN)
def test_what_a_jpeg_says_all_of(case: str) -> None:
    """Where colours are mapped or inverted, the picture is drawn as well."""
    objects, plain = PLAIN[case]
    found = read(holding(*objects))
    assert found.pictures == (Picture(0, JPEG, 0 if plain else 1),)
    assert bool(found.sheet) is not plain


def test_pictures_by_page() -> None:
    """The first page that leads to a picture has it; a link to another page leads to none of its pictures."""
    draft = pdfs.Draft()
    first, second, third = (
        draft.picture(pictures.small("JPEG", colour), (4, 4)) for colour in ("red", "green", "blue")
    )
    link = draft.add(b"<</Type/Annot/Subtype/Link/Rect[0 0 1 1]/Dest[%d 0 R/Fit]>>" % (link_target := first + 5))
    draft.page(b"", b"/XObject<</I %d 0 R>>" % second, b"/Annots[%d 0 R]" % link)
    page = draft.page(b"", b"/XObject<</I %d 0 R/J %d 0 R>>" % (first, second))
    assert page > link_target
    assert [one.page for one in read(draft.bytes()).pictures] == [2, 1, 0]
    assert third


def test_numbers_that_stand_alone() -> None:
    """Lengths are often objects of their own; they say nothing."""
    found = read(holding(b"17", b"null", b"true", b"3.5", b"(said)", b"/Named", b"[(in a list)]"))
    assert found.words == ("said", "in a list")


def test_too_many_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number is limited."""
    monkeypatch.setattr(module, "OBJECTS", 7)
    assert read(holding(b"1", b"2")).hidden == (None,)
    with pytest.raises(Unopened, match="more than 7 objects"):
        read(holding(b"1", b"2", b"3"))


def test_replaced_words_are_taken_away_everywhere() -> None:
    """In instructions, in lists of a form, in an array; descriptions of structure stay, since they replace nothing."""
    form = pdfs.stream(b"", b"/Subtype/Form/Resources<</Properties<</P<</ActualText(x)>>>>>>")
    nested = b"[[<</ActualText(x)>> 7 0 R]]"
    found = read(holding(form, b"7", nested, content=b"/Span<</ActualText(x)>>BDC EMC"))
    assert b"ActualText" not in found.unmarked
    assert b"OtherText" in found.unmarked
    assert read(holding(b"<</Type/StructElem/ActualText(x)>>")).unmarked == b""
    with pytest.raises(Unopened, match="nested too deeply"):
        read(holding(b"[" * 20 + b"<</ActualText(x)>>" + b"]" * 20))


def test_pages_that_hide_some_of_themselves() -> None:
    """Their whole extent is told; corners may stand in any order."""
    draft = pdfs.Draft()
    draft.page()
    draft.page(entries=b"/CropBox[0 0 612 792]")
    draft.page(entries=b"/CropBox[612 792 0 0]")
    draft.page(entries=b"/CropBox[9 9 99 99]", box=(612, 792, 0, 0))
    assert read(draft.bytes()).hidden == (None, None, None, (0.0, 0.0, 612.0, 792.0))


def test_a_box_that_is_none() -> None:
    """A page's size is four numbers."""
    draft = pdfs.Draft()
    draft.page(entries=b"/CropBox[0 0 9]")
    with pytest.raises(Unopened):
        read(draft.bytes())
