"""Inline data and addresses are read in one way, or not at all."""

import base64

import pytest
from support.bodies import PICTURE, PIXEL, PIXEL_BASE64, PIXEL_URI

from proxy.content import Inline, Remote
from proxy.surface.media import (
    HINT,
    Cut,
    Unreadable,
    decode_base64,
    embedded_pictures,
    is_address,
    read_source,
    strict_base64,
)

LIMIT = 100_000

BASE64: dict[str, bytes | None] = {
    "": b"",
    "QUJD": b"ABC",
    "QUI=": b"AB",
    "QQ==": b"A",
    "+/+/": b"\xfb\xff\xbf",
    "QUJ=": None,  # spare bits that are not zero
    "QR==": None,
    "QUI": None,  # no padding
    "QQ=": None,
    "QQ": None,
    "Q===": None,
    "=": None,
    "QUI=QUJD": None,  # something behind the padding
    "QUJD=": None,
    "QUJD\n": None,  # white space
    " QUJD": None,
    "QU JD": None,
    "QU\r\nJD": None,
    "-_-_": None,  # the other alphabet
    "QUJ*": None,
    "QÜJD": None,
    "QUJD\0": None,
    "ＱＵＪＤ": None,  # noqa: RUF001 - letters of full width
    "QUJD%3D": None,
}


@pytest.mark.parametrize("text", BASE64)
def test_base64(text: str) -> None:
    """Standard alphabet, correct padding, nothing else; as text and as bytes alike."""
    expected = BASE64[text]
    if expected is None:
        with pytest.raises(Unreadable, match="not in the standard form"):
            decode_base64(text, LIMIT)
        with pytest.raises(ValueError):  # noqa: PT011 - the libraries' own words
            strict_base64(memoryview(text.encode()))
    else:
        assert (decode_base64(text, LIMIT), strict_base64(memoryview(text.encode()))) == (expected, expected)


def test_base64_limit() -> None:
    """The limit is held before anything is decoded."""
    assert decode_base64("QUJD" * 10, 30) == b"ABC" * 10
    with pytest.raises(Unreadable, match="more than 30 bytes"):
        decode_base64("QUJD" * 12, 30)
    with pytest.raises(Unreadable, match="more than 30 bytes"):
        decode_base64("*" * 1_000, 30)


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


PADDED_PIXEL = PIXEL + b"\0\0"
PADDED = base64.b64encode(PADDED_PIXEL).decode()

EMBEDDED: dict[str, tuple[str, list[bytes]]] = {
    "nothing": ("hello", []),
    "alone": (PIXEL_URI, [PIXEL]),
    "between words": (f"look: {PIXEL_URI} who?", [PIXEL]),
    "two": (f"{PIXEL_URI} {PIXEL_URI}", [PIXEL, PIXEL]),
    "in Markdown": (f"![a]({PIXEL_URI})", [PIXEL]),
    "in HTML": (f'<img src="{PIXEL_URI}">', [PIXEL]),
    "in JSON": ('{"image": "' + PIXEL_URI + '"}', [PIXEL]),
    "in JSON that escapes slashes": ('{"image": "' + PIXEL_URI.replace("/", "\\/") + '"}', [PIXEL]),
    "in upper case": (PIXEL_URI.replace("data:image/png;base64", "DATA:IMAGE/PNG;BASE64"), [PIXEL]),
    "with a parameter": (PIXEL_URI.replace(";base64", ";name=a.png;base64"), [PIXEL]),
    "without a type": (PIXEL_URI.replace("image/png", ""), [PIXEL]),
    "with a type that lies": (PIXEL_URI.replace("image/png", "text/plain"), [PIXEL]),
    "with a space after the comma": (PIXEL_URI.replace(",", ", "), [PIXEL]),
    "words run into its end": (f"data:image/png;base64,{PADDED}now", [PADDED_PIXEL]),
    "behind something that looks like one": (f"data:a,b data:{PIXEL_URI}", [PIXEL]),
    "another kind of data": ("data:application/pdf;base64," + "QUJD" * 100, []),
    "a text about data URIs": ("write data:image/png;base64,… and so on", []),
    "too short for a picture": ("data:image/png;base64,iVBORw0KGgo=", []),
}  # fmt: skip


@pytest.mark.parametrize("case", EMBEDDED)
def test_embedded(case: str) -> None:
    """Pictures in a text are found by how their bytes begin, whatever their type says."""
    text, expected = EMBEDDED[case]
    assert [found.data for found in embedded_pictures(text, LIMIT)] == expected
    assert HINT in text or not expected


def test_embedded_beyond_limit() -> None:
    """A picture of more bytes than are decoded is not passed over."""
    text = f"see data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    with pytest.raises(Unreadable, match="more than 1000 bytes"):
        list(embedded_pictures(text, 1_000))


def test_restored() -> None:
    """What was cut out goes back as it stood."""
    assert cut("Image/PNG", b"ABC").restored() == "data:Image/PNG;base64,QUJD"
