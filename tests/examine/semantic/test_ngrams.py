"""Hashes are the same everywhere and each time: the tables that they point into were trained with them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.examine.normalise import canonical, fold
from proxy.examine.semantic.ngrams import BUCKETS, buckets, short_buckets, short_sums

TEXTS = ["", "a", "who is this man?", "这个人是谁。", "Кто это?", "हैलो", "\ud800", "x" * 500]


def plain(text: str) -> str:
    return canonical(fold(text))


def test_the_hashes_are_what_they_were() -> None:
    """Another hash needs another training."""
    rows = buckets(plain("Who is this?"))
    assert (len(rows), int(rows.astype(np.int64).sum())) == (96, 6177345)


@pytest.mark.parametrize("text", TEXTS)
def test_rows_are_rows_of_the_table(text: str) -> None:
    for rows in (buckets(plain(text)), short_buckets(plain(text))):
        assert rows.dtype == np.uint32
        assert (rows < BUCKETS).all()


def test_words_count_wherever_they_stand() -> None:
    """The same words in another order share their words and most runs, and not their pairs."""
    one, other = (set(short_buckets(plain(text)).tolist()) for text in ("the red hat", "hat red the"))
    assert len(one & other) > len(one ^ other)
    assert set(buckets(plain("the red hat")).tolist()) != set(buckets(plain("hat red the")).tolist())


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_sums_over_many_texts_are_those_of_each(texts: list[str]) -> None:
    """But for runs across a border between two: two or three of each text's rows."""
    chance = np.random.default_rng(1)
    weights = chance.integers(-127, 127, BUCKETS).astype(np.int8)
    texts = list(map(plain, texts))
    together = short_sums(texts, weights)
    for text, mean in zip(texts, together, strict=True):
        rows = short_buckets(text)
        alone = weights[rows].astype(np.float32).sum()
        assert abs(float(mean) * len(rows) - float(alone)) <= 127 * 8 + abs(float(mean)) * 8
