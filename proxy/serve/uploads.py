"""Files in slices: held here until they are whole, examined as one, and only then sent. In memory alone, bounded, for a time.

A slice means nothing by itself, and the order of slices is told last. So a slice is answered here, with an id of ours, and what
the service gets are the slices of a file that was examined, followed by their end with the service's own ids.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
import structlog

from proxy.errors import NotInspectable, TooLarge, Unavailable, UpstreamError, UpstreamUnreadable
from proxy.exchange import Forward, Inspected, Receipt, Screened, Surfaced
from proxy.forward.relay import read_whole
from proxy.forward.upstream import Outgoing, Upstream
from proxy.location import Location
from proxy.operation import Called
from proxy.past import Name
from proxy.serve.pool import Pool
from proxy.surface.limits import Limits
from proxy.surface.uploads import CANCEL, COMPLETE, CREATE, PART, Announced, announced, ending, joined, part_ids, slices

KIND: Final = "upload"

MAX_REPLY: Final = 64 * 1024
"""Bytes of the service's reply to a slice."""

MAX_UPLOADS: Final = 100
"""Uploads of one tenant that are open at a time."""

_OVER: Final = "the upload is not held here: it is over, its time is up, or another instance has it; begin it anew"

Key = tuple[str, str]
"""Tenant, and the service's id of an upload."""

Headers = Sequence[tuple[str, str]]

