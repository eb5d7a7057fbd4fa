"""The reply on its way back: status, headers and bytes as the service gave them, each piece at once, and honest about its end."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from support.raw_service import Answer, RawService, raw_service, says

from proxy.errors import UpstreamError, UpstreamTimeout, UpstreamUnreachable
from proxy.exchange import Forward, Inspected, Receipt
from proxy.forward.relay import CallerGone, Relayed, relay
from proxy.forward.upstream import Endpoint, Outgoing, Upstream
from proxy.operation import Called, Disposition, Operation

CHAT = Operation("chat.completions", ("POST",), ("/x",), Disposition.SCREEN)
EXTRA = (("Facegate-Decision-Id", "fgd_1"), ("Facegate-Outcome", "allow"))
OURS = [("facegate-decision-id", "fgd_1"), ("facegate-outcome", "allow"), ("server", "facegate")]
ASKS = b"POST / HTTP/1.1\r\nHost: proxy\r\nContent-Length: 0\r\n"


@dataclass
class Relaying:
    """A server that relays the replies of a service: its port, and how each relaying went."""

    service: RawService
    port: int = 0
    relayed: list[Relayed] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, *headers: bytes) -> bytes:
        """All bytes of the reply to one request on a connection that closes after it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"\r\n".join([ASKS + b"Connection: close", *headers]) + b"\r\n\r\n")
        try:
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()


class Behind:
    """Ears that let each piece go when the next one comes, and the last one, in capitals, when the reply is whole."""

    def __init__(self) -> None:
        self.held = b""

    async def hear(self, piece: bytes) -> bytes:
        before, self.held = self.held, piece
        return before

    async def end(self) -> bytes:
        return self.held.upper()


