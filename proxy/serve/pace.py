"""How long a thing takes that is not done: so that the time of an answer does not tell whether it was."""

import asyncio
import secrets
from collections import deque
from typing import Final

_REMEMBERED: Final = 16

_AT_FIRST_S: Final = 0.05
"""Seconds before anything is known: a call to a service in the same region and back."""


class Pace:
    """The durations of the last calls of one kind."""

    def __init__(self) -> None:
        self._known: deque[float] = deque([_AT_FIRST_S], _REMEMBERED)

    def note(self, seconds: float) -> None:
        """Take note of how long a call took."""
        self._known.append(seconds)

    def drawn(self) -> float:
        """The duration of one of the last calls, drawn by lot."""
        return secrets.choice(self._known)

    async def wait(self) -> None:
        """Wait as long as one of them took."""
        await asyncio.sleep(self.drawn())
