"""Names and notes of what the service keeps."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "notes": (
        {"metadata": {"a": "b", "c": ""}},
        ["text /metadata: field: a c", "text /metadata/a: field: b", "text /metadata/c: field: "],
    ),
    "a name": (
        {"name": "faces of suspects"},
        ["text /name: field: faces of suspects"],
    ),
    "nothing": (
        {"metadata": None, "name": None},
        ["inert /metadata", "inert /name"],
    ),
    "no notes": (
        {"metadata": {}},
        ["inert /metadata"],
    ),
    "pictures in them": (
        {"metadata": {"a": PIXEL_URI}, "name": PIXEL_URI},
        ["text /metadata: field: a", "opaque /metadata/a", f"text /name: field: {PIXEL_URI}", "image /name:  70"],
    ),
    "what other calls take": (
        {"items": [{"role": "user", "content": "a"}], "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}}},
        ["text /items: field: items", "text /items/0: field: role content", "text /items/0/role: field: user",
         "text /items/0/content: field: a", "text /tool_resources: field: tool_resources",
         "text /tool_resources: field: code_interpreter", "text /tool_resources/code_interpreter: field: file_ids",
         "opaque /tool_resources/code_interpreter/file_ids"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_metadata(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "metadata", model=False).content) == expected
