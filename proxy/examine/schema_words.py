"""What tool definitions and response formats ask for: their words as text, their field names and choices as fields."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.content import Json

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_MAX_NODES: Final = 20_000

_SPOKEN: Final = 12
_GAPS: Final = 3
"""A key of at least this many characters and gaps between words says something: `identify_the_person_shown`."""


class TooLargeSchema(Exception):
    """A schema with more nodes than are walked."""


@dataclass(slots=True)
class SchemaWords:
    """The words of a schema: sentences (descriptions and the like), field names with their JSON type, and choices."""

    sentences: list[str] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, ...]] = field(default_factory=list)


def split_name(name: str) -> str:
    """`isSamePerson`, `is_same_person` and `is-same-person` as words, lower case, one space between."""
    return " ".join(re.split(r"[\W_]+", _CAMEL.sub(" ", name).lower())).strip()


def words_of(document: Json) -> SchemaWords:
    """Walk a schema. Raises TooLargeSchema."""
    found = SchemaWords()
    for number, (key, value, named) in enumerate(_nodes(document)):
        if number > _MAX_NODES:
            raise TooLargeSchema
        if named:
            kind = value.get("type", "") if isinstance(value, dict) else ""
            found.fields.append((split_name(key), kind if isinstance(kind, str) else ""))
        if len(spoken := split_name(key)) >= _SPOKEN and spoken.count(" ") >= _GAPS:
            found.sentences.append(spoken)
        if isinstance(value, str):
            found.sentences.append(split_name(value) if key == "name" else value)
        elif key in ("enum", "examples") and isinstance(value, list):
            found.choices.append(tuple(one for one in value if isinstance(one, str)))
    return found


def _nodes(document: Any) -> Iterator[tuple[str, Any, bool]]:
    """Each value of a document with its key, and whether the key is a field's own name; items of a list have no key."""
    stack: list[tuple[str, Any, bool]] = [("", document, False)]
    while stack:
        key, value, named = stack.pop()
        yield key, value, named
        if isinstance(value, dict):
            stack.extend((inner, one, key in _NAMED and not named) for inner, one in value.items())
        elif isinstance(value, list):
            stack.extend(("", one, False) for one in value)
