"""The data port: what HTTP it takes, what it answers by itself, and how long it waits."""

import asyncio
import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import structlog
from aiohttp import web
from support.data_port import GIVE_UP_S, chunked, data_port, http

from proxy.errors import BadRequest, Unavailable
from proxy.exchange import Inbound
from proxy.serve import data_port as module
from proxy.serve.data_port import MAX_HEADERS, refuse_transfer_tricks
from proxy.serve.log import configure
from proxy.settings import Limits

LIMIT = 2000
"""Bytes of the longest line and header in these tests."""


async def echo(request: web.BaseRequest) -> web.Response:
    """An answer that tells what came: method, target, headers in their order, the body's size."""
    told = [f"{name.decode('latin-1')}={value.decode('latin-1')}" for name, value in request.raw_headers]
    body = await request.read()
    return web.Response(text="\n".join([f"{request.method} {request.raw_path}", *told, f"{len(body)} bytes"]))


def status_of(reply: bytes) -> int:
    """The status of a reply; 0 for none."""
    return int(reply.split(b" ", 2)[1]) if reply else 0


def body_of(reply: bytes) -> list[str]:
    """The lines of a reply's body."""
    return reply.partition(b"\r\n\r\n")[2].decode("latin-1").split("\n")


async def test_a_request_comes_as_it_was_sent() -> None:
    """Method, target, every header in its order and spelling; nothing is decoded, merged or undone."""
    zipped = gzip.compress(b"hello" * 100)
    headers = [b"X-One: a", b"x-one: b", b"Content-Encoding: gzip", b"Content-Length: %d" % len(zipped)]
    async with data_port(echo) as port:
        line = b"PUT /a%2Fb/../c?x=%41&x=2 HTTP/1.1"
        reply = await port.say(http(*headers, line=line, body=zipped))
        assert body_of(reply) == [
            "PUT /a%2Fb/../c?x=%41&x=2",
            "Host=p",
            "Connection=close",
            "X-One=a",
            "x-one=b",
            "Content-Encoding=gzip",
            f"Content-Length={len(zipped)}",
            f"{len(zipped)} bytes",
        ]
        assert port.malformed == []


MALFORMED = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": http(line=b"GET / HTTP/9.9"),
    "a space in the method": http(line=b"GE T / HTTP/1.1"),
    "a method that HTTP does not know": http(line=b"BREW / HTTP/1.1"),
    "no colon": http(b"X-One"),
    "a space before the colon": http(b"X-One : a"),
    "a folded header": http(b"X-One: a\r\n b"),
    "a bare line feed": http(b"X-One: a\nX-Two: b"),
    "a NUL": http(b"X-One: a\0b"),
    "a length that is no number": http(b"Content-Length: x"),
    "a negative length": http(b"Content-Length: -1"),
    "a length with a sign": http(b"Content-Length: +1", body=b"x"),
    "two lengths": http(b"Content-Length: 1", b"Content-Length: 2", body=b"xx"),
    "a coding before chunked": http(b"Transfer-Encoding: gzip", body=chunked(b"x")),
    "chunks of no size": http(b"Transfer-Encoding: chunked", body=b"zz\r\n"),
    "a header too long": http(b"X-One: " + b"a" * (LIMIT + 1)),
    "a name too long": http(b"x" * (LIMIT + 1) + b": a"),
    "a line too long": http(line=b"GET /" + b"a" * LIMIT + b" HTTP/1.1"),
    "too many headers": http(*(b"X-%d: a" % number for number in range(MAX_HEADERS))),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_is_not_taken(name: str) -> None:
    """One answer of our making, of a fixed text that quotes nothing; then the connection is closed, whatever follows."""
    async with data_port(echo, Limits(header_bytes=LIMIT)) as port:
        reply = await port.say(MALFORMED[name] + http())
        assert [(type(error), status_of(reply)) for error in port.malformed] == [(BadRequest, 400)]
        assert reply.count(b"HTTP/1.") == 1 + reply.count(b"HTTP/1.1 (its request line")
        assert body_of(reply) == [port.malformed[0].message]
        assert re.search(rb"(?i)\r\nconnection: close\r\n", reply) or reply.startswith(b"HTTP/1.0 ")
        assert status_of(await port.say(http())) == 200


async def test_what_is_just_taken() -> None:
    """Lines, headers and their number up to the limit."""
    async with data_port(echo, Limits(header_bytes=LIMIT)) as port:
        longest = b"X-One: " + b"a" * (LIMIT - 200)
        line = b"GET /" + b"a" * (LIMIT - 200) + b" HTTP/1.1"
        many = [b"X-%d: a" % number for number in range(MAX_HEADERS - 3)]
        assert [status_of(await port.say(http(*given, line=told))) for given, told in [
            ([longest], b"GET / HTTP/1.1"), ([], line), (many, b"GET / HTTP/1.1")]] == [200, 200, 200]  # fmt: skip
        assert port.malformed == []


