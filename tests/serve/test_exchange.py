"""One exchange from outside: what every ending answers, what it records, and that nothing of it is left over."""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import pytest_asyncio
import structlog
from aiohttp import web
from support.gate import KEYS, Gate, gate

from proxy.demo.calls import photograph
from proxy.errors import Unavailable
from proxy.exchange import Screened
from proxy.serve import data_port
from proxy.serve.log import configure

pytestmark = pytest.mark.asyncio(loop_scope="module")

GIVE_UP_S = 20.0
"""Seconds after which a test that waits has failed."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    """A running proxy for all tests: to load word lists takes longer than an exchange."""
    folder = tmp_path_factory.mktemp("exchange")
    async with gate(folder, limits={"body_bytes": 150_000}, examination={"queue": 2}) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(shared: Gate) -> Gate:
    """The same, with nothing left of other tests in it, in its journal and its stand-in."""
    await nothing_is_left(shared)
    await shared.records()
    os.truncate(shared.journal, 0)
    shared.service.arrived.clear()
    shared.service.cancelled.clear()
    shared.service.behave = None
    return shared


PATH = "/openai/v1/chat/completions"


def chat(text: str = "hello", picture: str | None = None, **more: Any) -> dict[str, Any]:
    """A chat request."""
    parts = [{"type": "text", "text": text}]
    shown = [] if picture is None else [{"type": "image_url", "image_url": {"url": picture}}]
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": [*parts, *shown]}], **more}


HELLO = chat()
WHO = chat("Who is this?", photograph("astronaut.jpg"))
COFFEE = chat("What is this?", photograph("coffee.jpg"))
REMOTE = chat("What is this?", "https://pictures.example/a.png")


def large(body: dict[str, Any]) -> bytes:
    """The same request in more than 64 KiB, by white space that means nothing."""
    return b" " * 70_000 + orjson.dumps(body)


def request(body: bytes, *headers: str, length: int | None = None, path: str = PATH) -> bytes:
    """A request as bytes; `length` announces another than it has."""
    own = ["Host: p", f"api-key: {KEYS['retail-co']}", "Content-Type: application/json"]
    size = f"Content-Length: {len(body) if length is None else length}"
    return "\r\n".join([f"POST {path} HTTP/1.1", *own, size, *headers]).encode() + b"\r\n\r\n" + body


async def until(what: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(GIVE_UP_S):
        while not what():
            await asyncio.sleep(0.002)


async def nothing_is_left(proxy: Gate) -> None:
    """No request is being served any more, and none holds memory or a place in the pool."""
    shell = proxy.facegate.shell
    await until(lambda: not (shell.in_flight.requests or shell.in_flight.held or shell.pool.waiting))


ANSWERS: dict[str, tuple[Any, dict[str, Any], tuple[int, str | None, str | None, str | None]]] = {
    # body, arguments of `post`; status, code, outcome header, whether the SDK is told not to try again
    "forwarded": (HELLO, {}, (200, None, "allow", None)),
    "forwarded, large": (large(HELLO), {}, (200, None, "allow", None)),
    "refused by policy": (WHO, {}, (403, "prohibited_use", "block", "false")),
    "refused by policy, large": (large(WHO), {}, (403, "prohibited_use", "block", "false")),
    "not inspectable": (REMOTE, {}, (422, "not_inspectable", "block", "false")),
    "unknown caller": (HELLO, {"api_key": "fg_nobody"}, (401, "invalid_api_key", None, "false")),
    "unknown operation": (HELLO, {"path": "/openai/v1/nothing"}, (404, "not_inspectable", None, "false")),
    "not JSON": (b"{", {}, (400, "invalid_request", None, "false")),
    "not JSON, large": (b" " * 70_000 + b"{", {}, (400, "invalid_request", None, "false")),
    "another content type": (b"a=b", {"content_type": "text/plain"}, (415, "unsupported_media_type", None, "false")),
    "malformed attributes": (HELLO, {"facegate_attributes": "="}, (400, "invalid_request", None, "false")),
    "too large": (b" " * 200_000, {}, (413, "too_large", None, "false")),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_every_ending_answers(proxy: Gate, name: str) -> None:
    """Status, error and our headers; the id in the reply is that of its two records, which tell the same; nothing is left."""
    body, arguments, expected = ANSWERS[name]
    status, reply, headers = await proxy.post(body, **arguments)
    error = reply.get("error", {})
    told = (status, error.get("code"), headers.get("Facegate-Outcome"), headers.get("x-should-retry"))
    assert told == expected
    assert headers["Facegate-Policy-Revision"] == proxy.runtime.policy.revision
    assert headers["Content-Type"].partition(";")[0] == "application/json"
    assert "aiohttp" not in headers["Server"]
    decision_id = headers["Facegate-Decision-Id"]
    (ending,) = await proxy.endings()
    (decision,) = await proxy.records("decision")
    assert {decision_id} == {decision["decision_id"], ending["decision_id"]}
    assert decision["outcome"] == (expected[2] or "rejected")
    assert (decision["status"], ending["status"]) == (None if status == 200 else status, status)
    assert ending["ended"] == ("complete" if status == 200 else "refused")
    assert status == 200 or error["innererror"]["decision_id"] == decision_id
    assert len(proxy.service.arrived) == (status == 200)
    await nothing_is_left(proxy)


@pytest.mark.parametrize("body", [HELLO, WHO, REMOTE, {"model": 1}], ids=["allowed", "refused", "unread", "malformed"])
async def test_the_size_of_a_body_decides_nothing(proxy: Gate, body: dict[str, Any]) -> None:
    """A large body is read in a thread, a small one in the loop; what they are told and what is recorded is the same."""
    kept: list[Any] = []
    for data in (orjson.dumps(body), large(body)):
        status, reply, _ = await proxy.post(data)
        (*_, decision) = await proxy.records("decision")
        own = {"decision_id", "time", "body_bytes", "body_digest", "stages_ms"}
        assert decision["body_bytes"] == len(data)
        error = {name: value for name, value in reply.get("error", {}).items() if name not in ("message", "innererror")}
        kept.append((status, error, {name: value for name, value in decision.items() if name not in own}))
    assert kept[0] == kept[1]


async def test_the_digest_is_of_the_body_as_it_came(proxy: Gate) -> None:
    """Equal bytes, equal digests; whether read in the loop or in a thread, and never of nothing where there is a body."""
    for data in (
        orjson.dumps(HELLO),
        orjson.dumps(HELLO),
        orjson.dumps(HELLO) + b" ",
        large(HELLO),
        large(HELLO),
        b"{",
        b"",
    ):
        await proxy.post(data)
    first, again, spaced, much, more, broken, empty = [one["body_digest"] for one in await proxy.records("decision")]
    assert (first == again, much == more) == (True, True)
    assert len({first, spaced, much, broken}) == 4
    assert empty is None
    entries = proxy.facegate.shell.entries
    assert first == entries.digest(orjson.dumps(HELLO))


async def test_ids_tell_the_order_of_requests(proxy: Gate) -> None:
    """They sort by time, and none comes twice, also when many come at once."""
    waves = []
    for _ in range(3):
        replies = await asyncio.gather(*(proxy.post(HELLO) for _ in range(20)))
        waves.append(sorted(headers["Facegate-Decision-Id"] for _, _, headers in replies))
        await asyncio.sleep(0.005)
    ids = [one for wave in waves for one in wave]
    assert (len(set(ids)), ids) == (60, sorted(ids))


async def test_a_connection_outlives_a_refusal(proxy: Gate) -> None:
    """Where the body was read whole the next request comes on the same connection; each is decided anew."""
    asked = [(HELLO, 200), ({"model": 1}, 400), (REMOTE, 422), (HELLO, 200)]
    *before, last = [orjson.dumps(body) for body, _ in asked]
    reply = await proxy.raw(b"".join(map(request, before)) + request(last, "Connection: close"))
    statuses = [int(one[:3]) for one in reply.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [status for _, status in asked]


UNREAD = {
    "a body that is too large": request(b"", length=10**9),
    "a caller that is not known": request(b" " * 1000, length=10**6).replace(KEYS["retail-co"].encode(), b"fg_nobody"),
    "an operation that is not known": request(b" " * 1000, length=10**6, path="/openai/v1/nothing"),
}


@pytest.mark.parametrize("name", UNREAD)
async def test_a_connection_ends_with_a_body_that_is_not_read(
    proxy: Gate, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal comes without the rest of the body, and nothing of it is taken for a request."""
    monkeypatch.setattr(data_port, "LINGER_S", 0.2)
    reply = await proxy.raw(UNREAD[name] + request(b"{}"))
    assert reply.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in reply.lower()
    assert len(await proxy.records("decision")) == 1
    await nothing_is_left(proxy)


