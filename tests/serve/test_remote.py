"""Pictures behind addresses, fetched for a request: each address once, within what a request may hold, and given back after."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec import structs
from support import pictures
from support.bodies import surfaced
from support.picture_host import Answer, PictureHost, ok, picture_host

from proxy.admit.register import RemoteImagesEntry, TenantEntry
from proxy.content import Image, Inline, Remote
from proxy.errors import Unavailable
from proxy.exchange import Surfaced
from proxy.forward.fetch import Fetcher, FetchLimits
from proxy.forward.not_fetched import Why
from proxy.location import Location
from proxy.record.metrics import Metrics
from proxy.serve.body import InFlight
from proxy.serve.pool import Pool
from proxy.serve.remote import RemotePictures, addresses, fetch_limits
from proxy.settings import Settings

NAME = "pictures.example.org"

PNG = pictures.small("PNG")
LARGE = pictures.coffee("PNG", 512)

LISTED = TenantEntry(id="t", name="T", remote_images=RemoteImagesEntry(fetch=(NAME,)))
UNLISTED = TenantEntry(id="u", name="U")


def weight(data: bytes, places: int = 1) -> int:
    """What a picture that came in one piece takes in a body, without the words around it."""
    return -(-len(data) * 4 // 3) * places


@dataclass
class Bench:
    """What fetches, and a host to fetch from."""

    host: PictureHost
    remote: RemotePictures

    def chat(self, *paths: str) -> Surfaced:
        """A chat that names a picture by address for each path."""
        parts = [{"type": "image_url", "image_url": {"url": self.url(path)}} for path in paths]
        return surfaced({"messages": [{"role": "user", "content": [*parts, {"type": "text", "text": "What is it?"}]}]})

    def url(self, path: str) -> str:
        """The address of a path of the host."""
        return f"http://{NAME}:{self.host.port}{path}"

    def counted(self) -> dict[str, int]:
        """The results that were counted."""
        value = self.remote.metrics.value
        found = {one: int(value("facegate_remote_fetches_total", result=one)) for one in ("fetched", *Why)}
        return {one: number for one, number in found.items() if number}


@asynccontextmanager
async def bench(
    answers: Mapping[str, Answer], inflight_bytes: int = 10**9, body_bytes: int = 10**9, queue: int = 4, most: int = 4
) -> AsyncIterator[Bench]:
    """All real; `most` pictures in a request."""
    async with picture_host(answers) as host:
        limits = FetchLimits(schemes=frozenset({"http"}), ports=frozenset({host.port}))
        fetcher = Fetcher(limits, lambda _: True, lambda _: ["127.0.0.1"])
        pool = Pool(1, queue)
        try:
            yield Bench(host, RemotePictures(fetcher, pool, InFlight(inflight_bytes), Metrics(), most, body_bytes))
        finally:
            pool.close()
            await fetcher.close()


def sources(found: Surfaced) -> list[Inline | Remote]:
    """What stands at the places of pictures, in order."""
    return [part.source for part in found.content.parts if isinstance(part, Image)]


async def test_each_address_is_fetched_once() -> None:
    """Bytes stand at every place; what they take in the body is held, at each place anew."""
    async with bench({"/a": ok(PNG), "/b": ok(LARGE)}) as one:
        found, held = await one.remote.inline(one.chat("/a", "/b", "/a"), LISTED, 0)
        assert sources(found) == [Inline("image/png", PNG), Inline("image/png", LARGE), Inline("image/png", PNG)]
        assert sorted(one.host.paths) == ["/a", "/b"]
        assert one.counted() == {"fetched": 2}
        assert one.remote.in_flight.held == held
        least = weight(PNG, 2) + weight(LARGE)
        assert least <= held <= least + 1000  # each piece is rounded up
        body = b"".join(found.inspected.chunks)
        assert held <= len(body) <= held + 1000


async def test_pictures_are_fetched_at_the_same_time() -> None:
    """Each host answers only when both were asked."""
    met = asyncio.Barrier(2)

    async def meet(writer: asyncio.StreamWriter) -> None:
        await met.wait()
        writer.write(ok(PNG))
        await writer.drain()

    async with bench({"/a": meet, "/b": meet}) as one:
        found, _ = await one.remote.inline(one.chat("/a", "/b"), LISTED, 0)
    assert sources(found) == [Inline("image/png", PNG)] * 2


NOTHING: Mapping[str, tuple[TenantEntry, Sequence[str]]] = {
    "a tenant without hosts": (UNLISTED, ("/a",)),
    "a request without addresses": (LISTED, ()),
}


@pytest.mark.parametrize("case", NOTHING)
async def test_nothing_to_fetch(case: str) -> None:
    """What was read is given back itself."""
    tenant, paths = NOTHING[case]
    async with bench({"/a": ok(PNG)}) as one:
        before = one.chat(*paths)
        after, held = await one.remote.inline(before, tenant, 0)
        assert after is before
        assert (held, one.remote.in_flight.held, one.counted(), one.host.connections) == (0, 0, {}, 0)


async def test_what_cannot_be_fetched_stays_with_its_reason() -> None:
    """Beside one that can; only that is held."""
    async with bench({"/a": ok(PNG), "/b": ok(b"GIF89a, or so it says" + bytes(100))[:-1]}) as one:
        found, held = await one.remote.inline(one.chat("/a", "/b", "/c"), LISTED, 0)
        assert sources(found) == [
            Inline("image/png", PNG),
            Remote(one.url("/b"), Why.UNREACHABLE.words),
            Remote(one.url("/c"), Why.STATUS.words),
        ]
        assert held == one.remote.in_flight.held == weight(PNG[:12]) + weight(PNG[12:])
        assert one.counted() == {"fetched": 1, "unreachable": 1, "status": 1}


async def test_too_many() -> None:
    """With more addresses than a request may name, no host is called; an address that comes again counts once."""
    answers = {f"/{n}": ok(PNG) for n in range(5)}
    async with bench(answers) as one:
        found, held = await one.remote.inline(one.chat(*answers), LISTED, 0)
        assert sources(found) == [Remote(one.url(path), Why.MANY.words) for path in answers]
        assert (held, one.remote.in_flight.held, one.host.connections, one.counted()) == (0, 0, 0, {"many": 5})
        found, _ = await one.remote.inline(one.chat("/0", "/1", "/2", "/3", "/0"), LISTED, 0)
        assert sources(found) == [Inline("image/png", PNG)] * 5


async def test_a_request_that_would_grow_too_large() -> None:
    """What stood in the request counts, and every place at which a picture stands."""
    whole = weight(PNG[:12]) + weight(PNG[12:])
    too_large = Why.SIZE.words
    async with bench({"/a": ok(PNG)}, body_bytes=1000 + 2 * whole) as one:
        for had, paths, expected in (
            (1000 + whole, ("/a",), Inline("image/png", PNG)),
            (1001 + whole, ("/a",), Remote(one.url("/a"), too_large)),
            (1000, ("/a", "/a"), Inline("image/png", PNG)),
            (1001, ("/a", "/a"), Remote(one.url("/a"), too_large)),
        ):
            found, held = await one.remote.inline(one.chat(*paths), LISTED, had)
            assert sources(found) == [expected] * len(paths)
            assert held == one.remote.in_flight.held
            one.remote.in_flight.release(held)


async def test_memory_that_is_short() -> None:
    """The request is to come again, nothing is held for it, and its other pictures are left."""

    begun = asyncio.Event()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + PNG)
        while True:
            await writer.drain()
            begun.set()
            await asyncio.sleep(0.01)
            writer.write(b"\0")

    async def large(writer: asyncio.StreamWriter) -> None:
        await begun.wait()
        writer.write(ok(LARGE))
        await writer.drain()

    async with bench({"/a": ok(PNG), "/large": large, "/drip": drip}, inflight_bytes=100_000) as one:
        with pytest.raises(Unavailable, match="too many large requests"):
            await one.remote.inline(one.chat("/a", "/large", "/drip"), LISTED, 0)
        assert one.remote.in_flight.held == 0
        async with asyncio.timeout(5):
            await one.host.left.wait()


async def test_threads_that_are_busy() -> None:
    """What was fetched is given back when nobody can write it into the body."""
    async with bench({"/a": ok(PNG)}, queue=-1) as one:
        with pytest.raises(Unavailable, match="wait to be examined"):
            await one.remote.inline(one.chat("/a"), LISTED, 0)
        assert one.remote.in_flight.held == 0


async def test_a_caller_that_leaves() -> None:
    """Whatever was fetched by then is given back, and the hosts are left."""
    begun = asyncio.Event()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + PNG)
        await writer.drain()
        begun.set()
        await asyncio.sleep(60)

    async with bench({"/a": drip}) as one:
        task = asyncio.ensure_future(one.remote.inline(one.chat("/a"), LISTED, 0))
        await begun.wait()
        while not one.remote.in_flight.held:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert one.remote.in_flight.held == 0


def test_addresses() -> None:
    """Of pictures alone, wherever they stand, in order."""
    a, b = "https://a.example/", "https://b.example/"
    read = surfaced(
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_image", "image_url": a},
                        {"type": "input_file", "file_url": "https://files.example/a.pdf"},
                        {"type": "input_text", "text": "https://words.example/a.png"},
                        {"type": "input_image", "image_url": b},
                        {"type": "input_image", "image_url": a},
                    ],
                }
            ]
        },
        "responses",
    )
    places = [Location(("input", 0, "content", index, "image_url")) for index in (0, 3, 4)]
    assert addresses(read) == {a: [places[0], places[2]], b: [places[1]]}
    assert addresses(structs.replace(read, tree={})) == {}  # a form


SETTINGS: Mapping[str, tuple[Mapping[str, Any], FetchLimits]] = {
    "nothing said": ({}, FetchLimits()),
    "all said": (
        {
            "limits": {"inline_bytes": 5},
            "remote_images": {"seconds": 1.5, "connections": 9, "http": True, "ports": (8443, 8080)},
        },
        FetchLimits(5, 1.5, 9, 4, frozenset({"http", "https"}), frozenset({8443, 8080})),
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_limits(case: str) -> None:
    """As the settings say; https alone, on its own port, unless they say more."""
    said, expected = SETTINGS[case]
    given = {"upstream": {"endpoint": "demo"}, "policies": ("p",), **said}
    assert fetch_limits(Settings.model_validate(given)) == expected
