"""How the streams of a PDF are packed: only in ways whose outcome can be bounded before anything is unpacked."""

import io
import zlib
from typing import Final

from pikepdf import Array, Name, Object
from PIL import Image

from proxy.examine.opening import Unopened
from proxy.examine.pictures import PictureLimits

OLD_PACKED_BYTES: Final = 100_000
"""Bytes of a stream packed by LZW, which can inflate more than a thousandfold, and which no limit of qpdf's stops."""

TORN: Final = "a PDF with a stream that is damaged, or inflates beyond the limit"

_UNUSUAL: Final = "a PDF whose streams are packed in an unusual way"
_DEFLATED: Final = frozenset({"/FlateDecode", "/Fl"})
_OLD: Final = frozenset({"/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"})
_WRAPPERS: Final = frozenset({"/ASCII85Decode", "/A85", "/ASCIIHexDecode", "/AHx"})
_CODECS: Final = frozenset({"/DCTDecode", "/DCT", "/JPXDecode", "/CCITTFaxDecode", "/CCF", "/JBIG2Decode"})
_JPX: Final = "/JPXDecode"


def filters_of(stream: Object) -> list[str]:
    """The names of a stream's filters, outermost first."""
    given = stream.stream_dict.get(Name.Filter)
    if given is None:
        return []
    return [str(name) for name in given] if isinstance(given, Array) else [str(given)]


def is_coded(stream: Object) -> bool:
    """Whether a stream holds a picture's code. Raises Unopened for filters that are stacked, unknown, or cannot be bounded."""
    filters = [name for name in filters_of(stream) if name not in _WRAPPERS]
    coded = bool(filters) and filters[-1] in _CODECS
    packers = filters[:-1] if coded else filters
    if len(packers) > 1 or not (_DEFLATED | _OLD).issuperset(packers):
        raise Unopened(_UNUSUAL)
    if _OLD.issuperset(packers) and packers and len(stream.read_raw_bytes()) > OLD_PACKED_BYTES:
        raise Unopened(f"a PDF with a stream of more than {OLD_PACKED_BYTES} bytes packed by LZW or run lengths")
    return coded


def check_code(stream: Object, limit: int, pictures: PictureLimits) -> int:
    """The bytes to which a picture's code inflates, 0 where it is not packed.

    Raises Unopened for more than `limit` bytes, and for a JPEG 2000 of more pixels than are decoded, whatever the PDF says.
    """
    names, code = filters_of(stream), stream.read_raw_bytes()
    inflated = 0
    if len(names) > 1 and names[0] in _DEFLATED:
        code = _inflated(code, limit)
        inflated = len(code)
    elif not _WRAPPERS.issuperset(names[:-1]):
        raise Unopened(_UNUSUAL)
    if names[-1] == _JPX:
        _check_jpx(code, pictures)
    return inflated


def _inflated(packed: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, max(1, limit))
    except zlib.error as mistake:
        raise Unopened(TORN) from mistake
    if not inflater.eof:
        raise Unopened(TORN)
    return data


def _check_jpx(code: bytes, limits: PictureLimits) -> None:
    try:
        with Image.open(io.BytesIO(code), formats=("JPEG2000",)) as picture:
            width, height = picture.size
    except Exception as mistake:  # pictures of strangers, read by code of others
        raise Unopened("a picture in a PDF that cannot be decoded") from mistake
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise Unopened(f"a picture of {width} x {height} pixels in a PDF")
