"""What is not HTTP as one server would read it ends in a clear refusal with a record, and the next request is served."""

import asyncio
from pathlib import Path

import orjson
import pytest
from support.gate import KEYS, Gate, gate

BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]}'
KEY = KEYS["retail-co"].encode()
PATH = b"/openai/v1/chat/completions"


def request(
    *headers: bytes, line: bytes = b"POST " + PATH + b" HTTP/1.1", body: bytes = BODY, length: bool = True
) -> bytes:
    """A request, as bytes."""
    fixed = [b"Host: proxy", b"api-key: " + KEY, b"Content-Type: application/json", b"Connection: close"]
    if length:
        fixed.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([line, *fixed, *headers]) + b"\r\n\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def parsed(reply: bytes) -> tuple[int, dict[str, object]]:
    """Status and error object of a reply."""
    head, _, body = reply.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), (orjson.loads(body)["error"] if body.startswith(b'{"error"') else {})


FINE = {
    "plain": request(),
    "chunked": request(b"Transfer-Encoding: chunked", length=False, body=chunked(BODY[:10], BODY[10:])),
    "http/1.0": request(line=b"POST " + PATH + b" HTTP/1.0"),
    "expect": request(b"Expect: 100-continue"),
    "other header names": request(b"X-HTTP-Method-Override: GET", b"X-Original-URL: /openai/files"),
}


@pytest.mark.parametrize("name", FINE)
async def test_what_is_served(proxy: Gate, name: str) -> None:
    """Ordinary requests, in all the shapes that HTTP/1.1 gives them."""
    reply = await proxy.raw(FINE[name])
    assert b" 200 " in reply.split(b"\r\n")[0] or reply.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert len(proxy.service.arrived) == 1
    assert orjson.loads(proxy.service.arrived[0].body) == orjson.loads(BODY)
    sent = {name for name, _ in proxy.service.arrived[0].headers}
    assert sent <= {"host", "content-type", "content-length", "api-key", "accept", "accept-encoding", "user-agent"}


