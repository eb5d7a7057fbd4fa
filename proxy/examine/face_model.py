"""The face model: YuNet with libfacedetection's weights, run by ONNX Runtime on one thread, outside the interpreter's lock.

It says where a face is, and nothing about whose: there is no embedding in it. training/faces/convert.py writes the file.
"""

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from PIL import Image

WEIGHTS: Final = Path(__file__).resolve().with_name("face_weights") / "yunet.onnx"

DIGEST: Final = "eae7fa7449414aede64f27b38229af5b5ce453c1fe3f722315869486b921398d"

_STEP: Final = 32
"""Cells of the coarsest level, in pixels: sides are filled up with black to a multiple."""

_CELLS: Final = (8, 16, 32)
"""Pixels a cell at each level. Faces from some 10 pixels on are seen at the first, of hundreds of pixels at the last."""

_MOST: Final = 256
"""Candidates that are looked at for overlaps, the best ones: beyond, faces are there for sure and only their number is not."""

_OVERLAP: Final = 0.3
"""Intersection over union from which two boxes are one face; libfacedetection's."""


class ModelUnavailable(Exception):
    """The model cannot be loaded here; its text says why."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face's box in pixels of the picture that was searched, and the model's score from 0 to 1."""

    score: float
    left: int
    top: int
    width: int
    height: int

    def overlap(self, other: "Face") -> float:
        """Intersection over union of the two boxes."""
        wide = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        high = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        if wide <= 0 or high <= 0:
            return 0.0
        shared = wide * high
        return shared / (self.width * self.height + other.width * other.height - shared)


class FaceModel:
    """The loaded network. Threads may call at once."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        """Load the network. Raises ModelUnavailable."""
        try:
            data = path.read_bytes()
        except OSError as failure:
            raise ModelUnavailable(f"{path.name} cannot be read: {failure.strerror}") from failure
        digest = hashlib.sha256(data).hexdigest()
        if digest != DIGEST:
            raise ModelUnavailable(f"{path.name} is not the file that Facegate knows (sha256 {digest[:16]}…)")
        try:
            self._session = _session(data)
            self._numpy = importlib.import_module("numpy")
        except Exception as failure:  # the runtime's own errors share no base that is ours to name
            raise ModelUnavailable(f"the model cannot be loaded: {failure}") from failure

    def find(self, picture: Image.Image, least: float) -> tuple[Face, ...]:
        """The faces of an RGB picture that score `least` or more, the best first."""
        wide, high = (-(-side // _STEP) * _STEP for side in picture.size)
        filled = picture if picture.size == (wide, high) else picture.crop((0, 0, wide, high))
        levels = self._session.run(None, {"pixels": self._numpy.asarray(filled)[None]})
        found = [
            face for cell, level in zip(_CELLS, levels, strict=True) for face in self._faces(level[0], cell, least)
        ]
        return _distinct(sorted(found, key=lambda face: -face.score)[:_MOST])

    def _faces(self, level: Any, cell: int, least: float) -> Sequence[Face]:
        """The faces of one level: of each cell, whether one is there twice over, then its middle and size, then landmarks."""
        scores = self._numpy.sqrt(_chance(self._numpy, level[0]) * _chance(self._numpy, level[1]))
        rows, columns = self._numpy.nonzero(scores >= least)
        if not len(rows):
            return ()
        chosen = level[2:6, rows, columns]
        x, y = (chosen[0] + columns) * cell, (chosen[1] + rows) * cell
        width, height = self._numpy.exp(self._numpy.minimum(chosen[2:], 8)) * cell  # e^8 cells: larger than any picture
        values = (scores[rows, columns], x - width / 2, y - height / 2, width, height)
        return [
            Face(score, round(left), round(top), round(wide), round(high))
            for score, left, top, wide, high in zip(*(value.tolist() for value in values), strict=True)
        ]


@lru_cache(maxsize=1)
def _session(data: bytes) -> Any:
    """The network in memory; never changed, so shared."""
    runtime = importlib.import_module("onnxruntime")  # when it is needed: with numpy it takes 35 MB
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # our pool is the only parallelism
    options.enable_mem_pattern = False  # it remembers a plan for each shape, and shapes are strangers'
    return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _chance(numpy: Any, values: Any) -> Any:
    return (1 + numpy.tanh(values / 2)) / 2  # the logistic function, in the form that never overflows


def _distinct(faces: Sequence[Face]) -> tuple[Face, ...]:
    """Of boxes that overlap, the first."""
    kept: list[Face] = []
    for face in faces:
        if all(face.overlap(other) <= _OVERLAP for other in kept):
            kept.append(face)
    return tuple(kept)
