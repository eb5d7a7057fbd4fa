"""A list of things that the service keeps for all tenants, cut down to what one of them may see."""

from collections.abc import Container, Sequence
from typing import Any, Final

import orjson

from proxy.errors import UpstreamUnreadable

MAX_LIST: Final = 16 * 1024 * 1024
"""Bytes of a list that is read."""

_TOLD: Final = ("object", "data", "has_more")
"""Members of a list that the caller is told; others could tell of things that are not its own (totals, links to a next page)."""

_ENDS: Final = (("first_id", 0), ("last_id", -1))


class Listing:
    """A list as the service sent it. Raises UpstreamUnreadable when it is none."""

    def __init__(self, reply: bytes) -> None:
        try:
            whole: Any = orjson.loads(reply)
        except ValueError as mistake:
            raise UpstreamUnreadable("the service's list is not JSON") from mistake
        if not isinstance(whole, dict) or not isinstance(whole.get("data"), list):
            raise UpstreamUnreadable("the service's list is of no shape that is read here")
        self._whole: dict[str, Any] = whole
        self._things = [one for one in whole["data"] if isinstance(one, dict) and isinstance(one.get("id"), str)]

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the things in it."""
        return [one["id"] for one in self._things]

    def only(self, owned: Container[str]) -> bytes:
        """The list with those of its things whose ids are `owned`, as if there were no others on this page."""
        data = [one for one in self._things if one["id"] in owned]
        told = {name: self._whole[name] for name in _TOLD if name in self._whole}
        ends = {name: data[at]["id"] if data else None for name, at in _ENDS if name in self._whole}
        return orjson.dumps({**told, "data": data, **ends})
