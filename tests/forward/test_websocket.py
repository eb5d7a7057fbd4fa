"""A socket to the service: the handshake as it is sent, what may come of it, and what goes over it and comes back."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from support.events import CALLED
from support.raw_service import raw_service, says
from yarl import URL

from proxy.errors import FacegateError, UpstreamTimeout, UpstreamUnreachable
from proxy.exchange import Forward, Inspected, Receipt
from proxy.forward.websocket import Came, Declined, Socket, Sockets, Wishes, sendable

PLAIN = Wishes(protocol=True, message_bytes=100_000, ping_s=30.0)
RECEIPT = Receipt("fgd_1")

Talk = Callable[[web.WebSocketResponse], Awaitable[None]]


@dataclass
class Service:
    """A service of sockets: the headers of each handshake, and the messages that came."""

    talk: Talk | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[list[tuple[str, str]]] = field(default_factory=list)
    came: list[tuple[WSMsgType, str | bytes]] = field(default_factory=list)
    closed: list[int | None] = field(default_factory=list)

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """One conversation: what the test says, then listen to the end."""
        self.asked.append([(name.lower(), value) for name, value in request.headers.items()])
        socket = web.WebSocketResponse(protocols=("realtime",), timeout=1.0)
        socket.headers.update(self.headers)
        await socket.prepare(request)
        if self.talk is not None:
            await self.talk(socket)
        async for message in socket:
            self.came.append((message.type, message.data))
        self.closed.append(socket.close_code)
        return socket


@asynccontextmanager
async def sockets(connect_timeout_s: float = 10.0) -> AsyncIterator[Sockets]:
    """What opens sockets, over connections of the test's own."""
    async with aiohttp.TCPConnector() as connector:
        opener = Sockets(connector, connect_timeout_s, 32 * 1024)
        yield opener
        await opener.close()
        assert not connector.closed


@asynccontextmanager
async def connected(service: Service, wishes: Wishes = PLAIN, *headers: tuple[str, str]) -> AsyncIterator[Socket]:
    """A socket to a running service."""
    runner = web.ServerRunner(web.Server(service.serve), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = URL(f"ws://127.0.0.1:{runner.addresses[0][1]}/openai/v1/realtime?model=m")
    try:
        async with sockets() as opener:
            socket = await opener.open(url, headers, wishes)
            yield socket
            await socket.close(1000)
    finally:
        await runner.cleanup()


def sending(*chunks: bytes) -> Forward:
    """A permission to send a message of these chunks."""
    return Forward(CALLED, Inspected("application/json", chunks))


@pytest.mark.parametrize("protocol", [True, False])
async def test_the_handshake(protocol: bool) -> None:  # noqa: FBT001 - a table
    """Our headers and those that a handshake needs, and no others; no compression, no agent, no cookies."""
    service = Service()
    async with connected(service, Wishes(protocol, 1000, 30.0), ("api-key", "the key"), ("accept", "*/*")) as socket:
        assert socket.protocol == ("realtime" if protocol else None)
    (asked,) = service.asked
    told = dict(asked)
    assert re.fullmatch(r"[A-Za-z0-9+/]{21}[AQgw]==", told.pop("sec-websocket-key"))
    assert told.pop("host").startswith("127.0.0.1:")
    offered = {"sec-websocket-protocol": "realtime"} if protocol else {}
    assert told == {
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-version": "13",
        "api-key": "the key",
        "accept": "*/*",
        **offered,
    }
    assert len(asked) == len(told) + 2


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-request-id": "inner"}, "inner"),
        ({"apim-request-id": "outer", "x-request-id": "inner"}, "outer"),
        ({}, ""),
    ],
)
async def test_the_id_of_the_request(headers: dict[str, str], expected: str) -> None:
    """The one that the gateway of the service gave, if any."""
    async with connected(Service(headers=headers)) as socket:
        assert socket.request_id == expected


async def test_what_is_sent() -> None:
    """Each inspected message is one text message, whatever chunks it is of."""
    service = Service()
    async with connected(service) as socket:
        for forward in (sending(b'{"a":1}'), sending(b'{"a":"', b"x" * 70_000, b'"}'), sending(b"{}")):
            await socket.send(forward, RECEIPT)
    expected = ['{"a":1}', '{"a":"' + "x" * 70_000 + '"}', "{}"]
    assert service.came == [(WSMsgType.TEXT, one) for one in expected]


async def test_what_comes() -> None:
    """Text and bytes as bytes, pings unseen, and the end with its code and reason."""

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str("é")
        await socket.ping(b"x")
        await socket.send_bytes(b"\x00\xff")
        await socket.close(code=4001, message=b"enough")

    async with connected(Service(talk)) as socket, asyncio.timeout(10):
        assert [await socket.receive() for _ in range(3)] == [
            Came("é".encode()),
            Came(b"\x00\xff", binary=True),
            Came(code=4001, reason=b"enough"),
        ]


