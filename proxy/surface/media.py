"""Inline data and addresses: data URIs and base64, read by the strictest rules so that no decoder can differ."""

import re
from typing import Final

import pybase64

from proxy.content import Inline, Remote

_DATA_URI: Final = re.compile(r"data:([A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64})?;base64,", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://[^\s]{1,4096}", re.IGNORECASE)
EMBEDDED: Final = re.compile(
    r"data:[A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64};base64,([A-Za-z0-9+/]{64,}={0,2})", re.IGNORECASE
)

MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")
"""How the picture formats that the service takes begin."""


class Cut(str):
    """A long inline datum that was cut out of the body before parsing: as text a placeholder, with the bytes beside it.

    `declared` is the media type of its data URI, `data` the decoded bytes, `raw` its base64 as it stood in the body.
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


def decode_base64(text: str, limit: int) -> bytes:
    """Decode base64 in the standard alphabet with correct padding and nothing else in it. Raises Unreadable."""
    if len(text) > limit * 4 // 3 + 4:
        raise Unreadable(f"inline data of more than {limit} bytes")
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as mistake:
        raise Unreadable(
            "its base64 is not in the standard form (alphabet A-Z a-z 0-9 + /, correct padding, no white space)"
        ) from mistake


def read_source(value: str, limit: int) -> Inline | Remote:
    """What an image or file slot holds: a data URI or an http(s) address. Raises Unreadable for anything else."""
    if isinstance(value, Cut):
        if len(value.data) > limit:
            raise Unreadable(f"inline data of more than {limit} bytes")
        return Inline(value.declared, value.data)
    if value[:5].lower() == "data:":
        match = _DATA_URI.match(value)
        if match is None:
            raise Unreadable("a data URI must read data:TYPE;base64,DATA, without other parameters")
        return Inline((match[1] or "").lower(), decode_base64(value[match.end() :], limit))
    if _ADDRESS.fullmatch(value):
        return Remote(value)
    raise Unreadable("neither a data URI nor an http(s) address")


def embedded_pictures(text: str, limit: int) -> list[Inline]:
    """Pictures that stand as data URIs inside a longer text; what only looks like one is plain text."""
    found: list[Inline] = []
    for match in EMBEDDED.finditer(text):
        try:
            data = decode_base64(match[1], limit)
        except Unreadable:
            continue
        if data.startswith(MAGIC):
            found.append(Inline("", data))
    return found
