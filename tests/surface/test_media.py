"""Inline data and addresses are read in one way, or not at all."""

import base64

import pytest
from support.bodies import PIXEL, PIXEL_BASE64, PIXEL_URI

from proxy.content import Inline, Remote
from proxy.encoded import Unreadable
from proxy.surface.media import Cut, is_address, picture_type, read_source

LIMIT = 100_000


def cut(declared: str, data: bytes) -> Cut:
    """Inline data as they are cut out of a body."""
    made = Cut("mark0")
    made.declared, made.data, made.raw = declared, data, memoryview(base64.b64encode(data))
    return made


SOURCES: dict[str, tuple[str, Inline | Remote | str]] = {
    "a data URI": (PIXEL_URI, Inline("image/png", PIXEL)),
    "a data URI in upper case": (PIXEL_URI.replace("data:image/png;base64", "DATA:Image/PNG;BASE64"), Inline("image/png", PIXEL)),
    "a data URI that lies about its type": ("data:text/plain;base64," + PIXEL_BASE64, Inline("text/plain", PIXEL)),
    "a data URI without a type": ("data:;base64," + PIXEL_BASE64, Inline("", PIXEL)),
    "a data URI that was cut out": (cut("Image/PNG", b"ABC"), Inline("image/png", b"ABC")),
    "a data URI without data": ("data:image/png;base64,", Inline("image/png", b"")),
    "an address": ("https://example.com/a.png?sig=x", Remote("https://example.com/a.png?sig=x")),
    "an address in upper case": ("HTTP://EXAMPLE.COM", Remote("HTTP://EXAMPLE.COM")),
    "a parameter before": ("data:image/png;charset=x;base64," + PIXEL_BASE64, "must read data:TYPE;base64,DATA"),
    "a parameter behind": ("data:image/png;base64;x=y," + PIXEL_BASE64, "must read data:TYPE;base64,DATA"),
    "percent-encoded": ("data:image/png,%89PNG%0D%0A", "must read data:TYPE;base64,DATA"),
    "percent-encoded base64": ("data:image/png;base64," + PIXEL_BASE64.replace("=", "%3D"), "not in the standard form"),
    "half a type": ("data:image;base64," + PIXEL_BASE64, "must read data:TYPE;base64,DATA"),
    "white space in front": (" " + PIXEL_URI, "neither a data URI nor an http(s) address"),
    "white space after the comma": ("data:image/png;base64, " + PIXEL_BASE64, "not in the standard form"),
    "white space behind": (PIXEL_URI + "\n", "not in the standard form"),
    "a fragment": (PIXEL_URI + "#x", "not in the standard form"),
    "bare base64": (PIXEL_BASE64, "neither a data URI nor an http(s) address"),
    "nothing": ("", "neither a data URI nor an http(s) address"),
    "a file": ("file:///etc/passwd", "neither a data URI nor an http(s) address"),
    "a bucket": ("s3://bucket/a.png", "neither a data URI nor an http(s) address"),
    "an address with a space": ("https://example.com/a b", "neither a data URI nor an http(s) address"),
    "an address beyond length": ("https://" + "a" * 5_000, "neither a data URI nor an http(s) address"),
    "an id": ("file-abc123", "neither a data URI nor an http(s) address"),
    "too long": ("data:image/png;base64," + "QUJD" * 40_000, "more than 100000 bytes"),
    "too long, and cut out": (cut("image/png", b"x" * 100_001), "more than 100000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("case", SOURCES)
def test_source(case: str) -> None:
    """A slot holds a data URI of the plain form or an address; anything else is unreadable, with the reason."""
    value, expected = SOURCES[case]
    if isinstance(expected, str):
        with pytest.raises(Unreadable) as refusal:
            read_source(value, LIMIT)
        assert expected in str(refusal.value)
    else:
        assert read_source(value, LIMIT) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://example.com", True),
        ("hTTps://x", True),
        ("see https://example.com", False),
        ("https://example.com now", False),
        ("https://", False),
        ("http", False),
        ("ftp://example.com", False),
        ("", False),
    ],
)
def test_is_address(value: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """An address is one only where nothing else stands beside it."""
    assert is_address(value) is expected


def test_restored() -> None:
    """What was cut out goes back as it stood."""
    assert cut("Image/PNG", b"ABC").restored() == "data:Image/PNG;base64,QUJD"


TYPES: dict[str, tuple[bytes, str]] = {
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1", "image/jpeg"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\r", "image/png"),
    "GIF of 1987": (b"GIF87a\1\0\1\0\0\0", "image/gif"),
    "GIF of 1989": (b"GIF89a\1\0\1\0\0\0", "image/gif"),
    "WebP": (b"RIFF\x24\0\0\0WEBP", "image/webp"),
    "another GIF": (b"GIF88a\1\0\1\0\0\0", ""),
    "a recording": (b"RIFF\x24\0\0\0WAVE", ""),
    "the beginning of a PNG": (b"\x89PNG\r\n", ""),
    "TIFF": (b"II*\0\x08\0\0\0\0\0\0\0", ""),
    "words": (b"<svg xmlns='", ""),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize("case", TYPES)
def test_picture_type(case: str) -> None:
    """The formats that the service takes are told by their first bytes."""
    data, expected = TYPES[case]
    assert picture_type(data) == expected
