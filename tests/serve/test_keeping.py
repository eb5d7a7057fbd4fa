"""What a reply tells is remembered before the caller can know it; lists show own things; deleted things are forgotten."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from support.raw_service import Answer, RawService, raw_service, says

from proxy.errors import UpstreamError, UpstreamUnreachable, UpstreamUnreadable
from proxy.exchange import Forward, Inspected, Receipt
from proxy.facts import Fact, Truth
from proxy.forward.relay import Relayed
from proxy.forward.upstream import Endpoint, Outgoing, Upstream
from proxy.operation import Called
from proxy.past import HISTORY, Dossier, Name, Past
from proxy.record.metrics import Metrics
from proxy.serve import keeping
from proxy.serve.body import InFlight
from proxy.serve.keeping import Keeping
from proxy.serve.memory_sqlite import SqliteMemory
from proxy.serve.memory_store import DATABASE, Place
from proxy.serve.pool import Pool
from proxy.surface import load_catalogue, route

CATALOGUE = load_catalogue()
CREATE = route("POST", "/openai/v1/responses", CATALOGUE)
FACE = Dossier((Fact("media.faces", Truth.TRUE, HISTORY, 0.9, (), 1),))
RESP: Name = ("response", "resp_1")
ITEM: Name = ("item", "msg_1")
REPLY = {"id": "resp_1", "object": "response", "output": [{"id": "msg_1", "type": "message"}]}
MISSED = ("facegate_memory_failures_total", "learn")


@dataclass
class Relaying:
    """A server that relays with a memory: its port, the memory, what was counted and how relaying failed."""

    service: RawService
    memory: SqliteMemory
    metrics: Metrics
    in_flight: InFlight
    port: int = 0
    failures: list[Exception] = field(default_factory=list)

    async def known(self, *names: Name) -> set[Name]:
        """Those of `names` that the memory knows as made by a request with a face."""
        found = (await self.memory.recall("a", names)).dossiers
        assert all(dossier == FACE for dossier in found.values())
        return set(found)

    async def ask(self) -> tuple[int, bytes]:
        """Status and body of the reply to one request."""
        async with aiohttp.ClientSession() as session, session.post(f"http://127.0.0.1:{self.port}/") as reply:
            return reply.status, await reply.read()

    @property
    def missed(self) -> float:
        """How many replies were not learned from."""
        return self.metrics.value(MISSED[0], action=MISSED[1])


@asynccontextmanager
async def relaying(
    folder: Path, answer: Answer, called: Called = CREATE, room: int = 10_000_000
) -> AsyncIterator[Relaying]:
    """A server in front of a service that answers so; `called` is what every request to it is."""
    metrics, pool = Metrics(), Pool(1, 10)
    async with raw_service(answer) as service:
        memory = SqliteMemory(Place(folder), metrics)
        in_flight = InFlight(room)
        state = Relaying(service, memory, metrics, in_flight)
        upstream = Upstream(Endpoint(service.url, None))
        keeps = Keeping(memory, metrics, pool, "a", called, FACE, in_flight)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            outgoing = Outgoing(Forward(called, Inspected("application/json", (b"{}",))), Receipt("fgd_1"), ())
            try:
                async with await upstream.send(outgoing, ()) as reply:
                    return await keeps.relay(reply, request, (), Relayed())
            except UpstreamError as failure:
                state.failures.append(failure)
                if request.transport is not None:
                    request.transport.close()
                return web.Response()

        runner = web.ServerRunner(web.Server(handle, handler_cancellation=True), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        state.port = runner.addresses[0][1]
        try:
            yield state
        finally:
            await runner.cleanup()
            await upstream.close()
            await memory.close()
            pool.close()
            assert in_flight.held == 0


def head(kind: str = "application/json", *more: str, status: str = "200 OK") -> bytes:
    """The head of a reply in chunks."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Transfer-Encoding: chunked", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """A chunk of a reply; of nothing, its end."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def whole(reply: Any, kind: str = "application/json", *more: str, status: str = "200 OK") -> Answer:
    """An answer that comes at once."""
    data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *more]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def events(*told: Any) -> list[bytes]:
    """Server-sent events, each in a chunk."""
    return [chunk(f"data: {json.dumps(one)}\n\n".encode()) for one in told]


BEGUN = {"type": "response.created", "response": {"id": "resp_1", "output": []}}
DONE = {"type": "response.output_item.done", "item": {"id": "msg_1"}}

LEARNED: dict[str, tuple[Answer, set[Name], int]] = {
    # name: what the service answers, what is known then, replies that were not learned from
    "JSON at once": (whole(REPLY), {RESP, ITEM}, 0),
    "JSON in pieces": (
        says(head("application/json; charset=utf-8"), *[chunk(bytes([one])) for one in json.dumps(REPLY).encode()], chunk(b"")),
        {RESP, ITEM},
        0,
    ),
    "events": (says(head("text/event-stream"), *events(BEGUN, DONE), chunk(b"")), {RESP, ITEM}, 0),
    "events at once": (says(head("text/event-stream") + b"".join(events(BEGUN, DONE)) + chunk(b"")), {RESP, ITEM}, 0),
    "an event without its end": (
        says(head("text/event-stream"), chunk(b'data: {"response": {"id": "resp_1"}}'), chunk(b"")),
        {RESP},
        0,
    ),
    "identity spelled out": (whole(REPLY, "application/json", "Content-Encoding: identity"), {RESP, ITEM}, 0),
    "an error": (whole(REPLY, status="400 Bad Request"), set(), 0),
    "a failure": (whole(REPLY, status="500 Oh"), set(), 0),
    "no JSON": (whole(b"<html>"), set(), 1),
    "nothing": (whole(b""), set(), 1),
    "a coding that nobody asked for": (
        whole(gzip.compress(json.dumps(REPLY).encode()), "application/json", "Content-Encoding: gzip"), set(), 1),
    "a broken event": (
        says(head("text/event-stream"), chunk(b'data: {"id": \n\n'), *events(DONE), chunk(b"")), {ITEM}, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", LEARNED)
async def test_what_is_learned(tmp_path: Path, name: str) -> None:
    """By the time that the caller has the reply; it is the service's own, byte for byte."""
    answer, known, missed = LEARNED[name]
    async with relaying(tmp_path / "plain", answer, route("POST", "/openai/v1/embeddings", CATALOGUE)) as plain:
        expected = await plain.ask()
        assert await plain.known(RESP, ITEM) == set()
    async with relaying(tmp_path, answer) as server:
        assert await server.ask() == expected
        assert await server.known(RESP, ITEM) == known
        assert server.missed == missed
        assert server.failures == []


