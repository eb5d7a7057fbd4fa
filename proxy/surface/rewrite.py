"""From the tree back to bytes: what was inspected is what is sent. The only maker of `Inspected`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from proxy.encoded import HINT
from proxy.errors import BadRequest
from proxy.exchange import Inspected
from proxy.surface.media import MARK, Cut

_MARK: Final = MARK.encode("ascii")
_HINT: Final = HINT.encode("ascii")


def rewrite_json(tree: Mapping[str, Any]) -> Inspected:
    """The body written anew from its tree; cut data go back as chunks of their own. Raises BadRequest for lone surrogates."""
    try:
        data = orjson.dumps(tree)
    except orjson.JSONEncodeError as mistake:
        raise BadRequest("the body holds text that is not Unicode (a lone surrogate)") from mistake
    chunks: list[bytes | memoryview] = []
    for cut in _cuts(tree) if _MARK in data else ():
        head, data = data.split(str(cut).encode(), 1)
        chunks += [head, f"data:{cut.declared};base64,".encode("ascii"), cut.raw]
    return Inspected("application/json", (*chunks, data))


def holds_uri(inspected: Inspected) -> bool:
    """Whether a data URI may stand anywhere in a body; its escapes are undone, so that none can hide."""
    return any(_HINT in chunk for chunk in inspected.chunks if isinstance(chunk, bytes))


def _cuts(tree: Any) -> Sequence[Cut]:
    """All cut strings, in the order in which they are written."""
    match tree:
        case Cut():
            return [tree]
        case dict():
            return [cut for value in tree.values() for cut in _cuts(value)]
        case list():
            return [cut for value in tree for cut in _cuts(value)]
        case _:
            return []
