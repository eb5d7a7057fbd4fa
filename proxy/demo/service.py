"""A small service that answers as Azure OpenAI does, in shape only: it understands nothing and makes its words up.

It is what `upstream.endpoint: demo` starts, on a loopback port of the system's choice and with a key of its own, so that a
newcomer sees whole exchanges without an Azure subscription.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

WORDS: Final = ("This ", "reply ", "is ", "made ", "up ", "by ", "the ", "demonstration ", "service.")

PAUSE_S: Final = 0.05
"""Seconds between two events of a stream, so that a person sees them arrive one by one."""

# A grey picture of one pixel, PNG.
_PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="


@dataclass(frozen=True, slots=True)
class DemoService:
    """A running demonstration service: its base URL and the key that it asks for."""

    url: str
    key: str
    runner: web.AppRunner

    async def stop(self) -> None:
        """Stop serving."""
        await self.runner.cleanup()


def demo_application(key: str) -> web.Application:
    """The service's application; it answers only to callers that send `key` as their `api-key`."""
    application = web.Application(middlewares=[_asks_for(key)], client_max_size=256 * 1024 * 1024)
    for prefix in ("/openai/v1", "/openai/deployments/{deployment}"):
        application.router.add_post(prefix + "/chat/completions", _chat)
        application.router.add_post(prefix + "/completions", _completions)
        application.router.add_post(prefix + "/embeddings", _embeddings)
        application.router.add_post(prefix + "/images/generations", _images)
    for path in ("/openai/v1/responses", "/openai/responses"):
        application.router.add_post(path, _responses)
    return application


async def start_demo_service() -> DemoService:
    """Serve on a free loopback port."""
    key = secrets.token_urlsafe(16)
    runner = web.AppRunner(demo_application(key), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    return DemoService(f"http://127.0.0.1:{port}", key, runner)


def _asks_for(key: str) -> Any:
    @web.middleware
    async def check(request: web.Request, handler: Any) -> web.StreamResponse:
        if not secrets.compare_digest(request.headers.get("api-key", ""), key):
            error = {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint."}
            return web.json_response({"error": error}, status=401)
        reply = await handler(request)
        reply.headers["apim-request-id"] = secrets.token_hex(16)
        assert isinstance(reply, web.StreamResponse)  # noqa: S101 - every handler below returns one
        return reply

    return check


async def _body(request: web.Request) -> Mapping[str, Any]:
    body = await request.json()
    assert isinstance(body, dict)  # noqa: S101 - Facegate forwards objects only
    return body


def _model(request: web.Request, body: Mapping[str, Any]) -> str:
    return str(request.match_info.get("deployment") or body.get("model") or "demo")


def _usage() -> Mapping[str, int]:
    return {"prompt_tokens": 9, "completion_tokens": len(WORDS), "total_tokens": 9 + len(WORDS)}


async def _chat(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    base = {"id": "chatcmpl-" + secrets.token_hex(12), "created": int(time.time()), "model": _model(request, body)}
    if body.get("stream") is True:
        deltas: list[Mapping[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": word} for word in WORDS)]
        events: list[Mapping[str, Any]] = [
            {
                **base,
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
            }
            for delta in deltas
        ]
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        events.append({**base, "object": "chat.completion.chunk", "choices": [last]})
        return await _stream(request, [(None, event) for event in events], done=True)
    message = {"role": "assistant", "content": "".join(WORDS), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return web.json_response({**base, "object": "chat.completion", "choices": [choice], "usage": _usage()})


async def _completions(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    choice = {"index": 0, "text": "".join(WORDS), "finish_reason": "stop", "logprobs": None}
    return web.json_response(
        {
            "id": "cmpl-" + secrets.token_hex(12),
            "object": "text_completion",
            "created": int(time.time()),
            "model": _model(request, body),
            "choices": [choice],
            "usage": _usage(),
        }
    )


async def _embeddings(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    inputs = body.get("input")
    number = len(inputs) if isinstance(inputs, list) else 1
    data = [{"object": "embedding", "index": index, "embedding": [0.0, 0.5, 1.0]} for index in range(number)]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return web.json_response({"object": "list", "data": data, "model": _model(request, body), "usage": usage})


async def _images(request: web.Request) -> web.StreamResponse:
    await _body(request)
    return web.json_response({"created": int(time.time()), "data": [{"b64_json": _PIXEL}]})


async def _responses(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    text = "".join(WORDS)
    item_id = "msg_" + secrets.token_hex(12)
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": item_id, "status": "completed", "role": "assistant", "content": [part]}
    response = {
        "id": "resp_" + secrets.token_hex(12),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": _model(request, body),
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 9,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": len(WORDS),
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 9 + len(WORDS),
        },
    }
    if body.get("stream") is not True:
        return web.json_response(response)
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    events: list[tuple[str | None, Mapping[str, Any]]] = [("response.created", {"response": begun})]
    place = {"item_id": item_id, "output_index": 0, "content_index": 0}
    empty = {**part, "text": ""}
    item_begun = {**item, "status": "in_progress", "content": []}
    events.append(("response.output_item.added", {"output_index": 0, "item": item_begun}))
    events.append(("response.content_part.added", {**place, "part": empty}))
    events += [("response.output_text.delta", {**place, "delta": word, "logprobs": []}) for word in WORDS]
    events.append(("response.output_text.done", {**place, "text": text, "logprobs": []}))
    events.append(("response.content_part.done", {**place, "part": part}))
    events.append(("response.output_item.done", {"output_index": 0, "item": item}))
    events.append(("response.completed", {"response": response}))
    numbered = [
        (kind, {"type": kind, "sequence_number": number, **event}) for number, (kind, event) in enumerate(events)
    ]
    return await _stream(request, numbered, done=False)


async def _stream(
    request: web.Request, events: Sequence[tuple[str | None, Mapping[str, Any]]], *, done: bool
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    for kind, event in events:
        head = f"event: {kind}\n" if kind else ""
        await response.write(f"{head}data: {json.dumps(event)}\n\n".encode())
        await asyncio.sleep(PAUSE_S)
    if done:
        await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response
