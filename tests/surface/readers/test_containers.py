"""Containers."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PICTURE_URI, outline, reasons, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "all fields": (
        {"name": "a", "file_ids": ["file-1", "file-2"], "expires_after": {"anchor": "last_active_at", "minutes": 20},
         "memory_limit": "4g", "network_policy": {"type": "disabled"}},
        ["text /name: field: a", "reference /file_ids/0: file: file-1", "reference /file_ids/1: file: file-2",
         "inert /expires_after/anchor", "inert /expires_after/minutes", "inert /memory_limit", "inert /network_policy/type"],
    ),
    "the network": (
        {"network_policy": {"type": "allowlist", "allowed_domains": ["example.com"]}},
        ["opaque /network_policy"],
    ),
    "the network, otherwise": (
        {"network_policy": "disabled"},
        ["opaque /network_policy"],
    ),
    "the network, and more beside": (
        {"network_policy": {"type": "disabled", "allowed_domains": ["example.com"]}},
        ["opaque /network_policy"],
    ),
    "skills": (
        {"skills": [{"type": "skill_reference", "skill_id": "s"}, {"type": "inline", "name": "n", "source": {"type": "base64",
                    "media_type": "application/zip", "data": "UEsDBA=="}}]},
        ["opaque /skills/0", "opaque /skills/1"],
    ),
    "skills that are no list": (
        {"skills": {"type": "inline"}},
        ["opaque /skills"],
    ),
    "files that are none": (
        {"file_ids": ["file-1", 7, {"id": "file-2"}, None, PICTURE_URI]},
        ["reference /file_ids/0: file: file-1", "opaque /file_ids/1", "opaque /file_ids/2", "opaque /file_ids/3",
         "opaque /file_ids/4"],
    ),
    "files by other names": (
        {"files": ["file-1"], "file_id": "file-2", "Fileids": ["file-3"]},
        ["opaque /files", "opaque /file_id", "opaque /Fileids"],
    ),
    "words where they do not belong": (
        {"memory_limit": "him", "expires_after": {"anchor": "him", "minutes": "him", "him": 1}},
        ["text /memory_limit: field: him", "text /expires_after/anchor: field: him",
         "text /expires_after/minutes: field: him", "text /expires_after/him: field: him",
         "text /expires_after/him: field: 1"],
    ),
    "nothing": (
        {"name": None, "file_ids": None, "skills": None, "network_policy": None, "expires_after": {}},
        ["inert /name", "inert /file_ids", "inert /skills", "inert /network_policy", "inert /expires_after"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_container(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "container", model=False).content) == expected


def test_reasons() -> None:
    """What brings in more than was seen says so."""
    body = {"skills": [{}], "network_policy": {"type": "allowlist"}}
    assert list(reasons(surfaced(body, "container").content).values()) == [
        "a skill brings in programs and files that were not seen here",
        "a container that reaches the network brings in what was not seen here",
    ]
