"""What was inspected is what is sent."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from support.bodies import LIMITS, PICTURE, PICTURE_URI, PIXEL_URI, inbound

from proxy.errors import BadRequest
from proxy.exchange import Inspected
from proxy.surface.decode import read_json
from proxy.surface.rewrite import holds_uri, rewrite_json

FILLER = "x" * 70_000

TREES: dict[str, tuple[Mapping[str, Any], bytes]] = {
    "nothing": ({}, b"{}"),
    "the order of members": ({"b": 1, "a": 2}, b'{"b":1,"a":2}'),
    "integers of 64 bits": ({"a": 2**64 - 1, "b": -(2**63)}, b'{"a":18446744073709551615,"b":-9223372036854775808}'),
    "floats": ({"a": 1.0, "b": -0.0, "c": 1e300, "d": 0.1}, b'{"a":1.0,"b":-0.0,"c":1e+300,"d":0.1}'),
    "words in UTF-8": ({"é": "世😀"}, '{"é":"世😀"}'.encode()),
    "escapes": ({"a": 'x"\\\n\0/'}, b'{"a":"x\\"\\\\\\n\\u0000/"}'),
    "constants": ({"a": [True, False, None]}, b'{"a":[true,false,null]}'),
}


@pytest.mark.parametrize("case", TREES)
def test_rewritten(case: str) -> None:
    """A tree is written compactly, in order, in UTF-8."""
    tree, expected = TREES[case]
    assert rewrite_json(tree) == Inspected("application/json", (expected,))


@pytest.mark.parametrize("tree", [{"a": "\ud800"}, {"\udfff": 1}, {"a": [{"b": "x\ud83d"}]}, {"a": "\ude00\ud83d"}])
def test_lone_surrogates(tree: Mapping[str, Any]) -> None:
    """Text that is not Unicode cannot be sent."""
    with pytest.raises(BadRequest, match="lone surrogate"):
        rewrite_json(tree)


def test_cut_data_are_chunks_of_their_own() -> None:
    """Cut data go back to where they stood, without being copied; the type is spelled as it was."""
    uri = PICTURE_URI.replace("image/png", "Image/PNG")
    body = {"a": uri, "b": [FILLER, {"c": uri}, uri], "d": "end"}
    inspected = rewrite_json(read_json(inbound(body), LIMITS))
    raw = base64.b64encode(PICTURE)
    assert b"".join(inspected.chunks) == orjson.dumps(body)
    assert [bytes(chunk) == raw for chunk in inspected.chunks if isinstance(chunk, memoryview)] == [True] * 3
    assert inspected.size == len(orjson.dumps(body))


def test_many_cuts() -> None:
    """More than ten cuts, whose marks begin alike, each go back to their own place."""
    uris = [f"data:image/png;base64,{base64.b64encode(bytes([n]) * 3_000).decode()}" for n in range(25)]
    body = {"a": uris, "b": {str(n): uri for n, uri in enumerate(reversed(uris))}}
    assert b"".join(rewrite_json(read_json(inbound(body), LIMITS)).chunks) == orjson.dumps(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":"hello"}', False),
        (orjson.dumps({"a": PIXEL_URI}), True),
        (b'{"a":"data:;base\\u0036\\u0034\\u002cQQ=="}', True),
        (b'{"data:;BASE64,QQ==":1}', True),
        (orjson.dumps({"a": PICTURE_URI}), True),
    ],
    ids=[
        "no data URI",
        "a data URI",
        "a data URI behind escapes",
        "a data URI as a key",
        "a data URI that was cut out",
    ],
)
def test_holds_uri(body: bytes, expected: bool) -> None:  # noqa: FBT001 - a table
    """Whether a data URI may stand in a body is asked of what will be sent, where escapes are undone."""
    assert holds_uri(rewrite_json(read_json(inbound(body), LIMITS))) is expected
