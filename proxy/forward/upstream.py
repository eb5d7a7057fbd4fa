"""The service behind: one pooled client, its own credential, and only what was inspected and recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from pydantic import SecretStr
from yarl import URL

from proxy.errors import UpstreamTimeout, UpstreamUnreachable
from proxy.exchange import Forward, Inspected, Receipt
from proxy.forward.client import MAX_REPLY_HEADER, Client, Reply
from proxy.forward.headers import lines, to_service
from proxy.forward.websocket import Socket, Sockets, Wishes
from proxy.operation import Called

_BODILESS: Final = frozenset({"GET", "HEAD"})

_NOT_RELAYED: Final = (*range(100, 200), *range(300, 400))
"""Statuses that would lead the caller past Facegate: another protocol on the same connection, and redirects."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go: scheme and authority, the service's key (None for the demo), and how long to wait (seconds)."""

    base: str
    api_key: SecretStr | None
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 300.0
    connections: int = 1000


class Outgoing:
    """What is about to be sent, once: the permission, the proof that its decision is recorded, and our reply headers.

    Nothing can be sent without a receipt. The body is given away with `take`, so that it is not held while the reply
    is relayed.
    """

    __slots__ = ("_forward", "extra", "receipt")

    def __init__(self, forward: Forward, receipt: Receipt, extra: Sequence[tuple[str, str]]) -> None:
        self._forward: Forward | None = forward
        self.receipt = receipt
        self.extra = extra

    def take(self) -> Forward:
        """The permission and its body, the first time; a second time is a mistake of ours."""
        forward, self._forward = self._forward, None
        if forward is None:
            raise RuntimeError("a request is sent once")
        return forward


class Upstream:
    """The pooled client of one endpoint. Made and closed inside the running loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._base = endpoint.base.rstrip("/")
        base = URL(self._base)
        self._origin, self._prefix = str(base.origin()), base.raw_path.rstrip("/")
        self._key = [("api-key", endpoint.api_key.get_secret_value())] if endpoint.api_key else []
        self._client = Client(base, endpoint)
        self._sockets = Sockets(self._client.connector, endpoint.connect_timeout_s, MAX_REPLY_HEADER)
        self._host_line = f" HTTP/1.1\r\nHost: {self._client.host}\r\n"
        self._key_line = lines(self._key)

    async def connect(self, outgoing: Outgoing, headers: Sequence[tuple[str, str]], wishes: Wishes) -> Socket:
        """Open a socket to the operation that an `outgoing` without a body may call; its decision is in the journal.

        `headers` are the caller's, as for `send`. Raises Declined for an answer that is to be relayed, else UpstreamUnreachable
        or UpstreamTimeout.
        """
        target = self._target(outgoing.take().called)
        url = URL(self._origin + target, encoded=True)
        return await self._sockets.open(url, self._key + to_service(headers), wishes)

    async def send(self, outgoing: Outgoing, headers: Sequence[tuple[str, str]]) -> Reply:
        """Send an inspected body whose decision is in the journal; the reply as soon as it has begun, a context manager.

        `headers` are the caller's, names in lower case; only those that may travel do. By then the body is let go.
        Leaving the reply's block early closes the connection, which cancels the work behind it.
        Raises UpstreamUnreachable or UpstreamTimeout when there is no reply that may be relayed.
        """
        forward = outgoing.take()
        called, inspected = forward.called, forward.inspected
        try:
            reply = await self._client.ask(self._head(called, inspected, headers), inspected.chunks)
        except TimeoutError as failure:
            raise UpstreamTimeout("the service did not answer in time") from failure
        except (aiohttp.ClientError, OSError) as failure:
            raise UpstreamUnreachable("the service cannot be reached") from failure
        if reply.status in _NOT_RELAYED:
            reply.close()
            raise UpstreamUnreachable(
                f"the service answered with status {reply.status}, which is never followed or relayed"
            )
        return reply

    def _head(self, called: Called, inspected: Inspected, headers: Sequence[tuple[str, str]]) -> bytes:
        """Request line and headers. Values keep the bytes that they came with, so they are Latin-1."""
        own = self._host_line + _framing(called, inspected) + self._key_line
        return f"{called.method} {self._target(called)}{own}{lines(to_service(headers))}\r\n".encode("latin-1")

    def _target(self, called: Called) -> str:
        query = "&".join([f"{name}={value}" for name, value in called.query])
        path = self._prefix + called.path
        return f"{path}?{query}" if query else path

    async def close(self) -> None:
        """Close all connections."""
        await self._sockets.close()
        await self._client.close()


def _framing(called: Called, inspected: Inspected) -> str:
    """The headers that tell what the body is; none where a method without one has none."""
    if inspected.chunks:
        return f"content-type: {inspected.content_type}\r\ncontent-length: {inspected.size}\r\n"
    return "" if called.method in _BODILESS else "content-length: 0\r\n"
