"""Cutting a tree into parts so that nothing is left over: every leaf ends on a part or on the list of inert ones."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from proxy.content import Audio, Document, Image, Inline, Opaque, Part, Reference, Role, Schema, SchemaKind, Text
from proxy.encoded import HINT, Unreadable, decode_base64, embedded_pictures, holds_encoded
from proxy.errors import TooLarge
from proxy.location import Location, Step
from proxy.surface.limits import Limits
from proxy.surface.media import Cut, is_address, read_source

_WORD: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:@+-]|/(?!/)){0,127}")

_SLOTS: Final = frozenset({
    "assistantid", "attachment", "attachments", "audio", "audiourl", "b64json", "containerid", "contenturl", "conversation",
    "conversationid", "encryptedcontent", "file", "filedata", "fileid", "fileids", "files", "fileurl", "image", "imagefile",
    "images", "imageurl", "imageurls", "inputaudio", "inputblob", "inputfile", "inputfileid", "inputimage", "inputimagemask",
    "mask", "previousresponseid", "responseid", "serverurl", "skillid", "threadid", "trainingfile", "validationfile",
    "vectorstoreids", "video", "videourl",
})  # fmt: skip
"""What the API calls the places of media and of things that the service keeps, folded."""

Field: TypeAlias = Callable[["Walk", Location, Any], None]
Table: TypeAlias = Mapping[str, Field]


class Walk:
    """Collects the parts and the inert leaves of one body. `uris` is false where no data URI stands anywhere in it.

    `containers` are the places of tools that leave it to the service in what container programs run.
    """

    def __init__(self, limits: Limits, *, uris: bool = True) -> None:
        self.limits = limits
        self.uris = uris
        self.parts: list[Part] = []
        self.inert: list[Location] = []
        self.containers: list[Location] = []
        self._images = 0

    # ---- objects

    def fields(self, here: Location, value: Mapping[str, Any], table: Table) -> None:
        """Read each member of an object by `table`; one that is not in it is unknown."""
        for key, member in value.items():
            read = table.get(key)
            place = here.at(key)
            if read is None:
                self.stranger(place, key, member, tuple(table))
            elif member is None:
                self.inert.append(place)
            else:
                read(self, place, member)

    def items(self, here: Location, value: Any, read: Field) -> None:
        """Read each item of a list by `read`; what is no list is opaque."""
        if not isinstance(value, list):
            self.opaque(here, "a list is expected")
            return
        if not value:
            self.inert.append(here)
        for index, item in enumerate(value):
            read(self, here.at(index), item)

    def stranger(self, here: Location, key: str, value: Any, known: tuple[str, ...], role: Role = Role.FIELD) -> None:
        """A member that the object's table does not have: its name and its words are examined as text.

        One whose name the service may take for one of `known`, or for a place of media, is opaque.
        """
        why = doubt(key, known)
        if why:
            self.opaque(here, why)
        else:
            self.text(here, role, key)
            self.unknown(here, value, role)

    # ---- leaves

    def text(self, here: Location, role: Role, value: str) -> None:
        """Words; pictures that stand in them as data URIs are pictures too."""
        if isinstance(value, Cut):
            value = value.restored()
        self.parts.append(Text(here, role, value))
        if self.uris and HINT in value:
            self._embedded(here, value)

    def opaque(self, here: Location, why: str) -> None:
        """Something that nobody reads."""
        self.parts.append(Opaque(here, why))

    def reference(self, here: Location, kind: str, value: Any) -> None:
        """Something that the service keeps, named by `value`."""
        if isinstance(value, str) and not isinstance(value, Cut):
            self.parts.append(Reference(here, kind, value))
        else:
            self.opaque(here, f"a reference to a {kind} that is not the name of one")

    def schema(self, here: Location, kind: SchemaKind, value: Any) -> None:
        """A tool definition or response format, whole; pictures that stand in it as data URIs are pictures too."""
        self.parts.append(Schema(here, kind, value))
        for steps, found in _uris_below(value) if self.uris else ():
            if isinstance(found, Cut):
                self.image(here.at(*steps), found)
            else:
                self._embedded(here.at(*steps), found)

    def free(self, here: Location, value: Any, role: Role = Role.FIELD) -> None:
        """The value of a known field of free form: all its words, its keys among them, are examined as text."""
        match value:
            case Cut():
                self.opaque(here, "inline data where words are expected")
            case str():
                self._words(here, value, role)
            case bool() | int() | float():
                self.parts.append(Text(here, role, str(value)))
            case dict() if value:
                self._words(here, " ".join(value), role)
                for key, member in value.items():
                    self.free(here.at(key), member, role)
            case list() if value:
                for index, item in enumerate(value):
                    self.free(here.at(index), item, role)
            case _:
                self.inert.append(here)

    def unknown(self, here: Location, value: Any, role: Role = Role.FIELD) -> None:
        """A value whose meaning is not known: as `free`, but addresses and what is named like a place of media are opaque."""
        match value:
            case str() if is_address(value):
                self.opaque(here, "an address in a field that is not known; the service might fetch it")
            case dict() if value:
                self._words(here, " ".join(value), role)
                for key, member in value.items():
                    why = doubt(key, ())
                    self.opaque(here.at(key), why) if why else self.unknown(here.at(key), member, role)
            case list() if value:
                for index, item in enumerate(value):
                    self.unknown(here.at(index), item, role)
            case _:
                self.free(here, value, role)

    def _words(self, here: Location, value: str, role: Role) -> None:
        if holds_encoded(value):
            self.opaque(here, "encoded data where words are expected")
        else:
            self.parts.append(Text(here, role, value))

    def _embedded(self, here: Location, value: str) -> None:
        try:
            for inline in embedded_pictures(value, self.limits.inline_bytes):
                self._image(Image(here, inline))
        except Unreadable as why:
            self.opaque(here, str(why))

    # ---- media

    def image(self, here: Location, value: Any) -> None:
        """A picture slot: a data URI or an address."""
        self._slot(here, value, lambda source: self._image(Image(here, source)))

    def document(self, here: Location, value: Any) -> None:
        """A file slot: a data URI, an address, or bare base64."""
        if (
            isinstance(value, str)
            and not isinstance(value, Cut)
            and not value[:8].lower().startswith(("data:", "http:", "https:"))
        ):
            self._bare(here, value, lambda inline: self.parts.append(Document(here, inline)))
        else:
            self._slot(here, value, lambda source: self.parts.append(Document(here, source)))

    def sent_image(self, here: Location, inline: Inline) -> None:
        """A picture whose bytes were sent as they are."""
        if len(inline.data) > self.limits.inline_bytes:
            self.opaque(here, f"inline data of more than {self.limits.inline_bytes} bytes")
        else:
            self._image(Image(here, inline))

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
        if not isinstance(value, str) or isinstance(value, Cut):
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


def _folded(key: str) -> str:
    return key.replace("_", "").replace("-", "").casefold()


@lru_cache(maxsize=256)
def _all_folded(keys: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_folded, keys))


def doubt(key: str, known: tuple[str, ...]) -> str:
    """Why the name of a member that is not known makes it opaque; empty where it does not."""
    folded = _folded(key)
    if folded in _all_folded(known):
        return f"the field {key[:64]!r} is spelled unlike the API's, and may be read as the API's own"
    if folded in _SLOTS:
        return f"the field {key[:64]!r} stands where the API has none, and may carry content"
    if known and _NAMING.search(key):
        return f"the field {key[:64]!r} is not known, and may name something that the service keeps"
    return ""


_NAMING: Final = re.compile(r"(?:[_-]ids?|[a-z]Ids?)$")
"""How the API's fields end that name what the service keeps; those that it may gain tomorrow will end so, too."""


