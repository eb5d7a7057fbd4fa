"""From a sentence's vector and its hashed runs to what it asks for: one hidden layer, trained by `make train`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from proxy.examine.semantic.encoder import on_one_thread
from proxy.examine.semantic.ngrams import buckets, short_sums

LABELS: Final = ("identify", "verify", "emotion", "sensitive", "biocat", "surveil", "social_score")
"""What a sentence may ask for, in the order of the head's outputs; before them stands the chance that it asks for none."""

SHARE: Final = 0.3
"""A label with this share of what is asked for counts for all of it: sentences that ask for two things are split between them."""

Floats = npt.NDArray[np.float32]


class Head:
    """The weights of the last layers. Loaded once; threads may call at once."""

    def __init__(self, folder: Path) -> None:
        """Load `runs.npy` (mapped), `head.npz` and `head.onnx`. Raises OSError, ValueError, KeyError or RuntimeError."""
        self._runs = np.load(folder / "runs.npy", mmap_mode="r", allow_pickle=False)
        with np.load(folder / "head.npz", allow_pickle=False) as weights:
            self._scale: Floats = weights["runs_scale"]
            self._quick: npt.NDArray[np.int8] = weights["quick"]
        self._session = on_one_thread(folder / "head.onnx")

    def chances(self, vectors: Floats, texts: Sequence[str]) -> Floats:
        """For each text the chance that it asks for nothing, then for each of `LABELS`; they add up to one.

        `vectors` are those of the texts; `texts` are canonical.
        """
        looks = np.stack([self._look(text) for text in texts], dtype=np.float32, casting="same_kind")
        (chances,) = self._session.run(["chances"], {"vectors": vectors, "looks": looks})
        return np.asarray(chances)

    def scores(self, chances: Floats) -> Mapping[str, float]:
        """The best score of each label over several texts: the chance that anything is asked for, where it may be this."""
        asked = 1 - chances[:, :1]
        scores = np.where(chances[:, 1:] >= SHARE * asked, asked, chances[:, 1:]).max(axis=0)
        return {label: round(float(score), 4) for label, score in zip(LABELS, scores, strict=True)}

    def quick_look(self, texts: Sequence[str]) -> Floats:
        """How much each of many canonical texts looks like asking for anything; by rows of a table alone."""
        return short_sums(texts, self._quick)

    def _look(self, text: str) -> Floats:
        rows = buckets(text)
        total = self._runs[rows].sum(axis=0, dtype=np.int32)
        look: Floats = total * (self._scale / np.sqrt(np.float32(max(1, len(rows)))))
        return look
