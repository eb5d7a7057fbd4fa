"""The service behind: what exactly is sent, once; and a reply that may be relayed, or an error that says why not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from support.raw_service import Answer, RawService, raw_service, says

from proxy.errors import UpstreamError, UpstreamTimeout, UpstreamUnreachable
from proxy.exchange import Forward, Inspected, Receipt
from proxy.forward.client import MAX_REPLY_HEADER
from proxy.forward.upstream import Endpoint, Outgoing, Upstream
from proxy.operation import Called, Disposition, Operation

CHAT = Operation("chat.completions", ("POST",), ("/openai/v1/chat/completions",), Disposition.SCREEN)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def outgoing(*chunks: bytes | memoryview, query: tuple[tuple[str, str], ...] = ()) -> Outgoing:
    """A permission to send a body of these chunks."""
    called = Called(CHAT, "/openai/v1/chat/completions", query)
    return Outgoing(Forward(called, Inspected("application/json", chunks or (b"{}",))), Receipt("fgd_1"), ())


@asynccontextmanager
async def client(
    answer: Answer, key: str | None = "the key", tail: str = "", **options: float
) -> AsyncIterator[tuple[Upstream, RawService]]:
    """A client of a service that answers so; `tail` ends the endpoint's address."""
    async with raw_service(answer) as service:
        endpoint = Endpoint(service.url + tail, SecretStr(key) if key else None, **options)  # type: ignore[arg-type] # numbers, as the fields ask
        upstream = Upstream(endpoint)
        try:
            yield upstream, service
        finally:
            await upstream.close()


async def answer_of(upstream: Upstream, sending: Outgoing | None = None) -> tuple[int, bytes]:
    """Send a request: status and body of the reply."""
    async with await upstream.send(sending or outgoing(), ()) as reply:
        return reply.status, await reply.read()


def parsed(request: bytes) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """Request line, headers and body of a request; `Host` and its port are left out."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    pairs = [(name.lower(), value) for name, value in (header.split(b": ", 1) for header in headers)]
    return line, [pair for pair in pairs if pair[0] != b"host"], body


async def test_the_whole_of_a_request() -> None:
    """Request line, every header and the body; nothing is added, and of the caller's headers only those that may travel."""
    caller = [
        ("accept", "*/*"),
        ("api-key", "fg_secret"),
        ("user-agent", "sdk"),
        ("facegate-attributes", "camera=dash"),
    ]
    async with client(says(OK)) as (upstream, service):
        sending = outgoing(b'{"a":1}', query=(("api-version", "2024-10-21"), ("x", "y")))
        async with await upstream.send(sending, caller) as reply:
            assert (reply.status, await reply.read()) == (200, b"ok")
    assert [parsed(request) for request in service.requests] == [
        (
            b"POST /openai/v1/chat/completions?api-version=2024-10-21&x=y HTTP/1.1",
            [
                (b"content-type", b"application/json"),
                (b"content-length", b"7"),
                (b"api-key", b"the key"),
                (b"accept", b"*/*"),
                (b"user-agent", b"sdk"),
            ],
            b'{"a":1}',
        )
    ]


async def test_the_least_of_a_request() -> None:
    """Without a key and without headers of the caller's, the client invents none."""
    async with client(says(OK), key=None) as (upstream, service):
        assert await answer_of(upstream) == (200, b"ok")
    assert [parsed(request) for request in service.requests] == [
        (
            b"POST /openai/v1/chat/completions HTTP/1.1",
            [(b"content-type", b"application/json"), (b"content-length", b"2")],
            b"{}",
        )
    ]


async def test_values_keep_their_bytes() -> None:
    """A header's bytes go on as they came, whatever their character set."""
    caller = [("user-agent", "caf\u00e9".encode().decode("latin-1"))]
    async with client(says(OK)) as (upstream, service), await upstream.send(outgoing(), caller) as reply:
        assert reply.status == 200
    assert (b"user-agent", "caf\u00e9".encode()) in parsed(service.requests[0])[1]


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b"], ids=["a header", "LF", "CR", "NUL"])
async def test_no_header_within_a_header(value: str) -> None:
    """The parser lets no such value in; if one came, nothing would be sent."""
    async with client(says(OK)) as (upstream, service):
        with pytest.raises(ValueError, match="end of a line"):
            await upstream.send(outgoing(), [("user-agent", value)])
    assert service.requests == []


async def test_a_call_without_a_body() -> None:
    """GET has no framing of a body, another method says that it has none."""
    async with client(says(OK), key=None) as (upstream, service):
        for method in ("GET", "DELETE"):
            called = Called(CHAT, "/openai/v1/files", (), method=method)
            sending = Outgoing(Forward(called, Inspected("", ())), Receipt("fgd_1"), ())
            assert await answer_of(upstream, sending) == (200, b"ok")
    assert [parsed(request) for request in service.requests] == [
        (b"GET /openai/v1/files HTTP/1.1", [], b""),
        (b"DELETE /openai/v1/files HTTP/1.1", [(b"content-length", b"0")], b""),
    ]


