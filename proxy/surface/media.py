"""Inline data and addresses: data URIs and base64, read by the strictest rules so that no decoder can differ."""

import re
import secrets
from collections.abc import Iterator
from typing import Final

import pybase64

from proxy.content import Inline, Remote

_DATA_URI: Final = re.compile(r"data:([A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64})?;base64,", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://[^\s]{1,4096}", re.IGNORECASE)
_EMBEDDED: Final = re.compile(r"data:[^\s,:\"']{0,160}?;base64,\s{0,8}([A-Za-z0-9+/]{64,}={0,2})", re.IGNORECASE)
_HEAD: Final = 64

HINT: Final = "64,"
"""What every base64 data URI holds, in whatever case it is written: where this is not, there is none."""

MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")
"""How the picture formats that the service takes begin."""

MARK: Final = secrets.token_hex(16)
"""Begins what stands in for a cut string. Drawn anew for each process and never shown to anybody, so no body can hold it."""


class Cut(str):
    """A long inline datum that was cut out of the body before parsing: as text a placeholder, with the bytes beside it.

    `declared` is the media type of its data URI, `data` the decoded bytes, `raw` its base64; type and base64 as they stood
    in the body.
    """

    __slots__ = ("data", "declared", "raw")

    declared: str
    data: bytes
    raw: memoryview

    def restored(self) -> str:
        """The string that stood in the body."""
        return f"data:{self.declared};base64,{bytes(self.raw).decode('ascii')}"


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


def read_source(value: str, limit: int) -> Inline | Remote:
    """What an image or file slot holds: a data URI or an http(s) address. Raises Unreadable for anything else."""
    if isinstance(value, Cut):
        if len(value.data) > limit:
            raise Unreadable(f"inline data of more than {limit} bytes")
        return Inline(value.declared.lower(), value.data)
    if value[:5].lower() == "data:":
        match = _DATA_URI.match(value)
        if match is None:
            raise Unreadable("a data URI must read data:TYPE;base64,DATA, without other parameters")
        return Inline((match[1] or "").lower(), decode_base64(value[match.end() :], limit))
    if is_address(value):
        return Remote(value)
    raise Unreadable("neither a data URI nor an http(s) address")


def is_address(value: str) -> bool:
    """Whether a string is an http(s) address and nothing more."""
    return value[:4].lower() == "http" and _ADDRESS.fullmatch(value) is not None


def embedded_pictures(text: str, limit: int) -> Iterator[Inline]:
    """Pictures that stand as data URIs inside a longer text, also where the text is JSON that escapes its slashes.

    What does not begin like a picture is plain text. Raises Unreadable for a picture of more than `limit` bytes.
    """
    if "\\/" in text:
        text = text.replace("\\/", "/")
    for match in _EMBEDDED.finditer(text):
        run = match[1]
        if pybase64.b64decode(run[:_HEAD]).startswith(MAGIC):
            yield Inline("", _picture(run, limit))


def _picture(run: str, limit: int) -> bytes:
    """The bytes of a run of base64 into whose end words may have run."""
    try:
        return decode_base64(run, limit)
    except Unreadable:
        bare = run.rstrip("=")
        return decode_base64(bare[: len(bare) // 4 * 4], limit)
