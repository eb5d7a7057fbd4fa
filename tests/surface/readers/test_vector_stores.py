"""Vector stores."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

STORES: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "all fields": (
        {"name": "a", "description": "b", "file_ids": ["file-1"], "metadata": {"c": "d"},
         "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}},
         "expires_after": {"anchor": "last_active_at", "days": 7}},
        ["text /name: field: a", "text /description: field: b", "reference /file_ids/0: file: file-1",
         "text /metadata: field: c", "text /metadata/c: field: d", "inert /chunking_strategy/type",
         "inert /chunking_strategy/static/max_chunk_size_tokens", "inert /chunking_strategy/static/chunk_overlap_tokens",
         "inert /expires_after/anchor", "inert /expires_after/days"],
    ),
    "cut as the service likes": (
        {"chunking_strategy": {"type": "auto"}},
        ["inert /chunking_strategy/type"],
    ),
    "files that are none": (
        {"file_ids": "file-1"},
        ["opaque /file_ids"],
    ),
    "pictures in them": (
        {"name": PIXEL_URI, "metadata": {"a": PIXEL_URI}},
        [f"text /name: field: {PIXEL_URI}", "image /name:  70", "text /metadata: field: a", "opaque /metadata/a"],
    ),
    "words where they do not belong": (
        {"chunking_strategy": {"type": "him", "static": {"him": 1}}, "expires_after": {"days": "him"}},
        ["text /chunking_strategy/type: field: him", "text /chunking_strategy/static/him: field: him",
         "text /chunking_strategy/static/him: field: 1", "text /expires_after/days: field: him"],
    ),
    "nothing": (
        {"name": None, "file_ids": None, "chunking_strategy": {}, "expires_after": None},
        ["inert /name", "inert /file_ids", "inert /chunking_strategy", "inert /expires_after"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STORES)
def test_read_vector_store(case: str) -> None:
    """Each field of a vector store becomes what the table says."""
    body, expected = STORES[case]
    assert outline(surfaced(body, "vector_store", model=False).content) == expected


SEARCHES: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "all fields": (
        {"query": "who is he?", "max_num_results": 3, "rewrite_query": True,
         "ranking_options": {"ranker": "default-2024-11-15", "score_threshold": 0.5},
         "filters": {"type": "and", "filters": [{"type": "eq", "key": "a", "value": "him"},
                                             {"type": "in", "key": "b", "value": [1]}]}},
        ["text /query: user: who is he?", "text /filters: field: type filters", "text /filters/type: field: and",
         "text /filters/filters/0: field: type key value", "text /filters/filters/0/type: field: eq",
         "text /filters/filters/0/key: field: a", "text /filters/filters/0/value: field: him",
         "text /filters/filters/1: field: type key value", "text /filters/filters/1/type: field: in",
         "text /filters/filters/1/key: field: b", "text /filters/filters/1/value/0: field: 1", "inert /max_num_results",
         "inert /rewrite_query", "inert /ranking_options/ranker", "inert /ranking_options/score_threshold"],
    ),
    "several queries": (
        {"query": ["a", "b", 7]},
        ["text /query/0: user: a", "text /query/1: user: b", "text /query/2: user: 7"],
    ),
    "a query that is none": (
        {"query": {"text": "a"}},
        ["text /query: user: text", "text /query/text: user: a"],
    ),
    "nothing": (
        {"query": None, "filters": {}},
        ["inert /query", "inert /filters"],
    ),
    "words where they do not belong": (
        {"rewrite_query": "him", "max_num_results": "him", "ranking_options": {"ranker": "him", "hybrid_search": "him"}},
        ["text /rewrite_query: field: him", "text /max_num_results: field: him", "text /ranking_options/ranker: field: him",
         "text /ranking_options/hybrid_search: field: him"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SEARCHES)
def test_read_vector_store_search(case: str) -> None:
    """Each field of a search becomes what the table says."""
    body, expected = SEARCHES[case]
    assert outline(surfaced(body, "vector_store_search", model=False).content) == expected


FILES: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "one file": (
        {"file_id": "file-1", "attributes": {"a": "b", "c": 1}, "chunking_strategy": {"type": "auto"}},
        ["reference /file_id: file: file-1", "text /attributes: field: a c", "text /attributes/a: field: b",
         "text /attributes/c: field: 1", "inert /chunking_strategy/type"],
    ),
    "several files": (
        {"file_ids": ["file-1"], "files": [{"file_id": "file-2", "attributes": {"a": "b"}}, {"file_id": 7}]},
        ["reference /file_ids/0: file: file-1", "reference /files/0/file_id: file: file-2",
         "text /files/0/attributes: field: a", "text /files/0/attributes/a: field: b", "opaque /files/1/file_id"],
    ),
    "files that are none": (
        {"file_id": {"id": "file-1"}, "files": ["file-2", {"id": "file-3"}], "file": "file-4"},
        ["opaque /file_id", "opaque /files/0", "text /files/1/id: field: id", "text /files/1/id: field: file-3",
         "opaque /file"],
    ),
    "new attributes": (
        {"attributes": {"who": "him"}},
        ["text /attributes: field: who", "text /attributes/who: field: him"],
    ),
    "nothing": (
        {"file_id": None, "files": []},
        ["inert /file_id", "inert /files"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_read_vector_store_files(case: str) -> None:
    """Each field of a call that puts files into a vector store becomes what the table says."""
    body, expected = FILES[case]
    assert outline(surfaced(body, "vector_store_files", model=False).content) == expected