async def test_an_endpoint_with_a_path() -> None:
    """The operation's path follows the endpoint's."""
    async with client(says(OK), tail="/gateway/") as (upstream, service):
        await answer_of(upstream)
    assert service.requests[0].startswith(b"POST /gateway/openai/v1/chat/completions HTTP/1.1\r\n")


async def test_a_slash_behind_the_endpoint_is_not_doubled() -> None:
    """`https://host/` is the same endpoint as `https://host`."""
    async with client(says(OK), tail="/") as (upstream, service):
        await answer_of(upstream)
    assert service.requests[0].startswith(b"POST /openai/v1/chat/completions HTTP/1.1\r\n")


BIG = bytes(range(256)) * 4096  # 1 MiB

BODIES: dict[str, Sequence[bytes | memoryview]] = {
    "one small chunk": (b'{"a":1}',),
    "chunks and views": (b'{"a":"', memoryview(b"xyz")[1:], b'"}'),
    "an empty chunk between": (b"{", b"", b"}"),
    "one large chunk": (BIG,),
    "large views among small chunks": (b"head", memoryview(BIG)[5:], b"middle", memoryview(BIG)[: 256 * 1024], b"tail"),
    "to the byte one write": (BIG[: 256 * 1024],),
    "one byte more": (BIG[: 256 * 1024 + 1],),
}


@pytest.mark.parametrize("name", BODIES)
async def test_what_was_inspected_is_what_is_sent(name: str) -> None:
    """However the body is cut, its bytes and its length arrive as they were inspected, not in a transfer coding."""
    chunks = BODIES[name]
    async with client(says(OK)) as (upstream, service):
        assert await answer_of(upstream, outgoing(*chunks)) == (200, b"ok")
    _, headers, body = parsed(service.requests[0])
    assert body == b"".join(chunks)
    assert dict(headers)[b"content-length"] == b"%d" % len(body)
    assert b"transfer-encoding" not in dict(headers)


async def test_a_request_is_sent_once() -> None:
    """The permission and its body are given away with the first sending."""
    async with client(says(OK)) as (upstream, service):
        sending = outgoing()
        assert await answer_of(upstream, sending) == (200, b"ok")
        with pytest.raises(RuntimeError, match="sent once"):
            await upstream.send(sending, ())
    assert len(service.requests) == 1


async def test_connections_are_kept() -> None:
    """Request after request goes over the same connection."""
    async with client(says(OK)) as (upstream, service):
        assert [await answer_of(upstream) for _ in range(3)] == [(200, b"ok")] * 3
    assert (len(service.requests), service.connections) == (3, 1)


async def test_a_kept_connection_that_was_closed_meanwhile() -> None:
    """The service closes an idle connection after its reply; the next request takes a fresh one."""
    async with client(says(OK, close=True)) as (upstream, service):
        for _ in range(3):
            assert await answer_of(upstream) == (200, b"ok")
            await asyncio.sleep(0.05)
    assert (len(service.requests), service.connections) == (3, 3)


async def test_a_kept_connection_that_closes_as_the_request_arrives() -> None:
    """Nobody can tell whether the service acted on it, so a POST is not sent again: the caller learns, and may try again."""

    async def leaves(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 2:
            writer.close()
        else:
            writer.write(OK)

    async with client(leaves) as (upstream, service):
        assert await answer_of(upstream) == (200, b"ok")
        with pytest.raises(UpstreamUnreachable):
            await answer_of(upstream)
        assert len(service.requests) == 2
        assert await answer_of(upstream) == (200, b"ok")
    assert (len(service.requests), service.connections) == (3, 2)


STRAYS = {
    "another reply": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nanother",
    "the beginning of another reply": b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\nanother",
    "no HTTP": b"whatever this is\r\n\r\n",
}


@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("name", STRAYS)
async def test_what_follows_a_reply_is_nobodys_reply(name: str, *, late: bool) -> None:
    """Bytes beyond the reply's length never become the reply to the next request, which may be another tenant's."""

    async def talks_on(number: int, writer: asyncio.StreamWriter) -> None:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number
        if late:
            writer.write(reply)
            await asyncio.sleep(0.05)
            writer.write(STRAYS[name])
        else:
            writer.write(reply + STRAYS[name])

    async with client(talks_on) as (upstream, service):
        for number in (b"1", b"2", b"3"):
            try:
                assert await answer_of(upstream) == (200, number)
            except UpstreamUnreachable:  # what is no HTTP spoils a reply in whose packet it comes
                assert (name, late) == ("no HTTP", False)
            await asyncio.sleep(0.15)
    assert (len(service.requests), service.connections) == (3, 3)


NO_REPLY = {
    "hangs up": says(close=True),
    "hangs up within the head": says(b"HTTP/1.1 200 OK\r\nContent-Le", close=True),
    "no HTTP": says(b"220 mail.example ESMTP\r\n", close=True),
    "a head too large": says(
        b"HTTP/1.1 200 OK\r\nX-One: " + b"a" * (MAX_REPLY_HEADER + 1024) + b"\r\nContent-Length: 2\r\n\r\nok"
    ),
    "too many headers": says(b"HTTP/1.1 200 OK\r\n" + b"X-One: a\r\n" * 2000 + b"Content-Length: 2\r\n\r\nok"),
    "two lengths": says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
    "a length that is none": says(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"),
    "redirect": says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
    "redirect to nowhere": says(b"HTTP/1.1 308 Permanent Redirect\r\nContent-Length: 0\r\n\r\n"),
    "not modified": says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "another protocol": says(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
}


@pytest.mark.parametrize("name", NO_REPLY)
async def test_what_is_no_reply(name: str) -> None:
    """Each is the service's failure, not a reply to relay, and the request is not sent again."""
    async with client(NO_REPLY[name]) as (upstream, service):
        with pytest.raises(UpstreamError) as caught:
            await answer_of(upstream)
        assert type(caught.value) is UpstreamUnreachable
    assert len(service.requests) == 1


REPLIES = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (200, b"hello")),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        (200, b"hello"),
    ),
    "chunks with extensions and trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n5;a=b\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n",
        (200, b"hello"),
    ),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
    "an early hint first": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        (200, b"ok"),
    ),
    "a large head": (
        b"HTTP/1.1 200 OK\r\nX-One: " + b"a" * (MAX_REPLY_HEADER - 1024) + b"\r\nContent-Length: 2\r\n\r\nok",
        (200, b"ok"),
    ),
    "an error": (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy", (503, b"busy")),
    "a status of their own": (b"HTTP/1.1 599 Whatever\r\nContent-Length: 0\r\n\r\n", (599, b"")),
}


