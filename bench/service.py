"""The service behind both proxies: as cheap as can be, so that it does not slow what is measured.

Usage: python bench/service.py. Prints its port. Answers a fixed chat completion; a body with `"stream":true` gets EVENTS
server-sent events, PAUSE_S apart, each with the monotonic clock of its sending.
"""

import asyncio
import time

import uvloop
from aiohttp import web

EVENTS = 100
PAUSE_S = 0.005

REPLY = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"' + b"word " * 60 + b'"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":60,"total_tokens":69}}'
)


async def handle(request: web.BaseRequest) -> web.StreamResponse:
    """One reply."""
    tail = b""
    while piece := await request.content.readany():  # what is not kept costs little, so large bodies hold up nobody
        tail = (tail + piece[-64:])[-64:]
    if b'"stream":true' not in tail:
        return web.Response(body=REPLY, content_type="application/json")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for _ in range(EVENTS):
        await response.write(b"data: %d\n\n" % time.monotonic_ns())
        await asyncio.sleep(PAUSE_S)
    return response


async def main() -> None:
    """Serve until killed."""
    server = web.Server(handle)
    runner = web.ServerRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