@asynccontextmanager
async def calling(server: Relaying) -> AsyncIterator[asyncio.StreamReader]:
    """A bare call, and what comes back."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")
            yield reader
        finally:
            writer.close()
            await writer.wait_closed()


async def test_events_are_passed_on_as_they_come_and_known_before(tmp_path: Path) -> None:
    """An event is there before the service sends the next; when it is whole its ids are known."""
    turn = asyncio.Event()
    pieces = [head("text/event-stream"), *events({"type": "response.queued"}, BEGUN, DONE), chunk(b"")]

    async def waits(_: int, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            await turn.wait()
            turn.clear()
            writer.write(piece)

    async with relaying(tmp_path, waits) as server, calling(server) as reader:
        turn.set()
        await reader.readuntil(b"\r\n\r\n")
        for known in (set(), {RESP}, {RESP, ITEM}):
            assert await server.known(RESP, ITEM) < (known or {RESP})
            turn.set()
            await reader.readuntil(b"\n\n")
            assert await server.known(RESP, ITEM) == known
        turn.set()
        assert (await reader.read()).endswith(b"0\r\n\r\n")


async def test_the_last_piece_of_json_waits_for_the_memory(tmp_path: Path) -> None:
    """The one before it has gone on by then; a reply that is whole is known."""
    data, end = json.dumps(REPLY).encode(), asyncio.Event()

    async def waits(_: int, writer: asyncio.StreamWriter) -> None:
        for piece in (head(), chunk(data[:20]), chunk(data[20:40])):
            writer.write(piece)
            await asyncio.sleep(0.02)
        await end.wait()
        writer.write(chunk(data[40:]))
        writer.write(chunk(b""))

    async with relaying(tmp_path, waits) as server, calling(server) as reader:
        got = await reader.readuntil(data[:20])
        assert await server.known(RESP) == set()
        end.set()
        got += await reader.readuntil(data[-5:])
        assert await server.known(RESP, ITEM) == {RESP, ITEM}
        assert data[20:40] in got


async def test_a_reply_that_breaks_off_tells_nothing(tmp_path: Path) -> None:
    """The caller can tell that it is not whole."""
    data = json.dumps(REPLY).encode()
    async with relaying(tmp_path, says(head(), chunk(data[:30]), chunk(data[30:]), close=True)) as server:
        with pytest.raises(aiohttp.ClientError):
            await server.ask()
        assert [type(one) for one in server.failures] == [UpstreamUnreachable]
        assert await server.known(RESP, ITEM) == set()


async def test_a_reply_that_is_too_large_goes_on_unlearned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an end to what is held of it; its ids are unknown."""
    monkeypatch.setattr(keeping, "MAX_REPLY", 10_000)
    data = json.dumps({**REPLY, "padding": "x" * 20_000}).encode()
    pieces = [chunk(data[at : at + 3000]) for at in range(0, len(data), 3000)]
    async with relaying(tmp_path, says(head(), *pieces, chunk(b""))) as server:
        assert await server.ask() == (200, data)
        assert (await server.known(RESP, ITEM), server.missed) == (set(), 1)


