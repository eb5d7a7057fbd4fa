"""The words that stand in the objects of a PDF beside its pages: titles, comments, values of forms, addresses, descriptions.

Objects come as qpdf writes them: names in one spelling, strings as `(...)` with escapes or as `<hex>`.
"""

import re
from collections.abc import Iterable
from typing import Final

_STRING: Final = re.compile(rb"\((?:[^\\()]++|\\.)*+\)|<[0-9a-f]*+>", re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_MEANT: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_FILE_ID: Final = re.compile(rb"/ID \[[^\]]*\]")

_PDF_DOC: Final = {
    code: char
    for start, chars in {
        0x18: "˘ˇˆ˙˝˛˚˜",  # noqa: RUF001 - PDFDocEncoding
        0x80: "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž",  # noqa: RUF001 - PDFDocEncoding
        0xA0: "€",
    }.items()
    for code, char in enumerate(chars, start)
}
"""Where PDFDocEncoding (ISO 32000-1, annex D.2) differs from Latin-1."""


def without_strings(objects: bytes) -> bytes:
    """The same objects, with nothing in place of their strings."""
    return _STRING.sub(b"()", objects)


def words_in(objects: bytes) -> Iterable[str]:
    """Each string that has a letter in it, decoded, once. The file's own id, which is drawn by chance, is none."""
    found: dict[str, None] = {}
    for token in _STRING.findall(_FILE_ID.sub(b"", objects)):
        text = decoded(_raw(token)).strip()
        if any(map(str.isalpha, text)):
            found[text] = None
    return found


def decoded(raw: bytes) -> str:
    """A text string as it reads: UTF-16 or UTF-8 where a mark says so, PDFDocEncoding otherwise."""
    if raw.startswith(b"\xfe\xff"):
        text = raw[2:].decode("utf-16-be", "replace")
    elif raw.startswith(b"\xff\xfe"):
        text = raw[2:].decode("utf-16-le", "replace")
    elif raw.startswith(b"\xef\xbb\xbf"):
        text = raw[3:].decode("utf-8", "replace")
    else:
        text = raw.decode("latin-1").translate(_PDF_DOC)
    return _CONTROLS.sub(" ", text)


def _raw(token: bytes) -> bytes:
    if token.startswith(b"<"):
        digits = token[1:-1]
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    return _ESCAPE.sub(_unescaped, token[1:-1])


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if escaped.isdigit() and escaped < b"8":
        return bytes([int(escaped, 8) & 0xFF])
    return _MEANT.get(escaped, escaped)