@asynccontextmanager
async def relaying(
    answer: Answer, read_timeout_s: float = 10.0, pause_s: float = 0.0, ears: type[Behind] | None = None
) -> AsyncIterator[Relaying]:
    """A server in front of a service that answers so. It relays `pause_s` seconds after the reply has begun."""
    async with raw_service(answer) as service:
        state = Relaying(service)
        upstream = Upstream(Endpoint(service.url, None, read_timeout_s=read_timeout_s))

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            relayed = Relayed()
            state.relayed.append(relayed)
            forward = Forward(Called(CHAT, "/x", ()), Inspected("application/json", (b"{}",)))
            try:
                async with await upstream.send(Outgoing(forward, Receipt("fgd_1"), EXTRA), ()) as reply:
                    await asyncio.sleep(pause_s)
                    return await relay(reply, request, EXTRA, relayed, ears() if ears else None)
            except (UpstreamError, CallerGone) as failure:
                state.failures.append(failure)
                if request.transport is not None:
                    request.transport.close()
                return web.Response()
            finally:
                state.ended.set()

        runner = web.ServerRunner(web.Server(handle, handler_cancellation=True), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        state.port = runner.addresses[0][1]
        try:
            yield state
        finally:
            await runner.cleanup()
            await upstream.close()


def parsed(reply: bytes) -> tuple[bytes, list[tuple[str, str]], bytes]:
    """Status line, headers without the date, and what follows them."""
    head, _, body = reply.partition(b"\r\n\r\n")
    line, *headers = head.decode("latin-1").split("\r\n")
    pairs = [(name.lower(), value) for name, value in (header.split(": ", 1) for header in headers)]
    return line.encode(), [pair for pair in pairs if pair[0] != "date"], body


def chunks(*pieces: bytes) -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


ZIPPED = gzip.compress(b"hello" * 100)
JSON = ("content-type", "application/json")
CLOSE = ("connection", "close")

REPLIES: dict[str, tuple[Answer, bytes, list[tuple[str, str]], bytes]] = {
    "head and body in one packet": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nServer: theirs\r\n\r\n{}"),
        b"HTTP/1.1 200 OK",
        [JSON, *OURS, ("content-length", "2"), CLOSE],
        b"{}",
    ),
    "body in pieces, length known": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n", b"{", b'"":', b"0}"[:1]),
        b"HTTP/1.1 200 OK",
        [JSON, *OURS, ("content-length", "4"), CLOSE],
        b'{"":',
    ),
    "chunks in one packet become a length": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(b"{", b"}")),
        b"HTTP/1.1 200 OK",
        [JSON, *OURS, ("content-length", "2"), CLOSE],
        b"{}",
    ),
    "chunks that come later stay chunks": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
             b"7\r\ndata: 1\r\n", b"7\r\ndata: 2\r\n", b"0\r\nx-sum: 1\r\n\r\n"),
        b"HTTP/1.1 200 OK",
        [("content-type", "text/event-stream"), *OURS, ("transfer-encoding", "chunked"), CLOSE],
        chunks(b"data: 1", b"data: 2"),
    ),
    "until the service hangs up": (
        says(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", b"hello", close=True),
        b"HTTP/1.1 200 OK",
        [("content-type", "text/plain"), *OURS, ("transfer-encoding", "chunked"), CLOSE],
        chunks(b"hello"),
    ),
    "compressed, whole": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
             % (len(ZIPPED), ZIPPED)),
        b"HTTP/1.1 200 OK",
        [JSON, ("content-encoding", "gzip"), *OURS, ("content-length", str(len(ZIPPED))), CLOSE],
        ZIPPED,
    ),
    "compressed, in pieces": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
             % len(ZIPPED), ZIPPED[:9], ZIPPED[9:]),
        b"HTTP/1.1 200 OK",
        [JSON, ("content-encoding", "gzip"), *OURS, ("content-length", str(len(ZIPPED))), CLOSE],
        ZIPPED,
    ),
    "headers of the same name": (
        says(b"HTTP/1.1 200 OK\r\nX-One: a\r\nContent-Type: application/json\r\nx-one: b\r\nContent-Length: 2\r\n\r\n{}"),
        b"HTTP/1.1 200 OK",
        [("x-one", "a"), JSON, ("x-one", "b"), *OURS, ("content-length", "2"), CLOSE],
        b"{}",
    ),
    "one content type, the first": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}"),
        b"HTTP/1.1 200 OK",
        [JSON, *OURS, ("content-length", "2"), CLOSE],
        b"{}",
    ),
    "no content type": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        b"HTTP/1.1 200 OK",
        [*OURS, ("content-length", "2"), ("content-type", "application/octet-stream"), CLOSE],
        b"{}",
    ),
    "forged headers of ours": (
        says(b"HTTP/1.1 200 OK\r\nFacegate-Outcome: block\r\nFacegate-Other: x\r\nSet-Cookie: a=b\r\n"
             b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
        b"HTTP/1.1 200 OK",
        [JSON, *OURS, ("content-length", "2"), CLOSE],
        b"{}",
    ),
    "an error, its reason phrase and ids": (
        says(b"HTTP/1.1 429 Slow Down Please\r\nContent-Type: application/json\r\nretry-after-ms: 7\r\n"
             b"apim-request-id: id-1\r\nContent-Length: 2\r\n\r\n{}"),
        b"HTTP/1.1 429 Slow Down Please",
        [JSON, ("retry-after-ms", "7"), ("apim-request-id", "id-1"), *OURS, ("content-length", "2"), CLOSE],
        b"{}",
    ),
    "no content": (
        says(b"HTTP/1.1 204 No Content\r\nx-request-id: id-2\r\n\r\n"),
        b"HTTP/1.1 204 No Content",
        [("x-request-id", "id-2"), *OURS, CLOSE],
        b"",
    ),
    "an empty body": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"),
        b"HTTP/1.1 200 OK",
        [JSON, *OURS, ("content-length", "0"), CLOSE],
        b"",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
async def test_a_whole_reply(name: str) -> None:
    """Status line, every header but the date, and the bytes of the body in their framing."""
    answer, line, headers, body = REPLIES[name]
    async with relaying(answer) as server:
        got = parsed(await server.ask())
    assert (got[0], sorted(got[1]), got[2]) == (line, sorted(headers), body)
    (relayed,) = server.relayed
    assert server.failures == []
    assert (relayed.begun, relayed.status) == (True, int(line.split()[1]))


async def test_the_account_of_a_reply() -> None:
    """Bytes of the body as they went out, without framing; the id that the gateway of the service gave; the first byte's time."""
    head = b"HTTP/1.1 200 OK\r\nx-request-id: inner\r\napim-request-id: outer\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with relaying(says(head, b"5\r\nhello\r\n", b"6\r\n world\r\n0\r\n\r\n")) as server:
        await server.ask()
    (relayed,) = server.relayed
    assert relayed.first_byte > 0
    assert relayed == Relayed(200, "outer", 11, relayed.first_byte, begun=True)


async def test_a_large_reply_arrives_unchanged() -> None:
    """Megabytes, in whatever pieces the sockets make of them."""
    body = bytes(range(256)) * 16384
    async with relaying(says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)) as server:
        got = await server.ask()
    assert parsed(got)[2] == body
    assert server.relayed[0].bytes_out == len(body)


