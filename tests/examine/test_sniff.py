"""What a file is, by its bytes: one thing, or nothing that is opened."""

import struct

import pytest
from support import pdfs, pictures

from proxy.examine.sniff import Kind, sniff

PDF = pdfs.text_pdf()
JPEG = pictures.coffee()

OPENED: dict[str, tuple[bytes, Kind]] = {
    **{f"a {form} picture": (pictures.coffee(form), Kind.PICTURE) for form in pictures.FORMATS},
    **{f"a {form} animation": (pictures.animation(form), Kind.PICTURE) for form in ("GIF", "WEBP", "APNG")},
    "a progressive JPEG": (pictures.progressive(), Kind.PICTURE),
    "a JPEG with a thumbnail": (pictures.with_face_thumbnail(), Kind.PICTURE),
    "a PDF": (PDF, Kind.PDF),
    "a PDF with white space behind": (PDF + b"\r\n \n\0", Kind.PDF),
    "a PDF that tells its kind twice": (PDF[:9] + b"%PDF-1.4\n" + PDF[9:], Kind.PDF),
    "words": (b"hello", Kind.TEXT),
    "words in another language": ("Grüße, 世界 🙂".encode(), Kind.TEXT),
    "words with a mark in front": (b"\xef\xbb\xbfhello", Kind.TEXT),
    "words that begin like an archive": (b"PK is a rank", Kind.TEXT),
    "words that begin like a program": (b"MZ means something", Kind.TEXT),
    "words that begin like a drawing": (b"BMW, BM, and so on", Kind.TEXT),
    "Markdown about drawings": (b"# About <svg> tags\n\nhttp://www.w3.org/2000/svg", Kind.TEXT),
    "JSON": (b'{"a": [1, 2, "x"]}', Kind.TEXT),
    "XML": (b"<?xml version='1.0'?><note>hello</note>", Kind.TEXT),
    "HTML": (b"<!doctype html><html><body>hello</body></html>", Kind.TEXT),
    "HTML with a drawing in it": (b"<!-- x --><!DOCTYPE html><html><svg><path/></svg></html>", Kind.TEXT),
    "a program's source": (b"begin = 644\nprint(begin)\n", Kind.TEXT),
}


@pytest.mark.parametrize("case", OPENED)
def test_what_is_opened(case: str) -> None:
    """Pictures that the service takes, PDFs, and texts."""
    data, kind = OPENED[case]
    found = sniff(data)
    assert (found.kind, found.why) == (kind, "")


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
BOX = struct.pack(">I", 24)

CLOSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "an empty file"),
    "an office document": (b"PK\x03\x04" + bytes(30), "an archive, or an office document, which is one"),
    "an archive that is text": (b"PK\x03\x04 hello", "an archive, or an office document, which is one"),
    "an old office document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "an office document of an older format"),
    "rich text": (b"{\\rtf1 hello}", "an office document of an older format"),
    "PostScript": (b"%!PS-Adobe-3.0\nshowpage", "a PostScript program"),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(9), "a program"),
    "a program for Windows": (b"MZ\x90\0\x03", "a program"),
    "gzip": (b"\x1f\x8b\x08\0", "a compressed file"),
    "tar": (b"name".ljust(257, b"\0") + b"ustar\x0000", "an archive, or an office document, which is one"),
    "tar of a text's name": (b"n" * 257 + b"ustar  \0", "an archive, or an office document, which is one"),
    "a film": (BOX + b"ftypisom" + bytes(12), "a recording or a moving picture"),
    "a sound": (b"RIFF\x24\0\0\0WAVEfmt ", "a recording or a moving picture"),
    "a sound with a title": (b"ID3\x04\0", "a recording or a moving picture"),
    "HEIC": (BOX + b"ftypheic" + bytes(12), "a picture of a format that is not read (JPEG, PNG, GIF and WebP are)"),
    "TIFF": (pictures.FOREIGN["TIFF"], "a picture of a format that is not read (JPEG, PNG, GIF and WebP are)"),
    "BMP": (pictures.FOREIGN["BMP"], "a picture of a format that is not read (JPEG, PNG, GIF and WebP are)"),
    "a database": (b"SQLite format 3\0" + bytes(9), "a table or database in binary form"),
    "noise": (b"\xff\xfe\xfd\xfc", "a file of a kind that is not read, or text that is not UTF-8"),
    "UTF-16": ("hello".encode("utf-16"), "a file of a kind that is not read, or text that is not UTF-8"),
    "Latin-1": ("Grüße".encode("latin-1"), "a file of a kind that is not read, or text that is not UTF-8"),
    "words with a NUL": (b"hello\0there", "a file of a kind that is not read"),
    "a drawing": (SVG, "a drawing in SVG, which would have to be drawn to be seen"),
    "a drawing behind much": (
        b"\xef\xbb\xbf<?xml version='1.0'?><!-- <html> --><!DOCTYPE svg [<!ENTITY a '<html>'>]>\n<s:svg xmlns:s='x'/>",
        "a drawing in SVG, which would have to be drawn to be seen",
    ),
    "a drawing behind something odd": (b"<?odd <svg />", "a drawing in SVG, which would have to be drawn to be seen"),
    "a file in a text": (b"hello\nbegin 644 face.jpg\nM_]C_\n", "a file inside a text (uuencoded)"),
    "a PDF behind words": (b"hello\n" + PDF, "a PDF begins inside another file"),
    "a PDF in a picture": (JPEG[:2] + b"\xff\xfe\0\x0b%PDF-1.7 " + JPEG[2:], "a PDF begins inside another file"),
    "an archive behind a PDF": (PDF + b"PK\x05\x06" + bytes(18), "an archive ends inside another file"),
    "an archive behind a picture": (pictures.coffee("PNG") + b"PK\x05\x06" + bytes(18), "an archive ends inside another file"),
    "an archive behind words": (b"hello PK\x05\x06", "an archive ends inside another file"),
    "a PDF that is an archive": (PDF[:9].ljust(257, b" ") + b"ustar" + PDF[9:], "an archive begins inside another file"),
    "a torn PDF": (PDF[:-3], "a PDF that is truncated, or something follows its end"),
    "a PDF with words behind": (PDF + b"hello", "a PDF that is truncated, or something follows its end"),
    "a PDF with a picture behind": (PDF + pictures.face(), "a PDF that is truncated, or something follows its end"),
    **{
        f"a {form} with another behind": (pictures.coffee(form) + JPEG, "something follows the picture's end")
        for form in pictures.FORMATS
    },
    **{
        f"a torn {form}": (pictures.coffee(form)[:-1], "a picture that is truncated or damaged")
        for form in pictures.FORMATS
    },
    "several pictures in one JPEG": (pictures.animation("MPO"), "something follows the picture's end"),
}  # fmt: skip


@pytest.mark.parametrize("case", CLOSED)
def test_what_stays_closed(case: str) -> None:
    """All else, and what two readers could take for two things; with the reason."""
    data, why = CLOSED[case]
    found = sniff(data)
    assert (found.kind, found.why) == (Kind.OTHER, why)


LONG = {
    "comments": b"<!--x-->" * 100_000 + b"<svg>",
    "comments that never end": b"<!--" * 200_000 + b"<svg>",
    "declarations that never end": b"<!DOCTYPE [" * 100_000 + b"<svg>",
    "white space": b" " * 1_000_000 + b"<svg>",
}


@pytest.mark.parametrize("case", LONG)
def test_long_ones_are_told_in_one_pass(case: str) -> None:
    """What could make an expression try again and again does not: a test that would not end otherwise."""
    assert sniff(LONG[case]).kind is Kind.OTHER
