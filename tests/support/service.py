"""A stand-in for the service behind Facegate, over real sockets: it records what reaches it, and behaves as a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.demo.service import demo_application

KEY = "the-service-key-that-no-caller-may-see"

Behave = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Arrived:
    """A request as it reached the service. Header names are in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class StandIn:
    """A running stand-in. `behave` replaces its ordinary replies; `cancelled` is set when a caller hangs up on it."""

    url: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    behave: Behave | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        headers = tuple((name.decode().lower(), value.decode("latin-1")) for name, value in request.raw_headers)
        self.arrived.append(Arrived(request.method, request.raw_path, headers, body))
        try:
            return await (handler if self.behave is None else self.behave)(request)
        except (asyncio.CancelledError, ConnectionResetError):
            self.cancelled.set()
            raise


@asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    """A stand-in on a free loopback port."""
    service = StandIn()
    application = demo_application(KEY)
    application.middlewares.insert(0, service._record)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()
