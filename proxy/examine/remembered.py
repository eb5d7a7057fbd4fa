"""What was said of a text before, by a keyed digest of it: system prompts and earlier turns come again with each request."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from blake3 import blake3

Verdict = Mapping[str, float]

_HALF: Final = 8192
"""Verdicts in each of two generations, some hundred bytes each: a full one pushes out the older."""


class Remembered:
    """`judge`, asked once for each text among the last ones. Neither texts nor anything of them is kept, only digests.

    The key is drawn anew for each process and leaves it nowhere. Threads may call at once: at worst one text is judged twice.
    """

    def __init__(self, judge: Callable[[str], Verdict]) -> None:
        self._judge = judge
        self._key = secrets.token_bytes(32)
        self._young: dict[bytes, Verdict] = {}
        self._old: dict[bytes, Verdict] = {}

    def __call__(self, text: str) -> Verdict:
        """The verdict on `text`; whatever `judge` raises is not remembered."""
        digest = blake3(text.encode("utf-8", "surrogatepass"), key=self._key).digest()
        known = self._young.get(digest)
        if known is None:
            known = self._old.get(digest)
            if known is None:
                known = self._judge(text)
            if len(self._young) >= _HALF:
                self._old, self._young = self._young, {}
            self._young[digest] = known
        return known
