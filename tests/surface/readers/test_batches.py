"""Batches."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import outline, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "all fields": (
        {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {"a": "b"},
         "output_expires_after": {"anchor": "created_at", "seconds": 3600}},
        ["reference /input_file_id: file: file-1", "text /endpoint: field: /v1/chat/completions", "text /metadata: field: a",
         "text /metadata/a: field: b", "inert /completion_window", "inert /output_expires_after/anchor",
         "inert /output_expires_after/seconds"],
    ),
    "requests behind an address": (
        {"input_blob": "https://example.com/a.jsonl", "output_folder": {"url": "https://example.com/"}},
        ["opaque /input_blob", "opaque /output_folder"],
    ),
    "a file that is none": (
        {"input_file_id": ["file-1"]},
        ["opaque /input_file_id"],
    ),
    "files by other names": (
        {"file_id": "file-1", "input_file": "file-2", "inputFileId": "file-4"},
        ["opaque /file_id", "opaque /input_file", "opaque /inputFileId"],
    ),
    "words where they do not belong": (
        {"completion_window": "him", "endpoint": {"a": "him"}, "output_expires_after": "him"},
        ["text /completion_window: field: him", "text /endpoint: field: a", "text /endpoint/a: field: him",
         "text /output_expires_after: field: him"],
    ),
    "nothing": (
        {"input_file_id": None, "input_blob": None, "metadata": None},
        ["inert /input_file_id", "inert /input_blob", "inert /metadata"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_batch(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "batch", model=False).content) == expected
