"""What a file is, told by its bytes alone: neither its name nor its declared type is asked.

A file that two readers could take for two things is neither.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from proxy.examine.structure import picture_end


class Kind(StrEnum):
    """What can be opened, and `OTHER` for what cannot."""

    PICTURE = "picture"
    PDF = "pdf"
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file is; where that is OTHER, `why` says so to a person."""

    kind: Kind
    why: str = ""


_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
_PDF: Final = b"%PDF-"
_PDF_WITHIN: Final = 1024
"""Bytes from the start in which readers of PDF look for its header (ISO 32000-1, annex H.3.4.1, note 13)."""

_ZIP_END: Final = b"PK\x05\x06"
_ZIP_WITHIN: Final = 22 + 65_535
"""Bytes from the end in which readers of ZIP look for its end record: the record and its longest comment."""

_PDF_END: Final = re.compile(rb"%%EOF[\x00\t\n\f\r ]{0,256}\Z")

_TAR_AT: Final = 257

_ARCHIVE: Final = "an archive, or an office document, which is one"
_OFFICE: Final = "an office document of an older format"
_VIDEO: Final = "a recording or a moving picture"
_PROGRAM: Final = "a program"
_PACKED: Final = "a compressed file"
_OTHER_PICTURE: Final = "a picture of a format that is not read (JPEG, PNG, GIF and WebP are)"
_DATABASE: Final = "a table or database in binary form"

_FOREIGN: Final = (
    (0, b"PK\x03\x04", _ARCHIVE),
    (0, b"PK\x05\x06", _ARCHIVE),
    (0, b"PK\x07\x08", _ARCHIVE),
    (0, b"\xd0\xcf\x11\xe0", _OFFICE),
    (0, b"{\\rtf", _OFFICE),
    (0, b"%!PS", "a PostScript program"),
    (0, b"\x7fELF", _PROGRAM),
    (0, b"MZ", _PROGRAM),
    (0, b"\xca\xfe\xba\xbe", _PROGRAM),
    (0, b"\0asm", _PROGRAM),
    (0, b"\x1f\x8b", _PACKED),
    (0, b"BZh", _PACKED),
    (0, b"\xfd7zXZ", _PACKED),
    (0, b"(\xb5/\xfd", _PACKED),
    (0, b"7z\xbc\xaf", _ARCHIVE),
    (0, b"Rar!", _ARCHIVE),
    (0, b"MSCF", _ARCHIVE),
    (_TAR_AT, b"ustar", _ARCHIVE),
    (4, b"ftypheic", _OTHER_PICTURE),
    (4, b"ftypmif1", _OTHER_PICTURE),
    (4, b"ftypavif", _OTHER_PICTURE),
    (4, b"ftyp", _VIDEO),
    (0, b"\x1aE\xdf\xa3", _VIDEO),
    (0, b"OggS", _VIDEO),
    (0, b"fLaC", _VIDEO),
    (0, b"ID3", _VIDEO),
    (0, b"FLV", _VIDEO),
    (0, b"RIFF", _VIDEO),
    (0, b"II*\0", _OTHER_PICTURE),
    (0, b"MM\0*", _OTHER_PICTURE),
    (0, b"BM", _OTHER_PICTURE),
    (0, b"\0\0\1\0", _OTHER_PICTURE),
    (0, b"8BPS", _OTHER_PICTURE),
    (0, b"\0\0\0\x0cjP", _OTHER_PICTURE),
    (0, b"\xff\x4f\xff\x51", _OTHER_PICTURE),
    (0, b"SQLite format 3\0", _DATABASE),
    (0, b"PAR1", _DATABASE),
)
"""Where a signature stands, the signature, and what the file then is. The first that fits counts."""

_PLAIN_START: Final = frozenset({b"MZ", b"BM", b"BZh", b"ID3", b"FLV", b"MSCF", b"PAR1", b"RIFF", b"8BPS", b"OggS"})
"""Signatures that ordinary words may begin with: a file that is text throughout is text in spite of them."""

_UUENCODED: Final = re.compile(r"^begin [0-7]{3,4} \S", re.MULTILINE)
_FIRST_TAG: Final = re.compile(
    r"(?>\s*(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE[^<>\[]*(?:\[.*?\]\s*)?>))*+"  # nothing is tried twice: linear
    r"\s*<(?:[\w.-]{1,64}:)?([\w.-]{1,64})",
    re.IGNORECASE | re.DOTALL,
)
_SVG: Final = re.compile(r"<(?:[\w.-]{1,64}:)?svg[\s>/]|http://www\.w3\.org/2000/svg", re.IGNORECASE)


def sniff(data: bytes) -> Sniffed:
    """What a file is: a picture that the service takes, a PDF, text, or something that is not opened."""
    if not data:
        return _other("an empty file")
    if doubt := _double(data):
        return _other(doubt)
    if data.startswith(_PDF):
        return _pdf(data)
    if data.startswith(_PICTURES) or _is_webp(data):
        return _picture(data)
    return _text(data)


def _other(why: str) -> Sniffed:
    return Sniffed(Kind.OTHER, why)


def _double(data: bytes) -> str:
    """Why a file may be two things at a time; empty where it is not."""
    if data.find(_PDF, 0, _PDF_WITHIN) > 0:
        return "a PDF begins inside another file"
    if data.rfind(_ZIP_END, max(0, len(data) - _ZIP_WITHIN)) > 0 and not data.startswith(b"PK"):
        return "an archive ends inside another file"
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar" and data.startswith((_PDF, *_PICTURES)):
        return "an archive begins inside another file"
    return ""


def _pdf(data: bytes) -> Sniffed:
    if not _PDF_END.search(data, max(0, len(data) - 512)):
        return _other("a PDF that is truncated, or something follows its end")
    return Sniffed(Kind.PDF)


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _picture(data: bytes) -> Sniffed:
    end = picture_end(data)
    if end != len(data):
        return _other("a picture that is truncated or damaged" if not end else "something follows the picture's end")
    return Sniffed(Kind.PICTURE)


def _text(data: bytes) -> Sniffed:
    found = next((one for one in _FOREIGN if data.startswith(one[1], one[0])), None)
    if found is not None and not (found[0] == 0 and found[1] in _PLAIN_START):
        return _other(found[2])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _other(found[2] if found else "a file of a kind that is not read, or text that is not UTF-8")
    if "\0" in text:
        return _other(found[2] if found else "a file of a kind that is not read")
    return _words(text)


def _words(text: str) -> Sniffed:
    if _is_svg(text):
        return _other("a drawing in SVG, which would have to be drawn to be seen")
    if _UUENCODED.search(text):
        return _other("a file inside a text (uuencoded)")
    return Sniffed(Kind.TEXT)


def _is_svg(text: str) -> bool:
    if not _SVG.search(text):
        return False
    text = text.removeprefix("\ufeff")
    first = _FIRST_TAG.match(text)
    return first[1].lower() != "html" if first else text.lstrip().startswith("<")
