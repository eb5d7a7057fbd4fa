"""Assistants."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

URL = "https://example.com/a"

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "words": (
        {"model": "gpt-4o", "name": "a", "description": "b", "instructions": "c", "metadata": {"d": "e"}},
        ["text /name: field: a", "text /description: field: b", "text /instructions: system: c", "text /metadata: field: d",
         "text /metadata/d: field: e"],
    ),
    "numbers and words of closed lists": (
        {"temperature": 0.5, "top_p": 1, "reasoning_effort": "low", "response_format": "auto"},
        ["inert /temperature", "inert /top_p", "inert /reasoning_effort", "inert /response_format"],
    ),
    "forms of the answer": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "who_is_he", "schema": {"type": "object"}}}},
        ["schema /response_format: response_format"],
    ),
    "tools": (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
                   {"type": "code_interpreter"},
                   {"type": "file_search", "file_search": {"max_num_results": 3,
                    "ranking_options": {"ranker": "default_2024_08_21"}}}]},
        ["schema /tools/0: tool", "inert /tools/1/type", "inert /tools/2/type", "inert /tools/2/file_search/max_num_results",
         "inert /tools/2/file_search/ranking_options/ranker"],
    ),
    "tools that are not known": (
        {"tools": [{"type": "mcp", "server_url": URL}, {"type": "retrieval"}, {"function": {"name": "f"}}, "f",
                   {}, {"type": ["function"]}]},
        ["opaque /tools/0", "opaque /tools/1", "opaque /tools/2", "opaque /tools/3", "opaque /tools/4", "opaque /tools/5"],
    ),
    "a tool with more in it": (
        {"tools": [{"type": "code_interpreter", "file_ids": ["file-1"], "note": "him"}]},
        ["opaque /tools/0/file_ids", "text /tools/0/note: field: note", "text /tools/0/note: field: him",
         "inert /tools/0/type"],
    ),
    "files and vector stores": (
        {"tool_resources": {
            "code_interpreter": {"file_ids": ["file-1"]},
            "file_search": {"vector_store_ids": ["vs_1"], "vector_stores": [{"file_ids": ["file-2"], "metadata": {"a": "b"}}]}},
         "file_ids": ["file-3"]},
        ["reference /tool_resources/code_interpreter/file_ids/0: file: file-1",
         "reference /tool_resources/file_search/vector_store_ids/0: vector_store: vs_1",
         "reference /tool_resources/file_search/vector_stores/0/file_ids/0: file: file-2",
         "text /tool_resources/file_search/vector_stores/0/metadata: field: a",
         "text /tool_resources/file_search/vector_stores/0/metadata/a: field: b", "reference /file_ids/0: file: file-3"],
    ),
    "resources that are none": (
        {"tool_resources": {"code_interpreter": {"file_ids": "file-1", "files": ["file-2"]},
                            "file_search": {"vector_stores": ["vs"]}, "new": {"file_id": "x"}}},
        ["opaque /tool_resources/code_interpreter/file_ids", "opaque /tool_resources/code_interpreter/files",
         "opaque /tool_resources/file_search/vector_stores/0", "text /tool_resources/new: field: new",
         "text /tool_resources/new: field: file_id", "opaque /tool_resources/new/file_id"],
    ),
    "pictures among words": (
        {"instructions": PIXEL_URI, "tools": [{"type": "function", "function": {"description": PIXEL_URI}}]},
        [f"text /instructions: system: {PIXEL_URI}", "image /instructions:  70", "schema /tools/0: tool",
         "image /tools/0/function/description:  70"],
    ),
    "words where they do not belong": (
        {"temperature": "him", "reasoning_effort": "him", "tools": "him", "tool_resources": "him", "response_format": "him"},
        ["text /temperature: field: him", "text /reasoning_effort: field: him", "opaque /tools", "opaque /tool_resources",
         "schema /response_format: response_format"],
    ),
    "nothing": (
        {"name": None, "tools": [], "tool_resources": {}, "response_format": None},
        ["inert /name", "inert /tools", "inert /tool_resources", "inert /response_format"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_assistant(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "assistant").content) == expected
