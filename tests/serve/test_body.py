"""A body is read whole within its limits, or not at all; and what is not handed over holds no memory."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from support.data_port import GIVE_UP_S, DataPort, chunked, data_port, http

from proxy.errors import BadRequest, RequestError, TooLarge, TooSlow, Unavailable
from proxy.serve.body import SMALL, InFlight, read_body
from proxy.settings import Limits

LIMIT = 200_000
LARGE = b"0123456789" * (LIMIT // 10)


@dataclass
class Reading:
    """What became of the bodies that came: their pieces, or the error; and what they hold."""

    in_flight: InFlight
    port: DataPort = field(default_factory=DataPort)
    read: list[list[bytes]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def reading(limits: Mapping[str, float] | None = None, inflight: int = 10_000_000) -> AsyncIterator[Reading]:
    """A port that reads bodies, within these limits."""
    allowed = Limits.model_validate({"body_bytes": LIMIT, **(limits or {})})
    state = Reading(InFlight(inflight))

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            state.read.append(await read_body(request, allowed, state.in_flight))
        except RequestError as error:
            state.errors.append(error)
            return web.Response(status=error.status, text=error.message)
        except asyncio.CancelledError as cancelled:
            state.errors.append(cancelled)
            raise
        finally:
            state.ended.set()
        return web.Response(text="read")

    async with data_port(handle, allowed) as state.port:
        yield state


ZIPPED = gzip.compress(LARGE)

READ: dict[str, tuple[list[bytes], bytes]] = {
    # what is written, piece by piece; the body
    "with its headers": ([http(b"Content-Length: 5", body=b"hello")], b"hello"),
    "after its headers": ([http(b"Content-Length: 5"), b"hello"], b"hello"),
    "in pieces": ([http(b"Content-Length: 5", body=b"he"), b"l", b"lo"], b"hello"),
    "none": ([http()], b""),
    "of no bytes": ([http(b"Content-Length: 0")], b""),
    "of a GET": ([http(b"Content-Length: 5", line=b"GET /x HTTP/1.1", body=b"hello")], b"hello"),
    "in chunks": ([http(b"Transfer-Encoding: chunked", body=chunked(b"hel", b"lo"))], b"hello"),
    "in chunks that come": ([http(b"Transfer-Encoding: chunked"), chunked(b"hel", end=False), chunked(b"lo")], b"hello"),
    "in chunks with a trailer": (
        [http(b"Transfer-Encoding: chunked", body=chunked(b"hello", end=False) + b"0\r\nx-sum: 1\r\n\r\n")],
        b"hello",
    ),
    "no chunks": ([http(b"Transfer-Encoding: chunked", body=chunked())], b""),
    "as large as allowed": ([http(b"Content-Length: %d" % LIMIT, body=LARGE)], LARGE),
    "as large as allowed, in chunks": (
        [http(b"Transfer-Encoding: chunked", body=chunked(LARGE[:LIMIT // 2], LARGE[LIMIT // 2:]))],
        LARGE,
    ),
    "compressed": ([http(b"Content-Encoding: gzip", b"Content-Length: %d" % len(ZIPPED), body=ZIPPED)], ZIPPED),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
async def test_what_is_read(name: str) -> None:
    """All bytes, as they came; codings are not undone. They are held until whoever has them gives them back."""
    said, body = READ[name]
    async with reading() as state:
        reply = await state.port.say(*said, pause_s=0.02)
        assert reply.startswith(b"HTTP/1.1 200 ")
        (pieces,) = state.read
        assert (b"".join(pieces), state.in_flight.held) == (body, len(body))


async def test_bodies_are_held_together() -> None:
    """Each adds to what the others hold; requests are somebody else's to count."""
    async with reading() as state:
        for size in (10, 20, 30):
            await state.port.say(http(b"Content-Length: %d" % size, body=bytes(size)))
        assert (state.in_flight.held, state.in_flight.requests) == (60, 0)


async def test_a_caller_that_waits_is_asked_to_go_on() -> None:
    """`Expect: 100-continue`, however it is spelled; other expectations are not ours to meet."""
    async with reading() as state:
        for expect, asked in ((b"100-continue", True), (b"100-Continue", True), (b"something", False)):
            reader, writer = await state.port.connect()
            writer.write(http(b"Expect: " + expect, b"Content-Length: 5"))
            if asked:
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"hello")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
        assert state.read == [[b"hello"]] * 3


