"""What holds for opening a file of any kind: the limits, the time, and the reason why one stays closed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from proxy.examine.pictures import PictureLimits


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """Limits that are checked before anything is expanded or drawn.

    `pages` and `pictures` count those of one file; `side` is the longest side, in pixels, at which a page is drawn; `seconds`
    is for opening one file; `inflated_bytes` for all that is compressed in it; `inline_bytes` for one picture in a text;
    `held_bytes` for all pictures and words that come out. `picture` holds for each picture in a file.
    """

    pages: int = 50
    side: int = 1000
    pictures: int = 200
    seconds: float = 15.0
    inflated_bytes: int = 256 * 1024 * 1024
    inline_bytes: int = 20 * 1024 * 1024
    held_bytes: int = 64 * 1024 * 1024
    picture: PictureLimits = field(default_factory=PictureLimits)


class Unopened(Exception):
    """The file, or a piece of it, cannot be opened; its text says why, in words for a person."""


class Deadline:
    """The time that is left for a file."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds; it is an argument so that tests can run out of time."""
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def check(self) -> None:
        """Raise Unopened once the time is over."""
        if self._clock() > self._end:
            raise Unopened(f"opening it took longer than {self._seconds:g} seconds")
