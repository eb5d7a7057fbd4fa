"""A stand-in for the realtime service, over real sockets: it records what reaches it, and speaks as a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from aiohttp import WSMsgType, web
from support.gate import Gate

Socket = web.WebSocketResponse

Reply = Callable[[Socket, dict[str, Any]], Awaitable[None]]
"""What the service does with one event."""


async def in_turn(socket: Socket, event: dict[str, Any]) -> None:
    """Answer as the service does, in short."""
    match event["type"]:
        case "session.update":
            await socket.send_json({"type": "session.updated", "session": event["session"]})
        case "conversation.item.create":
            await socket.send_json({"type": "conversation.item.added", "item": event["item"]})
        case "response.create":
            await socket.send_json({"type": "response.created", "response": {"id": "resp_1"}})
            await socket.send_json({"type": "response.output_text.delta", "delta": "Hello"})
            await socket.send_json({"type": "response.done", "response": {"id": "resp_1"}})
        case _:
            return


@dataclass
class Service:
    """The running stand-in: each message that came, as it came; how its sockets were closed; and what it says."""

    reply: Reply = in_turn
    greeting: dict[str, Any] | None = field(default_factory=lambda: {"type": "session.created", "session": {}})
    protocols: tuple[str, ...] = ("realtime",)
    messages: list[str | bytes] = field(default_factory=list)
    closed: list[int | None] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    heartbeat: float | None = None

    @property
    def events(self) -> list[dict[str, Any]]:
        """The messages, parsed."""
        return [orjson.loads(one) for one in self.messages]

    @property
    def types(self) -> list[str]:
        """The types of the events that came."""
        return [str(one["type"]) for one in self.events]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one conversation."""
        socket = Socket(protocols=self.protocols, max_msg_size=64 * 1024 * 1024, timeout=1.0, heartbeat=self.heartbeat)
        await socket.prepare(request)
        self.sockets.append(socket)
        if self.greeting is not None:
            await socket.send_json(self.greeting)
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            self.messages.append(message.data)
            self.came.set()
            await self.reply(socket, orjson.loads(message.data))
        self.closed.append(socket.close_code)
        return socket

    async def until(self, number: int) -> None:
        """Wait until so many messages came (10 seconds)."""
        async with asyncio.timeout(10):
            while len(self.messages) < number:
                self.came.clear()
                await self.came.wait()

    async def until_closed(self) -> int | None:
        """Wait until a socket was closed (10 seconds); the code."""
        async with asyncio.timeout(10):
            while not self.closed:
                await asyncio.sleep(0.01)
        return self.closed[-1]


def realtime_service(proxy: Gate) -> Service:
    """Let the proxy's stand-in answer everything as a realtime service."""
    service = Service()
    proxy.service.behave = service.serve
    return service


V1 = "/openai/v1/realtime?model=gpt-realtime"
DATED = "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-4o-realtime"


@asynccontextmanager
async def socket_to(
    proxy: Gate, tenant: str = "retail-co", path: str = V1, **options: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A bare socket to the proxy, after the service's greeting was taken off it."""
    headers = {"api-key": proxy.keys[tenant], **options.pop("headers", {})}
    async with proxy.session.ws_connect(
        proxy.url + path, headers=headers, max_msg_size=64 * 1024 * 1024, **options
    ) as socket:
        yield socket


async def next_event(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """The next event (10 seconds)."""
    async with asyncio.timeout(10):
        found = await socket.receive_json(loads=orjson.loads)
    assert isinstance(found, dict)
    return found


async def closing(socket: aiohttp.ClientWebSocketResponse) -> tuple[int | None, str]:
    """Code and reason with which the proxy closes a socket, whatever comes before (10 seconds)."""
    async with asyncio.timeout(10):
        while True:
            message = await socket.receive()
            if message.type is WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                return socket.close_code, ""