async def test_a_body_that_breaks_while_it_is_read() -> None:
    """Its reader is told at once, on its own connection; the bad bytes are no request of their own."""
    failures: list[Exception] = []

    async def reads(request: web.BaseRequest) -> web.Response:
        try:
            await request.read()
        except web.RequestPayloadError as failure:
            failures.append(failure)
            return web.Response(status=400, text="broken")
        return web.Response(text="whole")

    async with data_port(reads) as port:
        head = http(b"Transfer-Encoding: chunked", body=chunked(b"hello", end=False), close=False)
        reply = await port.say(head, b"zz\r\n", http(), pause_s=0.05)
        assert (status_of(reply), body_of(reply), reply.count(b"HTTP/1.1 ")) == (400, ["broken"], 1)
        assert (len(failures), port.malformed) == (1, [])


async def test_a_body_that_breaks_when_nobody_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    """The reply has gone out already; the connection is closed, and nothing is said about it."""

    async def refuses(_: web.BaseRequest) -> web.Response:
        return web.Response(status=401, text="no")

    async with data_port(refuses) as port:
        head = http(b"Transfer-Encoding: chunked", body=chunked(b"hello", end=False), close=False)
        reply = await port.say(head, b"zz\r\n", pause_s=0.05)
        assert (status_of(reply), body_of(reply)) == (401, ["no"])
        assert (port.malformed, caplog.messages) == ([], [])