@asynccontextmanager
async def busy(proxy: Gate) -> AsyncIterator[None]:
    """The pool full, threads and queue, until the end of the block."""
    free, pool = threading.Event(), proxy.facegate.shell.pool
    waiting: list[asyncio.Future[bool]] = []
    full = False
    while not full:
        waiting.append(asyncio.ensure_future(pool.run(lambda: free.wait(GIVE_UP_S))))
        await asyncio.sleep(0)
        full = waiting[-1].done() and isinstance(waiting[-1].exception(), Unavailable)
    try:
        yield
    finally:
        free.set()
        await asyncio.gather(*waiting[:-1])


async def test_when_the_pool_is_full(proxy: Gate) -> None:
    """What would have to wait in it is asked to come back, and recorded; short words need no place and pass."""
    async with busy(proxy):
        for body in (COFFEE, large(HELLO), chat("word " * 10_000)):
            status, reply, headers = await proxy.post(body)
            assert (status, reply["error"]["code"]) == (503, "examination_unavailable")
            assert "x-should-retry" not in headers
        assert (await proxy.post(HELLO))[0] == 200
    assert (await proxy.post(COFFEE))[0] == 200
    assert [one["status"] for one in await proxy.records("decision")] == [503, 503, 503, None, None]
    assert [one["ended"] for one in await proxy.endings(5)] == ["refused"] * 3 + ["complete"] * 2
    assert len(proxy.service.arrived) == 2
    await nothing_is_left(proxy)