@pytest.mark.parametrize("name", REPLIES)
async def test_what_is_a_reply(name: str) -> None:
    """Every framing of HTTP/1.1; the reply is given with its own status, also an error's."""
    said, expected = REPLIES[name]
    async with client(says(said)) as (upstream, _):
        assert await answer_of(upstream) == expected


async def test_a_reply_that_ends_with_the_connection() -> None:
    """Without length or chunks the reply lasts until the service hangs up."""
    async with client(says(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", close=True)) as (upstream, _):
        assert await answer_of(upstream) == (200, b"hello")


async def test_a_compressed_reply_stays_compressed() -> None:
    """The caller asked for the coding, and undoes it."""
    body = b"\x1f\x8b not even gzip"
    said = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with client(says(said)) as (upstream, _):
        assert await answer_of(upstream) == (200, body)


async def test_cookies_are_not_kept() -> None:
    """What the service sets in the reply to one caller does not travel with the request of another."""
    said = b"HTTP/1.1 200 OK\r\nSet-Cookie: who=one; Path=/\r\nContent-Length: 2\r\n\r\nok"
    async with client(says(said)) as (upstream, service):
        await answer_of(upstream)
        await answer_of(upstream)
    assert b"cookie" not in service.requests[1].lower()


async def test_a_service_that_speaks_before_it_is_asked() -> None:
    """A whole reply that waits on the fresh connection is not taken for the answer, however often one is made."""
    made = 0

    async def talks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talks, "127.0.0.1", 0)
    upstream = Upstream(Endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", None, connections=3))
    with pytest.raises(UpstreamUnreachable):
        await answer_of(upstream)
    assert 1 <= made <= 4
    await upstream.close()
    server.close()


async def test_no_proxy_or_netrc_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go where the settings say, whatever the process's environment holds."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with client(says(OK)) as (upstream, _):
        assert await answer_of(upstream) == (200, b"ok")


async def test_silence_is_a_timeout() -> None:
    """A service that does not begin its reply in time."""

    async def silent(_: int, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with client(silent, read_timeout_s=0.2) as (upstream, service):
        with pytest.raises(UpstreamTimeout):
            await answer_of(upstream)
    assert len(service.requests) == 1


async def test_nobody_listens() -> None:
    """A port that refuses connections."""
    async with client(says(OK)) as (_, service):
        free = service.url
    upstream = Upstream(Endpoint(free, None))
    with pytest.raises(UpstreamUnreachable):
        await upstream.send(outgoing(), ())
    await upstream.close()


async def test_leaving_a_reply_early_hangs_up() -> None:
    """The service notices within the connection, so that it can stop working."""
    gone = asyncio.Event()

    async def endless(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        try:
            while True:
                await asyncio.sleep(0.01)
                writer.write(b"1\r\nx\r\n")
                await writer.drain()
        finally:
            gone.set()

    async with client(endless) as (upstream, _):
        async with await upstream.send(outgoing(), ()) as reply:
            assert (await reply.content.readany()).startswith(b"hello")
        async with asyncio.timeout(5):
            await gone.wait()


@pytest.mark.parametrize(("number", "taken"), [(8, True), (9, False), (10_000, False)])
async def test_a_reply_that_is_announced_without_end(number: int, *, taken: bool) -> None:
    """A few interim replies are passed over; with more the service counts as out of reach."""
    async with client(says(b"HTTP/1.1 103 Early Hints\r\n\r\n" * number + OK)) as (upstream, _):
        if taken:
            assert await answer_of(upstream) == (200, b"ok")
        else:
            with pytest.raises(UpstreamUnreachable):
                await answer_of(upstream)
