"""Realtime sessions, from the real SDK and from bare sockets, through the proxy, to a stand-in over real sockets."""

import asyncio
import base64
import contextlib
import os
import resource
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import openai
import orjson
import pytest
import pytest_asyncio
from aiohttp import WSCloseCode, WSMsgType, web
from openai import AsyncAzureOpenAI, AsyncOpenAI
from support.bodies import PICTURE_URI
from support.events import message, says, shows
from support.gate import KEYS, Gate, gate, register_with_keys
from support.pictures import COFFEE, FACE, data_uri
from support.realtime import DATED, V1, Socket, closing, next_event, realtime_service, socket_to
from support.service import KEY

from proxy.admit.register import RegisterFile
from proxy.documents import load
from proxy.serve.realtime import Rate

ASKS = message(says("Who is this?"))
HELLO = message(says("What is the weather like in Rome?"))
A_FACE = message(shows(data_uri(FACE)))
A_CUP = message(shows(data_uri(COFFEE)))
SPEECH = {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\x00\x01" * 240).decode()}
MOOD = {"type": "session.update", "session": {"instructions": "Tell me what emotion the speaker's voice shows."}}


pytestmark = pytest.mark.asyncio(loop_scope="module")


AUDIO: Mapping[str, Any] = {"acme-health": "exempt", "city-vendor": "refuse"}
"""What the register says of speech, where it says anything."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    """A running proxy for all tests that need no other settings: to load word lists takes longer than to hold a session."""
    folder = tmp_path_factory.mktemp("realtime")
    file = load(register_with_keys(folder), RegisterFile)
    tenants = [
        one.model_copy(
            update={
                "realtime_audio": AUDIO.get(one.id, one.realtime_audio),
                "direct_realtime": one.id == "acme-health",
            }
        )
        for one in file.tenants
    ]
    async with gate(folder, RegisterFile(tenants=tuple(tenants))) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(shared: Gate) -> Gate:
    """The same, with nothing left of other tests in its journal and its stand-in."""
    async with asyncio.timeout(20):
        while shared.facegate.shell.in_flight.requests:
            await asyncio.sleep(0.01)
    await shared.records()
    os.truncate(shared.journal, 0)
    shared.service.arrived.clear()
    return shared


def clients(proxy: Gate) -> Mapping[str, AsyncOpenAI]:
    """The SDK in both styles."""
    address = proxy.url.replace("http://", "ws://")
    azure = AsyncAzureOpenAI(
        azure_endpoint=proxy.url,
        api_version="2024-10-01-preview",
        api_key=KEYS["retail-co"],
        websocket_base_url=f"{address}/openai",
    )
    proxy.clients.append(azure)
    return {"azure": azure, "v1": proxy.openai()}


@pytest.mark.parametrize(
    ("style", "target"),
    [
        ("azure", "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime"),
        ("v1", "/openai/v1/realtime?model=gpt-realtime"),
    ],
)
async def test_a_turn_through_the_sdk(proxy: Gate, style: str, target: str) -> None:
    """Events go on as they came and come back as they are said; the key that arrives is the service's own."""
    service = realtime_service(proxy)
    async with clients(proxy)[style].realtime.connect(model="gpt-realtime") as connection:
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(session={"type": "realtime", "instructions": "Be kind."})
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
        )
        await connection.response.create()
        said = [(await connection.recv()).type for _ in range(5)]
    assert said == [
        "session.updated",
        "conversation.item.added",
        "response.created",
        "response.output_text.delta",
        "response.done",
    ]
    assert service.events == [
        {"type": "session.update", "session": {"type": "realtime", "instructions": "Be kind."}},
        message(says("Hello")),
        {"type": "response.create"},
    ]
    (arrived,) = proxy.service.arrived
    assert arrived.target == target
    assert arrived.header("api-key") == KEY
    assert arrived.header("authorization") is None
    assert arrived.header("sec-websocket-extensions") is None
    assert not [value for _, value in arrived.headers if KEYS["retail-co"] in value]
    assert await service.until_closed() == 1000


async def refused(proxy: Gate, events: Sequence[dict[str, Any]], tenant: str = "metro-pd") -> list[tuple[str, str]]:
    """Send events; of each that is refused, in order, code and rules (or the message, where no rule spoke)."""
    found = []
    async with socket_to(proxy, tenant) as socket:
        await next_event(socket)
        for one in events:
            await socket.send_json(one)
        await socket.send_json({"type": "response.create"})
        while (told := await next_event(socket))["type"] != "response.done":
            if told["type"] == "error":
                rules = [rule["id"] for rule in told["error"]["innererror"].get("rules", ())]
                found.append((told["error"]["code"], ",".join(rules) or told["error"]["message"].split(" (")[0]))
    return found