async def test_replies_are_held_within_what_all_bodies_may_hold(tmp_path: Path) -> None:
    """Where memory is short a large reply goes on unlearned, a large list not at all; small ones are always read."""
    data = json.dumps({**REPLY, "padding": "x" * 200_000}).encode()
    pieces = [chunk(data[at : at + 30_000]) for at in range(0, len(data), 30_000)]
    async with relaying(tmp_path, says(head(), *pieces, chunk(b"")), room=100_000) as server:
        assert await server.ask() == (200, data)
        assert (await server.known(RESP, ITEM), server.missed, server.in_flight.held) == (set(), 1, 0)
    async with relaying(tmp_path, whole({"data": ["x" * 200_000]}), FILES, room=100_000) as server:
        with pytest.raises(aiohttp.ClientError):
            await server.ask()
        assert [type(one) for one in server.failures] == [UpstreamUnreadable]
    async with relaying(tmp_path, whole(REPLY), room=0) as server:
        await server.ask()
        assert (await server.known(RESP, ITEM), server.missed) == ({RESP, ITEM}, 0)


async def test_a_large_reply_is_read_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the pool; where that is full, it goes on unlearned."""
    monkeypatch.setattr(keeping, "_LARGE", 10)
    async with relaying(tmp_path, whole(REPLY)) as server:
        await server.ask()
        assert (await server.known(RESP, ITEM), server.missed) == ({RESP, ITEM}, 0)
    monkeypatch.setattr(Pool, "run", _full)
    async with relaying(tmp_path / "full", whole(REPLY)) as server:
        assert (await server.ask())[0] == 200
        assert (await server.known(RESP, ITEM), server.missed) == (set(), 1)


async def _full(*_: object) -> None:
    raise keeping.Unavailable("too many")


@pytest.mark.parametrize("answer", [whole(REPLY), says(head("text/event-stream"), *events(BEGUN, DONE), chunk(b""))])
async def test_without_a_memory_replies_go_on(tmp_path: Path, answer: Answer) -> None:
    """What they tell stays unknown, and that is counted."""
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    async with relaying(tmp_path, answer) as server:
        assert (await server.ask())[0] == 200
        assert server.metrics.value(MISSED[0], action="remember") >= 1
        (tmp_path / DATABASE).unlink()
        assert await server.known(RESP, ITEM) == set()


# ---- lists

FILES = route("GET", "/openai/v1/files", CATALOGUE)
PAGE = {"object": "list", "data": [{"id": "f_1"}, {"id": "f_2"}, {"id": "f_3"}], "first_id": "f_1", "last_id": "f_3",
        "has_more": True}  # fmt: skip
OWN = {**PAGE, "data": [{"id": "f_2"}], "first_id": "f_2", "last_id": "f_2"}


@pytest.mark.parametrize(
    "answer", [whole(PAGE), says(head(), *[chunk(bytes([one])) for one in json.dumps(PAGE).encode()], chunk(b""))]
)
async def test_a_list_shows_own_things(tmp_path: Path, answer: Answer) -> None:
    """And neither those of others nor those that nobody made through here."""
    async with relaying(tmp_path, answer, FILES) as server:
        await server.memory.remember("a", [("file", "f_2"), ("batch", "f_1")], FACE)
        await server.memory.remember("b", [("file", "f_3")], FACE)
        status, body = await server.ask()
        assert (status, json.loads(body)) == (200, OWN)


async def test_a_large_list_is_read_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the pool; where that is full, it is not passed on."""
    monkeypatch.setattr(keeping, "_LARGE", 10)
    async with relaying(tmp_path, whole(PAGE), FILES) as server:
        await server.memory.remember("a", [("file", "f_2")], FACE)
        assert json.loads((await server.ask())[1]) == OWN
        monkeypatch.setattr(Pool, "run", _full)
        with pytest.raises(aiohttp.ClientError):
            await server.ask()
        assert [type(one) for one in server.failures] == [UpstreamUnreadable]


