"""Nothing in the repository speaks of the machine on which it was written, or of how the writing went."""

import re
from collections.abc import Iterator

import pytest
from support.tree import named, repository

_MACHINE = re.compile(r"(?<![\w./-])/(?:work|root|Users|home/\w+|tmp/brief)(?![\w-])")
_STORY = re.compile(
    r"(?i)\b(?:this|last|previous|earlier|next|current) (?:coding )?session\b|\bthe brief (?:asks|says)\b|\bas an AI\b"
)


def banned(text: str) -> Iterator[str]:
    """Paths of a developer's machine, and stories about the writing, as `line: words`."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in (*_MACHINE.finditer(line), *_STORY.finditer(line)):
            yield f"{number}: {found[0]}"


def test_no_file_speaks_of_its_making() -> None:
    """Code, documents, configuration, dashboards; pictures hold no prose."""
    found: list[str] = []
    for path in repository():
        data = path.read_bytes()
        if b"\0" not in data:
            found.extend(f"{named(path)}:{one}" for one in banned(data.decode("utf-8")))
    assert found == []


AT = "/"
STORY = "session"
"""Spelled so that the examples below are not found in this file."""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"see {AT}work/main/proxy", [f"1: {AT}work"]),
        (f"in {AT}home/ada/facegate", [f"1: {AT}home/ada"]),
        (f"`{AT}root`", [f"1: {AT}root"]),
        (f"\nwritten in this {STORY}", [f"2: this {STORY}"]),
        (f"As noted in the previous {STORY}.", [f"1: previous {STORY}"]),
        (f"proxy{AT}workers.py, var{AT}work", []),
        (f"a {STORY} of aiohttp; {STORY}s of realtime", []),
        ("/home, /nonexistent, /etc/facegate, /var/lib/facegate", []),
    ],
)
def test_what_is_noticed(text: str, found: list[str]) -> None:
    """Paths and stories, not words that look like them."""
    assert list(banned(text)) == found