REFUSED: dict[str, tuple[list[bytes], type[RequestError]]] = {
    "announced too large": ([http(b"Content-Length: %d" % (LIMIT + 1))], TooLarge),
    "announced too large, asks first": ([http(b"Expect: 100-continue", b"Content-Length: %d" % (LIMIT + 1))], TooLarge),
    "announced much too large": ([http(b"Content-Length: %d" % 2**62)], TooLarge),
    "too large in the end": ([http(b"Transfer-Encoding: chunked"), chunked(LARGE, end=False), chunked(b"x")], TooLarge),
    "too large in one packet": ([http(b"Transfer-Encoding: chunked", body=chunked(LARGE, b"x"))], TooLarge),
    "chunks of no size": ([http(b"Transfer-Encoding: chunked"), chunked(b"hello", end=False), b"zz\r\n"], BadRequest),
    "chunks longer than they say": ([http(b"Transfer-Encoding: chunked"), b"2\r\nhello\r\n0\r\n\r\n"], BadRequest),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused(name: str) -> None:
    """The error says why; nothing is handed over and nothing is held. A refusal does not ask for more of it first."""
    said, kind = REFUSED[name]
    async with reading() as state:
        reply = await state.port.say(*said, pause_s=0.05)
        assert reply.startswith(b"HTTP/1.1 %d " % kind.status), reply
        assert [type(error) for error in state.errors] == [kind]
        assert (state.read, state.in_flight.held) == ([], 0)


async def test_broken_chunks_in_the_first_packet() -> None:
    """The same where they come with the headers: the parser may be first to notice, then nobody reads."""
    async with reading() as state:
        reply = await state.port.say(http(b"Transfer-Encoding: chunked", body=b"zz\r\nhello\r\n0\r\n\r\n"))
        assert reply.split(b" ")[1] == b"400"
        assert {type(error) for error in (*state.errors, *state.port.malformed)} == {BadRequest}
        assert (state.read, state.in_flight.held) == ([], 0)


SLOW: dict[str, tuple[dict[str, float], float]] = {
    # limits, seconds between two bytes
    "it stops": ({"idle_timeout_s": 0.2}, 60.0),
    "it drips": ({"body_timeout_s": 0.4}, 0.05),
    "it stops, and the whole time is up first": ({"body_timeout_s": 0.2}, 60.0),
}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("framed", [b"Content-Length: 100000", b"Transfer-Encoding: chunked"], ids=["length", "chunks"])
async def test_a_slow_body(name: str, framed: bytes) -> None:
    """What came so far is given back."""
    limits, pause_s = SLOW[name]
    async with reading(limits) as state, asyncio.timeout(GIVE_UP_S):
        reader, writer = await state.port.connect()
        writer.write(http(framed))
        while not state.ended.is_set():
            writer.write(b"1\r\nx\r\n")
            await asyncio.wait([asyncio.ensure_future(state.ended.wait())], timeout=pause_s)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 408 ")
        writer.close()
        assert [type(error) for error in state.errors] == [TooSlow]
        assert (state.read, state.in_flight.held) == ([], 0)


async def test_a_body_that_drips_may_take_its_time() -> None:
    """The pause is measured from byte to byte, not from the start."""
    async with reading({"idle_timeout_s": 0.5}) as state:
        drops = [b"1\r\nx\r\n"] * 12
        reply = await state.port.say(http(b"Transfer-Encoding: chunked"), *drops, b"0\r\n\r\n", pause_s=0.06)
        assert reply.startswith(b"HTTP/1.1 200 ")
        assert b"".join(state.read[0]) == b"x" * 12


@pytest.mark.parametrize("framed", [b"Content-Length: 100000", b"Transfer-Encoding: chunked"], ids=["length", "chunks"])
async def test_a_caller_that_leaves(framed: bytes) -> None:
    """The half body is nobody's, and is given back."""
    async with reading() as state, asyncio.timeout(GIVE_UP_S):
        _, writer = await state.port.connect()
        writer.write(http(framed, body=chunked(b"x" * 1000, end=False)))
        while not state.in_flight.held:
            await asyncio.sleep(0.005)
        writer.transport.abort()
        await state.ended.wait()
        assert (state.read, state.in_flight.held) == ([], 0)
        assert [isinstance(error, (BadRequest, asyncio.CancelledError)) for error in state.errors] == [True]


SHORT = SMALL + 50_000

ROOM = {
    # what is held by others, size of a body, whether it is read
    "nothing is held": (0, SHORT, True),
    "there is just room": (1, SHORT - 1, True),
    "there is a byte too little": (1, SHORT, False),
    "a small one, though all is taken": (SHORT, SMALL, True),
    "a little over small, though all is taken": (SHORT, SMALL + 1, False),
}


@pytest.mark.parametrize("name", ROOM)
@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_when_memory_is_short(name: str, framing: str) -> None:
    """Large bodies are refused for now and give back what they had; small ones are always read."""
    others, size, fits = ROOM[name]
    body = bytes(size)
    framed = [http(b"Content-Length: %d" % size), body]
    if framing == "chunks":
        framed = [http(b"Transfer-Encoding: chunked"), chunked(body[: size // 2], body[size // 2 :])]
    async with reading(inflight=SHORT) as state:
        state.in_flight.held = others
        reply = await state.port.say(*framed)
        if fits:
            assert reply.startswith(b"HTTP/1.1 200 ")
            assert (b"".join(state.read[0]), state.in_flight.held) == (body, others + size)
        else:
            assert reply.startswith(b"HTTP/1.1 503 ")
            assert [type(error) for error in state.errors] == [Unavailable]
            assert (state.read, state.in_flight.held) == ([], others)


def test_the_account() -> None:
    """Up to 64 KiB of a body are always given; beyond, all that is held counts. A refusal takes nothing."""
    account = InFlight(100_000)
    account.take(SMALL, 0)
    account.take(SMALL, 0)
    assert account.held == 2 * SMALL
    for size, had in ((1, SMALL), (SMALL + 1, 0), (SMALL, 1)):
        with pytest.raises(Unavailable, match="try again"):
            account.take(size, had)
    assert account.held == 2 * SMALL
    account.release(2 * SMALL)
    account.take(100_000, 0)
    with pytest.raises(Unavailable):
        account.take(1, 100_000)
    account.take(1, 0)
    account.release(100_001)
    assert account.held == 0
