"""Base64 among words is read in one way, or not at all."""

import base64

import pytest
from support.bodies import PICTURE, PIXEL, PIXEL_URI

from proxy.encoded import (
    HINT,
    Unreadable,
    beside_pictures,
    decode_base64,
    embedded_pictures,
    holds_encoded,
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words, a comma", False),
        ("a" * 511 + ",", False),
        ("a" * 512, True),
        ("data:text/plain,hello", True),
        (PIXEL_URI, True),
        (("a" * 60 + "\n") * 3, False),
        (("a" * 60 + "\n") * 4, True),
        (("a" * 60 + " b ") * 4, False),
    ],
)
def test_holds_encoded(text: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """A data URI of any kind, or base64 in one long piece or in lines."""
    assert holds_encoded(text) is expected


TEXTS = {
    # a text, and what stands beside its pictures
    f"look: {PIXEL_URI} nice": "look:  nice",
    f"{PIXEL_URI}": "",
    f"{PIXEL_URI} and {PIXEL_URI}": " and ",
    PIXEL_URI.replace("/", "\\/"): "",
    "no picture here, a \\/ path": "no picture here, a / path",
    "data:image/png;base64," + base64.b64encode(b"no picture, words" * 9).decode(): None,
}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_beside_pictures(text: str) -> None:
    """What is found as a picture is taken out, and only that: what merely calls itself one stays, to be read as encoded."""
    assert beside_pictures(text) == (text if TEXTS[text] is None else TEXTS[text])
    assert bool(list(embedded_pictures(text, LIMIT))) is (beside_pictures(text) != text.replace("\\/", "/"))
