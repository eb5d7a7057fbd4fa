"""What becomes of a reply that tells of things that the service keeps: it is learned from, or cut down, and then goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias, TypeVar

import structlog
from aiohttp import hdrs, web

from proxy.errors import Unavailable, UpstreamUnreadable
from proxy.forward.client import Reply
from proxy.forward.learn import Events, Makes, read_reply
from proxy.forward.listing import MAX_LIST, Listing
from proxy.forward.relay import Ears, Relayed, read_whole, relay, relay_whole
from proxy.operation import Called
from proxy.past import Dossier, Name
from proxy.record.metrics import Metrics
from proxy.serve.body import InFlight
from proxy.serve.memory import Memory, MemoryUnavailable
from proxy.serve.pool import Pool

MAX_REPLY: Final = 16 * 1024 * 1024
"""Bytes of a reply of JSON that is learned from."""

_LARGE: Final = 256 * 1024
"""Bytes of a reply from which it is read beside the event loop: it may take a millisecond."""

Told: TypeAlias = Callable[[Sequence[Name]], None]
"""What else hears the names that a reply tells."""

T = TypeVar("T")

log = structlog.get_logger("facegate")


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is to be done with the reply to one request of `tenant`. What it makes is remembered with `dossier`."""

    memory: Memory
    metrics: Metrics
    pool: Pool
    tenant: str
    called: Called
    dossier: Dossier
    in_flight: InFlight
    told: Told | None = None

    @property
    def lists(self) -> str:
        """The kind of things of all tenants that the reply lists; empty where they belong to one thing of the caller's."""
        return "" if self.called.ids else self.called.operation.lists

    async def relay(
        self, reply: Reply, request: web.BaseRequest, extra: Sequence[tuple[str, str]], relayed: Relayed
    ) -> web.StreamResponse:
        """As `proxy.forward.relay.relay`; what the reply tells is remembered before the caller can know it.

        A list that cannot be read raises UpstreamUnreadable. What cannot be remembered stays unknown.
        """
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - it made nothing, and lists nothing
            return await relay(reply, request, extra, relayed)
        if self.called.method == "DELETE":
            await self._forget()
        held = _Held(self.in_flight)
        try:
            if self.lists:
                return await relay_whole(reply, request, extra, relayed, await self._own(reply, held))
            return await relay(reply, request, extra, relayed, self._ears(reply, held))
        finally:
            held.let_go()

    def _ears(self, reply: Reply, held: "_Held") -> Ears | None:
        if not self.called.makes:
            return None
        if reply.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            self.missed("it is coded")
            return None
        return _Stream(self) if reply.content_type == "text/event-stream" else _Whole(self, held)

    async def _own(self, reply: Reply, held: "_Held") -> bytes:
        """A list with the caller's own things alone. Raises UpstreamError."""
        try:
            listed = await read_whole(reply, MAX_LIST, held.take)
            listing = await self.beside(len(listed), partial(Listing, listed))
            owned = await self.memory.owned(self.tenant, self.lists, listing.ids)
            return await self.beside(len(listed), partial(listing.only, owned))
        except (MemoryUnavailable, Unavailable) as failure:
            raise UpstreamUnreadable("whose the listed things are cannot be told now") from failure

    async def beside(self, size: int, work: Callable[[], T]) -> T:
        """What `work` makes of so many bytes: of many, beside the event loop. Raises Unavailable when the pool is full."""
        return work() if size <= _LARGE else await self.pool.run(work)

    async def _forget(self) -> None:
        """Forget what a call deleted; what is deleted within another thing leaves that as it is."""
        if len(self.called.ids) == 1 and self.called.path.endswith("/" + self.called.ids[0][1]):
            try:
                await self.memory.forget(self.tenant, self.called.ids)
            except MemoryUnavailable:
                return

    async def remember(self, names: Sequence[Name]) -> None:
        """Remember what the reply tells; the memory counts and logs where it fails."""
        if not names:
            return
        if self.told is not None:
            self.told(names)
        try:
            await self.memory.remember(self.tenant, names, self.dossier)
        except MemoryUnavailable:
            return

    def missed(self, why: str) -> None:
        """Note that a reply, or a part of it, was not learned from: what it made is unknown."""
        self.metrics.count("facegate_memory_failures_total", "learn")
        log.warning("reply_not_learned", operation=self.called.operation.name, why=why)


class _Held:
    """What one reply holds in memory, within what all bodies together may hold."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._size = 0

    def take(self, size: int) -> None:
        """Hold so many bytes more. Raises Unavailable when memory is short, or one reply holds too much of it."""
        if self._size + size > MAX_REPLY:
            raise Unavailable("the reply is too large")
        self._in_flight.take(size, self._size)
        self._size += size

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._in_flight.release(self._size)
        self._size = 0


class _Whole:
    """A reply of JSON: all but its latest piece may go on before it is read."""

    def __init__(self, owner: Keeping, held: _Held) -> None:
        self._owner = owner
        self._held = held
        self._pieces: list[bytes] = []
        self._lost = False

    async def hear(self, piece: bytes) -> bytes:
        """The piece before; this one too once the reply is not held any more."""
        if self._lost:
            return piece
        before = self._pieces[-1] if self._pieces else b""
        try:
            self._held.take(len(piece))
        except Unavailable:
            self._lost = True
            self._pieces.clear()
            self._held.let_go()
            return before + piece
        self._pieces.append(piece)
        return before

    async def end(self) -> bytes:
        """The last piece, once the names are remembered."""
        if self._lost:
            self._owner.missed("it is too large, or memory is short")
            return b""
        whole = b"".join(self._pieces)
        try:
            read: Callable[[], Sequence[Name]] = partial(read_reply, self._owner.called.makes, whole)
            await self._owner.remember(await self._owner.beside(len(whole), read))
        except (ValueError, Unavailable):
            self._owner.missed("it cannot be read")
        return self._pieces[-1] if self._pieces else b""


class _Stream:
    """Server-sent events: a piece goes on when the names that are whole with it are remembered."""

    def __init__(self, owner: Keeping) -> None:
        makes: Makes = owner.called.makes
        self._owner = owner
        self._events = Events(makes)

    async def hear(self, piece: bytes) -> bytes:
        """The piece, afterwards."""
        await self._owner.remember(self._events.hear(piece))
        return piece

    async def end(self) -> bytes:
        """Nothing: all has gone on."""
        await self._owner.remember(self._events.end())
        if self._events.missed:
            self._owner.missed(f"{self._events.missed} events cannot be read")
        return b""
