"""Cameras that move, by what their pictures' metadata name."""

import pytest

from proxy.examine.image_context import MAKERS, is_mobile
from proxy.examine.pictures import Camera


@pytest.mark.parametrize(
    ("make", "model", "mobile"),
    [
        ("Axon", "Body 3", True),
        ("AXON ENTERPRISE", "", True),
        ("Motorola Solutions", "V300", True),
        ("DJI", "FC3170", True),
        ("Apple", "iPhone 15", True),
        ("BlackVue", "", True),
        ("", "BodyWorn 2", True),
        ("", "DashCam X", True),
        ("Unknown", "Mavic 3", True),
        ("Canon", "EOS R5", False),
        ("NIKON CORPORATION", "NIKON D850", False),
        ("Axonometric", "", False),
        ("Garmine", "", False),
        ("Hikvision", "DS-2CD", False),
        ("", "", False),
    ],
)
def test_cameras(make: str, model: str, mobile: bool) -> None:  # noqa: FBT001 - a table
    assert is_mobile(Camera(make, model)) is mobile


def test_makers_are_written_as_they_are_compared() -> None:
    assert [maker for maker in MAKERS if maker != maker.strip().lower() or not maker] == []
    assert len(set(MAKERS)) == len(MAKERS)
