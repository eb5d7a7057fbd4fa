"""A list of all tenants' things, as one of them sees it."""

import json
from typing import Any

import orjson
import pytest

from proxy.errors import UpstreamUnreadable
from proxy.forward.listing import Listing

A, B, C = ({"id": f"file-{one}", "object": "file"} for one in "abc")
PAGE = {"object": "list", "data": [A, B, C], "first_id": "file-a", "last_id": "file-c", "has_more": True}

SEEN: dict[str, tuple[Any, set[str], Any]] = {
    # name: what the service lists, whose own things there are, what the caller sees
    "all": (PAGE, {"file-a", "file-b", "file-c"}, PAGE),
    "one": (PAGE, {"file-b", "file-z"}, {**PAGE, "data": [B], "first_id": "file-b", "last_id": "file-b"}),
    "two": (PAGE, {"file-c", "file-a"}, {**PAGE, "data": [A, C]}),
    "none": (PAGE, set(), {**PAGE, "data": [], "first_id": None, "last_id": None}),
    "no ends": ({"data": [A, B]}, {"file-b"}, {"data": [B]}),
    "nothing there": ({"data": []}, {"file-a"}, {"data": []}),
    "what tells of others": (
        {**PAGE, "total": 3, "nextLink": "https://x/?after=file-c", "next": "file-d"},
        {"file-a"},
        {**PAGE, "data": [A], "last_id": "file-a"},
    ),
    "things without a name": (
        {"data": [A, None, "file-b", {"id": 7}, {"object": "file"}, [B]]},
        {"file-a", "file-b"},
        {"data": [A]},
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen(name: str) -> None:
    """Own things in their order; ends as if there were no others; nothing that counts or points at others."""
    listed, owned, seen = SEEN[name]
    listing = Listing(json.dumps(listed).encode())
    assert orjson.loads(listing.only(owned)) == seen
    assert set(listing.ids) >= {one["id"] for one in seen["data"]}


@pytest.mark.parametrize(
    "reply", [b"", b"[]", b"7", b"{}", b'{"data": null}', b'{"data": {"id": "a"}}', b'{"data": [', b"<html>"]
)
def test_what_is_no_list(reply: bytes) -> None:
    """It is not passed on."""
    with pytest.raises(UpstreamUnreadable, match="list"):
        Listing(reply)
