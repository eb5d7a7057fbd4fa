"""What the lines of a file name of the things that the service keeps: looked up all at once, before any line is judged."""

from collections.abc import Iterable
from typing import Final

from proxy.content import Reference
from proxy.errors import TooLarge
from proxy.exchange import Line
from proxy.past import LASTING, Name
from proxy.serve.pool import giving_way

MAX_LINE_NAMES: Final = 10_000
"""Things that all lines of one file may name: each is looked up, in some 0.1 ms."""


def names_in(lines: Iterable[Line]) -> list[Name]:
    """The things that the lines name, each once: those that are still the same when the lines are run.

    Cutting a line into parts takes a tenth of the time of judging it. Raises TooLarge, and whatever reading a line raises.
    """
    names: dict[Name, None] = {}
    for line in giving_way(lines, lambda: False):
        for part in line.content.parts:
            if isinstance(part, Reference) and part.kind in LASTING:
                names[part.kind, part.id] = None
        if len(names) > MAX_LINE_NAMES:
            raise TooLarge(
                f"the lines of the file name more than {MAX_LINE_NAMES} things that the service keeps", line.place
            )
    return list(names)