async def test_what_follows_the_reply_is_not_relayed() -> None:
    """A service that sends more than it announced."""
    async with relaying(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloEXTRA")) as server:
        got = await server.ask()
    assert b"EXTRA" not in got


async def test_the_callers_connection_is_kept() -> None:
    """Several replies, one connection: each ends where it ends."""
    async with relaying(says(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(3):
            writer.write(ASKS + b"\r\n")
            line, headers, _ = parsed(await reader.readuntil(b"\r\n\r\n"))
            assert (line, dict(headers)["content-length"]) == (b"HTTP/1.1 200 OK", "2")
            assert await reader.readexactly(2) == b"ok"
        writer.close()


async def test_each_piece_goes_at_once() -> None:
    """The service sends the next event only when the caller has the one before; also the head goes ahead of the body."""
    seen = asyncio.Event()

    async def waits(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"1\r\na\r\n", b"1\r\nb\r\n", b"0\r\n\r\n"):
            await seen.wait()
            seen.clear()
            writer.write(piece)

    async with relaying(waits) as server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASKS + b"\r\n")
        for expected in (b"\r\n\r\n", b"1\r\na\r\n", b"1\r\nb\r\n", b"0\r\n\r\n"):
            assert (await reader.readuntil(expected)).endswith(expected)
            seen.set()
        writer.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
BROKEN = {
    "hangs up within its chunks": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n", close=True),
    "hangs up within a chunk": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n9\r\nwo", close=True),
    "hangs up before its length": says(HEAD + b"Content-Length: 50\r\n\r\n", b"hello", close=True),
    "hangs up before its length, in one packet": says(HEAD + b"Content-Length: 50\r\n\r\nhello", close=True),
    "sends no chunks": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n", b"zz\r\n"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_reply_that_breaks_off(name: str) -> None:
    """The failure is raised; of what has gone out the caller can tell that it is not the whole."""
    async with relaying(BROKEN[name]) as server:
        got = await server.ask()
    assert [type(failure) for failure in server.failures] == [UpstreamUnreachable]
    _, headers, body = parsed(got)
    assert not body.endswith(b"0\r\n\r\n")
    assert "content-length" not in dict(headers) or len(body) < int(dict(headers)["content-length"])
    assert server.relayed[0].begun


async def test_a_reply_that_is_broken_before_it_is_read() -> None:
    """The connection to the service has ended by the time that relaying begins."""
    async with relaying(BROKEN["sends no chunks"], pause_s=0.2) as server:
        await server.ask()
    assert [type(failure) for failure in server.failures] == [UpstreamUnreachable]


async def test_streams_follow_each_other_on_one_connection() -> None:
    """Each relaying leaves the service's connection as it found it, and nothing of itself on it."""
    stream = says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n")
    async with relaying(stream) as server:
        for _ in range(3):
            assert parsed(await server.ask())[2] == chunks(b"hello")
        assert (len(server.service.requests), server.service.connections) == (3, 1)
        assert server.failures == []


async def test_a_service_that_falls_silent() -> None:
    """A pause longer than the settings allow ends the reply."""

    async def pauses(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await asyncio.sleep(60)

    async with relaying(pauses, read_timeout_s=0.3) as server:
        got = await server.ask()
    assert b"hello" in got
    assert not got.endswith(b"0\r\n\r\n")
    assert [type(failure) for failure in server.failures] == [UpstreamTimeout]


async def test_a_caller_that_hangs_up() -> None:
    """Relaying ends, and with it the connection to the service."""
    gone = asyncio.Event()

    async def endless(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"5\r\nhello\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            gone.set()

    async with relaying(endless) as server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASKS + b"\r\n")
        await reader.readuntil(b"hello")
        writer.transport.abort()
        await server.ended.wait()
        await gone.wait()
    assert not any(isinstance(failure, UpstreamError) for failure in server.failures)
    assert server.relayed[0].bytes_out >= 5


async def test_a_slow_caller_slows_the_service() -> None:
    """What the caller does not take is not piled up here: the service is made to wait."""
    sent = 0

    async def fast(_: int, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"Content-Length: 100000000\r\n\r\n")
        while sent < 100_000_000:
            writer.write(bytes(100_000))
            await writer.drain()
            sent += 100_000

    async with relaying(fast) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASKS + b"\r\n")
        before = -1
        while before != sent:  # until it stands still
            before = sent
            await asyncio.sleep(0.3)
        assert 0 < sent < 50_000_000
        writer.transport.abort()
        del reader
        async with asyncio.timeout(10):
            await server.ended.wait()


HEARD_BROKEN = says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"3\r\ndef\r\n", close=True)

HEARD: dict[str, tuple[Answer, bytes]] = {
    # name: what the service answers, the body as the caller gets it
    "at once": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), b"HELLO"),
    "nothing": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), b""),
    "by length, in pieces": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", b"abc", b"def"), b"abcDEF"),
    "in chunks": (
        says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"3\r\ndef\r\n", b"0\r\n\r\n"),
        chunks(b"abc", b"DEF"),
    ),
    "that breaks off": (HEARD_BROKEN, chunks(b"abc").removesuffix(b"0\r\n\r\n")),
}


