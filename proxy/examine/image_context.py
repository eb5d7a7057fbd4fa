"""Cameras that people, cars and aircraft carry, by what picture metadata name: a table that the operator can change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from proxy import documents
from proxy.errors import ConfigurationError
from proxy.examine.pictures import Camera

FIXED: Final = "fixed"
"""The one kind of camera that does not move."""

_Words = Annotated[str, Field(min_length=1, max_length=64)]


class CameraEntry(BaseModel):
    """Which cameras are of one kind, and how that is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["body_worn", "dash", "drone", "handheld", "fixed"] = Field(description="what carries the camera")
    make: _Words | None = Field(None, description="the maker's name, or its first words; left out: any maker")
    models: tuple[_Words, ...] = Field(
        (), description="words of which the model's name holds one; left out: any model of the maker"
    )
    known: Literal["seen", "brand", "word"] = Field(
        description="`seen`: the source shows metadata of pictures by this maker; `brand`: it says that the maker makes such"
        " cameras; `word`: the word says it"
    )
    source: Annotated[str, Field(min_length=1)] = Field(description="where it is documented")

    @model_validator(mode="after")
    def _of_something(self) -> "CameraEntry":
        if self.make is None and not self.models:
            raise ValueError("a row needs `make`, `models` or both")
        return self


class CamerasFile(BaseModel):
    """cameras.yaml: rows in order, of which the first that fits counts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cameras: tuple[CameraEntry, ...] = Field(description="kinds of cameras by maker and model")


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry as it is compared: in lower case."""

    make: str
    models: tuple[str, ...]
    mobile: bool

    def fits(self, make: str, model: str) -> bool:
        if self.make and make != self.make and not make.startswith(self.make + " "):
            return False
        return not self.models or any(word in model for word in self.models)


@dataclass(frozen=True, slots=True)
class Cameras:
    """The table. `digest` is that of its file, for the policy revision."""

    rows: tuple[_Row, ...] = ()
    digest: str = ""

    def mobile(self, camera: Camera) -> bool:
        """Whether the named camera is one that is worn, driven, flown or held. Nothing named: no."""
        make, model = (" ".join(name.casefold().split()) for name in (camera.make, camera.model))
        return next((row.mobile for row in self.rows if row.fits(make, model)), False)


def load_cameras(path: Path) -> Cameras:
    """Read the table, once while it stays as it is. Raises ConfigurationError with every mistake."""
    try:
        data = path.read_bytes()
    except OSError as failure:
        raise ConfigurationError(f"{path}:1: the file cannot be read: {failure.strerror or failure}") from failure
    return _loaded(path, sha256(data).hexdigest())


@lru_cache(maxsize=4)
def _loaded(path: Path, digest: str) -> Cameras:
    return Cameras(_rows(documents.load(path, CamerasFile).cameras), digest)


def _rows(entries: Sequence[CameraEntry]) -> tuple[_Row, ...]:
    return tuple(
        _Row((entry.make or "").casefold(), tuple(map(str.casefold, entry.models)), entry.kind != FIXED)
        for entry in entries
    )
