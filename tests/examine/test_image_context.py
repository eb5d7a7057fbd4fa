"""Cameras that move, by what their pictures' metadata name."""

import re
from pathlib import Path
from typing import Final

import pytest
from support import gate

from proxy.errors import ConfigurationError
from proxy.examine.image_context import Cameras, load_cameras
from proxy.examine.pictures import Camera

SHIPPED: Final = load_cameras(gate.CONFIG / "cameras.yaml")


@pytest.mark.parametrize(
    ("make", "model", "mobile"),
    [
        ("Axon", "Body 3", True),
        ("AXON ENTERPRISE", "", True),
        ("Motorola Solutions", "V300", True),
        ("AXIS", "W100", True),
        ("AXIS", "P3265-LVE", False),
        ("DJI", "FC3170", True),
        ("DJI", "OsmoPocket3", True),
        ("Parrot", "Anafi", True),
        ("Hasselblad", "L2D-20c", True),
        ("Hasselblad", "X2D 100C", False),
        ("Apple", "iPhone 15", True),
        ("samsung", "SM-G955U", True),
        ("LG Electronics", "LG-H950", True),
        ("LGE", "", False),
        ("SONY", "XQ-DQ72", True),
        ("SONY", "ILCE-7M2", False),
        ("BlackVue", "", True),
        ("Garmin", "Dash Cam 47", True),
        ("", "BodyWorn 2", True),
        ("", "DashCam X", True),
        ("Unknown", "Mavic 3", True),
        ("  Axon \t Enterprise ", "", True),
        ("Canon", "EOS R5", False),
        ("NIKON CORPORATION", "NIKON D850", False),
        ("Axonometric", "", False),
        ("Garmine", "", False),
        ("Hikvision", "DS-2CD", False),
        ("Reconyx", "HC500 Hyperfire", False),
        ("", "", False),
    ],
)
def test_the_cameras_that_are_shipped(make: str, model: str, mobile: bool) -> None:  # noqa: FBT001 - a table
    assert SHIPPED.mobile(Camera(make, model)) is mobile


def test_without_a_table_no_camera_moves() -> None:
    assert Cameras().mobile(Camera("Axon", "Body 3")) is False


def table(folder: Path, rows: str) -> Path:
    path = folder / "cameras.yaml"
    path.write_text("cameras:\n" + rows, encoding="utf-8")
    return path


def test_the_first_row_that_fits_counts(tmp_path: Path) -> None:
    fixed = "  - {kind: fixed, make: Acme, models: [wall], known: word, source: a test}\n"
    worn = "  - {kind: body_worn, make: Acme, known: brand, source: a test}\n"
    told = {
        rows: [load_cameras(table(tmp_path, rows)).mobile(Camera("ACME Corp", model)) for model in ("Wall 1", "Vest 1")]
        for rows in (fixed + worn, worn + fixed)
    }
    assert told == {fixed + worn: [False, True], worn + fixed: [True, True]}


def test_another_table_has_another_digest(tmp_path: Path) -> None:
    """Which is part of the policy revision."""
    one = load_cameras(table(tmp_path, "  - {kind: dash, make: Acme, known: brand, source: a test}\n"))
    other = load_cameras(table(tmp_path, "  - {kind: fixed, make: Acme, known: brand, source: a test}\n"))
    assert len({one.digest, other.digest, SHIPPED.digest}) == 3


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("  - {kind: dash, known: word, source: x}\n", "a row needs `make`, `models` or both"),
        ("  - {kind: cctv, make: Acme, known: brand, source: x}\n", "kind"),
        ("  - {kind: dash, make: Acme, known: brand}\n", "source"),
        ("  - {kind: dash, make: '', known: brand, source: x}\n", "make"),
        ("  - {kind: dash, models: [''], known: word, source: x}\n", "models"),
        ("  - {kind: dash, brand: Acme, known: brand, source: x}\n", "brand"),
    ],
    ids=["nothing to compare", "an unknown kind", "no source", "an empty make", "an empty model", "an unknown key"],
)
def test_a_mistake_is_told_with_its_line(rows: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_cameras(table(tmp_path, rows))
    (told,) = caught.value.problems
    assert re.search(r"cameras\.yaml:2: ", told)
    assert problem in told


def test_a_missing_table_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cameras\.yaml:1: the file cannot be read: No such file"):
        load_cameras(tmp_path / "cameras.yaml")
