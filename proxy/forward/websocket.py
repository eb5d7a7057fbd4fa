"""A socket to the service: opened with our credential, and fed only with what was inspected and recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import aiohttp
from aiohttp import ClientHandlerType, WSMsgType, web
from yarl import URL

from proxy.errors import FacegateError, UpstreamTimeout, UpstreamUnreachable
from proxy.exchange import Forward, Receipt
from proxy.forward.headers import to_caller

CLOSE_S: Final = 2.0
"""Seconds that either side gets to answer the closing of a socket, before the connection is cut."""

PROTOCOL: Final = "realtime"
"""The one subprotocol that is spoken."""

_MAX_ANSWER: Final = 64 * 1024

_REFUSALS: Final = range(400, 600)

_SENDABLE: Final = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Close codes that may stand in a frame (RFC 6455, section 7.4)."""

_MAX_REASON: Final = 123
"""Bytes of the reason in a closing frame, at most (RFC 6455, section 5.5)."""


class Declined(FacegateError):
    """The service answers the handshake with an HTTP reply that the caller is to see, whole and within 64 KiB."""

    def __init__(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        super().__init__(f"the service answered the handshake with status {status}")
        self.status = status
        self.headers = headers
        self.body = body


@dataclass(frozen=True, slots=True)
class Came:
    """What came over a socket: a message, or its end.

    `data` is the message, None at the end. `code` and `reason` are those of the closing frame; the code is 0 where the
    connection ended without one. `broken` tells that what came breaks the rules, and `code` how.
    """

    data: bytes | None = None
    binary: bool = False
    code: int = 0
    reason: bytes = b""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a socket is to be: `protocol` asked for or not, the largest message (bytes), and the pause between pings (seconds)."""

    protocol: bool
    message_bytes: int
    ping_s: float


async def _only_sockets(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
    """Take nothing but the switch of protocols: errors go to the caller, redirects nowhere."""
    reply = await handler(request)
    if reply.status == 101:  # noqa: PLR2004 - Switching Protocols
        return reply
    try:
        if reply.status not in _REFUSALS:
            raise UpstreamUnreachable(
                f"the service answered the handshake with status {reply.status}, which is never followed or relayed"
            )
        raise Declined(reply.status, to_caller(reply.headers.items()), await _whole(reply))
    finally:
        reply.close()


async def _whole(reply: aiohttp.ClientResponse) -> bytes:
    body = b""
    while piece := await reply.content.readany():
        body += piece
        if len(body) > _MAX_ANSWER:
            raise UpstreamUnreachable("the service answered the handshake at too great a length")
    return body


class Socket:
    """An open socket to the service. Reading stops while nobody takes what came, so nothing piles up here."""

    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[Literal[False]]") -> None:
        self._socket = socket
        self.protocol = socket.protocol
        headers = socket._response.headers  # noqa: SLF001 - aiohttp shows the headers of the handshake nowhere else
        self.request_id = headers.get("apim-request-id", headers.get("x-request-id", ""))

    async def send(self, forward: Forward, receipt: Receipt) -> None:
        """Send one inspected message whose decision is in the journal. Waits while the service takes nothing.

        Raises UpstreamUnreachable when the connection is gone.
        """
        del receipt  # to have it is all that is asked
        try:
            await self._socket.send_frame(b"".join(forward.inspected.chunks), WSMsgType.TEXT)
        except (aiohttp.ClientError, OSError) as failure:
            raise UpstreamUnreachable("the service closed the connection") from failure

    async def receive(self) -> Came:
        """The next message, or the end."""
        return await came(self._socket)

    async def close(self, code: int, reason: bytes = b"") -> None:
        """Close the connection: by a closing frame, and without ceremony after `CLOSE_S`."""
        await self._socket.close(code=sendable(code), message=reason[:_MAX_REASON])


async def came(
    socket: "web.WebSocketResponse[Literal[False]] | aiohttp.ClientWebSocketResponse[Literal[False]]",
) -> Came:
    """What comes next over a socket of either side."""
    message = await socket.receive()
    match message.type:
        case WSMsgType.TEXT | WSMsgType.BINARY:
            return Came(message.data, binary=message.type is WSMsgType.BINARY)
        case WSMsgType.CLOSE:
            return Came(code=message.data or 1000, reason=(message.extra or "").encode()[:_MAX_REASON])
        case WSMsgType.ERROR if isinstance(message.data, aiohttp.WebSocketError):
            return Came(code=message.data.code, broken=True)
        case _:
            return Came()


def sendable(code: int) -> int:
    """`code`, or 1011 in place of one that may stand in no frame."""
    return code if code in _SENDABLE else 1011


class Sockets:
    """Opens sockets over the connections of `connector`, which somebody else owns."""

    def __init__(self, connector: aiohttp.BaseConnector, connect_timeout_s: float, most_header: int) -> None:
        self._session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s, sock_read=connect_timeout_s),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            middlewares=(_only_sockets,),
            max_line_size=most_header,
            max_field_size=most_header,
        )

    async def open(self, url: URL, headers: Sequence[tuple[str, str]], wishes: Wishes) -> Socket:
        """A socket at `url`. Compression is not asked for.

        Raises Declined for an HTTP reply, UpstreamUnreachable or UpstreamTimeout where there is none that may be relayed.
        """
        try:
            socket = await self._session.ws_connect(
                url,
                headers=headers,
                protocols=(PROTOCOL,) if wishes.protocol else (),
                timeout=aiohttp.ClientWSTimeout(ws_receive=None, ws_close=CLOSE_S),
                autoclose=False,
                heartbeat=wishes.ping_s,
                max_msg_size=wishes.message_bytes,
                decode_text=False,
            )
        except TimeoutError as failure:
            raise UpstreamTimeout("the service did not answer the handshake in time") from failure
        except (aiohttp.ClientError, OSError) as failure:
            raise UpstreamUnreachable("the service cannot be reached, or answers the handshake wrongly") from failure
        return Socket(socket)

    async def close(self) -> None:
        """Let go of the session."""
        await self._session.close()
