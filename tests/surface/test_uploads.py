"""The slices of a file, joined: read as any file is, and sent in a length that the service expects."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from support.bodies import CATALOGUE, LIMITS, PIXEL, inbound, outline

from proxy.content import Content
from proxy.errors import BadRequest
from proxy.exchange import Inbound, Inspected, Surfaced
from proxy.surface import surface
from proxy.surface.multipart import read_form
from proxy.surface.uploads import Announced, announced, ending, joined, part_ids, slices

TREE = {"purpose": "batch", "filename": "a.jsonl", "mime_type": "text/jsonl", "bytes": 7}
LINE = b'{"custom_id": "1", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "hi"}}'


def whole(data: bytes, purpose: str = "batch", tree: Mapping[str, Any] | None = None, size: int = 0) -> Surfaced:
    """What is made of the end of an upload with its file."""
    end = surface(inbound(tree or {"part_ids": ["a"]}, "/openai/v1/uploads/upload_1/complete"), CATALOGUE, LIMITS)
    return joined(end, Announced(purpose, "a.jsonl", "text/jsonl", size or len(data)), data, LIMITS)


def test_announced() -> None:
    """What the beginning of an upload says."""
    assert announced(TREE) == Announced("batch", "a.jsonl", "text/jsonl", 7)


@pytest.mark.parametrize("change", [
    {"purpose": None}, {"filename": 7}, {"mime_type": []}, {"bytes": None}, {"bytes": "7"}, {"bytes": 0}, {"bytes": -1},
    {"bytes": True}, {"bytes": 7.0},
])  # fmt: skip
def test_announcements_that_lack_something(change: Mapping[str, Any]) -> None:
    """Each member has to be there, as what it is."""
    with pytest.raises(BadRequest):
        announced({**TREE, **change})


@pytest.mark.parametrize("value", [None, [], "part_1", [7], ["a", "a"], [["a"]], {"a": 1}])
def test_orders_that_are_none(value: object) -> None:
    """The order is a list of ids, each once."""
    assert part_ids({"part_ids": ["b", "a"]}) == ["b", "a"]
    with pytest.raises(BadRequest) as refusal:
        part_ids({"part_ids": value})
    assert str(refusal.value.location) == "/part_ids"


def test_a_file() -> None:
    """A file that is no file of lines is a document, with its name, beside what the call itself holds."""
    found = whole(PIXEL, "vision")
    assert outline(found.content) == [
        "reference /path/upload: upload: upload_1",
        "text /form/file/filename: field: a.jsonl",
        f"document /form/file: text/jsonl {len(PIXEL)}",
        "inert /part_ids/0",
        "inert /form/purpose",
    ]
    assert (found.kept, list(found.lines)) == (PIXEL, [])


def test_lines() -> None:
    """Lines are read one by one; written anew they have the length that was announced."""
    data = LINE + b"\r\n\r\n" + LINE.replace(b'"1"', b'"2"') + b"\r\n"
    found = whole(data)
    assert [one.number for one in found.lines] == [1, 3]
    assert len(found.kept) == len(data)
    assert [orjson.loads(one)["custom_id"] for one in found.kept.splitlines()] == ["1", "2"]
    assert found.kept.endswith(b"} \n") or found.kept.endswith(b"  \n")
    assert not any(isinstance(one, bytes) and LINE in one for one in found.inspected.chunks)


def test_lines_that_grow() -> None:
    """Where writing makes a line longer, the service could not take it: the caller is told another way."""
    data = (
        b'{"custom_id":"1","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"hi","dimensions":1e9}}'
    )
    with pytest.raises(BadRequest, match=r"files\.create"):
        whole(data)


def test_what_was_not_announced() -> None:
    """Another length, or another md5, is no file that was announced."""
    with pytest.raises(BadRequest, match="make 70 bytes, and 71 were announced"):
        whole(PIXEL, "vision", size=71)
    right = {"part_ids": ["a"], "md5": hashlib.md5(PIXEL, usedforsecurity=False).hexdigest().upper()}
    assert whole(PIXEL, "vision", right).kept == PIXEL
    with pytest.raises(BadRequest, match="md5"):
        whole(PIXEL, "vision", {**right, "md5": "0" * 32})


def sent(inspected: Inspected) -> bytes:
    """The data of a form."""
    headers = (("content-type", inspected.content_type),)
    (field,) = read_form(Inbound("POST", "/", headers, b"".join(inspected.chunks)), LIMITS).fields
    assert (field.name, field.filename) == ("data", "part")
    return field.data


def test_slices() -> None:
    """A large file goes in slices that the service takes, in their order."""
    data = bytes(range(256)) * (2**17 + 3)
    pieces = list(map(sent, slices(data)))
    assert ([len(one) for one in pieces], b"".join(pieces) == data) == ([2**25, 256 * 3], True)
    assert [sent(one) for one in slices(PIXEL)] == [PIXEL]


def test_ending() -> None:
    """The service's ids, and the md5 of what was sent where the caller gave one."""
    data = b"".join(ending({"part_ids": ["ours"]}, ["theirs"], PIXEL).chunks)
    assert orjson.loads(data) == {"part_ids": ["theirs"]}
    data = b"".join(ending({"part_ids": ["ours"], "md5": "x"}, ["theirs"], PIXEL).chunks)
    assert orjson.loads(data)["md5"] == hashlib.md5(PIXEL, usedforsecurity=False).hexdigest()


def test_a_slice_is_not_sent() -> None:
    """What is made of a slice holds its bytes apart, and nothing that could be sent."""
    body = b'--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\nxyz\r\n--b--\r\n'
    headers = (("content-type", "multipart/form-data; boundary=b"),)
    found = surface(Inbound("POST", "/openai/v1/uploads/upload_1/parts", headers, body), CATALOGUE, LIMITS)
    assert (found.kept, found.inspected) == (b"xyz", Inspected("", ()))
    assert isinstance(found.content, Content)
    with pytest.raises(BadRequest):
        surface(
            Inbound("POST", "/openai/v1/uploads/upload_1/parts", headers, body.replace(b"xyz", b"")), CATALOGUE, LIMITS
        )
