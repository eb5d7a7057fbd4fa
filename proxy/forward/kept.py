"""Getting a file that the service keeps: what it tells of the file, then all of its bytes, within limits and a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from proxy.errors import RequestError, UpstreamError, UpstreamTimeout
from proxy.exchange import Forward, Inspected, Receipt
from proxy.forward.client import Reply
from proxy.forward.headers import uncoded
from proxy.forward.relay import read_whole
from proxy.forward.upstream import Outgoing, Upstream
from proxy.operation import Called
from proxy.surface.catalogue import Catalogue, route
from proxy.surface.kept_file import KeptFile

MAX_TOLD: Final = 64 * 1024
"""Bytes of what the service tells of a file."""

T = TypeVar("T")

_OK: Final = 200
_BUSY: Final = frozenset({408, 429})
_FAILURES: Final = 500

_NOTHING: Final = Inspected("", ())


class Why(StrEnum):
    """Why a file that the memory does not know was not got, as metrics and records name it. `words` are for the caller.

    They do not tell a file that the service does not tell of from one that another tenant made, or from none at all.
    """

    OTHERS = "others"  # another tenant made it: the service was not asked
    STATUS = "status"  # the service does not tell of it: 404, 403 and the like
    WITHHELD = "withheld"  # the service tells of it, and does not give its content out: it keeps back some purposes
    NAME = "name"  # what no path may hold: the service was not asked
    MANY = "many"  # too many in one request: the service was not asked for any
    UNREACHABLE = "unreachable"  # no connection, a redirect, or the service is busy
    TIMEOUT = "timeout"
    SIZE = "size"
    TELLING = "telling"  # what the service tells of it cannot be read, or is another file's
    BROKEN = "broken"  # not as many bytes as the service tells, or a content coding

    @property
    def words(self) -> str:
        """The reason in words for the caller; none where an unknown thing is all that it may know of."""
        return _WORDS.get(self, "")


_WORDS: Final = {
    Why.WITHHELD: "the service tells of it, and does not give it out",
    Why.MANY: "the request names too many files that are not known here",
    Why.UNREACHABLE: "the service cannot be asked for it now",
    Why.TIMEOUT: "getting it from the service took too long",
    Why.SIZE: "it is too large to be got from the service and examined",
    Why.TELLING: "what the service tells of it cannot be read",
    Why.BROKEN: "the service did not give it whole",
}


_UNANSWERED: Final = frozenset({Why.UNREACHABLE, Why.TIMEOUT})


@dataclass(frozen=True, slots=True)
class NotGot:
    """No file, and why. `told` says whether the service had told of it by then."""

    why: Why
    told: bool = False

    @property
    def words(self) -> str:
        """The reason in words for the caller. That the service did not answer is none, unless it had told of the file: whoever
        asks while it is busy could else tell what it is asked for from what it is not.
        """
        return self.why.words if self.told or self.why not in _UNANSWERED else ""


@dataclass(frozen=True, slots=True)
class KeptLimits:
    """`bytes` of one file, and `seconds` for getting it in all, waiting for its turn included."""

    bytes: int = 64 * 1024 * 1024
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file, by its id. `like` is the call that names it: the service is asked in its style of addresses, and version.

    `receipt` proves that it is recorded who asks. `take` is told the size of each piece; what it raises is raised. `end` is what
    the loop's clock shows when it is given up.
    """

    id: str
    like: Called
    receipt: Receipt
    take: Callable[[int], None]
    end: float


class _Stopped(Exception):
    """Ends the getting of a file. Never leaves this module."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """Gets files with the proxy's own credential, and with nothing of the caller's but the id."""

    upstream: Upstream
    catalogue: Catalogue
    limits: KeptLimits

    async def get(self, wanted: Wanted) -> KeptFile | NotGot:
        """The whole file, or why there is none."""
        told = await _until(wanted.end, self._told(wanted))
        if isinstance(told, Why):
            return NotGot(told)
        if told.size > self.limits.bytes:
            return NotGot(Why.SIZE, told=True)
        data = await _until(wanted.end, self._content(wanted, told.size))
        return NotGot(data, told=True) if isinstance(data, Why) else KeptFile(told.purpose, told.filename, data)

    async def _told(self, wanted: Wanted) -> "_Told":
        async with await self._ask("files.get", wanted, "", Why.STATUS) as reply:
            try:
                told = orjson.loads(await _whole(reply, MAX_TOLD, wanted.take))
            except ValueError:
                raise _Stopped(Why.TELLING) from None
        return _read(told, wanted.id)

    async def _content(self, wanted: Wanted, size: int) -> bytes:
        async with await self._ask("files.content", wanted, "/content", Why.WITHHELD) as reply:
            if reply.content_length not in (None, size):
                raise _Stopped(Why.BROKEN)
            data = await _whole(reply, size, wanted.take)
        if len(data) != size:
            raise _Stopped(Why.BROKEN)
        return data

    async def _ask(self, operation: str, wanted: Wanted, action: str, denied: Why) -> Reply:
        outgoing = Outgoing(Forward(self._called(operation, wanted, action), _NOTHING), wanted.receipt, ())
        reply = await self.upstream.send(outgoing, uncoded(()))
        if reply.status == _OK:
            return reply
        reply.close()
        busy = reply.status in _BUSY or reply.status >= _FAILURES
        raise _Stopped(Why.UNREACHABLE if busy else denied)

    def _called(self, operation: str, wanted: Wanted, action: str) -> Called:
        style = "/openai/v1" if wanted.like.path.startswith("/openai/v1/") else "/openai"
        version = dict(wanted.like.query).get("api-version")
        query = f"?api-version={version}" if version else ""
        try:
            called = route("GET", f"{style}/files/{wanted.id}{action}{query}", self.catalogue)
        except RequestError:
            raise _Stopped(Why.NAME) from None
        if called.operation.name != operation or called.ids != (("file", wanted.id),):
            raise _Stopped(Why.NAME)
        return called


class _Told(NamedTuple):
    """What the service tells of a file."""

    purpose: str
    filename: str
    size: int


def _read(told: Any, name: str) -> _Told:
    """What is told of the file called so. Raises _Stopped."""
    match told:
        case {"id": str(own), "purpose": str(purpose), "filename": str(filename), "bytes": int(size)} if own == name:
            if size >= 0 and not isinstance(size, bool):
                return _Told(purpose, filename, size)
    raise _Stopped(Why.TELLING)


async def _until(end: float, work: Awaitable[T]) -> T | Why:
    """What `work` yields before the loop's clock shows `end`, or why it does not."""
    try:
        async with asyncio.timeout_at(end):
            return await work
    except _Stopped as stopped:
        return stopped.why
    except (TimeoutError, UpstreamTimeout):
        return Why.TIMEOUT
    except UpstreamError:
        return Why.UNREACHABLE


async def _whole(reply: Reply, limit: int, take: Callable[[int], None]) -> bytes:
    """All of a reply that is there. Raises UpstreamTimeout, and _Stopped where it is too long, coded or broken off."""
    try:
        return await read_whole(reply, limit, take)
    except UpstreamTimeout:
        raise
    except UpstreamError:
        raise _Stopped(Why.BROKEN) from None
