"""Sentences as vectors: a multilingual sentence encoder, cut to what is needed. Where it comes from: docs/detection.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from sentencepiece import SentencePieceProcessor

_START: Final = 1
_END: Final = 2

WIDTH: Final = 512 + 1280
"""Numbers of a vector: those of the sentence, of unit length, then those of its words together, `_CALM` times smaller."""

_CALM: Final = np.float32(1 / 10)

MOST_PIECES: Final = 128
"""Pieces of one text that are read: some 400 characters of Latin script."""

_BATCH: Final = 768
"""Pieces read at once: beyond it nothing gets faster, and what is held grows."""

_REACH: Final = np.arange(-2, 3)

_HALVES: Final = np.stack(np.divmod(np.arange(256, dtype=np.float32), np.float32(16)), axis=1) - np.float32(7.5)
"""The two values that a byte of the table stands for, before the row's scale."""

Floats = npt.NDArray[np.float32]


class Encoder:
    """Loaded once; threads may call at once. The table is mapped, so that only what is used of it is held in memory."""

    def __init__(self, folder: Path) -> None:
        """Load the files of a folder. Raises OSError, ValueError or RuntimeError when they are unusable."""
        self._pieces = SentencePieceProcessor(model_file=str(folder / "pieces.model"))
        self._table = np.load(folder / "table.npy", mmap_mode="r", allow_pickle=False)
        self._scales = np.load(folder / "scales.npy", allow_pickle=False)
        self._session = on_one_thread(folder / "encoder.onnx")

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A vector for each text, [texts, WIDTH]."""
        read = [[_START, *self._pieces.encode(_whole(text))[:MOST_PIECES], _END] for text in texts]
        found = np.empty((len(read), WIDTH), np.float32)
        first = number = 0
        for place, pieces in enumerate(read):
            if number and number + len(pieces) > _BATCH:
                found[first:place] = self._read(read[first:place])
                first, number = place, 0
            number += len(pieces)
        if read:
            found[first:] = self._read(read[first:])
        return found

    def _read(self, texts: Sequence[Sequence[int]]) -> Floats:
        lengths = np.array([len(pieces) for pieces in texts])
        flat = np.array([piece for pieces in texts for piece in pieces])
        ends = np.cumsum(lengths)
        owner = np.repeat(np.arange(len(texts)), lengths)
        near = np.arange(len(flat))[:, None] + _REACH
        inside = (near >= (ends - lengths)[owner, None]) & (near < ends[owner, None])
        root = np.sqrt(lengths, dtype=np.float32)[:, None]
        pool = np.zeros((len(texts), len(flat)), np.float32)
        pool[owner, np.arange(len(flat))] = 1 / root[owner, 0]
        words = _HALVES[self._table[flat]].reshape(len(flat), -1) * self._scales[flat, None]
        fed = {"words": words, "windows": np.where(inside, near, len(flat)), "pool": pool, "root": root}
        vectors, pooled = self._session.run(["vectors", "pooled"], fed)
        return np.concatenate((vectors, pooled * _CALM), axis=1)


def on_one_thread(path: Path) -> onnxruntime.InferenceSession:
    """A model that computes on the thread that asks it, and keeps no memory between two questions."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _whole(text: str) -> str:
    """Without lone surrogates, which have no form in UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