REFUSED = {
    "both lengths": (request(b"Transfer-Encoding: chunked", body=chunked(BODY)), 400),
    "two lengths": (request(b"Content-Length: 3"), 400),
    "two equal lengths": (request(b"Content-Length: %d" % len(BODY)), 400),
    "negative length": (request(b"Content-Length: -1", length=False), 400),
    "length with a sign": (request(b"Content-Length: +%d" % len(BODY), length=False), 400),
    "length list": (request(b"Content-Length: %d, %d" % (len(BODY), len(BODY)), length=False), 400),
    "gzip transfer coding": (request(b"Transfer-Encoding: gzip, chunked", length=False, body=chunked(BODY)), 400),
    "identity transfer coding": (request(b"Transfer-Encoding: identity"), 400),
    "chunked twice": (request(b"Transfer-Encoding: chunked, chunked", length=False, body=chunked(BODY)), 400),
    "disguised chunked": (request(b"Transfer-Encoding: xchunked", length=False, body=chunked(BODY)), 400),
    "bad chunk size": (request(b"Transfer-Encoding: chunked", length=False, body=b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"), 400),
    "huge chunk size": (request(b"Transfer-Encoding: chunked", length=False, body=b"f" * 20 + b"\r\n"), 400),
    "two hosts": (request(b"Host: other"), 400),
    "folded header": (request(b"X-One: a\r\n b"), 400),
    "space before colon": (request(b"X-One : a"), 400),
    "bare line feed": (request(b"X-One: a\nX-Two: b"), 400),
    "NUL in a header": (request(b"X-One: a\0b"), 400),
    "long header": (request(b"X-One: " + b"a" * 20_000), 400),
    "many headers": (request(*(b"X-%d: a" % number for number in range(200))), 400),
    "long request line": (request(line=b"POST /" + b"a" * 20_000 + b" HTTP/1.1"), 400),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/9": (request(line=b"POST " + PATH + b" HTTP/9.9"), 400),
    "method with a space": (request(line=b"PO ST " + PATH + b" HTTP/1.1"), 400),
    "two attributes that clash": (request(b"Facegate-Attributes: camera=dash, camera=drone"), 400),
    "malformed attributes": (request(b"Facegate-Attributes: camera=body worn;;"), 400),
}  # fmt: skip

NOT_FOUND = {
    "encoded slash": b"/openai/v1%2Fchat/completions",
    "dot segment": b"/openai/v1/files/../chat/completions",
    "encoded dots": b"/openai/v1/%2e%2e/v1/chat/completions",
    "double encoding": b"/openai/v1/%252e%252e/chat/completions",
    "double slash": b"/openai//v1/chat/completions",
    "trailing slash": b"/openai/v1/chat/completions/",
    "backslash": b"/openai/v1\\chat/completions",
    "upper case": b"/OpenAI/v1/chat/completions",
    "parameter": b"/openai/v1/chat;x=1/completions",
    "fragment": b"/openai/v1/chat/completions#x",
    "absolute form": b"http://elsewhere.example/openai/v1/chat/completions",
    "another API of the host": b"/face/v1.0/detect",
    "asterisk": b"*",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused(proxy: Gate, name: str) -> None:
    """Each is answered in the service's error envelope, recorded, never sent; and the proxy serves on."""
    data, status = REFUSED[name]
    answered, error = parsed(await proxy.raw(data))
    assert (answered, error["code"]) == (status, "invalid_request")
    assert isinstance(error["message"], str)
    await served_on(proxy, status)


@pytest.mark.parametrize(
    "data",
    [request()[:-5], request(b"Transfer-Encoding: chunked", length=False, body=chunked(BODY)[:-7])],
    ids=["length", "chunks"],
)
async def test_a_caller_that_hangs_up_within_its_body(proxy: Gate, data: bytes) -> None:
    """A body that is cut short is never sent, and is recorded as what it is."""
    assert await proxy.raw(data, close=True) == b""
    (ending,) = await proxy.endings()
    assert ending["ended"] == "cancelled"
    (decision,) = await proxy.records("decision")
    assert (decision["outcome"], decision["status"], decision["code"]) == ("rejected", 499, "caller_left")
    assert decision["tenant"] == "retail-co"
    assert proxy.service.arrived == []
    assert proxy.facegate.shell.in_flight.held == 0


@pytest.mark.parametrize("name", NOT_FOUND)
async def test_paths_that_are_no_operation(proxy: Gate, name: str) -> None:
    """A path that two servers could read differently is not found."""
    line = b"POST " + NOT_FOUND[name] + b" HTTP/1.1"
    status, error = parsed(await proxy.raw(request(line=line)))
    assert (status, error["code"]) in ((404, "not_inspectable"), (400, "invalid_request"))
    await served_on(proxy, status)


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "post", "BREW"]
)
async def test_methods(proxy: Gate, method: str) -> None:
    """Only the methods of the catalogue pass."""
    reply = await proxy.raw(request(line=method.encode() + b" " + PATH + b" HTTP/1.1"))
    assert int(reply.split(b" ", 2)[1]) in (400, 404, 405, 422)
    assert proxy.service.arrived == []
    assert len(await proxy.records("decision")) == 1


async def test_an_upgrade_is_not_taken(proxy: Gate) -> None:
    """A call that asks to become a WebSocket is answered as what it is, or refused; nothing is sent unread."""
    asks = (b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
    upgrade = request(*asks).replace(b"Connection: close", b"Connection: Upgrade, close")
    reply = await proxy.raw(upgrade)
    assert b" 101 " not in reply.split(b"\r\n")[0]
    for arrived in proxy.service.arrived:
        assert orjson.loads(arrived.body) == orjson.loads(BODY)
        assert arrived.header("upgrade") is None


async def test_a_second_request_on_the_line_is_screened_too(proxy: Gate) -> None:
    """Pipelined requests are each read, judged and recorded."""
    first = request().replace(b"Connection: close", b"Connection: keep-alive")
    second = request(line=b"POST /openai/v1/realtime/client_secrets HTTP/1.1")
    reply = await proxy.raw(first + second)
    assert reply.count(b"HTTP/1.1 ") == 2
    assert len(proxy.service.arrived) == 1
    assert [one["status"] for one in await proxy.records("decision")] == [None, 422]


async def test_a_body_larger_than_the_limit_is_not_read(proxy: Gate) -> None:
    """A gigabyte that is announced is refused before any of it is read."""
    head = request(b"Content-Length: 1073741824", length=False, body=b"")
    status, error = parsed(await proxy.raw(head + b'{"model":'))
    assert (status, error["code"]) == (413, "too_large")
    assert proxy.metric("facegate_inflight_bytes") == 0
    await served_on(proxy, 413)


async def test_an_endless_body_is_cut_off(tmp_path: Path) -> None:
    """A body that is not announced is read up to the limit, and no further."""
    async with gate(tmp_path, limits={"body_bytes": 100_000}) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.facegate.data_port)
        writer.write(request(b"Transfer-Encoding: chunked", length=False, body=b""))
        sent = 0
        try:
            while sent < 50_000_000 and not reader.at_eof() and not reader._buffer:  # type: ignore[attr-defined] # whether a reply has come
                writer.write(b"2710\r\n" + b" " * 10_000 + b"\r\n")
                await writer.drain()
                sent += 10_000
        except ConnectionError:
            pass
        reply = await reader.read(65536)
        writer.close()
        assert parsed(reply)[0] == 413
        assert sent < 50_000_000
        assert proxy.facegate.shell.in_flight.held == 0
        await served_on(proxy, 413)


@pytest.mark.parametrize("limit", ["idle_timeout_s", "body_timeout_s"])
async def test_a_slow_body(tmp_path: Path, limit: str) -> None:
    """A body that stops arriving, or that drips for too long, is answered 408."""
    async with gate(tmp_path, limits={limit: 0.3}) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.facegate.data_port)
        writer.write(request()[:-10])
        drip = 0.05 if limit == "body_timeout_s" else 60.0
        waiting = asyncio.ensure_future(reader.read(65536))
        while not waiting.done():
            await asyncio.wait([waiting], timeout=drip)
            if not waiting.done():
                writer.write(b" ")
        assert parsed(waiting.result())[0] == 408
        writer.close()
        await served_on(proxy, 408)


