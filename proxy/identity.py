"""What is made of one value, made once: for values that come again with nearly every request."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")
Made = TypeVar("Made")

_MOST: Final = 1024


class OncePerValue(Generic[Value, Made]):
    """`make`, asked once for each object among the last ones: told apart by identity, which costs no look into it.

    For values that nobody changes. Each stays alive while it is known, so that its identity stays its own. Threads may call
    at once: at worst one value is made twice.
    """

    def __init__(self, make: Callable[[Value], Made]) -> None:
        self._make = make
        self._known: dict[int, tuple[Value, Made]] = {}

    def __call__(self, value: Value) -> Made:
        """What `make` makes of `value`."""
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        made = self._make(value)
        if len(self._known) >= _MOST:
            self._known = {}
        self._known[id(value)] = (value, made)
        return made