def _uris_below(value: Any) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Each string and each key of a tree that may hold a data URI, with the steps that lead there."""
    stack: list[tuple[tuple[Step, ...], Any]] = [((), value)]
    while stack:
        steps, one = stack.pop()
        if isinstance(one, dict):
            stack.extend(((*steps, key), member) for key, member in one.items())
            yield from (((*steps, key), key) for key in one if HINT in key)
        elif isinstance(one, list):
            stack.extend(((*steps, index), member) for index, member in enumerate(one))
        elif isinstance(one, str) and (HINT in one or isinstance(one, Cut)):
            yield steps, one


def is_word(value: Any) -> bool:
    """Whether a value is a string like names of models and words of closed lists; what is not is no such name but text."""
    return isinstance(value, str) and not isinstance(value, Cut) and _WORD.fullmatch(value) is not None


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
    if is_word(value):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


def unread(why: str) -> Field:
    """A field that is known, and that nobody here can examine."""
    return lambda walk, here, _: walk.opaque(here, why)


def refers(kind: str) -> Field:
    """A field that names something that the service keeps."""
    return lambda walk, here, value: walk.reference(here, kind, value)


def refer(kind: str) -> Field:
    """A list of names of things that the service keeps."""
    one = refers(kind)
    return lambda walk, here, value: walk.items(here, value, one)


def some(read: Field) -> Field:
    """A list whose items are read by `read`."""
    return lambda walk, here, value: walk.items(here, value, read)


def said(role: Role) -> Field:
    """Words that `role` says."""

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, str):
            walk.text(here, role, value)
        else:
            walk.unknown(here, value, role)

    return read


def measure(walk: Walk, here: Location, value: Any) -> None:
    """A number, or `auto`."""
    if value == "auto":
        walk.inert.append(here)
    else:
        number(walk, here, value)


def record(table: Table) -> Field:
    """An object whose members are known."""

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, dict) and value:
            walk.fields(here, value, table)
        else:
            walk.unknown(here, value)

    return read


def holds(table: Table) -> Field:
    """As `record`, for an object that holds media or names what the service keeps: in another form it is opaque."""

    def read(walk: Walk, here: Location, value: Any) -> None:
        if isinstance(value, dict):
            record(table)(walk, here, value)
        else:
            walk.opaque(here, "an object is expected")

    return read


def typed(tables: Mapping[str, Table], what: str, refused: Mapping[str, str] | None = None) -> Field:
    """An object whose `type` tells its table; one of another type is opaque, with the reason in `refused` if it is there.

    `what` says what it is: "a tool".
    """

    def read(walk: Walk, here: Location, value: Any) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in tables:
            walk.fields(here, value, tables[kind])
        else:
            walk.opaque(here, (refused or {}).get(str(kind), f"{what} of a type that is not known"))

    return read


def with_types(tables: Mapping[str, Table]) -> Mapping[str, Table]:
    """Tables by type, each with the member `type` itself."""
    return {kind: {"type": one_of(kind), **table} for kind, table in tables.items()}


_TOKEN_DIGITS: Final = 10


def token_biases(walk: Walk, here: Location, value: Any) -> None:
    """A map of token ids to numbers."""
    if not isinstance(value, dict) or not value:
        walk.unknown(here, value)
        return
    for key, bias in value.items():
        if key.isascii() and key.isdigit() and len(key) <= _TOKEN_DIGITS and isinstance(bias, (int, float)):
            walk.inert.append(here.at(key))
        else:
            walk.stranger(here.at(key), key, bias, ())


def choice(walk: Walk, here: Location, value: Any) -> None:
    """Which tool is to be called: a word, or the name of a tool."""
    if value in ("none", "auto", "required"):
        walk.inert.append(here)
    else:
        walk.unknown(here, value)


def answer_format(walk: Walk, here: Location, value: Any) -> None:
    """The form that the answer is to have: plain, or by a schema."""
    if value == "auto":
        walk.inert.append(here)
    elif isinstance(value, dict) and value.get("type") in ("text", "json_object") and len(value) == 1:
        walk.inert.append(here.at("type"))
    else:
        walk.schema(here, SchemaKind.RESPONSE_FORMAT, value)


DETAIL: Final = one_of("auto", "low", "high", "original")

_PICTURE: Final[Table] = {"url": Walk.image, "detail": DETAIL}


def picture(walk: Walk, here: Location, value: Any) -> None:
    """A picture as an object with its address or data, or as these themselves."""
    if isinstance(value, dict) and value:
        walk.fields(here, value, _PICTURE)
    else:
        walk.image(here, value)


_RECORDING: Final[Table] = {"data": Walk.audio, "format": one_of("wav", "mp3", "flac", "opus", "pcm16")}


def recording(walk: Walk, here: Location, value: Any) -> None:
    """A recording: an object with its data."""
    if isinstance(value, dict) and value:
        walk.fields(here, value, _RECORDING)
    else:
        walk.opaque(here, "a recording must be an object with its data")


EFFORT: Final = one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")
VERBOSITY: Final = one_of("low", "medium", "high")

BREAKPOINT: Final = record({"mode": one_of("explicit"), "ttl": one_of("30m", "12h")})

STREAM_OPTIONS: Final = record({"include_usage": flag, "include_obfuscation": flag})

COMMON: Final[Table] = {
    "model": name,
    "user": text,
    "metadata": Walk.free,
    "safety_identifier": text,
    "prompt_cache_key": text,
    "prompt_cache_options": record(
        {
            "mode": one_of("implicit", "explicit"),
            "ttl": one_of("30m"),
            "comparison_response_id": refers("response"),
        }
    ),
    "prompt_cache_retention": one_of("in-memory", "in_memory", "24h"),
    "service_tier": one_of("auto", "default", "flex", "priority", "scale", "fast", "ultrafast"),
    "user_security_context": Walk.free,
    "stream": flag,
    "stream_options": STREAM_OPTIONS,
    "temperature": number,
    "top_p": number,
    "store": flag,
    "moderation": Walk.free,
}
"""Fields that chat completions and responses share."""
