"""What lines name: each thing once, of those that do not change any more, and not without end."""

from typing import Final

import pytest

from proxy.content import Content, Reference, Role, Text
from proxy.errors import TooLarge
from proxy.exchange import Line
from proxy.location import Location
from proxy.serve.line_names import MAX_LINE_NAMES, names_in

HERE: Final = Location(("input",))


def line(number: int, *names: tuple[str, str]) -> Line:
    """A line with a word and references."""
    parts = (Text(HERE, Role.USER, "Hello."), *(Reference(HERE, kind, name) for kind, name in names))
    return Line(number, Content(parts, (), "m"))


def test_each_thing_once() -> None:
    """In the order in which they come; what may change until the line is run is left out."""
    lines = [
        line(1),
        line(2, ("file", "file-1"), ("conversation", "conv_1"), ("response", "resp_1")),
        line(4, ("response", "resp_1"), ("vector_store", "vs_1"), ("item", "msg_1"), ("file", "resp_1")),
    ]
    assert names_in(lines) == [("file", "file-1"), ("response", "resp_1"), ("item", "msg_1"), ("file", "resp_1")]
    assert names_in([]) == []


def test_too_many() -> None:
    """The line with the one that is too many is named."""
    lines = [line(number, ("file", f"file-{number}")) for number in range(1, MAX_LINE_NAMES + 1)]
    assert len(names_in([*lines, lines[0]])) == MAX_LINE_NAMES
    with pytest.raises(TooLarge) as refused:
        names_in([*lines, line(77_777, ("file", "one more"))])
    assert str(refused.value.location) == "/line/77777"
