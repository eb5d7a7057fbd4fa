"""The face model: what it finds, and that it is not loaded where it is not what Facegate knows."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from support import pictures

from proxy.examine import face_model as module
from proxy.examine.face_model import WEIGHTS, Face, FaceModel, ModelUnavailable

MODEL: Final = FaceModel()
LEAST: Final = 0.79


def find(picture: Image.Image) -> tuple[Face, ...]:
    return MODEL.find(picture, LEAST)


def two_faces() -> Image.Image:
    """The photograph twice, side by side."""
    both = Image.new("RGB", (640, 320))
    both.paste(pictures.face_pixels(320), (0, 0))
    both.paste(pictures.face_pixels(320), (320, 0))
    return both


def test_a_face_has_a_box_where_it_stands() -> None:
    """In the photograph the face lies in the upper middle."""
    (face,) = find(pictures.face_pixels(320))
    middle = (face.left + face.width / 2, face.top + face.height / 2)
    assert LEAST < face.score <= 1
    assert 110 < middle[0] < 170
    assert 40 < middle[1] < 110
    assert 30 < face.width < 90
    assert 30 < face.height < 110


def test_each_face_is_found_once() -> None:
    left, right = sorted(find(two_faces()), key=lambda face: face.left)
    assert abs(right.left - left.left - 320) < 8
    assert left.overlap(right) == 0
    assert left.overlap(left) == 1


def test_nothing_is_found_where_there_is_no_face() -> None:
    assert find(pictures.plain_pixels(320)) == ()


def test_a_lower_score_finds_no_less() -> None:
    """And the best face comes first."""
    scores = [face.score for face in MODEL.find(two_faces(), 0.01)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) >= len(find(two_faces()))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (17, 31), (320, 7), (33, 32), (64, 64)])
def test_any_shape_is_searched(size: tuple[int, int]) -> None:
    assert find(Image.new("RGB", size, "white")) == ()


@pytest.mark.parametrize("side", [97, 128, 255, 300])
def test_a_side_that_is_no_multiple_of_a_cell_hides_nothing(side: int) -> None:
    assert len(find(pictures.face_pixels(side))) == 1


def test_a_wall_of_faces_is_weighed_in_bounded_work() -> None:
    """Thousands of candidates: no more than the best of them are compared with each other."""
    small = pictures.face_pixels(96)
    wall = Image.new("RGB", (640, 640))
    for left in range(0, 640, 96):
        for top in range(0, 640, 96):
            wall.paste(small, (left, top))
    assert 0 < len(MODEL.find(wall, 0.0001)) <= 256


def test_threads_share_the_model() -> None:
    """What one finds is not what another looks at."""
    both: list[Image.Image] = [pictures.face_pixels(320), pictures.plain_pixels(320)] * 8
    work: Callable[[Image.Image], tuple[Face, ...]] = find
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, both)) == [find(both[0]), ()] * 8


def unavailable(path: Path) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        FaceModel(path)
    return str(caught.value)


def test_without_the_file(tmp_path: Path) -> None:
    assert unavailable(tmp_path / "yunet.onnx") == "yunet.onnx cannot be read: No such file or directory"


def test_another_file_is_not_loaded(tmp_path: Path) -> None:
    """Not even one bit of it may differ: it decides what a face is."""
    data = bytearray(WEIGHTS.read_bytes())
    data[-1] ^= 1
    other = tmp_path / "yunet.onnx"
    other.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()[:16]
    assert unavailable(other) == f"yunet.onnx is not the file that Facegate knows (sha256 {digest}…)"


def test_a_file_that_the_runtime_cannot_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "yunet.onnx"
    other.write_bytes(b"another")
    monkeypatch.setattr(module, "DIGEST", hashlib.sha256(b"another").hexdigest())
    assert unavailable(other).startswith("the model cannot be loaded: ")


def test_the_licence_lies_beside_the_weights() -> None:
    assert "3-clause BSD License" in WEIGHTS.with_name("LICENSE").read_text(encoding="utf-8")