async def test_slow_headers(tmp_path: Path) -> None:
    """A connection that does not come to its first request is closed."""
    async with gate(tmp_path, limits={"header_timeout_s": 0.2}) as proxy:
        assert await proxy.raw(b"POST / HTTP/1.1\r\nHost: pro") == b""


async def test_too_much_at_once(tmp_path: Path) -> None:
    """When the bodies in memory reach their limit, further large ones are asked to come back, and small ones pass."""
    async with gate(tmp_path, limits={"inflight_bytes": 150_000}) as proxy:
        large = request(b"Content-Length: 130000", length=False, body=b"")
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.facegate.data_port)
        writer.write(large + b" " * 120_000)
        async with asyncio.timeout(5):
            while proxy.facegate.shell.in_flight.held < 120_000:
                await asyncio.sleep(0.01)
        status, body, headers = await proxy.post(b'{"x":"' + b"a" * 120_000 + b'"}')
        assert (status, body["error"]["code"]) == (503, "examination_unavailable")
        assert "x-should-retry" not in headers
        assert (await proxy.post(BODY))[0] == 200
        writer.close()
        async with asyncio.timeout(5):
            while proxy.facegate.shell.in_flight.held:
                await asyncio.sleep(0.01)
        del reader
        gone = [one["code"] for one in await proxy.records("decision") if one["status"] in (400, 499)]
        assert gone in (["caller_left"], ["invalid_request"])


async def served_on(proxy: Gate, status: int) -> None:
    """The bad request left one decision and one outcome, nothing reached the service, and the next request is served."""
    assert proxy.service.arrived == []
    (decision,) = await proxy.records("decision")
    assert (decision["outcome"], decision["status"]) == ("rejected", status)
    (ending,) = await proxy.endings()
    assert (ending["ended"], ending["decision_id"]) == ("refused", decision["decision_id"])
    good, _, _ = await proxy.post(BODY)
    assert good == 200