@pytest.mark.parametrize("name", HEARD)
async def test_ears_hear_a_reply_before_it_goes_on(name: str) -> None:
    """Each piece goes on as they let it; the end of a reply that breaks off is none to them."""
    answer, body = HEARD[name]
    async with relaying(answer, ears=Behind) as server:
        _, _, got = parsed(await server.ask())
    assert got == body
    assert [type(one) for one in server.failures] == ([UpstreamUnreachable] if name == "that breaks off" else [])


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "closed"])
async def test_versions_of_http(version: bytes, *, kept: bool) -> None:
    """A caller that speaks HTTP/1.0 is told when its connection stays, one that speaks HTTP/1.1 when it does not."""
    wish = b"keep-alive" if kept else b"close"
    said = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
    async with relaying(says(said)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASKS.replace(b"HTTP/1.1", b"HTTP/" + version) + b"Connection: " + wish + b"\r\n\r\n")
        _, headers, _ = parsed(await reader.readuntil(b"\r\n\r\n"))
        assert await reader.readexactly(2) == b"ok"
        if not kept:
            assert await reader.read() == b""
        writer.close()
    told = {(b"1.0", True): "keep-alive", (b"1.1", False): "close"}.get((version, kept))
    assert (dict(headers)["content-length"], dict(headers).get("connection")) == ("2", told)


@pytest.mark.parametrize("value", [b"a\rX-Evil: 1", b"a\0b", b"a\x01b", b"caf\xe9", "caf\u00e9".encode()], ids=ascii)
async def test_strange_values_of_headers(value: bytes) -> None:
    """They go on with the bytes that they came with, or the reply is none; no header comes out of another."""
    said = b"HTTP/1.1 200 OK\r\nX-One: " + value + b"\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
    async with relaying(says(said)) as server:
        got = await server.ask()
    if server.failures:
        assert [type(failure) for failure in server.failures] == [UpstreamUnreachable]
        assert got == b""
    else:
        assert b"\r\nx-one: " + value + b"\r\n" in got.lower()
