"""The limits of reading."""

from dataclasses import FrozenInstanceError, asdict

import pytest

from proxy.surface.limits import Limits


def test_limits() -> None:
    """The limits that hold where nobody sets others."""
    assert asdict(Limits()) == {
        "inflated_bytes": 67_108_864,
        "inflation_ratio": 200,
        "json_depth": 64,
        "leaves": 100_000,
        "images": 50,
        "inline_bytes": 20_971_520,
        "form_parts": 64,
        "file_lines": 100_000,
    }


def test_limits_stay() -> None:
    """Nobody moves a limit while a request is read."""
    with pytest.raises(FrozenInstanceError):
        Limits().images = 51  # type: ignore[misc] # it is frozen
