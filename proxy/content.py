"""What a request carries, cut into parts that know where they stand."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from proxy.location import Location

Json: TypeAlias = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None


class Role(StrEnum):
    """Who says a text; `FIELD` is any value that is not a turn of the conversation (a known or unknown field)."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    FIELD = "field"


class Text(Struct, frozen=True):
    """Words that reach the model or are stored with the request."""

    location: Location
    role: Role
    text: str


class Inline(Struct, frozen=True):
    """Bytes that travel in the request itself. `declared` is the media type that the sender claims."""

    declared: str
    data: bytes


class Remote(Struct, frozen=True):
    """An address that the service would fetch later, so its content is not in the request.

    `why` says, in words for a person, why Facegate could not fetch it where it tried; empty where it did not try.
    """

    url: str
    why: str = ""


class Image(Struct, frozen=True):
    """A picture."""

    location: Location
    source: Inline | Remote


class Audio(Struct, frozen=True):
    """A recording."""

    location: Location
    source: Inline | Remote


class Video(Struct, frozen=True):
    """A moving picture."""

    location: Location
    source: Inline | Remote


class Document(Struct, frozen=True):
    """A file such as a PDF. Once it is `opened`, what it holds follows as parts of its own, inside its place."""

    location: Location
    source: Inline | Remote
    filename: str = ""
    opened: bool = False


class SchemaKind(StrEnum):
    """What a schema is for."""

    TOOL = "tool"
    RESPONSE_FORMAT = "response_format"


class Schema(Struct, frozen=True):
    """A tool definition or a response format: its names, descriptions, properties and enums tell what is wanted.

    The part covers everything below `location`; `document` is that subtree as parsed.
    """

    location: Location
    kind: SchemaKind
    document: Json


class Reference(Struct, frozen=True):
    """Something that the service keeps and the request only names: `kind` is file, response, conversation, prompt…

    `why` says, in words for a person, why Facegate could not get it from the service where it tried; empty where it did not.
    """

    location: Location
    kind: str
    id: str
    why: str = ""


class Opaque(Struct, frozen=True):
    """Something that may carry content and that nobody here can read; `why` says so to a person."""

    location: Location
    why: str


Part: TypeAlias = Text | Image | Audio | Video | Document | Schema | Reference | Opaque


class Unfolded(Struct, frozen=True):
    """What a file holds. Each part lies inside the file's place. `gaps` are the places that stay closed, with the reasons.

    Without gaps the parts are all that there is.
    """

    parts: tuple[Part, ...]
    gaps: tuple[tuple[Location, str], ...] = ()


class Content(Struct, frozen=True):
    """Everything that a request carries.

    Each leaf of the body lies on one of `parts` or is one of `inert`: a known field whose value cannot carry content
    (a number, a flag, a word of a closed list). `model` is the deployment asked for; `stream` whether events are wanted.
    """

    parts: tuple[Part, ...]
    inert: tuple[Location, ...]
    model: str
    stream: bool = False


class Coverage(Struct, frozen=True):
    """What became of the parts of a request: examined, in the way of forwarding, or exempt from examination by policy.

    The three sums make the number of parts. `kinds` counts them by (kind, disposition), with the dispositions
    `inspected`, `refused` and `exempt`.
    """

    inspected: int
    refused: int
    exempt: int
    kinds: Mapping[tuple[str, str], int]


def size_of(part: Part) -> int:
    """Bytes of an inline picture or recording, characters of a text; nothing of all others."""
    match part:
        case Text():
            return len(part.text)
        case Image(source=Inline(data=data)) | Audio(source=Inline(data=data)) | Video(source=Inline(data=data)):
            return len(data)
        case _:
            return 0


def kind_of(part: Part) -> str:
    """The name of a part's kind, as metrics, records and `facegate coverage` spell it."""
    return type(part).__name__.lower()