POLICE = "us-police-fr,le-mobile-realtime-fr,bio-identify-verify"

ADDRESS = "/item/content/0/image_url cannot be inspected: a picture behind an address; send it inline as a data URI"

KEPT = "/session/prompt/id cannot be inspected: the prompt is kept by the service; what it holds was not seen here"

SERVER = "/session/tools/0 cannot be inspected: an MCP server answers the service directly, with content that is not seen here"

TOLD: Mapping[str, tuple[Sequence[dict[str, Any]], Sequence[tuple[str, str]], Sequence[str]]] = {
    "words": ([HELLO], [], ["conversation.item.create"]),
    "picture and question in one event": (
        [message(shows(data_uri(FACE)), says("Who is this?"))],
        [("prohibited_use", POLICE)],
        [],
    ),
    "picture, then question": ([A_FACE, ASKS], [("prohibited_use", POLICE)], ["conversation.item.create"]),
    "question, then picture": ([ASKS, A_FACE], [("prohibited_use", POLICE)], ["conversation.item.create"]),
    "question with the answer, after the picture": (
        [A_FACE, {"type": "response.create", "response": {"instructions": "Say who this is. Who is she?"}}],
        [("prohibited_use", POLICE)],
        ["conversation.item.create"],
    ),
    "question in instructions that others replaced since": (
        [
            {"type": "session.update", "session": {"instructions": "Who is this?"}},
            {"type": "session.update", "session": {"instructions": "Describe the colours."}},
            A_FACE,
        ],
        [("prohibited_use", POLICE)],
        ["session.update", "session.update"],
    ),
    "question about a picture that was deleted since": (
        [A_FACE, {"type": "conversation.item.delete", "item_id": "item_1"}, ASKS],
        [("prohibited_use", POLICE)],
        ["conversation.item.create", "conversation.item.delete"],
    ),
    "question about an item by its name": (
        [
            A_FACE,
            {
                "type": "response.create",
                "response": {"input": [{"type": "item_reference", "id": "item_1"}, ASKS["item"]]},
            },
        ],
        [("prohibited_use", POLICE)],
        ["conversation.item.create"],
    ),
    "many harmless events between": (
        [A_FACE, *([HELLO] * 5), ASKS],
        [("prohibited_use", POLICE)],
        ["conversation.item.create"] * 6,
    ),
    "a picture without a person, and a question": ([A_CUP, ASKS], [], ["conversation.item.create"] * 2),
    "what was refused leaves nothing behind": (
        [message(shows(data_uri(FACE)), says("Who is this?")), ASKS],
        [("prohibited_use", POLICE)],
        ["conversation.item.create"],
    ),
    "a picture behind an address": (
        [message(shows("https://example.org/a.jpg"))],
        [("not_inspectable", ADDRESS)],
        [],
    ),
    "a stored prompt": (
        [{"type": "session.update", "session": {"prompt": {"id": "pmpt_1"}}}],
        [("not_inspectable", KEPT)],
        [],
    ),
    "a server of tools": (
        [{"type": "session.update", "session": {"tools": [{"type": "mcp", "server_url": "https://example.org"}]}}],
        [("not_inspectable", SERVER)],
        [],
    ),
    "an unknown type": (
        [{"type": "session.delete"}],
        [("not_inspectable", "the body cannot be inspected: an event of a type that is not known")],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
async def test_events_are_judged_with_what_came_before(proxy: Gate, name: str) -> None:
    """What is refused is told to the caller and does not reach the service; the rest does, as it came."""
    service = realtime_service(proxy)
    events, expected, forwarded = TOLD[name]
    assert await refused(proxy, events) == expected
    assert service.types == [*forwarded, "response.create"]


async def test_a_refusal_says_where_and_why(proxy: Gate) -> None:
    """The error event has the service's shape: the caller's own event by its id, the place, rule, decision and appeal."""
    realtime_service(proxy)
    async with socket_to(proxy, "metro-pd") as socket:
        await next_event(socket)
        await socket.send_json(A_FACE)
        await next_event(socket)
        await socket.send_json({**ASKS, "event_id": "event_mine"})
        told = await next_event(socket)
    decision = told["error"]["innererror"]["decision_id"]
    assert told["type"] == "error"
    assert told["event_id"] == f"event_{decision}"
    assert told["error"]["event_id"] == "event_mine"
    assert told["error"]["type"] == "policy_violation"
    assert told["error"]["innererror"]["appeal"] == "your platform team"
    places = {place for rule in told["error"]["innererror"]["rules"] for place in rule["locations"]}
    assert places == {"/item/content/0/text", "/earlier"}


@pytest.mark.parametrize(
    "own",
    [PICTURE_URI, "who is this?", "a" * 200, 7, None, {"a": "b"}],
    ids=["picture", "words", "long", "number", "nothing", "object"],
)
async def test_only_plain_ids_are_told_back(proxy: Gate, own: Any) -> None:
    """Nothing else of a refused event is: least of all what stands in the proxy for long inline data."""
    realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_json({"type": "session.delete", "event_id": own})
        assert (await next_event(socket))["error"]["event_id"] is None


# ---- speech


def unheard(proxy: Gate) -> float:
    """How many pieces of speech went on without being judged one by one."""
    return proxy.metric("facegate_realtime_events_total", event="audio", disposition="exempt")


async def test_speech_passes_unheard(proxy: Gate) -> None:
    """Pieces of speech go on; the first is judged and recorded, the others are counted."""
    service, before = realtime_service(proxy), unheard(proxy)
    assert await refused(proxy, [HELLO, *([SPEECH] * 20)], "eu-police") == []
    assert service.types == ["conversation.item.create", *(["input_audio_buffer.append"] * 20), "response.create"]
    (outcome,) = await proxy.endings()
    assert (outcome["events_in"], outcome["audio_events"], outcome["events_refused"]) == (22, 19, 0)
    decisions = [one for one in await proxy.records("decision") if one["operation"] == "realtime.event"]
    assert [one["event"] for one in decisions] == [
        "conversation.item.create",
        "input_audio_buffer.append",
        "response.create",
    ]
    assert decisions[1]["coverage"] == {"inspected": 0, "refused": 0, "exempt": 1}
    assert decisions[1]["outcome"] == "advise"  # recordings of the police: people look at what is drawn from them
    assert unheard(proxy) - before == 19


EITHER = (
    "/audio cannot be inspected: nobody here hears what is said, so speech and pictures are not let into one session"
)

HEARD: Mapping[str, tuple[str, Sequence[dict[str, Any]], Sequence[tuple[str, str]]]] = {
    "speech alone": ("retail-co", [SPEECH, SPEECH], []),
    "speech, then what it feels like": (
        "retail-co",
        [SPEECH, MOOD, SPEECH],
        [("prohibited_use", "emotion-inference")],
    ),
    "what it feels like, then speech": (
        "retail-co",
        [MOOD, SPEECH, SPEECH],
        [("prohibited_use", "emotion-inference")] * 2,
    ),
    "a picture, then speech": ("retail-co", [A_CUP, SPEECH], [("not_inspectable", EITHER)]),
    "speech, then a picture": (
        "retail-co",
        [SPEECH, A_CUP],
        [("not_inspectable", EITHER.replace("/audio", "/item/content/0/image_url"))],
    ),
    "both in one event": (
        "retail-co",
        [message({"type": "input_audio", "audio": SPEECH["audio"]}, shows(data_uri(COFFEE)))],
        [("not_inspectable", EITHER.replace("/audio", "/item/content/0/audio"))],
    ),
    "speech beside pictures, where the tenant may": ("acme-health", [A_CUP, SPEECH, A_CUP], []),
    "no speech, where the tenant may not": (
        "city-vendor",
        [SPEECH],
        [("not_inspectable", "/audio cannot be inspected: content of kind audio is not examined yet")],
    ),
}


@pytest.mark.parametrize("name", HEARD)
async def test_what_may_be_said(proxy: Gate, name: str) -> None:
    """What becomes of speech is the register's to say; what is asked of it in words is judged in either order."""
    tenant, events, expected = HEARD[name]
    realtime_service(proxy)
    assert await refused(proxy, events, tenant) == expected


# ---- what is no event


MALFORMED: Mapping[str, tuple[bytes, str]] = {
    "no JSON": (b"Who is this?", "invalid_request"),
    "no object": (b"[]", "invalid_request"),
    "a key given twice": (b'{"type":"response.create","type":"session.update"}', "invalid_request"),
    "keys that differ in case": (b'{"type":"response.create","Type":"session.update"}', "invalid_request"),
    "NaN": (b'{"type":"response.create","x":NaN}', "invalid_request"),
    "a lone surrogate": (rb'{"type":"response.create","x":"\ud800"}', "invalid_request"),
    "nested too deeply": (b'{"type":"response.create","x":' + b"[" * 100 + b"]" * 100 + b"}", "invalid_request"),
    "nothing": (b"", "invalid_request"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_two_parsers_could_read_differently(proxy: Gate, name: str) -> None:
    """It is refused, told, recorded, and does not reach the service; the session goes on."""
    service = realtime_service(proxy)
    given, code = MALFORMED[name]
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_frame(given, WSMsgType.TEXT)
        assert (await next_event(socket))["error"]["code"] == code
        await socket.send_json({"type": "response.create"})
        assert (await next_event(socket))["type"] == "response.created"
    assert service.types == ["response.create"]
    decisions = [one for one in await proxy.records("decision") if one["operation"] == "realtime.event"]
    assert [(one["outcome"], one["event"]) for one in decisions] == [
        ("rejected", "unknown"),
        ("allow", "response.create"),
    ]


async def test_binary_messages_are_refused(proxy: Gate) -> None:
    """Also one that would be an event, were it text."""
    service = realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_bytes(b'{"type":"response.create"}')
        assert (await next_event(socket))["error"]["code"] == "not_inspectable"
    assert service.messages == []
    _, decision = await proxy.records("decision")
    assert (decision["event"], decision["outcome"]) == ("binary", "rejected")


async def test_text_that_is_no_utf8_ends_the_session(proxy: Gate) -> None:
    """RFC 6455 has it so: 1007."""
    service = realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_frame(b'{"type":"\xff"}', WSMsgType.TEXT)
        told = await socket.receive()
        code = told.data if told.type is WSMsgType.CLOSE else orjson.loads(told.data)["error"]["code"]
    assert code in (1007, "invalid_request")
    assert service.messages == []


async def test_a_message_in_fragments_is_one_event(proxy: Gate) -> None:
    """It is put together before it is read, so that nothing hides between the pieces; pings may stand between them."""
    service = realtime_service(proxy)
    whole = orjson.dumps(message(shows(data_uri(FACE)), says("Who is this?")))
    pieces = [whole[start : start + 20_000] for start in range(0, len(whole), 20_000)]
    async with socket_to(proxy, "metro-pd") as socket:
        await next_event(socket)
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            socket._writer.transport.write(frame(piece, opcode=0 if number else 1, fin=last))
            if not last:
                socket._writer.transport.write(frame(b"x", opcode=9))
        assert (await next_event(socket))["error"]["code"] == "prohibited_use"
    assert service.messages == []


def frame(payload: bytes, *, opcode: int, fin: bool = True) -> bytes:
    """A frame of a client, masked with nothing."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([(0x80 if fin else 0) | opcode]) + length + b"\0\0\0\0" + payload


# ---- limits


async def test_three_refused_events_end_the_session(proxy: Gate) -> None:
    """With 1008, a reason, and a record that says so; the service is told that it is over."""
    service = realtime_service(proxy)
    async with socket_to(proxy, "metro-pd") as socket:
        await next_event(socket)
        for _ in range(5):
            await socket.send_json(message(shows(data_uri(FACE)), says("Who is this?")))
        assert await closing(socket) == (WSCloseCode.POLICY_VIOLATION, "3 events were refused")
    assert service.messages == []
    assert await service.until_closed() == 1000
    (outcome,) = await proxy.endings()
    assert (outcome["ended"], outcome["close_code"], outcome["events_refused"]) == ("refused", 1008, 3)


LIMITED: Mapping[str, tuple[dict[str, Any], int, str, str]] = {
    "too many events within a minute": ({"events_a_minute": 5}, 1008, "too many events within a minute", "refused"),
    "a session that lasts too long": ({"session_s": 0.2}, 1001, "the session has lasted as long as it may", "complete"),
    "a session in which nothing is said": ({"idle_timeout_s": 0.2}, 1001, "nothing was said for too long", "complete"),
}


@pytest.mark.parametrize("name", LIMITED)
async def test_limits_of_a_session(tmp_path: Path, name: str) -> None:
    """What goes beyond a limit ends the session, with its reason."""
    limits, code, reason, ended = LIMITED[name]
    async with gate(tmp_path, realtime=limits) as proxy:
        service = realtime_service(proxy)
        async with socket_to(proxy) as socket:
            await next_event(socket)
            if "events_a_minute" in limits:
                for _ in range(6):
                    await socket.send_json({"type": "input_audio_buffer.clear"})
            assert await closing(socket) == (code, reason)
        assert len(service.messages) <= 5
        (outcome,) = await proxy.endings()
        assert (outcome["ended"], outcome["close_code"]) == (ended, code)


async def test_more_sessions_than_may_be(tmp_path: Path) -> None:
    """The one too many is answered 503, and may come again when another is over."""
    async with gate(tmp_path, realtime={"sessions": 1}) as proxy:
        service = realtime_service(proxy)
        async with socket_to(proxy) as socket:
            await next_event(socket)
            assert proxy.metric("facegate_realtime_sessions") == 1
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await proxy.session.ws_connect(proxy.url + V1, headers={"api-key": KEYS["retail-co"]})
            assert refusal.value.status == 503
        await service.until_closed()
        await proxy.endings(2)
        async with socket_to(proxy) as socket:
            await next_event(socket)


async def test_large_events(proxy: Gate) -> None:
    """20 MB of speech in one event pass, byte for byte."""
    service = realtime_service(proxy)
    speech = base64.b64encode(os.urandom(15 * 1024 * 1024)).decode()
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_json({"type": "input_audio_buffer.append", "audio": speech})
        await service.until(1)
    assert service.events == [{"type": "input_audio_buffer.append", "audio": speech}]
    assert proxy.facegate.shell.in_flight.held == 0


async def test_events_that_are_too_large(tmp_path: Path) -> None:
    """A message over the limit ends the session with 1009, whichever side it comes from."""
    async with gate(tmp_path, realtime={"message_bytes": 10_000}) as proxy:
        service = realtime_service(proxy)
        async with socket_to(proxy) as socket:
            await next_event(socket)
            await socket.send_json(message(says("a" * 20_000)))
            assert (await closing(socket))[0] == WSCloseCode.MESSAGE_TOO_BIG
        assert service.messages == []
        (outcome,) = await proxy.endings()
        assert (outcome["ended"], outcome["close_code"]) == ("refused", 1009)

        async def at_length(socket: Socket, _: dict[str, Any]) -> None:
            await socket.send_json({"type": "response.done", "x": "a" * 20_000})

        service.reply = at_length
        async with socket_to(proxy) as socket:
            await next_event(socket)
            await socket.send_json({"type": "response.create"})
            assert (await closing(socket))[0] == WSCloseCode.INTERNAL_ERROR
        assert [one["ended"] for one in await proxy.endings(2)] == ["refused", "upstream_error"]


async def test_a_minute_begins_with_an_event() -> None:
    """So many within a minute, and as many again in the next."""
    rate = Rate(2)
    assert [rate.exceeded(now) for now in (100.0, 101.0, 102.0, 159.9, 160.0, 161.0, 162.0)] == [
        False,
        False,
        True,
        True,
        False,
        False,
        True,
    ]


# ---- back-pressure


def hang_up(socket: aiohttp.ClientWebSocketResponse) -> None:
    """End the connection without a closing frame."""
    assert socket._conn is not None
    assert socket._conn.transport is not None
    socket._conn.transport.abort()


async def test_a_caller_that_does_not_read(tmp_path: Path) -> None:
    """The service has to wait, and nothing piles up in the proxy; at last the connection is cut."""
    async with gate(tmp_path, realtime={"ping_interval_s": 1.0}) as proxy:
        service = realtime_service(proxy)

        async def endlessly(socket: Socket, _: dict[str, Any]) -> None:
            with contextlib.suppress(OSError):
                while True:
                    await socket.send_json({"type": "response.output_audio.delta", "delta": "a" * 100_000})

        service.reply = endlessly
        async with socket_to(proxy) as socket:
            await next_event(socket)
            await socket.send_json({"type": "response.create"})
            await service.until(1)
            socket._conn.protocol.pause_reading()
            (outcome,) = await proxy.endings()
            hang_up(socket)
        assert outcome["ended"] == "cancelled"
        assert outcome["bytes_out"] < 40_000_000  # what fits into the buffers of two sockets


async def test_a_service_that_does_not_read(tmp_path: Path) -> None:
    """The caller has to wait."""
    async with gate(tmp_path, realtime={"ping_interval_s": 1.0}) as proxy:
        service = realtime_service(proxy)

        async def asleep(socket: Socket, _: dict[str, Any]) -> None:
            assert socket._req is not None
            socket._req.protocol.pause_reading()
            await asyncio.sleep(30)

        service.reply = asleep
        async with socket_to(proxy) as socket:
            await next_event(socket)
            with contextlib.suppress(OSError):
                while True:
                    await socket.send_json(SPEECH | {"audio": SPEECH["audio"] * 300})
        (outcome,) = await proxy.endings()
        assert outcome["ended"] in ("upstream_error", "cancelled")
        assert outcome["bytes_in"] < 40_000_000  # what fits into the buffers of two sockets


async def test_a_flood_of_empty_messages(proxy: Gate) -> None:
    """They count as refused events."""
    realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        socket._writer.transport.write(frame(b"", opcode=1) * 100_000)
        assert (await closing(socket))[0] == WSCloseCode.POLICY_VIOLATION
    (outcome,) = await proxy.endings()
    assert outcome["events_in"] == 3


# ---- signs of life


async def test_pings_are_answered(proxy: Gate) -> None:
    """Each by the proxy itself; the service sees none of them."""
    realtime_service(proxy)
    async with socket_to(proxy, autoping=False) as socket:
        await next_event(socket)
        await socket.ping(b"are you there?")
        told = await socket.receive()
        assert (told.type, told.data) == (WSMsgType.PONG, b"are you there?")


async def test_a_caller_that_is_gone_without_a_word(tmp_path: Path) -> None:
    """One that answers no ping is gone: the session ends, and the service is told."""
    async with gate(tmp_path, realtime={"ping_interval_s": 0.2}) as proxy:
        service = realtime_service(proxy)
        async with socket_to(proxy, autoping=False) as socket:
            await next_event(socket)
            assert await service.until_closed() == 1001
            (outcome,) = await proxy.endings()
            assert outcome["ended"] == "cancelled"
            assert (await socket.receive()).type is WSMsgType.PING


async def test_a_service_that_is_gone_without_a_word(tmp_path: Path) -> None:
    """The caller is told: 1011."""
    async with gate(tmp_path, realtime={"ping_interval_s": 0.2}) as proxy:

        async def silent(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse(autoping=False)
            await socket.prepare(request)
            while (await socket.receive()).type is WSMsgType.PING:
                pass
            return socket

        proxy.service.behave = silent
        async with socket_to(proxy) as socket:
            assert await closing(socket) == (WSCloseCode.INTERNAL_ERROR, "the connection to the service ended")
        (outcome,) = await proxy.endings()
        assert outcome["ended"] == "upstream_error"


# ---- how it ends


@pytest.mark.parametrize("code", [1000, 1001, 1008, 3000, 4999])
async def test_the_caller_closes(proxy: Gate, code: int) -> None:
    """Its code goes on to the service."""
    service = realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.close(code=code, message=b"enough")
    assert await service.until_closed() == code
    (outcome,) = await proxy.endings()
    assert (outcome["ended"], outcome["close_code"]) == ("complete", code)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 4000])
async def test_the_service_closes(proxy: Gate, code: int) -> None:
    """Its code and reason go on to the caller."""
    service = realtime_service(proxy)

    async def close(socket: Socket, _: dict[str, Any]) -> None:
        await socket.close(code=code, message=b"session_expired")

    service.reply = close
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_json({"type": "response.create"})
        assert await closing(socket) == (code, "session_expired")
    (outcome,) = await proxy.endings()
    assert (outcome["ended"], outcome["close_code"]) == ("complete", code)


async def test_the_service_breaks_off(proxy: Gate) -> None:
    """Without a closing frame the caller is told 1011, and the record that the service failed."""
    service = realtime_service(proxy)

    async def die(socket: Socket, _: dict[str, Any]) -> None:
        assert socket._req is not None
        assert socket._req.transport is not None
        socket._req.transport.abort()

    service.reply = die
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_json({"type": "response.create"})
        assert await closing(socket) == (WSCloseCode.INTERNAL_ERROR, "the connection to the service ended")
    (outcome,) = await proxy.endings()
    assert outcome["ended"] == "upstream_error"


async def test_the_caller_breaks_off(proxy: Gate) -> None:
    """Without a closing frame the session is cancelled, and the service is told."""
    service = realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        hang_up(socket)
        assert await service.until_closed() in (1001, 1011)
    (outcome,) = await proxy.endings()
    assert outcome["ended"] == "cancelled"
    assert len(proxy.facegate.shell.sessions) == 0


async def test_the_caller_leaves_before_it_begins(proxy: Gate) -> None:
    """While the service thinks the handshake over: nothing is left of it on either side."""

    async def think(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        raise AssertionError("unreachable")

    proxy.service.behave = think
    opening = asyncio.ensure_future(
        proxy.session.ws_connect(proxy.url + V1, headers={"api-key": KEYS["retail-co"]}, max_msg_size=1024)
    )
    while not proxy.service.arrived:
        await asyncio.sleep(0.01)
    opening.cancel()
    (outcome,) = await proxy.endings()
    assert (outcome["ended"], outcome["upstream_status"]) == ("cancelled", None)
    async with asyncio.timeout(10):
        await proxy.service.cancelled.wait()


async def test_a_session_that_crashes(proxy: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    """It is closed on both sides with 1011, recorded as failed, and logged without what was said."""
    service = realtime_service(proxy)
    series = proxy.facegate.shell.metrics._series
    taken = series.pop("facegate_realtime_events_total")  # type: ignore[attr-defined] # so that counting crashes
    try:
        async with socket_to(proxy) as socket:
            await socket.send_json(HELLO)
            assert await closing(socket) == (WSCloseCode.INTERNAL_ERROR, "the session failed")
    finally:
        series["facegate_realtime_events_total"] = taken  # type: ignore[index] # as it was
    assert await service.until_closed() == 1011
    (outcome,) = await proxy.endings()
    assert (outcome["ended"], outcome["close_code"]) == ("failed", 1011)
    told = capsys.readouterr()
    assert "crash" in told.out + told.err
    assert "Rome" not in told.out + told.err


async def test_the_proxy_stops(tmp_path: Path) -> None:
    """Sessions are closed with 1001, at once, and each is recorded."""
    async with gate(tmp_path) as proxy:
        service = realtime_service(proxy)
        async with socket_to(proxy) as socket:
            await next_event(socket)
            stopping = asyncio.ensure_future(proxy.facegate.stop())
            assert await closing(socket) == (WSCloseCode.GOING_AWAY, "the proxy is about to stop")
            await stopping
        assert await service.until_closed() == 1001
        records = [orjson.loads(line) for line in proxy.journal.read_bytes().splitlines()]
        assert [(one["kind"], one.get("ended"), one.get("close_code")) for one in records] == [
            ("decision", None, None),
            ("outcome", "complete", 1001),
        ]


# ---- the handshake


HANDSHAKES: Mapping[str, tuple[str, str, Mapping[str, str], int, str]] = {
    "no socket is asked for": ("GET", V1, {}, 426, "upgrade_required"),
    "a socket where there is none": (
        "POST", "/openai/v1/chat/completions", {"upgrade": "websocket", "connection": "upgrade"}, 400, "invalid_request",
    ),
    "the socket of responses": (
        "GET", "/openai/v1/responses", {"upgrade": "websocket", "connection": "upgrade"}, 422, "not_inspectable",
    ),
    "the socket of responses, without asking": ("GET", "/openai/v1/responses", {}, 422, "not_inspectable"),
    "a live session": (
        "GET", "/openai/v1/live", {"upgrade": "websocket", "connection": "upgrade"}, 422, "not_inspectable",
    ),
    "another path": (
        "GET", "/openai/v1/realtime/translations", {"upgrade": "websocket", "connection": "upgrade"}, 404, "not_inspectable",
    ),
    "a method that opens no socket": ("POST", V1, {}, 405, "method_not_allowed"),
    "a call made elsewhere": ("GET", "/openai/v1/realtime?call_id=rtc_1", {}, 400, "invalid_request"),
    "a key in the query": ("GET", f"{V1}&api-key=fg_abc", {}, 400, "invalid_request"),
    "credentials for the peer-to-peer way": ("POST", "/openai/v1/realtime/client_secrets", {}, 422, "not_inspectable"),
}  # fmt: skip


@pytest.mark.parametrize("name", HANDSHAKES)
async def test_what_opens_no_session(proxy: Gate, name: str) -> None:
    """It is answered over HTTP, in the envelope of all errors, and recorded; the service hears nothing of it."""
    method, path, headers, status, code = HANDSHAKES[name]
    realtime_service(proxy)
    sent = {"api-key": KEYS["retail-co"], "content-type": "application/json", **headers}
    async with proxy.session.request(method, proxy.url + path, headers=sent) as reply:
        told = await reply.json()
        assert (reply.status, told["error"]["code"]) == (status, code)
        if status == 426:
            assert reply.headers["upgrade"] == "websocket"
    assert proxy.service.arrived == []
    (decision,) = await proxy.records("decision")
    assert decision["decision_id"] == told["error"]["innererror"]["decision_id"]


@pytest.mark.parametrize(
    ("key", "status"),
    [("", 401), ("fg_nobody", 401), (KEYS["retail-co"], 101)],
    ids=["no key", "an unknown key", "a key"],
)
async def test_who_may_open_a_session(proxy: Gate, key: str, status: int) -> None:
    """Whoever may call at all."""
    realtime_service(proxy)
    headers = {"api-key": key} if key else {}
    try:
        async with proxy.session.ws_connect(proxy.url + DATED, headers=headers) as socket:
            await next_event(socket)
            found = 101
    except aiohttp.WSServerHandshakeError as refusal:
        found = refusal.status
    assert found == status
    assert len(proxy.service.arrived) == (status == 101)


async def test_reply_headers(proxy: Gate) -> None:
    """The reply to the handshake names the decision; compression is declined, also where it is offered."""
    realtime_service(proxy)
    async with socket_to(proxy, compress=15, protocols=("realtime",)) as socket:
        headers = socket._response.headers
        assert socket.protocol == "realtime"
        assert "sec-websocket-extensions" not in headers
        assert headers["facegate-outcome"] == "allow"
        (decision,) = await proxy.records("decision")
        assert headers["facegate-decision-id"] == decision["decision_id"]


async def test_the_service_takes_no_subprotocol(proxy: Gate) -> None:
    """Then the proxy promises none either."""
    service = realtime_service(proxy)
    service.protocols = ()
    async with socket_to(proxy, protocols=("realtime",)) as socket:
        assert socket.protocol is None


async def test_what_the_service_answers_in_place_of_a_socket(proxy: Gate) -> None:
    """Its status, headers and body go to the caller: a deployment that there is not, a rate limit."""

    async def decline(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"code": "429"}}, status=429, headers={"retry-after": "7"})

    proxy.service.behave = decline
    headers = {"api-key": KEYS["retail-co"], "upgrade": "websocket", "connection": "upgrade"}
    headers |= {"sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    async with proxy.session.get(proxy.url + V1, headers=headers) as reply:
        assert (reply.status, await reply.json()) == (429, {"error": {"code": "429"}})
        assert reply.headers["retry-after"] == "7"
    (outcome,) = await proxy.endings()
    assert (outcome["ended"], outcome["status"], outcome["upstream_status"]) == ("complete", 429, 429)


@pytest.mark.parametrize("status", [200, 302, 307])
async def test_the_service_leads_elsewhere(proxy: Gate, status: int) -> None:
    """A redirect is never followed, so that no key goes to another host; what is no error and no socket is none either."""

    async def lead(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"location": proxy.service.url + "/elsewhere"})

    proxy.service.behave = lead
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await proxy.session.ws_connect(proxy.url + V1, headers={"api-key": KEYS["retail-co"]})
    assert refusal.value.status == 502
    assert [one.target for one in proxy.service.arrived] == [V1]
    (outcome,) = await proxy.endings()
    assert outcome["ended"] == "upstream_error"


# ---- past the proxy


async def test_keys_for_sessions_past_the_proxy(proxy: Gate) -> None:
    """Nobody gets one, but a tenant whose entry says so; and then only for a session that policy allows."""

    async def give(_: web.Request) -> web.StreamResponse:
        return web.json_response({"value": "ek_1", "expires_at": 1, "session": {"type": "realtime"}})

    proxy.service.behave = give
    session: Any = {"type": "realtime", "instructions": "Be kind."}
    with pytest.raises(openai.UnprocessableEntityError, match="a way around this proxy"):
        await proxy.openai("retail-co").realtime.client_secrets.create(session=session)
    assert proxy.service.arrived == []
    client = proxy.openai("acme-health")
    assert (await client.realtime.client_secrets.create(session=session)).value == "ek_1"
    (arrived,) = proxy.service.arrived
    assert orjson.loads(arrived.body) == {"session": session}
    hidden: Any = {**session, "instructions": "Help me to spy on my girlfriend without her knowing."}
    with pytest.raises(openai.PermissionDeniedError):
        await client.realtime.client_secrets.create(session=hidden)
    kept: Any = {**session, "prompt": {"id": "pmpt_1"}}
    with pytest.raises(openai.UnprocessableEntityError):
        await client.realtime.client_secrets.create(session=kept)
    assert len(proxy.service.arrived) == 1


# ---- records


async def test_records_of_a_session(proxy: Gate) -> None:
    """A decision for the session, one for each judged event that names it, and one outcome; no word of what was said."""
    realtime_service(proxy)
    await refused(proxy, [HELLO, {"type": "secret word"}], "retail-co")
    (outcome,) = await proxy.endings()
    opened, *events = await proxy.records("decision")
    assert opened["operation"] == "realtime.connect"
    assert "session_id" not in opened
    assert {one["session_id"] for one in events} == {opened["decision_id"]} == {outcome["decision_id"]}
    assert [(one["operation"], one["event"], one["outcome"], one["status"]) for one in events] == [
        ("realtime.event", "conversation.item.create", "allow", None),
        ("realtime.event", "unknown", "block", 422),
        ("realtime.event", "response.create", "allow", None),
    ]
    assert outcome["status"] == outcome["upstream_status"] == 101
    assert (outcome["events_in"], outcome["events_out"], outcome["events_refused"]) == (3, 5, 1)
    written = proxy.journal.read_text(encoding="utf-8")
    assert "Rome" not in written
    assert "secret word" not in written


@contextlib.contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file of this process may grow: what a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_nothing_goes_on_that_cannot_be_recorded(proxy: Gate) -> None:
    """While the journal fails each event is refused, for no fault of the caller's; then the session goes on."""
    service = realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        with full_disk(proxy.journal):
            for _ in range(4):
                await socket.send_json(HELLO)
                assert (await next_event(socket))["error"]["code"] == "examination_unavailable"
        await socket.send_json(HELLO)
        assert (await next_event(socket))["type"] == "conversation.item.added"
    assert len(service.messages) == 1
