"""Cutting a tree into parts so that nothing is left over: every leaf ends on a part or on the list of inert ones."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from proxy.content import Audio, Document, Image, Inline, Opaque, Part, Reference, Role, Schema, SchemaKind, Text
from proxy.errors import TooLarge
from proxy.location import Location
from proxy.surface.limits import Limits
from proxy.surface.media import Cut, Unreadable, decode_base64, embedded_pictures, read_source

WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")
"""What names of models and words of closed lists look like; longer or other text is a text part."""

_ENCODED: Final = re.compile(r"[A-Za-z0-9+/=_-]{512,}")

Field: TypeAlias = Callable[["Walk", Location, Any], None]
Table: TypeAlias = Mapping[str, Field]


class Walk:
    """Collects the parts and the inert leaves of one body."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parts: list[Part] = []
        self.inert: list[Location] = []
        self._images = 0

    # ---- objects

    def fields(self, here: Location, value: Mapping[str, Any], table: Table) -> None:
        """Read each member of an object by `table`; one that is not in it is unknown."""
        for key, member in value.items():
            read = table.get(key)
            place = here.at(key)
            if member is None and read is not None:
                self.inert.append(place)
            elif read is not None:
                read(self, place, member)
            elif _misspelled(key, table):
                self.opaque(
                    place, f"the field {key[:64]!r} is spelled unlike the API's, and may be read as the API's own"
                )
            else:
                self.key(place, key)
                self.unknown(place, member)

    def items(self, here: Location, value: Any, read: Field) -> None:
        """Read each item of a list by `read`; what is no list is unknown."""
        if not isinstance(value, list):
            self.unknown(here, value)
            return
        if not value:
            self.inert.append(here)
        for index, item in enumerate(value):
            read(self, here.at(index), item)

    # ---- leaves

    def text(self, here: Location, role: Role, value: str) -> None:
        """Words; pictures that stand in them as data URIs are pictures too."""
        if isinstance(value, Cut):
            value = value.restored()
        self.parts.append(Text(here, role, value))
        if "base64," in value:
            for inline in embedded_pictures(value, self.limits.inline_bytes):
                self._image(Image(here, inline))

    def key(self, here: Location, key: str) -> None:
        """The name of a field that is not known: it may speak as well as a value."""
        self.parts.append(Text(here, Role.FIELD, key))

    def opaque(self, here: Location, why: str) -> None:
        """Something that nobody reads."""
        self.parts.append(Opaque(here, why))

    def reference(self, here: Location, kind: str, value: Any) -> None:
        """Something that the service keeps, named by `value`."""
        if isinstance(value, str):
            self.parts.append(Reference(here, kind, value))
        else:
            self.opaque(here, f"a reference to a {kind} that is not a string")

    def schema(self, here: Location, kind: SchemaKind, value: Any) -> None:
        """A tool definition or response format, whole."""
        self.parts.append(Schema(here, kind, value))

    def unknown(self, here: Location, value: Any, role: Role = Role.FIELD) -> None:
        """A value whose meaning is not known: all its words, its keys among them, are examined as text."""
        match value:
            case Cut():
                self.opaque(here, "inline data in a field that is not known")
            case str():
                self._unknown_words(here, value, role)
            case bool() | int() | float():
                self.parts.append(Text(here, role, str(value)))
            case dict() if value:
                self.parts.append(Text(here, role, " ".join(value)))
                for key, member in value.items():
                    self.unknown(here.at(key), member, role)
            case list() if value:
                for index, item in enumerate(value):
                    self.unknown(here.at(index), item, role)
            case _:
                self.inert.append(here)

    def _unknown_words(self, here: Location, value: str, role: Role) -> None:
        if "base64," in value or _ENCODED.fullmatch(value):
            self.opaque(here, "encoded data in a field that is not known")
        else:
            self.parts.append(Text(here, role, value))

    # ---- media

    def image(self, here: Location, value: Any) -> None:
        """A picture slot: a data URI or an address."""
        self._slot(here, value, lambda source: self._image(Image(here, source)))

    def document(self, here: Location, value: Any, filename: str = "") -> None:
        """A file slot: a data URI, an address, or bare base64."""
        if isinstance(value, str) and not value[:8].lower().startswith(("data:", "http:", "https:")):
            self._bare(here, value, lambda inline: self.parts.append(Document(here, inline, filename)))
        else:
            self._slot(here, value, lambda source: self.parts.append(Document(here, source, filename)))

    def bare_image(self, here: Location, value: Any) -> None:
        """A picture as bare base64, without a data URI."""
        self._bare(here, value, lambda inline: self._image(Image(here, inline)))

    def audio(self, here: Location, value: Any) -> None:
        """A recording as bare base64."""
        self._bare(here, value, lambda inline: self.parts.append(Audio(here, inline)))

    def _slot(self, here: Location, value: Any, use: Callable[[Any], None]) -> None:
        if not isinstance(value, str):
            self.opaque(here, "a string is expected where the content should be")
            return
        try:
            use(read_source(value, self.limits.inline_bytes))
        except Unreadable as why:
            self.opaque(here, str(why))

    def _bare(self, here: Location, value: Any, use: Callable[[Inline], None]) -> None:
        if not isinstance(value, str):
            self.opaque(here, "a string of base64 is expected")
            return
        try:
            use(Inline("", decode_base64(value, self.limits.inline_bytes)))
        except Unreadable as why:
            self.opaque(here, str(why))

    def _image(self, image: Image) -> None:
        self._images += 1
        if self._images > self.limits.images:
            raise TooLarge(f"more than {self.limits.images} pictures in one request", image.location)
        self.parts.append(image)


