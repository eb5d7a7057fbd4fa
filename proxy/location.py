"""Where in a request something stands."""

from typing import TypeAlias

from msgspec import Struct

Step: TypeAlias = str | int


class Location(Struct, frozen=True):
    """The path to one place in a body; prints itself as a JSON pointer (RFC 6901).

    `steps` are object keys and array indexes, outermost first; no steps is the whole body.
    """

    steps: tuple[Step, ...] = ()

    def at(self, *steps: Step) -> "Location":
        """The place `steps` further in."""
        return Location(self.steps + steps)

    def covers(self, other: "Location") -> bool:
        """Whether `other` is this place or lies inside it."""
        return other.steps[: len(self.steps)] == self.steps

    def __str__(self) -> str:
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.steps)


WHOLE = Location()
