"""Uploads that are held: how many, whose, and what becomes of them when the service or the proxy ends; see also end_to_end."""

import asyncio
from pathlib import Path

import openai
import pytest
from aiohttp import web
from support.gate import Gate, gate
from support.resources import Resources

from proxy.serve.uploads import MAX_UPLOADS, Room

DATA = b"Opening hours: nine to five."

ZIP = b"PK\x03\x04" + bytes(100)


async def begin(client: openai.AsyncOpenAI, size: int = len(DATA)) -> str:
    """The id of an upload that was begun."""
    made = await client.uploads.create(bytes=size, filename="a.txt", mime_type="text/plain", purpose="assistants")
    return made.id


@pytest.fixture
def client(proxy: Gate) -> openai.AsyncOpenAI:
    """A client of a proxy whose service keeps what it is given."""
    proxy.service.behave = Resources().handle
    return proxy.openai(max_retries=0)


async def test_so_many_are_open(proxy: Gate, client: openai.AsyncOpenAI) -> None:
    """A tenant may have so many uploads open; one that is cancelled makes room."""
    first = await begin(client)
    for _ in range(MAX_UPLOADS - 1):
        await begin(client)
    with pytest.raises(openai.InternalServerError) as caught:
        await begin(client)
    assert caught.value.status_code == 503
    proxy.service.behave = Resources().handle  # of another tenant's: ids of one service never come twice
    assert await begin(proxy.openai("acme-health", max_retries=0))
    proxy.service.behave = lambda _: _answer(200)
    await client.uploads.cancel(first)
    assert len(proxy.facegate.shell.uploads._open) == MAX_UPLOADS


async def _answer(status: int) -> web.StreamResponse:
    return web.json_response({"error": {"message": "made up"}}, status=status)


async def test_a_service_that_does_not_cancel(proxy: Gate, client: openai.AsyncOpenAI) -> None:
    """A refusal stands and what was held is let go, whatever the service says to that."""
    upload = await begin(client, len(ZIP))
    part = await client.uploads.parts.create(upload, data=("part", ZIP))

    async def broken(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    proxy.service.behave = broken
    with pytest.raises(openai.UnprocessableEntityError):
        await client.uploads.complete(upload, part_ids=[part.id])
    assert (proxy.facegate.shell.uploads.held, len(proxy.facegate.shell.uploads._open)) == (0, 0)


@pytest.mark.parametrize("status", [400, 500])
async def test_a_cancellation_that_fails(proxy: Gate, client: openai.AsyncOpenAI, status: int) -> None:
    """What the service did not cancel is still there."""
    upload = await begin(client)
    proxy.service.behave = lambda _: _answer(status)
    with pytest.raises(openai.APIStatusError):
        await client.uploads.cancel(upload)
    assert len(proxy.facegate.shell.uploads._open) == 1


@pytest.mark.parametrize("reply", [b"no json", b"[]", b"{}", b'"id"'])
async def test_replies_to_slices_that_are_none(proxy: Gate, client: openai.AsyncOpenAI, reply: bytes) -> None:
    """Without the service's ids nothing is ended, and the caller may try again."""
    upload = await begin(client)
    part = await client.uploads.parts.create(upload, data=("part", DATA))

    async def odd(request: web.Request) -> web.StreamResponse:
        assert request.path.endswith("/parts")
        return web.Response(body=reply, content_type="application/json")

    proxy.service.behave = odd
    with pytest.raises(openai.InternalServerError) as caught:
        await client.uploads.complete(upload, part_ids=[part.id])
    assert (caught.value.status_code, proxy.facegate.shell.uploads.held) == (502, len(DATA))


async def test_the_end_of_the_proxy(tmp_path: Path) -> None:
    """What is held is let go with the proxy, and no timer outlives it."""
    async with gate(tmp_path) as proxy:
        proxy.service.behave = Resources().handle
        client = proxy.openai(max_retries=0)
        await client.uploads.parts.create(await begin(client), data=("part", DATA))
        held = proxy.facegate.shell.uploads
        (upload,) = held._open.values()
    assert (held.held, upload.end.cancelled()) == (0, True)


def test_room() -> None:
    """The room where nobody sets another."""
    assert Room() == Room(64 * 1024 * 1024, 256 * 1024 * 1024, 900.0)


async def test_one_end_at_a_time(proxy: Gate, client: openai.AsyncOpenAI) -> None:
    """Each end holds the whole file once more: while one is under way another is told to wait, and spoils nothing."""
    upload = await begin(client)
    part = await client.uploads.parts.create(upload, data=("part", DATA))
    resources = Resources()
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await go.wait()
        return await resources.handle(request)

    proxy.service.behave = slow
    async with asyncio.TaskGroup() as group:
        first = group.create_task(client.uploads.complete(upload, part_ids=[part.id]))
        await arrived.wait()
        with pytest.raises(openai.InternalServerError) as caught:
            await client.uploads.complete(upload, part_ids=[part.id])
        assert caught.value.status_code == 503
        first.cancel()
    arrived.clear()
    go.set()
    while proxy.facegate.shell.uploads._open[("retail-co", upload)].ending:
        await asyncio.sleep(0.01)
    proxy.service.behave = lambda _: _answer(200)
    with pytest.raises(openai.InternalServerError):  # the reply to the slice tells no id: that far it went again
        await client.uploads.complete(upload, part_ids=[part.id])
