"""Data written as base64 among words: read by the strictest rules so that no decoder can differ, and found where it hides."""

import re
from collections.abc import Iterator
from typing import Final

import pybase64

from proxy.content import Inline

_EMBEDDED: Final = re.compile(r"data:[^\s,:\"']{0,160}?;base64,\s{0,8}([A-Za-z0-9+/]{64,}={0,2})", re.IGNORECASE)
_HEAD: Final = 64

_ENCODED: Final = re.compile(
    r"data:[a-z0-9.+-]{0,64}[/;][^\s,:]{0,160},"  # a data URI of any kind
    r"|(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{512}|(?:[A-Za-z0-9+/_-]{57,}\s+){4})",  # base64, in one piece or in lines
    re.IGNORECASE,
)

_SHORT: Final = 4 * 57
"""Shorter text holds no base64 that is worth the name; a data URI has a comma."""

HINT: Final = "64,"
"""What every base64 data URI holds, in whatever case it is written: where this is not, there is none."""

MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")
"""How the picture formats that the service takes begin."""


class Unreadable(Exception):
    """Inline data that cannot be decoded in exactly one way; its text says why, in words for a person."""


def strict_base64(text: str | memoryview) -> bytes:
    """Decode base64 that has one reading only: standard alphabet, correct padding, spare bits zero. Raises ValueError."""
    data = pybase64.b64decode(text, validate=True)
    spare = len(data) % 3
    if spare:
        end = text[-4:].encode("ascii") if isinstance(text, str) else bytes(text[-4:])
        if pybase64.b64encode(data[-spare:]) != end:
            raise ValueError("bits after the end of the data")
    return data


def decode_base64(text: str, limit: int) -> bytes:
    """Decode at most `limit` bytes of base64 in the standard form with nothing else in it. Raises Unreadable."""
    if len(text) > limit * 4 // 3 + 4:
        raise Unreadable(f"inline data of more than {limit} bytes")
    try:
        return strict_base64(text)
    except ValueError as mistake:
        raise Unreadable(
            "its base64 is not in the standard form (alphabet A-Z a-z 0-9 + /, correct padding, no white space)"
        ) from mistake


def holds_encoded(text: str) -> bool:
    """Whether words hold a data URI of any kind, or a long run of base64, in one piece or in lines."""
    return (len(text) >= _SHORT or "," in text) and _ENCODED.search(text) is not None


def embedded_pictures(text: str, limit: int) -> Iterator[Inline]:
    """Pictures that stand as data URIs inside a longer text, also where the text is JSON that escapes its slashes.

    What does not begin like a picture is plain text. Raises Unreadable for a picture of more than `limit` bytes.
    """
    if "\\/" in text:
        text = text.replace("\\/", "/")
    for match in _EMBEDDED.finditer(text):
        if _is_picture(match):
            yield Inline("", _picture(match[1], limit))


def beside_pictures(text: str) -> str:
    """A text without the pictures that `embedded_pictures` finds in it."""
    return _EMBEDDED.sub(lambda match: "" if _is_picture(match) else match[0], text.replace("\\/", "/"))


def _is_picture(match: re.Match[str]) -> bool:
    return pybase64.b64decode(match[1][:_HEAD]).startswith(MAGIC)


def _picture(run: str, limit: int) -> bytes:
    """The bytes of a run of base64 into whose end words may have run."""
    try:
        return decode_base64(run, limit)
    except Unreadable:
        bare = run.rstrip("=")
        return decode_base64(bare[: len(bare) // 4 * 4], limit)