def _misspelled(key: str, table: Table) -> bool:
    folded = key.replace("_", "").replace("-", "").casefold()
    return any(folded == known.replace("_", "").casefold() for known in table)


# ---- fields of a fixed kind


def text(walk: Walk, here: Location, value: Any) -> None:
    """Words that belong to no turn of the conversation."""
    if isinstance(value, str):
        walk.text(here, Role.FIELD, value)
    else:
        walk.unknown(here, value)


def texts(walk: Walk, here: Location, value: Any) -> None:
    """One string or a list of them."""
    if isinstance(value, list):
        walk.items(here, value, text)
    else:
        text(walk, here, value)


def number(walk: Walk, here: Location, value: Any) -> None:
    """A number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


def flag(walk: Walk, here: Location, value: Any) -> None:
    """True or false."""
    if isinstance(value, bool):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


def one_of(*words: str) -> Field:
    """A word of a closed list; another one is text."""
    valid = frozenset(words)

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, str) and value in valid:
            walk.inert.append(here)
        else:
            walk.unknown(here, value)

    return read


def some_of(*words: str) -> Field:
    """A list of words of a closed list."""
    one = one_of(*words)
    return lambda walk, here, value: walk.items(here, value, one)


def name(walk: Walk, here: Location, value: Any) -> None:
    """The name of a model or deployment: short, of plain characters."""
    if isinstance(value, str) and WORD.fullmatch(value):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


def unread(why: str) -> Field:
    """A field that is known, and that nobody here can examine."""
    return lambda walk, here, _: walk.opaque(here, why)


def refers(kind: str) -> Field:
    """A field that names something that the service keeps."""
    return lambda walk, here, value: walk.reference(here, kind, value)


def record(table: Table) -> Field:
    """An object whose members are known."""

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, dict) and value:
            walk.fields(here, value, table)
        else:
            walk.unknown(here, value)

    return read


def free(walk: Walk, here: Location, value: Any) -> None:
    """A known field of free form: all of it is examined as text."""
    walk.unknown(here, value)


def token_biases(walk: Walk, here: Location, value: Any) -> None:
    """A map of token ids to numbers."""
    if not isinstance(value, dict) or not value:
        walk.unknown(here, value)
        return
    for key, bias in value.items():
        if key.isascii() and key.isdigit() and isinstance(bias, (int, float)):
            walk.inert.append(here.at(key))
        else:
            walk.key(here.at(key), key)
            walk.unknown(here.at(key), bias)


STREAM_OPTIONS: Final = record({"include_usage": flag, "include_obfuscation": flag})

COMMON: Final[Table] = {
    "model": name,
    "user": text,
    "metadata": free,
    "safety_identifier": text,
    "prompt_cache_key": text,
    "prompt_cache_retention": one_of("in-memory", "in_memory", "24h"),
    "service_tier": one_of("auto", "default", "flex", "priority", "scale"),
    "user_security_context": free,
    "stream": flag,
    "stream_options": STREAM_OPTIONS,
    "temperature": number,
    "top_p": number,
    "store": flag,
}
"""Fields that chat completions and responses share."""
