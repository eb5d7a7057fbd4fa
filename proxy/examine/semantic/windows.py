"""A text in pieces that a sentence encoder can judge: sentences, and in short texts each with the one before."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

LONGEST: Final = 240
"""Characters of one piece: longer sentences are cut, and what they say still shows in a part of them."""

PAIRED: Final = 5
"""A text of fewer pieces is also read in pairs: “Here is my licence. Can you let me in?”"""

_OVERLAP: Final = 80
_SHORT: Final = 16
"""Characters below which a sentence is no piece of its own but goes with the next."""

_SENTENCE: Final = re.compile(
    r"(?<=[.!?;…؟।])\s+|(?<=。)|(?<=[!?;])(?=[\u3040-\u9fff\uac00-\ud7af])|\n(?:[^\S\n]*+\n)+|\n(?=[^\S\n]*+[-*#•])"
)
"""Where a sentence of a folded text ends. Chinese and Japanese have no space behind it. A single line break ends none, or
breaking lines would hide what they say; a blank line or an item of a list does."""


def pieces_of(folded: str) -> Sequence[str]:
    """The pieces of a folded text, in order; those of a short one also in pairs. Linear in the text."""
    pieces = _sentences(folded)
    if 1 < len(pieces) < PAIRED:
        pairs = (f"{one} {other}" for one, other in pairwise(pieces))
        pieces = [*pieces, *(pair for pair in pairs if len(pair) <= LONGEST)]
    return pieces


def _sentences(folded: str) -> list[str]:
    """Sentences, the short ones joined to the next, the long ones cut where a word ends, with an overlap."""
    found: list[str] = []
    held = ""
    for sentence in _SENTENCE.split(folded):
        whole = " ".join(f"{held} {sentence}".split())
        held = whole if len(whole) < _SHORT else ""
        if whole and not held:
            found += _cut(whole)
    if held and found and len(found[-1]) + len(held) < LONGEST:
        found[-1] = f"{found[-1]} {held}"
    elif held:
        found.append(held)
    return found


def _cut(sentence: str) -> Iterator[str]:
    start = 0
    while len(sentence) - start > LONGEST:
        end = sentence.rfind(" ", start + 2 * _OVERLAP, start + LONGEST)
        end = end if end > 0 else start + LONGEST
        yield sentence[start:end]
        start = end - _OVERLAP
    yield sentence[start:]
