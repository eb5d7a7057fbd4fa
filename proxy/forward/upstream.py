"""The service behind: one pooled client, its own credential, and only what was inspected and recorded."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from pydantic import SecretStr
from yarl import URL

from proxy.errors import UpstreamTimeout, UpstreamUnreachable
from proxy.exchange import Forward, Inspected, Receipt
from proxy.forward.headers import to_service
from proxy.forward.interim import DirectConnector
from proxy.forward.websocket import Socket, Sockets, Wishes
from proxy.operation import Called

MAX_REPLY_HEADER: Final = 32 * 1024

_ONE_WRITE: Final = 256 * 1024
"""Bytes handed to the socket at a time, so that a large body does not hold up the event loop."""

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


_MAX_URLS: Final = 1024


class _Connector(DirectConnector):
    """A pool that gives out no connection on which something arrived after the last reply.

    Such bytes would be taken for the reply to the next request, which may be another tenant's.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> Connection:
        """A connection that is silent. Raises ClientConnectionError when there is none."""
        for _ in range(self.limit + 1):  # all that are kept, and a fresh one
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or not protocol.should_close:
                return connection
            connection.close()
        raise aiohttp.ClientConnectionError("the service speaks before it is asked")


class Upstream:
    """The pooled client of one endpoint. Made and closed inside the running loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._base = endpoint.base.rstrip("/")
        self._key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
        self._urls: dict[tuple[str, tuple[tuple[str, str], ...]], URL] = {}
        self._session = aiohttp.ClientSession(
            connector=_Connector(limit=endpoint.connections, keepalive_timeout=60.0),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=endpoint.connect_timeout_s, sock_read=endpoint.read_timeout_s
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            max_line_size=MAX_REPLY_HEADER,
            max_field_size=MAX_REPLY_HEADER,
        )
        self._sockets = Sockets(self._session, endpoint.connect_timeout_s, MAX_REPLY_HEADER)

    async def connect(self, outgoing: Outgoing, headers: Sequence[tuple[str, str]], wishes: Wishes) -> Socket:
        """Open a socket to the operation that an `outgoing` without a body may call; its decision is in the journal.

        `headers` are the caller's, as for `send`. Raises Declined for an answer that is to be relayed, else UpstreamUnreachable
        or UpstreamTimeout.
        """
        own = [("api-key", self._key)] if self._key else []
        return await self._sockets.open(self._url(outgoing.take().called), own + to_service(headers), wishes)

    async def send(self, outgoing: Outgoing, headers: Sequence[tuple[str, str]]) -> aiohttp.ClientResponse:
        """Send an inspected body whose decision is in the journal; the reply as soon as it has begun, a context manager.

        `headers` are the caller's, names in lower case; only those that may travel do. By then the body is let go.
        Leaving the reply's block early closes the connection, which cancels the work behind it.
        Raises UpstreamUnreachable or UpstreamTimeout when there is no reply that may be relayed.
        """
        forward = outgoing.take()
        called, inspected = forward.called, forward.inspected
        url = self._url(called)
        try:
            reply = await self._session.request(
                called.method,
                url,
                data=_payload(inspected),
                headers=self._headers(inspected, headers),
                allow_redirects=False,
            )
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

    def _url(self, called: Called) -> URL:
        """Where an operation is called; the first so many are remembered, since they come again and again."""
        url = self._urls.get((called.path, called.query))
        if url is None:
            query = "&".join(f"{name}={value}" for name, value in called.query)
            url = URL(f"{self._base}{called.path}?{query}" if query else self._base + called.path, encoded=True)
            if len(self._urls) < _MAX_URLS:
                self._urls[called.path, called.query] = url
        return url

    def _headers(self, inspected: Inspected, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        own = []
        if inspected.chunks:
            own += [("content-type", inspected.content_type), ("content-length", str(inspected.size))]
        if self._key:
            own.append(("api-key", self._key))
        return own + to_service(headers)

    async def close(self) -> None:
        """Close all connections."""
        await self._sockets.close()
        await self._session.close()


def _payload(inspected: Inspected) -> bytes | AsyncIterator[bytes] | None:
    if not inspected.chunks:
        return None
    if len(inspected.chunks) == 1 and len(inspected.chunks[0]) <= _ONE_WRITE:
        return bytes(inspected.chunks[0])
    return _pieces(inspected)


async def _pieces(inspected: Inspected) -> AsyncIterator[bytes]:
    for chunk in inspected.chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), _ONE_WRITE):
            yield bytes(view[start : start + _ONE_WRITE])
