"""A host may announce its answer a few times, and must then give it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from support.picture_host import Answer, PictureHost, ok, picture_host

from proxy.forward.interim import MAX_INTERIM, DirectConnector

ANSWER = ok(b"the answer")
FOR_EVER = float("inf")


@asynccontextmanager
async def client(answer: Answer) -> AsyncIterator[tuple[aiohttp.ClientSession, str, PictureHost]]:
    """A client whose connections are direct, and the address of a host that answers so."""
    async with (
        picture_host({"/": answer}) as host,
        aiohttp.ClientSession(connector=DirectConnector(limit=1, force_close=True)) as session,
    ):
        yield session, f"http://127.0.0.1:{host.port}/", host


@pytest.mark.parametrize("status", [100, 102, 103])
@pytest.mark.parametrize("number", [0, 1, MAX_INTERIM])
async def test_few(status: int, number: int) -> None:
    """The answer is what comes after them, at once or piece by piece."""
    interim = f"HTTP/1.1 {status} Wait\r\n\r\n".encode() * number

    async def in_pieces(writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(interim + ANSWER), 7):
            writer.write((interim + ANSWER)[start : start + 7])
            await writer.drain()

    for answer in (interim + ANSWER, in_pieces):
        async with client(answer) as (session, url, _), session.get(url) as reply:
            assert (reply.status, await reply.read()) == (200, b"the answer")


@pytest.mark.parametrize("number", [MAX_INTERIM + 1, 10_000])
async def test_many(number: int) -> None:
    """The connection is given up, even where the answer would follow."""
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n" * number
    async with client(interim + ANSWER) as (session, url, host):
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(url)
    assert host.connections == 1


async def test_each_connection_counts_anew() -> None:
    """What one host did is not held against the next."""
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n" * MAX_INTERIM
    async with client(interim + ANSWER) as (session, url, host):
        for _ in range(3):
            async with session.get(url) as reply:
                assert await reply.read() == b"the answer"
    assert host.connections == 3


@asynccontextmanager
async def kept(*replies: Sequence[float], interim: int = 0) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A client that bears 0.4 s of silence, and a host that keeps its connection: each reply has its pauses before its pieces."""
    coming = iter(replies)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                pauses = next(coming)
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * interim)
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(pauses)}\r\n\r\n".encode())
                for pause in pauses:
                    await (reader.read() if pause == FOR_EVER else asyncio.sleep(pause))
                    writer.write(b"x")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=0.4)
    try:
        async with aiohttp.ClientSession(connector=DirectConnector(limit=1), timeout=timeout) as session:
            yield session, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def answered(session: aiohttp.ClientSession, url: str) -> bytes:
    """The body of a reply."""
    async with session.get(url) as reply:
        return await reply.read()


async def test_announcements_of_one_reply_are_not_added_to_the_next() -> None:
    """A connection that is kept may carry any number of replies."""
    async with kept(*[[0.0]] * 3, interim=MAX_INTERIM - 1) as (session, url):
        assert [await answered(session, url) for _ in range(3)] == [b"x"] * 3


async def test_a_host_that_is_slow() -> None:
    """A reply may take longer than the silence that is allowed, and so may the time between two requests."""
    async with kept([0.15] * 5, [0.15] * 5) as (session, url):
        assert await answered(session, url) == b"xxxxx"
        await asyncio.sleep(0.6)
        assert await answered(session, url) == b"xxxxx"


@pytest.mark.parametrize("before", [0, 1, 3])
async def test_a_host_that_falls_silent(before: int) -> None:
    """The wait ends, in the first reply over a connection or in a later one."""
    async with kept(*[[0.0, 0.1]] * before, [0.0, FOR_EVER]) as (session, url), asyncio.timeout(10):
        assert [await answered(session, url) for _ in range(before)] == [b"xx"] * before
        with pytest.raises(aiohttp.SocketTimeoutError):
            await answered(session, url)


async def test_a_later_request_may_bear_less() -> None:
    """What an earlier one over the connection bore does not count."""
    async with kept([0.0], [FOR_EVER]) as (session, url), asyncio.timeout(10):
        async with session.get(url, timeout=aiohttp.ClientTimeout(sock_read=60)) as reply:
            assert await reply.read() == b"x"
        with pytest.raises(aiohttp.SocketTimeoutError):
            await answered(session, url)