def screened_now() -> int:
    """How many screened requests are held in memory, by whomever."""
    return sum(isinstance(one, Screened) for one in gc.get_objects())


async def test_a_body_is_let_go_while_the_reply_is_relayed(proxy: Gate) -> None:
    """A stream may last minutes: by then nothing of the request is in memory, but it is still being served."""
    going_on = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await going_on.wait()
        return response

    proxy.service.behave = slow
    in_flight, before = proxy.facegate.shell.in_flight, screened_now()
    headers = {"api-key": KEYS["retail-co"], "content-type": "application/json"}
    async with proxy.session.post(proxy.url + PATH, data=large(COFFEE), headers=headers) as reply:
        assert await reply.content.readuntil(b"\n\n") == b"data: 1\n\n"
        assert (in_flight.requests, in_flight.held) == (1, 0)
        assert screened_now() == before
        going_on.set()
        await reply.read()
    await nothing_is_left(proxy)


# ---- callers that hang up, at each point of the way


Moment = Callable[[Gate, asyncio.StreamWriter], Awaitable[None]]
"""Brings a request so far that its caller may hang up, and hangs up."""


async def _while_its_body_arrives(proxy: Gate, writer: asyncio.StreamWriter) -> None:
    writer.write(request(b" " * 1000, length=100_000))
    await until(lambda: proxy.facegate.shell.in_flight.held)
    writer.transport.abort()


async def _while_it_is_examined(proxy: Gate, writer: asyncio.StreamWriter) -> None:
    free, pool = threading.Event(), proxy.facegate.shell.pool
    blocked = [asyncio.ensure_future(pool.run(lambda: free.wait(GIVE_UP_S))) for _ in range(4)]
    await asyncio.sleep(0)
    before = pool.waiting
    writer.write(request(orjson.dumps(COFFEE)))
    await until(lambda: pool.waiting > before)
    writer.transport.abort()
    await until(lambda: not proxy.facegate.shell.in_flight.requests)
    free.set()
    await asyncio.gather(*blocked)