log = structlog.get_logger("facegate")


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be held: bytes for each tenant and for all of them; and how long, in seconds."""

    tenant_bytes: int = 64 * 1024 * 1024
    all_bytes: int = 256 * 1024 * 1024
    seconds: float = 900.0


@dataclass(slots=True)
class _Upload:
    file: Announced
    end: asyncio.TimerHandle
    parts: dict[str, bytes] = field(default_factory=dict)
    ending: str = ""
    """The decision that is about its end: there is one at a time, since each holds the whole file once more."""

    @property
    def size(self) -> int:
        return sum(map(len, self.parts.values()))


class Uploads:
    """The uploads that are under way in this process."""

    def __init__(self, upstream: Upstream, pool: Pool, limits: Limits, room: Room) -> None:
        self._upstream = upstream
        self._pool = pool
        self._limits = limits
        self._room = room
        self._open: dict[Key, _Upload] = {}

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return sum(upload.size for upload in self._open.values())

    def close(self) -> None:
        """Let go of everything."""
        for key in list(self._open):
            self._drop(key)

    # ---- before a call is judged

    async def prepared(self, tenant: str, surfaced: Surfaced, decision_id: str) -> Surfaced:
        """The call, with what belongs to it: its end with the whole file, which is then examined; all others as they are.

        `free` has to follow, however the call ends. Raises NotInspectable for an upload that is not held here, TooLarge,
        Unavailable and BadRequest.
        """
        name = surfaced.called.operation.name
        if name == CREATE:
            announced(surfaced.tree)
            self._check_room(tenant)
        elif name == PART:
            self._check_slice(_key(tenant, surfaced.called), len(surfaced.kept))
        elif name == COMPLETE:
            return await self._joined(_key(tenant, surfaced.called), surfaced, decision_id)
        return surfaced

    def _check_room(self, tenant: str) -> None:
        if sum(owner == tenant for owner, _ in self._open) >= MAX_UPLOADS:
            raise Unavailable(f"{MAX_UPLOADS} uploads are open; end or cancel one first")

    def _check_slice(self, key: Key, size: int) -> None:
        upload = self._find(key)
        if upload.size + size > upload.file.size:
            raise TooLarge(f"the parts are more than the {upload.file.size} bytes that were announced")
        if sum(one.size for (owner, _), one in self._open.items() if owner == key[0]) + size > self._room.tenant_bytes:
            raise TooLarge(
                f"more than {self._room.tenant_bytes} bytes of uploads; files.create takes a file as a whole"
            )
        if self.held + size > self._room.all_bytes:
            raise Unavailable("too many uploads at once; try again shortly")

    async def _joined(self, key: Key, surfaced: Surfaced, decision_id: str) -> Surfaced:
        upload = self._find(key)
        if upload.ending:
            raise Unavailable("the upload is being ended already")
        order = part_ids(surfaced.tree)
        if not set(order) <= set(upload.parts):
            raise NotInspectable("a part in part_ids is not held here", Location(("part_ids",)))
        parts = [upload.parts[one] for one in order]
        upload.ending = decision_id
        return await self._pool.run(lambda: joined(surfaced, upload.file, b"".join(parts), self._limits))

    def _find(self, key: Key) -> _Upload:
        upload = self._open.get(key)
        if upload is None:
            raise NotInspectable(_OVER, Location(("path", KIND)))
        return upload

    # ---- when it is judged

    def begins(self, tenant: str, surfaced: Surfaced) -> Callable[[Sequence[Name]], None] | None:
        """What is to hear which id the service gives to an upload; None where the call begins none."""
        if surfaced.called.operation.name != CREATE:
            return None
        file = announced(surfaced.tree)

        def begun(names: Sequence[Name]) -> None:
            for kind, name in names:
                if kind == KIND:
                    self._begin((tenant, name), file)

        return begun

    def _begin(self, key: Key, file: Announced) -> None:
        self._drop(key)
        end = asyncio.get_running_loop().call_later(self._room.seconds, self._drop, key)
        self._open[key] = _Upload(file, end)

    def _drop(self, key: Key) -> None:
        upload = self._open.pop(key, None)
        if upload is not None:
            upload.end.cancel()

    def hold(self, tenant: str, called: Called, data: bytes) -> Mapping[str, Any]:
        """Hold a slice; the reply to the call that brought it. Raises as `prepared` does."""
        key = _key(tenant, called)
        self._check_slice(key, len(data))
        name = f"part_{secrets.token_hex(12)}"
        self._open[key].parts[name] = data
        return {"id": name, "object": "upload.part", "created_at": int(time.time()), "upload_id": key[1]}

    # ---- on its way to the service

    async def sent(self, outgoing: Outgoing, surfaced: Surfaced, headers: Headers) -> Outgoing:
        """Send the file in front of its end, which is given back with the service's ids. Raises UpstreamError."""
        end = outgoing.take()
        data = surfaced.kept
        pieces = await self._pool.run(lambda: slices(data))
        ids = [await self._send_slice(piece, end.called, outgoing, headers) for piece in pieces]
        body = await self._pool.run(lambda: ending(surfaced.tree, ids, data))
        return Outgoing(Forward(end.called, body), outgoing.receipt, outgoing.extra)

    async def _send_slice(self, piece: Inspected, called: Called, outgoing: Outgoing, headers: Headers) -> str:
        there = replace(called, path=called.path.removesuffix("/complete") + "/parts")
        slice_ = Outgoing(Forward(there, piece), outgoing.receipt, outgoing.extra)
        async with await self._upstream.send(slice_, headers) as reply:
            data = await read_whole(reply, MAX_REPLY, _too_small_to_count)
        try:
            name = orjson.loads(data)["id"]
        except (ValueError, KeyError, TypeError) as failure:
            raise UpstreamUnreadable("the service did not take a part of the upload") from failure
        return str(name)

    def free(self, tenant: str, called: Called, decision_id: str) -> None:
        """Let the upload of a call be ended by another one, if it is still there."""
        upload = self._open.get(_key(tenant, called))
        if upload is not None and upload.ending == decision_id:
            upload.ending = ""

    def over(self, tenant: str, called: Called, status: int) -> None:
        """Let go of an upload that the service has whole, or that was cancelled; `status` is that of the reply."""
        if called.operation.name in (COMPLETE, CANCEL) and 200 <= status < 300:  # noqa: PLR2004 - success
            self._drop(_key(tenant, called))

    async def refused(self, screened: Screened, receipt: Receipt, headers: Headers) -> None:
        """Cancel an upload whose file was refused, here and at the service; where that fails, it runs out there by itself."""
        called = screened.called
        key = _key(screened.caller.tenant, called)
        if called.operation.name != COMPLETE or key not in self._open:
            return
        self._drop(key)
        there = replace(called, path=called.path.removesuffix("/complete") + "/cancel")
        try:
            async with await self._upstream.send(Outgoing(Forward(there, Inspected("", ())), receipt, ()), headers):
                pass
        except UpstreamError as failure:
            log.warning("upload_not_cancelled", error=str(failure))


def _too_small_to_count(size: int) -> None:
    """Replies to slices are not held against the memory of all requests."""


def _key(tenant: str, called: Called) -> Key:
    return tenant, next((name for kind, name in called.ids if kind == KIND), "")
