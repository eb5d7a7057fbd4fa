"""The repository's own files, as architecture tests look at them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

PACKAGE = ROOT / "proxy"

_PARTS = (
    ".ci",
    "bench",
    "config",
    "dashboards",
    "deploy",
    "docs",
    "proxy",
    "requirements",
    "tests",
)
_LEFT_BEHIND = ("__pycache__", "_shipped")
"""Folders that running or packing leaves in the tree."""


def files(folder: Path) -> Iterator[Path]:
    """All files of a folder, in order, without what running leaves behind."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(name in path.relative_to(folder).parts for name in _LEFT_BEHIND):
            yield path


def repository() -> Iterator[Path]:
    """All files of the repository that people write or generate."""
    yield from sorted(path for path in ROOT.iterdir() if path.is_file())
    for part in _PARTS:
        yield from files(ROOT / part)


def sources() -> Iterator[Path]:
    """All Python files of the repository."""
    return (path for path in repository() if path.suffix == ".py")


def modules(package: Path = PACKAGE) -> Iterator[Path]:
    """The Python files of a package."""
    return (path for path in files(package) if path.suffix == ".py")


def named(path: Path) -> str:
    """A file's name from the root of the repository."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
