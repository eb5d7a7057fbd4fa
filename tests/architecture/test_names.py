"""Names say what a thing is: no drawer for whatever fits nowhere else."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from support.tree import named, sources

SAY_NOTHING = frozenset({"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})


def nameless(paths: Iterable[Path]) -> Iterator[str]:
    """Files that are, or stand in a folder that is, called by a word that says nothing."""
    for path in paths:
        words = re.split(r"[/_.]", named(path))
        if SAY_NOTHING & set(words):
            yield named(path)


def test_every_name_says_something() -> None:
    """Of modules and packages, of the proxy, its tests and its tools."""
    assert list(nameless(sources())) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("utils.py", True),
        ("request_helpers.py", True),
        ("pool_manager.py", True),
        ("common.py", True),
        ("commons.py", False),
        ("management.py", False),
        ("basement.py", False),
    ],
)
def test_what_is_noticed(name: str, *, found: bool) -> None:
    """Words, not parts of words."""
    assert list(nameless([Path("/") / name])) == [name] * found
