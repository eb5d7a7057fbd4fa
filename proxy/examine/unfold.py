"""Files are examined by what they are: opened into ordinary parts, texts and pictures, which detectors then look at."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from proxy.content import Document, Image, Inline, Part, Role, Text, Unfolded, size_of
from proxy.encoded import HINT, Unreadable, beside_pictures, embedded_pictures, holds_encoded
from proxy.examine.opening import Deadline, DocumentLimits, Unopened
from proxy.examine.pdf import open_pdf
from proxy.examine.sniff import Kind, sniff
from proxy.location import Location

STEPS: Final = frozenset({"page", "picture", "words"})
"""Names in places inside a file; they are ours, and no words of a caller."""


def unfold(document: Document, limits: DocumentLimits, clock: Callable[[], float] = time.monotonic) -> Unfolded:
    """Open an inline document. What fails is a gap; nothing is raised but MemoryError."""
    here = document.location
    if not isinstance(document.source, Inline):
        return Unfolded((), ((here, "a file behind an address; what the service would fetch was not seen here"),))
    parts: list[Part] = []
    left = limits.held_bytes
    try:
        for part in _all_parts(document.source.data, here, limits, Deadline(limits.seconds, clock)):
            left -= size_of(part)
            if left < 0:
                raise Unopened(f"more than {limits.held_bytes} bytes of pictures and words came out of it")  # noqa: TRY301 - one exit for gaps
            parts.append(part)
    except (Unopened, Unreadable) as why:
        return Unfolded(tuple(parts), ((here, f"the file cannot be examined: {why}"),))
    except MemoryError:
        raise
    except Exception as mistake:  # noqa: BLE001 - files of strangers, read by code of others
        return Unfolded(tuple(parts), ((here, f"the file cannot be examined ({type(mistake).__name__})"),))
    return Unfolded(tuple(parts))


def _all_parts(data: bytes, here: Location, limits: DocumentLimits, deadline: Deadline) -> Iterator[Part]:
    for part in _parts(data, here, limits, deadline):
        yield part
        if isinstance(part, Text) and HINT in part.text:
            yield from _embedded(part, limits)


def _parts(data: bytes, here: Location, limits: DocumentLimits, deadline: Deadline) -> Iterator[Part]:
    found = sniff(data)
    if found.kind is Kind.PICTURE:
        yield Image(here, Inline("", data))
    elif found.kind is Kind.PDF:
        yield from open_pdf(data, here, limits, deadline)
    elif found.kind is Kind.TEXT:
        yield _text(data, here)
    else:
        raise Unopened(found.why)


def _text(data: bytes, here: Location) -> Text:
    text = data.decode("utf-8")
    if holds_encoded(beside_pictures(text)):
        raise Unopened("encoded data in a text")
    return Text(here, Role.FIELD, text)


def _embedded(text: Text, limits: DocumentLimits) -> Iterator[Part]:
    """Pictures that stand as data URIs in a text."""
    for number, inline in enumerate(embedded_pictures(text.text, limits.inline_bytes)):
        if number >= limits.pictures:
            raise Unopened(f"more than {limits.pictures} pictures in a text")
        yield Image(text.location.at("picture", number), inline)