async def test_a_list_inside_an_own_thing_is_whole(tmp_path: Path) -> None:
    """Whoever may see a conversation may see its items."""
    called = route("GET", "/openai/v1/conversations/conv_1/items", CATALOGUE)
    async with relaying(tmp_path, whole(PAGE), called) as server:
        status, body = await server.ask()
        assert (status, json.loads(body)) == (200, PAGE)


UNREADABLE: dict[str, Answer] = {
    "no JSON": whole(b"<html>"),
    "no list": whole({"id": "f_1"}),
    "coded": whole(gzip.compress(json.dumps(PAGE).encode()), "application/json", "Content-Encoding: gzip"),
    "too large": whole({"data": ["x" * 2000]}),
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_list_that_cannot_be_read_is_not_passed_on(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it."""
    monkeypatch.setattr(keeping, "MAX_LIST", 1000)
    async with relaying(tmp_path, UNREADABLE[name], FILES) as server:
        with pytest.raises(aiohttp.ClientError):
            await server.ask()
        assert [type(one) for one in server.failures] == [UpstreamUnreadable]


async def test_without_a_memory_lists_are_not_passed_on(tmp_path: Path) -> None:
    """Whose the things in it are cannot be told then."""
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    async with relaying(tmp_path, whole(PAGE), FILES) as server:
        with pytest.raises(aiohttp.ClientError):
            await server.ask()
        assert [str(one) for one in server.failures] == ["whose the listed things are cannot be told now"]


async def test_an_error_in_place_of_a_list_goes_on(tmp_path: Path) -> None:
    """It lists nothing."""
    async with relaying(tmp_path, whole({"error": {}}, status="429 Slow down"), FILES) as server:
        assert await server.ask() == (429, b'{"error": {}}')


# ---- what is deleted

DELETED: dict[str, tuple[str, Answer, set[Name]]] = {
    # name: what is deleted, what the service says, what is known afterwards of a file, a conversation and an item
    "a file": ("/openai/v1/files/f_1", whole({"deleted": True}), {("conversation", "c_1"), ("item", "i_1")}),
    "a conversation": ("/openai/v1/conversations/c_1", whole({"deleted": True}), {("file", "f_1"), ("item", "i_1")}),
    "an item of a conversation": (
        "/openai/v1/conversations/c_1/items/i_1",
        whole({"deleted": True}),
        {("file", "f_1"), ("conversation", "c_1"), ("item", "i_1")},
    ),
    "what is not deleted": (
        "/openai/v1/files/f_1",
        whole({"error": {}}, status="404 Not Found"),
        {("file", "f_1"), ("conversation", "c_1"), ("item", "i_1")},
    ),
}


@pytest.mark.parametrize("name", DELETED)
async def test_what_is_deleted_is_forgotten(tmp_path: Path, name: str) -> None:
    """The thing itself; what it is in goes on."""
    path, answer, left = DELETED[name]
    names: list[Name] = [("file", "f_1"), ("conversation", "c_1"), ("item", "i_1")]
    async with relaying(tmp_path, answer, route("DELETE", path, CATALOGUE)) as server:
        await server.memory.remember("a", names, FACE)
        await server.ask()
        assert await server.known(*names) == left


async def test_a_thing_that_cannot_be_forgotten_is_deleted_all_the_same(tmp_path: Path) -> None:
    """The service has done it; here it is known a little longer."""
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    async with relaying(
        tmp_path, whole({"deleted": True}), route("DELETE", "/openai/v1/files/f_1", CATALOGUE)
    ) as server:
        assert (await server.ask())[0] == 200
        assert server.metrics.value(MISSED[0], action="forget") == 1
        assert await server.memory.recall("a", []) == Past()
