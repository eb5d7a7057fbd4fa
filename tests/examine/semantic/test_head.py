"""What the outputs of the head mean."""

import numpy as np
import pytest

from proxy.examine.normalise import canonical, fold
from proxy.examine.semantic.encoder import WIDTH
from proxy.examine.semantic.head import LABELS, Head
from proxy.examine.semantic.scorer import DATA


@pytest.fixture(scope="module", name="head")
def head_() -> Head:
    return Head(DATA)


def row(**chances: float) -> list[float]:
    rest = 1 - sum(chances.values())
    return [rest, *(chances.get(label, 0.0) for label in LABELS)]


NOTHING = dict.fromkeys(LABELS, 0.0)

SCORES: dict[str, tuple[list[list[float]], dict[str, float]]] = {
    "nothing is asked for": ([row()], NOTHING),
    "one thing": ([row(identify=0.8)], NOTHING | {"identify": 0.8}),
    "either of two counts for both": ([row(identify=0.4, verify=0.4)], NOTHING | {"identify": 0.8, "verify": 0.8}),
    "a small share is no more than it is": (
        [row(identify=0.7, verify=0.1)],
        NOTHING | {"identify": 0.8, "verify": 0.1},
    ),
    "the best of several texts": (
        [row(identify=0.2), row(identify=0.6), row(emotion=0.9)],
        NOTHING | {"identify": 0.6, "emotion": 0.9},
    ),
}


@pytest.mark.parametrize("name", SCORES)
def test_scores(head: Head, name: str) -> None:
    chances, expected = SCORES[name]
    assert head.scores(np.array(chances, np.float32)) == pytest.approx(expected, abs=1e-4)


def test_chances_add_up(head: Head) -> None:
    """Whatever the vectors are."""
    vectors = np.random.default_rng(1).normal(size=(5, WIDTH)).astype(np.float32)
    chances = head.chances(vectors, [canonical(fold(text)) for text in ("", "who?", "誰", "x" * 999, "a b c")])
    assert chances.shape == (5, 1 + len(LABELS))
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-4)


ASKING = ("who is this man in the picture?", "is she angry or sad?", "does she vote left?", "is it the same person?")
ORDINARY = (
    "convert the table to csv",
    "what colour is the chair?",
    "draw a box around the car",
    "fix the error in this code",
)


def test_the_quick_look_tells_apart(head: Head) -> None:
    """Not sharply: it only spares the encoder what asks for nothing."""
    asking, ordinary = (head.quick_look([canonical(text) for text in texts]) for texts in (ASKING, ORDINARY))
    assert asking.mean() > ordinary.mean()
