"""Inline data and addresses in the slots of the API: data URIs, cut out of large bodies or not."""

import re
import secrets
from typing import Final

from proxy.content import Inline, Remote
from proxy.encoded import Unreadable, decode_base64

_DATA_URI: Final = re.compile(r"data:([A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64})?;base64,", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://[^\s]{1,4096}", re.IGNORECASE)

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


def picture_type(data: bytes) -> str:
    """The media type that the first 12 bytes of a picture tell; empty for what is none in a format that the service takes."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""