async def test_a_message_that_is_too_large() -> None:
    """It is not read to its end: what comes is broken, with the code that says why."""

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str("x" * 200_000)

    async with connected(Service(talk)) as socket, asyncio.timeout(10):
        assert await socket.receive() == Came(code=1009, broken=True)


async def keep_sending(socket: Socket) -> None:
    """Send until it fails: the first message may still find its way into a buffer."""
    while True:
        await socket.send(sending(b"{}"), RECEIPT)
        await asyncio.sleep(0)


async def test_a_service_that_is_gone() -> None:
    """The end has no code; what is to be sent after it is an error."""

    async def talk(socket: web.WebSocketResponse) -> None:
        assert socket._req is not None
        assert socket._req.transport is not None
        socket._req.transport.abort()

    async with connected(Service(talk)) as socket, asyncio.timeout(10):
        assert (await socket.receive()).data is None
        with pytest.raises(UpstreamUnreachable):
            await keep_sending(socket)


@pytest.mark.parametrize(("code", "sent"), [(1000, 1000), (4000, 4000), (1006, 1011), (0, 1011)])
async def test_closing(code: int, sent: int) -> None:
    """With the code that is given, where it may be sent; a long reason is cut, as the protocol asks."""
    service = Service()
    async with connected(service) as socket:
        await socket.close(code, b"r" * 500)
        await socket.close(1000)
        async with asyncio.timeout(10):
            while not service.closed:
                await asyncio.sleep(0.005)
    assert service.closed == [sent]


CODES = {
    **dict.fromkeys((1000, 1001, 1003, 1007, 1014, 3000, 4999), True),
    **dict.fromkeys((-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 70_000), False),
}


def test_sendable() -> None:
    """Codes that the protocol keeps for itself, or knows nothing of, become 1011."""
    assert {code: sendable(code) for code in CODES} == {code: code if fine else 1011 for code, fine in CODES.items()}


JSON = b"Content-Type: application/json\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\n"
PROOF = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
"""That of another key."""

ANSWERS: dict[str, tuple[bytes, type[FacegateError]]] = {
    # what the service answers in place of a socket; what is raised
    "an error": (b"HTTP/1.1 401 Unauthorized\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}", Declined),
    "an error of the server": (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", Declined),
    "a reply": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", UpstreamUnreachable),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", UpstreamUnreachable),
    "a status of no class": (b"HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n", UpstreamUnreachable),
    "an error without an end": (b"HTTP/1.1 400 Bad\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000, UpstreamUnreachable),
    "an error that breaks off": (b"HTTP/1.1 400 Bad\r\nContent-Length: 70\r\n\r\nx", UpstreamUnreachable),
    "no HTTP": (b"hello\r\n\r\n", UpstreamUnreachable),
    "another protocol": (
        SWITCH + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", UpstreamUnreachable,
    ),
    "the wrong proof": (
        SWITCH + b"Upgrade: websocket\r\nConnection: Upgrade\r\n" + PROOF + b"\r\n", UpstreamUnreachable,
    ),
    "nothing": (b"", UpstreamUnreachable),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_is_no_socket(name: str) -> None:
    """Errors of the service are the caller's to see; everything else ends here, and leads nowhere."""
    said, kind = ANSWERS[name]
    async with raw_service(says(said, close=True)) as service, sockets() as opener:
        with pytest.raises(FacegateError) as raised:
            await opener.open(URL(service.url), (), PLAIN)
        # To ask once more is harmless: a handshake carries nothing. The client does so where the connection just ended.
        assert len(service.requests) == (2 if name == "nothing" else 1)
    assert type(raised.value) is kind


async def test_an_error_of_the_service_is_told_whole() -> None:
    """Status, body, and the headers that a caller may see."""
    headers = JSON + b"retry-after-ms: 7\r\nSet-Cookie: a=b\r\nFacegate-Outcome: x\r\nContent-Length: 2\r\n\r\n"
    said = b"HTTP/1.1 429 Slow\r\n" + headers + b"{}"
    async with raw_service(says(said)) as service, sockets() as opener:
        with pytest.raises(Declined) as raised:
            await opener.open(URL(service.url), (), PLAIN)
    told = {name.lower() for name, _ in raised.value.headers}
    assert (raised.value.status, raised.value.body) == (429, b"{}")
    assert {"content-type", "retry-after-ms"} <= told
    assert not told & {"set-cookie", "facegate-outcome"}


async def test_a_service_that_is_silent() -> None:
    """It takes the connection, and never answers."""

    async def never(_: int, writer: asyncio.StreamWriter) -> None:
        del writer
        await asyncio.Event().wait()

    async with raw_service(never) as service, sockets(connect_timeout_s=0.2) as opener:
        with pytest.raises(UpstreamTimeout):
            await opener.open(URL(service.url), (), PLAIN)


async def test_a_service_that_is_not_there() -> None:
    """Nobody listens."""
    async with sockets() as opener:
        with pytest.raises(UpstreamUnreachable):
            await opener.open(URL("ws://127.0.0.1:9/"), (), PLAIN)