async def test_a_body_that_breaks_behind_another_request() -> None:
    """It waits its turn, is told, and the one before it gets its reply."""
    turn = asyncio.Event()

    async def reads(request: web.BaseRequest) -> web.Response:
        await turn.wait()
        try:
            return web.Response(text=f"{len(await request.read())} bytes")
        except web.RequestPayloadError:
            return web.Response(status=400, text="broken")

    async with data_port(reads) as port:
        first = http(b"Content-Length: 3", body=b"one", close=False)
        second = http(b"Transfer-Encoding: chunked", body=chunked(b"two", end=False), close=False)
        asyncio.get_running_loop().call_later(0.3, turn.set)
        reply = await port.say(first + second, b"zz\r\n", pause_s=0.05)
        assert status_of(reply) == 200
        assert b"3 bytes" in reply
        assert b"whole" not in reply


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines of the log since it was set up, which a test does itself, without their times."""

    def lines() -> list[dict[str, Any]]:
        told = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
        return [{name: value for name, value in line.items() if name != "timestamp"} for line in told]

    yield lines
    structlog.reset_defaults()


async def test_what_escapes_a_handler(logged: Callable[[], list[dict[str, Any]]]) -> None:
    """503 with a fixed text that quotes nothing, and the connection is closed; the log has its type and place."""

    async def crashes(_: web.BaseRequest) -> web.Response:
        raise KeyError("a secret word")

    configure("debug")
    async with data_port(crashes) as port:
        reply = await port.say(http(close=False))
        assert [type(error) for error in port.malformed] == [Unavailable]
        assert (status_of(reply), body_of(reply)) == (503, ["the request could not be handled"])
    (line,) = logged()
    assert line.pop("where").startswith("test_data_port.py:")
    assert line == {"level": "error", "event": "crash", "error": "KeyError"}


async def test_what_escapes_a_handler_within_its_reply(logged: Callable[[], list[dict[str, Any]]]) -> None:
    """There can be no second reply: the connection is cut, and what came is not the whole. The log has it all the same."""

    async def crashes(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"one")
        raise KeyError("a secret word")

    configure("debug")
    async with data_port(crashes) as port:
        reply = await port.say(http(close=False))
        assert (status_of(reply), reply.count(b"HTTP/1.1 "), port.malformed) == (200, 1, [])
        assert b"one" in reply
        assert not reply.endswith(b"0\r\n\r\n")
    assert [line["event"] for line in logged()] == ["crash"]


async def test_what_is_not_http_is_not_logged(logged: Callable[[], list[dict[str, Any]]]) -> None:
    """A stranger writes no line of the log."""
    configure("debug")
    async with data_port(echo) as port:
        for said in MALFORMED.values():
            await port.say(said)
    assert logged() == []


@pytest.mark.parametrize(
    ("begun", "drop"),
    [(b"", b""), (b"\r\n", b"\r\n"), (b"POST / HT", b""), (b"POST / HTTP/1.1\r\nX-One: ", b"a")],
    ids=["nothing", "empty lines", "half a line", "an endless header"],
)
async def test_headers_that_do_not_come(begun: bytes, drop: bytes) -> None:
    """A connection that has not come to its first request in time is closed without a word, also while it drips."""
    async with data_port(echo, Limits(header_timeout_s=0.3)) as port, asyncio.timeout(GIVE_UP_S):
        reader, writer = await port.connect()
        writer.write(begun)
        ended = asyncio.ensure_future(reader.read())
        while not ended.done():
            await asyncio.wait([ended], timeout=0.05)
            writer.write(drop)
        writer.close()
        assert (ended.result(), port.malformed) == (b"", [])


async def test_the_time_for_headers_is_for_the_first_ones() -> None:
    """A body may take longer, and a connection that was used is kept."""
    async with data_port(echo, Limits(header_timeout_s=0.2)) as port, asyncio.timeout(GIVE_UP_S):
        reader, writer = await port.connect()
        for _ in range(2):
            writer.write(http(b"Content-Length: 5", body=b"he", close=False))
            await asyncio.sleep(0.3)
            writer.write(b"llo")
            reply = await reader.readuntil(b"5 bytes")
            assert status_of(reply) == 200
        writer.close()


@pytest.mark.parametrize("drop", [b"", b"\r\n", b"a"], ids=["idle", "empty lines", "an endless header"])
async def test_a_used_connection_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch, drop: bytes) -> None:
    """It is closed in time whether nothing comes on it or a next request that never ends."""
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.3)
    async with data_port(echo) as port, asyncio.timeout(GIVE_UP_S):
        reader, writer = await port.connect()
        writer.write(http(close=False))
        assert status_of(await reader.readuntil(b"0 bytes")) == 200
        writer.write(b"GET / HTTP/1.1\r\nX-One: " if drop == b"a" else drop)
        ended = asyncio.ensure_future(reader.read())
        while not ended.done():
            await asyncio.wait([ended], timeout=0.05)
            writer.write(drop)
        writer.close()
        assert (ended.result(), port.malformed) == (b"", [])


async def test_a_caller_that_hangs_up() -> None:
    """Its handler is cancelled."""
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def waits(_: web.BaseRequest) -> web.Response:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError("unreachable")

    async with data_port(waits) as port, asyncio.timeout(GIVE_UP_S):
        _, writer = await port.connect()
        writer.write(http())
        await begun.wait()
        assert not cancelled.is_set()
        writer.transport.abort()
        await cancelled.wait()


FRAMINGS: dict[str, tuple[list[tuple[str, str]], str]] = {
    # headers; what the refusal says, nothing where there is none
    "no body": ([("Host", "a")], ""),
    "a length": ([("Host", "a"), ("Content-Length", "5")], ""),
    "chunks": ([("Transfer-Encoding", "chunked")], ""),
    "chunks, as it may be spelled": ([("transfer-encoding", " Chunked ")], ""),
    "both": ([("Transfer-Encoding", "chunked"), ("Content-Length", "5")], "both Transfer-Encoding and Content-Length"),
    "both, the length is nothing": ([("Transfer-Encoding", "chunked"), ("Content-Length", "0")], "both Transfer-Encoding"),
    "two codings": ([("Transfer-Encoding", "gzip, chunked")], "the only transfer coding"),
    "two codings, apart": ([("Transfer-Encoding", "gzip"), ("Transfer-Encoding", "chunked")], "the only transfer coding"),
    "chunked twice": ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], "the only transfer coding"),
    "another coding": ([("Transfer-Encoding", "identity")], "the only transfer coding"),
    "a coding of no name": ([("Transfer-Encoding", "")], "the only transfer coding"),
    "a coding with a tail": ([("Transfer-Encoding", "chunked;q=1")], "the only transfer coding"),
    "two lengths": ([("Content-Length", "5"), ("content-length", "6")], "given twice"),
    "two equal lengths": ([("Content-Length", "5"), ("Content-Length", "5")], "given twice"),
    "two hosts": ([("Host", "a"), ("host", "b")], "given twice"),
    "two equal hosts": ([("Host", "a"), ("Host", "a")], "given twice"),
}  # fmt: skip


def framed(headers: list[tuple[str, str]]) -> Inbound:
    """A request of which only the headers are looked at: some of these never come through aiohttp's own parser."""
    return Inbound("POST", "/", tuple((name.lower(), value) for name, value in headers), b"")


@pytest.mark.parametrize("name", FRAMINGS)
def test_framing(name: str) -> None:
    """What two servers could read differently is refused with the reason."""
    headers, why = FRAMINGS[name]
    if not why:
        refuse_transfer_tricks(framed(headers))
        return
    with pytest.raises(BadRequest, match=why):
        refuse_transfer_tricks(framed(headers))
