"""Vector stores, in which the service searches files by meaning."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role
from proxy.location import Location
from proxy.surface.readers.walk import (
    Table,
    Walk,
    flag,
    holds,
    number,
    one_of,
    record,
    refer,
    refers,
    said,
    some,
    text,
)

_PIECES: Final[Table] = {"max_chunk_size_tokens": number, "chunk_overlap_tokens": number}

_CHUNKING: Final[Table] = {"type": one_of("auto", "static", "other"), "static": record(_PIECES)}

CHUNKING: Final = record(_CHUNKING)
"""How files are cut into pieces."""

_EXPIRY: Final[Table] = {"anchor": one_of("last_active_at"), "days": number}

_WEIGHTS: Final[Table] = {"embedding_weight": number, "text_weight": number}

_RANKING: Final[Table] = {
    "ranker": one_of("none", "auto", "default-2024-11-15", "default_2024_08_21"),
    "score_threshold": number,
    "hybrid_search": record(_WEIGHTS),
}

SEARCHING: Final[Table] = {"max_num_results": number, "ranking_options": record(_RANKING), "filters": Walk.free}
"""How a vector store is searched."""


def read_vector_store(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that makes or changes a vector store."""
    walk.fields(Location(), body, _STORE)


_STORE: Final[Table] = {
    "name": text,
    "description": text,
    "file_ids": refer("file"),
    "metadata": Walk.free,
    "chunking_strategy": CHUNKING,
    "expires_after": record(_EXPIRY),
}

NEW_STORE: Final = holds(_STORE)
"""A vector store that is made within another call."""


def read_vector_store_search(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a search."""
    walk.fields(Location(), body, _SEARCH)


_ASKED: Final = said(Role.USER)


def _query(walk: Walk, here: Location, value: Any) -> None:
    if isinstance(value, list):
        walk.items(here, value, _ASKED)
    else:
        _ASKED(walk, here, value)


_SEARCH: Final[Table] = {**SEARCHING, "query": _query, "rewrite_query": flag}


def read_vector_store_files(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that puts files into a vector store, or changes their attributes."""
    walk.fields(Location(), body, _FILES)


_FILE: Final[Table] = {"file_id": refers("file"), "attributes": Walk.free, "chunking_strategy": CHUNKING}

_FILES: Final[Table] = {**_FILE, "file_ids": refer("file"), "files": some(holds(_FILE))}

KNOWN_FIELDS: Final = frozenset().union(_STORE, _CHUNKING, _PIECES, _EXPIRY, _SEARCH, _RANKING, _WEIGHTS, _FILES)
"""Field names that this reader knows."""
