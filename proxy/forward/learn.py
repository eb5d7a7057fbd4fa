"""Which ids a reply tells of things that the service keeps from now on. Pure: bytes in, names out, in bounded memory."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson
from blake3 import blake3

from proxy.past import Name

Makes: TypeAlias = Sequence[tuple[str, str]]
"""Kinds, each with a JSON pointer into the reply; see `Operation.makes`."""

MAX_EVENT: Final = 4 * 1024 * 1024
"""Bytes of one server-sent event that is read; of a longer one nothing is learned."""

MAX_NAMES: Final = 10_000
"""Things that are learned from one reply."""

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_DATA: Final = b"data:"

_CHUNK: Final = "chat.completion.chunk"

_OBJECTS: Final[Mapping[str, str]] = {"thread": "thread", "thread.message": "message", "thread.run.step": "step"}
"""Kinds by what the events of a run say that they are. The run itself is what a reply without events would be."""

_RUN: Final = "thread.run"


def names_in(makes: Makes, reply: Any) -> Iterator[Name]:
    """The names that a whole reply tells, each as often as it does."""
    for kind, pointer in makes:
        for found in _at(reply, _steps(pointer)):
            if isinstance(found, str) and found:
                yield kind, found


def read_reply(makes: Makes, reply: bytes) -> Sequence[Name]:
    """The names that a reply of JSON tells. Raises ValueError when it is none, or when there are too many."""
    names = tuple(dict.fromkeys(names_in(makes, orjson.loads(reply))))
    if len(names) > MAX_NAMES:
        raise ValueError("it tells too many ids")
    return names


class Events:
    """Reads server-sent events as they pass, however they are cut into pieces, and gives each name once.

    An event's names are given by the piece in which it ends: before that piece goes on, no caller has the whole event.
    `missed` counts events of which nothing could be learned.
    """

    def __init__(self, makes: Makes) -> None:
        self._makes = makes
        self._kinds = frozenset(kind for kind, _ in makes)
        self._hints = tuple({f'"{_steps(pointer)[-1]}"'.encode() for _, pointer in makes})
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._held = 0
        self._first = True
        self._after_return = False
        self._known: set[tuple[str, str | bytes]] = set()
        self.missed = 0

    def hear(self, piece: bytes) -> list[Name]:
        """The names that were not known before, of events that end in `piece`."""
        if self._after_return and piece.startswith(b"\n"):  # the second half of a line's end
            piece = piece[1:]
            self._after_return = False
        if not piece:
            return []
        self._after_return = piece.endswith(b"\r")
        names: list[Name] = []
        *ended, rest = _LINE_END.split(piece)
        for end in ended:
            self._hold(end)
            names += self._line_ended()
        self._hold(rest)
        return names

    def end(self) -> list[Name]:
        """The names of a last event that nothing ends but the stream's own end."""
        return [*self._line_ended(), *self._event_ended()]

    def _hold(self, piece: bytes) -> None:
        """Add to the line; past the limit of an event nothing of it is held any more."""
        self._held += len(piece)
        if self._held <= MAX_EVENT:
            self._line.append(piece)
        else:
            self._line.clear()
            self._data.clear()
            self._line.append(piece[:1])  # a line that is not empty

    def _line_ended(self) -> list[Name]:
        line = b"".join(self._line)
        self._line.clear()
        if self._first:
            self._first = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._event_ended()
        if line.startswith(_DATA):
            self._data.append(line[len(_DATA) :])
        elif self._held <= MAX_EVENT:
            self._held -= len(line)
        return []

    def _event_ended(self) -> list[Name]:
        data, whole = b"\n".join(self._data), self._held <= MAX_EVENT
        self._data.clear()
        self._held = 0
        if not whole:
            self.missed += 1
            return []
        if not any(hint in data for hint in self._hints):
            return []
        try:
            event = orjson.loads(data)
        except ValueError:
            self.missed += 1
            return []
        return list(self._fresh(_names_of(self._makes, self._kinds, event)))

    def _fresh(self, names: Iterable[Name]) -> Iterator[Name]:
        for kind, thing in names:
            key = kind, thing if len(thing) <= 64 else blake3(thing.encode("utf-8", "surrogatepass")).digest()  # noqa: PLR2004 - a digest is no shorter
            if key in self._known:
                continue
            if len(self._known) >= MAX_NAMES:
                self.missed += 1
                return
            self._known.add(key)
            yield kind, thing


def _names_of(makes: Makes, kinds: frozenset[str], event: Any) -> Iterator[Name]:
    """The names that one event tells: it holds the reply, an item of its output, or a thing by itself."""
    match event:
        case {"response": dict(reply)}:
            yield from names_in(makes, reply)
        case {"item": dict(item)}:
            yield from names_in(makes, {"output": [item]})
        case {"object": str(what), "id": thing} if what.startswith("thread") and what != _RUN:
            kind = _OBJECTS.get(what)
            if kind in kinds and isinstance(thing, str) and thing:
                yield str(kind), thing
        case {"object": str(what), "choices": [*choices]} if what == _CHUNK:
            told = [{"message": one.get("delta")} for one in choices if isinstance(one, dict)]
            yield from names_in(makes, {**event, "choices": told})
        case _:
            yield from names_in(makes, event)


@lru_cache(maxsize=1024)
def _steps(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON pointer (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def _at(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        yield value
    elif steps[0] == "*":
        for one in value if isinstance(value, list) else ():
            yield from _at(one, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from _at(value[steps[0]], steps[1:])
