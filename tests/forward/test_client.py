"""One request and its reply over pooled connections: who has a connection, until when, and what becomes of a large body."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from support.raw_service import Answer, RawService, raw_service, says
from yarl import URL

from proxy.forward.client import Client
from proxy.forward.upstream import Endpoint

HEAD = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LARGE = bytes(40_000_000)


@asynccontextmanager
async def asking(answer: Answer, connections: int = 100) -> AsyncIterator[tuple[Client, RawService]]:
    """A client of a service that answers so."""
    async with raw_service(answer) as service, asyncio.timeout(20):
        client = Client(URL(service.url), Endpoint(service.url, None, connections=connections))
        try:
            yield client, service
        finally:
            await client.close()


async def test_a_reply_that_came_whole() -> None:
    """Its body is at hand, and its connection is free for the next request before the block is left."""
    async with asking(says(OK), connections=1) as (client, service), await client.ask(HEAD % 0, ()) as first:
        assert (first.status, first.reason, first.whole, first.connection) == (200, "OK", True, None)
        async with await client.ask(HEAD % 0, ()) as second:
            assert await second.read() == b"ok"
        assert await first.read() == b"ok"
    assert service.connections == 1


async def test_a_reply_in_pieces() -> None:
    """Its connection is its own until the block is left, then it goes to the next one."""
    head, body = OK.split(b"ok")[0], b"ok"
    async with asking(says(head, body)) as (client, service):
        for _ in range(2):
            async with await client.ask(HEAD % 0, ()) as reply:
                assert (reply.whole, reply.content_length) == (False, 2)
                assert reply.connection is not None
                assert await reply.read() == b"ok"
            assert reply.connection is None
    assert (len(service.requests), service.connections) == (2, 1)


async def test_a_large_body_arrives_whole() -> None:
    """Bytes, views and their order."""
    body = (b"a" * 300_000, memoryview(b"b" * 300_000), b"c")
    async with asking(says(OK)) as (client, service):
        for _ in range(2):
            async with await client.ask(HEAD % 600_001, body) as reply:
                assert await reply.read() == b"ok"
    assert [request.partition(b"\r\n\r\n")[2] for request in service.requests] == [b"".join(body)] * 2
    assert service.connections == 1


@asynccontextmanager
async def impatient(*, hangs_up: bool) -> AsyncIterator[tuple[Client, list[asyncio.StreamReader]]]:
    """A client of a service that answers after the head, reads no body, and hangs up or waits."""
    heard: list[asyncio.StreamReader] = []
    open_ends: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.append(reader)
        open_ends.append(writer)
        if hangs_up:
            writer.transport.abort()
        else:
            writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(20):
        client = Client(URL(url), Endpoint(url, None))
        try:
            yield client, heard
        finally:
            await client.close()
            for writer in open_ends:
                writer.transport.abort()
            server.close()


async def test_a_reply_before_the_end_of_the_body() -> None:
    """It counts, the rest of the body is not sent, and the connection carries no other request."""
    async with impatient(hangs_up=False) as (client, heard):
        for _ in range(2):
            async with await client.ask(HEAD % len(LARGE), (LARGE, b"")) as reply:
                assert (reply.status, await reply.read()) == (413, b"no")
        assert len(heard) == 2
        assert await left_over(heard[0]) < len(LARGE)


async def left_over(reader: asyncio.StreamReader) -> int:
    """How many bytes came until the connection ended."""
    received = 0
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            received += len(piece)
    return received


async def test_a_service_that_hangs_up_within_the_body() -> None:
    """Whoever waits for the reply learns it."""
    async with impatient(hangs_up=True) as (client, _):
        with pytest.raises((aiohttp.ClientError, OSError)):
            await client.ask(HEAD % len(LARGE), (LARGE, b""))


async def test_a_caller_who_gives_up_waiting() -> None:
    """The connection is closed, so that the service can stop, and the next request has one of its own."""
    gone = asyncio.Event()

    async def slow(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 1:
            await writer.wait_closed()
            gone.set()
        else:
            writer.write(OK)

    async with asking(slow) as (client, service):
        waiting = asyncio.ensure_future(client.ask(HEAD % 0, ()))
        while not service.requests:
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with await client.ask(HEAD % 0, ()) as reply:
            assert await reply.read() == b"ok"
    assert service.connections == 2


async def test_a_reply_that_is_left_early() -> None:
    """Its connection is closed, never given to another request."""

    async def drips(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")

    async with asking(drips, connections=1) as (client, service):
        for _ in range(2):
            async with await client.ask(HEAD % 0, ()) as reply:
                assert not reply.whole
    assert (len(service.requests), service.connections) == (2, 2)
