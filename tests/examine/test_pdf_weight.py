"""How much pages draw: forms count as often as they are drawn."""

from collections.abc import Sequence

import pytest
from support import pdfs

from proxy.examine.opening import Deadline, DocumentLimits, Unopened
from proxy.examine.pdf_objects import read_objects
from proxy.examine.pdf_weight import DEPTH

LINES = b"0 0 m 1 1 l S "


def forms(levels: int, content: bytes, leaf: bytes = LINES, name: bytes = b"X") -> tuple[pdfs.Draft, int]:
    """Forms within forms, each with `content`; the number of the outermost."""
    draft = pdfs.Draft()
    inner = draft.add(pdfs.stream(leaf, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"))
    for _ in range(levels):
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</%b %d 0 R>>>>" % (name, inner)
        inner = draft.add(pdfs.stream(content, entries))
    return draft, inner


def drawn(levels: int, content: bytes, **more: bytes) -> bytes:
    """A page that draws the outermost form."""
    draft, number = forms(levels, content, **more)
    draft.page(b"/X Do", b"/XObject<</X %d 0 R>>" % number)
    return draft.bytes()


def in_comment(levels: int, content: bytes) -> bytes:
    """The same in the looks of a comment."""
    draft, number = forms(levels, content)
    note = draft.add(b"<</Type/Annot/Subtype/Stamp/Rect[0 0 9 9]/AP<</N %d 0 R>>>>" % number)
    draft.page(b"", entries=b"/Annots[%d 0 R]" % note)
    return draft.bytes()


def in_circle(length: int) -> bytes:
    """Forms of which each draws the next, and the last the first."""
    draft = pdfs.Draft()
    first = draft.following
    for number in range(length):
        following = first + (number + 1) % length
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % following
        draft.add(pdfs.stream(b"/X Do", entries))
    draft.page(b"/X Do", b"/XObject<</X %d 0 R>>" % first)
    return draft.bytes()


def shared(content: bytes) -> bytes:
    """A form whose resources name the form itself, as those of programs do that keep one list for all."""
    draft = pdfs.Draft()
    number = draft.following
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % number
    draft.add(pdfs.stream(content, entries))
    draft.page(b"/X Do", b"/XObject<</X %d 0 R>>" % number)
    return draft.bytes()


def bare(content: bytes) -> bytes:
    """A page whose list of what it may draw is no list."""
    draft = pdfs.Draft()
    draft.page(content, b"/XObject 7")
    return draft.bytes()


MUCH = "a PDF whose pages draw too much"

CASES: Sequence[tuple[str, bytes, str]] = [
    ("a form", drawn(1, b"/X Do"), ""),
    ("a form drawn often", drawn(1, b"/X Do " * 1000), ""),
    ("a form in forms", drawn(5, b"/X Do /X Do"), ""),
    ("a form that draws nothing but names itself", shared(LINES), ""),
    ("words that speak of drawing", shared(b"BT (Do it, and /Y Do) Tj ET"), ""),
    ("something that is nowhere", shared(b"/Y Do"), ""),
    ("something without a list of what there is", bare(b"/Y Do"), ""),
    ("tenfold twelve times", drawn(12, b"/X Do " * 10), MUCH),
    ("tenfold twelve times, under odd names", drawn(12, b"/#58 Do " * 10), MUCH),
    ("tenfold twelve times, in a comment", in_comment(12, b"/X Do " * 10), MUCH),
    ("much, by names that cannot be read", drawn(1, b"/X%\n Do " * 10, leaf=LINES * 1_000_000), MUCH),
    ("deep", drawn(DEPTH + 1, b"/X Do"), f"a PDF whose forms are nested deeper than {DEPTH} levels"),
    ("itself", in_circle(1), "a PDF with a form that draws itself"),
    ("in a circle", in_circle(3), "a PDF with a form that draws itself"),
]


@pytest.mark.parametrize("case", CASES, ids=[one[0] for one in CASES])
def test_weight(case: tuple[str, bytes, str]) -> None:
    """Ordinary forms pass; a few hundred bytes that would draw gigabytes do not, and are told before anything is drawn."""
    _, data, why = case
    if not why:
        assert read_objects(data, DocumentLimits(), Deadline(60)).hidden == (None,)
        return
    with pytest.raises(Unopened) as refusal:
        read_objects(data, DocumentLimits(), Deadline(60))
    assert str(refusal.value) == why
