"""What a picture file is made of, without decoding it."""

import struct
import zlib

import pytest
from support import pictures

from proxy.examine.structure import gif_extents, jpeg_scans, picture_end, png_damage

DAMAGED = "a picture that is truncated or damaged"
HEADERS = "a PNG that has no header in front, or a second one"


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)
    )


def with_chunk(kind: bytes, crc: int | None = None) -> bytes:
    whole = pictures.small("PNG")
    return whole[:33] + chunk(kind, b"words", crc) + whole[33:]


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        pytest.param(pictures.small("PNG"), "", id="a whole picture"),
        pytest.param(pictures.animation("APNG"), "", id="an animation"),
        pytest.param(pictures.small("PNG") + pictures.small("JPEG"), "", id="what trails the end is not the picture"),
        pytest.param(with_chunk(b"tEXt"), "", id="words beside the picture"),
        pytest.param(with_chunk(b"tEXt", crc=7), "", id="a wrong checksum of what is not seen"),
        pytest.param(pictures.truncated("PNG"), DAMAGED, id="truncated"),
        pytest.param(pictures.small("PNG")[:-12], DAMAGED, id="without an end"),
        pytest.param(pictures.small("PNG")[:8], DAMAGED, id="nothing but a signature"),
        pytest.param(pictures.damaged("PNG"), DAMAGED, id="damaged pixels"),
        pytest.param(pictures.two_headers(), HEADERS, id="a second header"),
        pytest.param(pictures.small("PNG")[:8] + pictures.small("PNG")[33:], HEADERS, id="no header"),
        pytest.param(pictures.small("PNG")[:33] + b"\xff\xff\xff\xffIDAT" + bytes(99), DAMAGED, id="a chunk of 4 GB"),
    ],
)
def test_png(data: bytes, damage: str) -> None:
    assert png_damage(data) == damage


def test_jpeg_scans_are_those_of_one_frame() -> None:
    """Not those of a thumbnail in its metadata, of a comment's bytes, or of what trails it."""
    plain, progressive = pictures.small("JPEG"), pictures.progressive()
    comment = b"\xff\xfe\x00\x0a" + b"\xff\xda" * 4
    marked = plain[:2] + comment + plain[2:]
    scans = jpeg_scans(progressive, 0, 1000)
    assert 2 <= scans <= 14
    assert {
        "plain": jpeg_scans(plain, 0, 40),
        "comment": jpeg_scans(marked, 0, 40),
        "thumbnail": jpeg_scans(pictures.with_face_thumbnail(), 0, 40),
        "trailing": jpeg_scans(plain + b"\xff\xda" * 90, 0, 40),
        "second frame": jpeg_scans(plain + progressive, len(plain), 40),
        "cut off": jpeg_scans(plain[:-4], 0, 40),
        "nothing": jpeg_scans(b"\xff\xd8", 0, 40),
    } == {"plain": 1, "comment": 1, "thumbnail": 1, "trailing": 1, "second frame": scans, "cut off": 1, "nothing": 0}


def test_counting_of_scans_stops_past_the_limit() -> None:
    assert jpeg_scans(pictures.scan_flood(60), 0, 40) == 41


def test_an_end_in_the_bytes_of_a_comment_hides_no_scan() -> None:
    flood = pictures.scan_flood(60)
    at = flood.rindex(b"\xff\xda")
    hidden = flood[: flood.index(b"\xff\xda")] + b"\xff\xfe\x00\x04\xff\xd9" + flood[flood.index(b"\xff\xda") :]
    assert at > 0
    assert jpeg_scans(hidden, 0, 40) == 41


@pytest.mark.parametrize(
    ("data", "extents"),
    [
        pytest.param(pictures.small("GIF"), [(4, 4)], id="one frame"),
        pytest.param(pictures.animation("GIF", None, 3), [(256, 256)], id="the first of an animation is whole"),
        pytest.param(pictures.frame_outside_canvas(), [(1, 1), (456, 456)], id="a frame outside the canvas"),
        pytest.param(pictures.huge_header("GIF"), [(50_000, 50_000)], id="a huge frame"),
        pytest.param(pictures.small("GIF")[:12], [], id="cut off in its header"),
        pytest.param(pictures.small("GIF")[:-6], [(4, 4)], id="cut off in its data"),
        pytest.param(b"GIF89a\1\0\1\0\0\0\0" + b"?" * 9 + b",", [], id="rubbish, and a frame cut off"),
    ],
)
def test_gif(data: bytes, extents: list[tuple[int, int]]) -> None:
    assert list(gif_extents(data))[: len(extents) or 1] == extents


ENDS = {
    **{form: pictures.coffee(form) for form in pictures.FORMATS},
    **{f"animated {form}": pictures.animation(form) for form in ("GIF", "WEBP", "APNG")},
    "progressive": pictures.progressive(),
    "thumbnail": pictures.with_face_thumbnail(),
}


@pytest.mark.parametrize("case", ENDS)
def test_picture_end(case: str) -> None:
    whole = ENDS[case]
    found = [picture_end(data) for data in (whole, whole + b"more", whole + pictures.face(), whole[:-1], whole[:40])]
    assert found == [len(whole), len(whole), len(whole), 0, 0]


def test_a_gif_of_rubbish_has_no_end() -> None:
    assert picture_end(b"GIF89a\1\0\1\0\0\0\0" + b"?" * 9 + b";") == 0
