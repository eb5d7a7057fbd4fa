"""A host may announce its answer a few times, and must then give it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from support.picture_host import Answer, PictureHost, ok, picture_host

from proxy.forward.interim import MAX_INTERIM, DirectConnector

ANSWER = ok(b"the answer")


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
