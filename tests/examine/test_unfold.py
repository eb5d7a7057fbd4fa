"""Files become words and pictures, or a gap with its reason; nothing is raised."""

import base64
from dataclasses import replace

import pytest
from msgspec import structs
from support import pdfs, pictures

from proxy.content import Document, Image, Inline, Remote, Role, Text, Unfolded
from proxy.examine import unfold as module
from proxy.examine.opening import DocumentLimits
from proxy.examine.unfold import STEPS, unfold
from proxy.location import Location

HERE = Location(("messages", 0, "file"))
LIMITS = DocumentLimits()
URI = pictures.data_uri(pictures.coffee())


def opened(data: bytes, limits: DocumentLimits = LIMITS) -> Unfolded:
    """What a file holds."""
    return unfold(Document(HERE, Inline("application/octet-stream", data), "name.bin"), limits)


def text(words: str) -> Text:
    """A text that stands where the file does."""
    return Text(HERE, Role.FIELD, words)


def closed(why: str) -> Unfolded:
    """A file that stays closed."""
    return Unfolded((), ((HERE, f"the file cannot be examined: {why}"),))


LONG = base64.b64encode(bytes(range(256)) * 8).decode()
PICTURE = Image(HERE.at("picture", 0), Inline("", pictures.coffee()))

OPENED: dict[str, tuple[bytes, Unfolded]] = {
    "a picture": (pictures.coffee("PNG"), Unfolded((Image(HERE, Inline("", pictures.coffee("PNG"))),))),
    "words": (b"hello", Unfolded((text("hello"),))),
    "a table": (b"a;b\n1;2\n", Unfolded((text("a;b\n1;2\n"),))),
    "words with a picture": (f"![]({URI})".encode(), Unfolded((text(f"![]({URI})"), PICTURE))),
    "JSON with a picture whose slashes are escaped": (
        f'{{"a": "{URI}"}}'.replace("/", "\\/").encode(),
        Unfolded((text(f'{{"a": "{URI}"}}'.replace("/", "\\/")), PICTURE)),
    ),
    "two pictures": (
        f"{URI} {URI}".encode(),
        Unfolded((text(f"{URI} {URI}"), PICTURE, structs.replace(PICTURE, location=HERE.at("picture", 1)))),
    ),
    "short base64": (LONG[:200].encode(), Unfolded((text(LONG[:200]),))),
    "long base64": (LONG.encode(), closed("encoded data in a text")),
    "base64 in lines": (base64.encodebytes(bytes(999)), closed("encoded data in a text")),
    "another data URI": (f"data:application/pdf;base64,{LONG}".encode(), closed("encoded data in a text")),
    "a data URI of words": (b"see data:image/svg+xml,%3Csvg%3E", closed("encoded data in a text")),
    "an archive": (b"PK\x03\x04", closed("an archive, or an office document, which is one")),
    "nothing": (b"", closed("an empty file")),
}


@pytest.mark.parametrize("case", OPENED)
def test_opened(case: str) -> None:
    """By what the bytes are, whatever name and type say."""
    data, expected = OPENED[case]
    assert opened(data) == expected


def test_parts_stand_inside_the_file() -> None:
    """Each by names that are ours."""
    found = opened(pdfs.picture_pdf())
    assert found.gaps == ()
    assert {part.location.steps[: len(HERE.steps)] for part in found.parts} == {HERE.steps}
    inner = {step for part in found.parts for step in part.location.steps[len(HERE.steps) :] if isinstance(step, str)}
    assert inner == {"page", "picture"}
    assert inner < STEPS


def test_an_address_is_not_opened() -> None:
    """Nothing is fetched."""
    found = unfold(Document(HERE, Remote("https://x.example/a.pdf")), LIMITS)
    assert found == Unfolded((), ((HERE, "a file behind an address; what the service would fetch was not seen here"),))


def test_limits_of_pictures_in_words() -> None:
    """Their number and their size."""
    two = f"{URI} {URI}".encode()
    assert opened(two, replace(LIMITS, pictures=1)).gaps == closed("more than 1 pictures in a text").gaps
    assert opened(two, replace(LIMITS, inline_bytes=9)).gaps == closed("inline data of more than 9 bytes").gaps


def test_whatever_goes_wrong_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of the code that reads files leaves the file closed; want of memory is for whoever knows how to end it."""

    def fails(mistake: Exception) -> None:
        def sniff(_: bytes) -> None:
            raise mistake

        monkeypatch.setattr(module, "sniff", sniff)

    fails(ZeroDivisionError("its words are not told"))
    assert opened(b"x") == Unfolded((), ((HERE, "the file cannot be examined (ZeroDivisionError)"),))
    fails(MemoryError())
    with pytest.raises(MemoryError):
        opened(b"x")
