"""Forms as clients send them, and what `surface` makes of them."""

from typing import Final, TypeAlias

from support.bodies import CATALOGUE, LIMITS

from proxy.exchange import Inbound, Surfaced
from proxy.surface import surface
from proxy.surface.limits import Limits

Part: TypeAlias = tuple[str, str | bytes] | tuple[str, str | bytes, str] | tuple[str, str | bytes, str, str]
"""Name, data, file name (empty for none), media type."""

BOUNDARY: Final = "a-boundary"

FORM_TYPE: Final = ("content-type", f"multipart/form-data; boundary={BOUNDARY}")

TARGETS: Final = {
    "audio": "/openai/v1/audio/transcriptions",
    "container_file": "/openai/v1/containers/cntr_1/files",
    "file": "/openai/v1/files",
    "image_edits": "/openai/v1/images/edits",
    "video": "/openai/v1/videos",
}
"""A path for each reader of forms."""


def written(*parts: Part) -> bytes:
    """The body of a form."""
    lines: list[bytes] = []
    for name, data, *more in parts:
        named = f'; filename="{more[0]}"' if more and more[0] else ""
        kind = f"Content-Type: {more[1]}\r\n" if len(more) > 1 else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{kind}\r\n'
        lines += [head.encode(), data.encode() if isinstance(data, str) else data, b"\r\n"]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


def formed(reader: str, *parts: Part, limits: Limits = LIMITS, model: bool = True) -> Surfaced:
    """What a reader makes of a form, to which the name of a model is added where `model`."""
    given: tuple[Part, ...] = (*parts, ("model", "m")) if model and reader in ("audio", "image_edits") else parts
    return surface(Inbound("POST", TARGETS[reader], (FORM_TYPE,), written(*given)), CATALOGUE, limits)
