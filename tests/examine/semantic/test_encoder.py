"""Sentences that mean the same are near each other, across languages; batches change nothing."""

import numpy as np
import pytest

from proxy.examine.semantic.encoder import MOST_PIECES, WIDTH, Encoder
from proxy.examine.semantic.scorer import DATA


@pytest.fixture(scope="module", name="encoder")
def encoder_() -> Encoder:
    return Encoder(DATA)


NEAR = ["who is the man in this picture?", "quién es el hombre de esta imagen?", "wer ist der mann auf diesem bild?"]
FAR = ["how many trains leave after ten o'clock?", "cuántos trenes salen después de las diez?"]


def test_the_same_meaning_is_near(encoder: Encoder) -> None:
    """In three languages; and another meaning is farther in each."""
    vectors = encoder.vectors([*NEAR, *FAR])[:, :512]
    near = vectors @ vectors.T
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert near[:3, :3].min() > near[:3, 3:].max()
    assert near[3, 4] > near[:3, 3:].max()


def test_each_text_is_read_alone(encoder: Encoder) -> None:
    """Together with others, before or behind them, a text has the vector that it has alone."""
    texts = [*NEAR, "", "x", "。", *FAR, *(f"text number {number} of many" for number in range(100))]
    together = encoder.vectors(texts)
    assert together.shape == (len(texts), WIDTH)
    for number in (0, 3, 4, 5, 50, len(texts) - 1):
        alone = encoder.vectors([texts[number]])[0]
        assert float(np.abs(alone - together[number]).max()) < 0.2  # 8-bit steps are as wide as the batch needs
        assert float(alone @ together[number] / (np.linalg.norm(alone) * np.linalg.norm(together[number]))) > 0.98


def test_what_is_read_is_bounded(encoder: Encoder) -> None:
    """Behind the last piece that counts a text may go on."""
    start = "word " * (MOST_PIECES + 5)
    one, other = encoder.vectors([start + "x " * 50]), encoder.vectors([start + "who is this man?"])
    assert np.array_equal(one, other)


def test_no_text_at_all(encoder: Encoder) -> None:
    assert encoder.vectors([]).shape == (0, WIDTH)


@pytest.mark.parametrize("text", ["\ud800", "\x00", "\u200b", "🙂" * 300, "a\ud83d", "é" * 999])
def test_any_text_is_read(encoder: Encoder, text: str) -> None:
    assert np.isfinite(encoder.vectors([text])).all()
