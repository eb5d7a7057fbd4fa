"""What a picture file is made of, read from its framing alone: no pixel is decoded and no memory is taken for any.

A decoder repairs in silence, or takes memory before it can be asked how much; here it is seen beforehand.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

_PNG_START: Final = 8
_PNG_FRAMING: Final = 12
"""Bytes of a chunk beside its data: length, kind, checksum."""

_PNG_CHECKED: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"tRNS"})

_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]")
_JPEG_SCAN: Final = 0xDA
_JPEG_END: Final = 0xD9

_GIF_START: Final = 13
_GIF_EXTENSION: Final = 0x21
_GIF_FRAME: Final = 0x2C
_GIF_END: Final = 0x3B
_GIF_PALETTE: Final = 0x80


def png_damage(data: bytes) -> str:
    """What is wrong with a PNG's chunks, in words for a person; empty where nothing is.

    Checked are the chunks that decide what is seen: each whole and with its checksum, one header, one end.
    """
    at, headers = _PNG_START, 0
    while at + _PNG_FRAMING <= len(data):
        length = int.from_bytes(data[at : at + 4])
        kind = data[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(data):
            break
        headers += kind == b"IHDR"
        if headers != 1:
            return "a PNG that has no header in front, or a second one"
        if kind in _PNG_CHECKED and zlib.crc32(memoryview(data)[at + 4 : end]) != int.from_bytes(data[end : end + 4]):
            return "a picture that is truncated or damaged"
        if kind == b"IEND":
            return ""
        at = end + 4
    return "a picture that is truncated or damaged"


def jpeg_scans(data: bytes, start: int, most: int) -> int:
    """The scans of the JPEG that begins at `start`; counting stops past `most`."""
    at, scans = start + 2, 0
    while scans <= most and (found := _JPEG_MARKER.search(data, at)):
        marker = data[found.end() - 1]
        if marker == _JPEG_END:
            break
        scans += marker == _JPEG_SCAN
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return scans


def gif_extents(data: bytes) -> Iterator[tuple[int, int]]:
    """How far to the right and down each frame of a GIF reaches; frames may lie outside the picture's own size."""
    at = _GIF_START + _palette(data[10:11])
    while at < len(data) and data[at] != _GIF_END:
        if data[at] == _GIF_EXTENSION:
            at = _past_blocks(data, at + 2)
        elif data[at] == _GIF_FRAME and at + 10 <= len(data):
            left, top, width, height = (int.from_bytes(data[at + k : at + k + 2], "little") for k in (1, 3, 5, 7))
            yield left + width, top + height
            at = _past_blocks(data, at + 11 + _palette(data[at + 9 : at + 10]))
        else:
            at += 1


def _palette(flags: bytes) -> int:
    """The size in bytes of the palette that these flags announce."""
    return 3 * 2 ** ((flags[0] & 7) + 1) if flags and flags[0] & _GIF_PALETTE else 0


def _past_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def picture_end(data: bytes) -> int:
    """Where a JPEG, PNG, GIF or WebP ends, in bytes from its start; 0 where its framing breaks off before an end."""
    match data[:4]:
        case b"\x89PNG":
            return _png_end(data)
        case b"RIFF":
            size = int.from_bytes(data[4:8], "little") + 8
            return size if size <= len(data) else 0
        case b"GIF8":
            return _gif_end(data)
        case _:
            return _jpeg_end(data)


def _png_end(data: bytes) -> int:
    at = _PNG_START
    while at + _PNG_FRAMING <= len(data):
        end = at + _PNG_FRAMING + int.from_bytes(data[at : at + 4])
        if data[at + 4 : at + 8] == b"IEND":
            return end if end <= len(data) else 0
        at = end
    return 0


def _jpeg_end(data: bytes) -> int:
    at = 2
    while found := _JPEG_MARKER.search(data, at):
        if data[found.end() - 1] == _JPEG_END:
            return found.end()
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return 0


def _gif_end(data: bytes) -> int:
    at = _GIF_START + _palette(data[10:11])
    while at < len(data) and data[at] != _GIF_END:
        if data[at] == _GIF_EXTENSION:
            at = _past_blocks(data, at + 2)
        elif data[at] == _GIF_FRAME and at + 10 <= len(data):
            at = _past_blocks(data, at + 11 + _palette(data[at + 9 : at + 10]))
        else:
            return 0
    return at + 1 if at < len(data) else 0