async def _while_its_decision_is_recorded(proxy: Gate, writer: asyncio.StreamWriter) -> None:
    free, journal = threading.Event(), proxy.facegate.shell.journal
    held_up = journal._thread.submit(free.wait, GIVE_UP_S)  # a disk that takes its time
    writer.write(request(orjson.dumps(HELLO)))
    await until(lambda: journal.busy)
    writer.transport.abort()
    await until(lambda: not proxy.facegate.shell.in_flight.requests)
    free.set()
    assert held_up.result()


async def _before_the_reply(proxy: Gate, writer: asyncio.StreamWriter) -> None:
    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    proxy.service.behave = silent
    writer.write(request(orjson.dumps(HELLO)))
    await until(lambda: proxy.service.arrived)
    writer.transport.abort()


async def _within_the_reply(proxy: Gate, writer: asyncio.StreamWriter) -> None:
    begun = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    proxy.service.behave = endless
    writer.write(request(orjson.dumps(HELLO)))
    await begun.wait()
    await until(lambda: proxy.metric("facegate_inflight_requests"))
    writer.transport.abort()


MOMENTS: dict[str, tuple[Moment, tuple[str, int | None], bool]] = {
    # how it gets there; outcome and status of the decision; whether anything is sent
    "while its body arrives": (_while_its_body_arrives, ("rejected", 499), False),
    "while it is examined": (_while_it_is_examined, ("rejected", 499), False),
    "while its decision is recorded": (_while_its_decision_is_recorded, ("allow", None), False),
    "before the reply": (_before_the_reply, ("allow", None), True),
    "within the reply": (_within_the_reply, ("allow", None), True),
}


@pytest.mark.parametrize("name", MOMENTS)
async def test_a_caller_that_hangs_up(proxy: Gate, name: str) -> None:
    """Whenever it does: one decision, one outcome, nothing left, the service cancelled; and the next is served."""
    moment, (outcome, status), sent = MOMENTS[name]
    before = proxy.metric("facegate_streams_cancelled_total")
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.facegate.data_port)
    await moment(proxy, writer)
    writer.close()
    await nothing_is_left(proxy)
    (ending,) = await proxy.endings()
    (decision,) = await proxy.records("decision")
    assert (decision["outcome"], decision["status"], ending["ended"]) == (outcome, status, "cancelled")
    assert decision["decision_id"] == ending["decision_id"]
    assert proxy.metric("facegate_streams_cancelled_total") == before + 1
    assert len(proxy.service.arrived) == sent
    if sent:
        await until(proxy.service.cancelled.is_set)
    proxy.service.behave = None
    assert (await proxy.post(HELLO))[0] == 200


async def test_what_nobody_foresaw_after_the_decision(
    proxy: Gate, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A crash while sending: an answer without its words, its place in the log, and every decision has its outcome."""

    async def broken(*_: object) -> None:
        raise KeyError("a secret word")

    configure("info")
    monkeypatch.setattr(type(proxy.facegate.shell.upstream), "send", broken)
    status, reply, _ = await proxy.post(HELLO)
    structlog.reset_defaults()
    assert (status, reply["error"]["code"]) == (503, "examination_unavailable")
    decisions, endings = await proxy.records("decision"), await proxy.endings()
    assert [one["decision_id"] for one in decisions] == [one["decision_id"] for one in endings]
    assert decisions[0]["outcome"] == "allow"
    (line,) = [orjson.loads(one) for one in capfd.readouterr().err.splitlines()]
    assert (line["event"], line["error"]) == ("crash", "KeyError")
    assert line["where"].startswith("test_exchange.py:")
    assert "secret" not in proxy.journal.read_text(encoding="utf-8") + str(line)
    await nothing_is_left(proxy)
