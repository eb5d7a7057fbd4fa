"""Hashed runs of characters, words and pairs of words: what a text looks like, in any language, without a vocabulary."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

BUCKETS: Final = 1 << 17
"""Rows of the table that the hashes point into; a power of two."""

_SHIFT: Final = np.uint32(32 - 17)
_MULTIPLIER: Final = 0x9E3779B1
"""Knuth's multiplicative hashing: the golden ratio in 32 bits (The Art of Computer Programming 3, 6.4)."""

_STEP: Final = 0x01000193
_LONGEST: Final = 64
"""Characters of a word that count each by its place; those behind them count alike."""

_RUNS: Final = (1, 2, 3, 4, 5, 6)
_WORD: Final = 7
_PAIR: Final = 8
_SHORT_RUNS: Final = (2, 3)

_POWERS: Final = np.array([pow(_STEP, place, 1 << 32) for place in range(_LONGEST)], np.uint32)
_SALTS: Final = np.array([pow(_MULTIPLIER, salt, 1 << 32) for salt in range(1, 10)], np.uint32)

_SPACE: Final = 32

Codes = npt.NDArray[np.uint32]


def buckets(text: str) -> Codes:
    """The rows for a canonical text: of each run of 1 to 6 characters, each word, each pair of neighbouring words."""
    codes = _codes(text)
    rows = [_hashed(_runs(codes, length), length) for length in _RUNS if len(codes) >= length]
    words = _words(codes, _spaces(codes))
    rows += [_hashed(words, _WORD), _hashed(words[:-1] * _SALTS[0] + words[1:], _PAIR)]
    return np.concatenate(rows)


def short_buckets(text: str) -> Codes:
    """Fewer rows, for a quick look: of runs of 2 and 3 characters, and words."""
    codes = _codes(text)
    rows = [_hashed(_runs(codes, length), length) for length in _SHORT_RUNS if len(codes) >= length]
    return np.concatenate([*rows, _hashed(_words(codes, _spaces(codes)), _WORD)])


def short_sums(texts: Sequence[str], weights: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """For each of many canonical texts the mean of `weights` over its `short_buckets`; some rows across borders count too."""
    codes = _codes("".join(texts))
    starts = np.concatenate(([0], np.cumsum([len(text) for text in texts])[:-1]))
    spaces = _spaces(codes)
    found = np.zeros((2, len(codes)), np.float32)
    for length in _SHORT_RUNS:
        count = max(0, len(codes) - length + 1)
        found[0, :count] += weights[_hashed(_runs(codes, length), length)]
        found[1, :count] += 1
    if len(spaces) > 1:
        found[0, spaces[1:]] += weights[_hashed(_words(codes, spaces), _WORD)]
        found[1, spaces[1:]] += 1
    sums = np.add.reduceat(found, starts, axis=1)
    means: npt.NDArray[np.float32] = sums[0] / np.maximum(sums[1], 1)
    return means


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _runs(codes: Codes, length: int) -> Codes:
    count = len(codes) - length + 1
    mixed = codes[:count].copy()
    for place in range(1, length):
        mixed *= np.uint32(_STEP)
        mixed += codes[place : place + count]
    return mixed


def _spaces(codes: Codes) -> npt.NDArray[np.intp]:
    return np.flatnonzero(codes == _SPACE)


def _words(codes: Codes, spaces: npt.NDArray[np.intp]) -> Codes:
    """One hash for what stands between each space and the next: its characters, each weighed by its place."""
    if len(spaces) < 2:  # noqa: PLR2004 - a word stands between two
        return np.empty(0, np.uint32)
    inner = codes[spaces[0] : spaces[-1]]
    places = np.arange(len(inner)) - np.repeat(spaces[:-1] - spaces[0], np.diff(spaces))
    weighed = inner * _POWERS[np.minimum(places, _LONGEST - 1)]
    words: Codes = np.add.reduceat(weighed, spaces[:-1] - spaces[0], dtype=np.uint32)
    return words


def _hashed(mixed: Codes, salt: int) -> Codes:
    rows: Codes = ((mixed ^ _SALTS[salt]) * np.uint32(_MULTIPLIER)) >> _SHIFT
    return rows
