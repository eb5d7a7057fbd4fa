"""Fetching from addresses that strangers name, over real sockets: what is asked, what is taken, and what is never called."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from support import pictures
from support.picture_host import Answer, PictureHost, certificate, moved, ok, picture_host

from proxy.content import Inline
from proxy.errors import Unavailable
from proxy.forward.fetch import Errand, Fetcher, FetchLimits
from proxy.forward.networks import Address, public_address
from proxy.forward.not_fetched import NotFetched, Why

PNG = pictures.small("PNG")

NAME = "pictures.example.org"

EVERYWHERE = ("*.example.org", "*.example.net")

SCHEMES = frozenset({"http", "https"})


def anywhere(_: Address) -> bool:
    """Takes every address for public, so that a host on loopback can be called."""
    return True


def only(*addresses: str) -> Callable[[Address], bool]:
    """Takes these addresses for public, and no others."""
    known = set(map(ip_address, addresses))
    return lambda address: address in known


def loopback(_: str) -> Sequence[str]:
    """A resolver to which every name is this machine's."""
    return ["127.0.0.1"]


class Names:
    """A resolver with answers of a test's choice, one after the other for each name; it remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Iterable[Sequence[str]]]) -> None:
        self._answers = {name: list(told) for name, told in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if not self._answers.get(host):
            raise OSError(f"no such name: {host}")
        return self._answers[host].pop(0)


@asynccontextmanager
async def fetching(
    ports: Iterable[int] = (), limits: Mapping[str, Any] | None = None, **options: Any
) -> AsyncIterator[Fetcher]:
    """A fetcher that may call http and these ports, and takes loopback for public unless `options` say otherwise."""
    given: dict[str, Any] = {"seconds": 10.0, "schemes": SCHEMES, "ports": frozenset(ports), **(limits or {})}
    fetcher = Fetcher(FetchLimits(**given), **{"allowed": anywhere, "resolve": loopback, **options})
    try:
        yield fetcher
    finally:
        await fetcher.close()


def errand(hosts: Sequence[str] = EVERYWHERE, tenant: str = "t", grant: Callable[[int], bool] | None = None) -> Errand:
    """An errand that is granted all the memory it wants."""
    return Errand(tenant, hosts, grant or (lambda _: True))


async def fetched(
    answers: Mapping[str, Answer], path: str = "/", limits: Mapping[str, Any] | None = None, **options: Any
) -> tuple[Inline | NotFetched, PictureHost]:
    """What comes of fetching `path` from a host with these answers, and the host."""
    async with picture_host(answers) as host, fetching([host.port], limits, **options) as fetcher:
        return await fetcher.fetch(f"http://{NAME}:{host.port}{path}", errand()), host


# ---- what is asked


async def test_the_whole_of_a_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing but what is fixed: no proxy and no credential of the environment's, no compression, one connection a picture."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {NAME} login somebody password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    found, host = await fetched({"/a%2Fb.png?sig=%2B": ok(PNG)}, "/a%2Fb.png?sig=%2B#part")
    assert found == Inline("image/png", PNG)
    assert host.requests == [
        (
            "GET /a%2Fb.png?sig=%2B HTTP/1.1\r\n"
            f"Host: {NAME}:{host.port}\r\n"
            "User-Agent: Facegate\r\n"
            "Accept: image/jpeg, image/png, image/gif, image/webp\r\n"
            "Accept-Encoding: identity\r\n"
            "Connection: close\r\n\r\n"
        ).encode()
    ]


async def test_nothing_is_kept_between_requests() -> None:
    """Cookies are not taken, neither for the next hop nor for the next picture; each has a connection of its own."""
    cookie = "Set-Cookie: session=1; Path=/"
    answers = {"/": moved("/b", 302, cookie), "/b": ok(PNG, cookie)}
    async with picture_host(answers) as host, fetching([host.port]) as fetcher:
        for _ in range(2):
            assert await fetcher.fetch(f"http://{NAME}:{host.port}/", errand()) == Inline("image/png", PNG)
    assert host.paths == ["/", "/b", "/", "/b"]
    assert host.connections == 4
    assert [
        name for request in host.requests for name in (b"ookie", b"eferer", b"uthorization") if name in request
    ] == []


# ---- what is taken

TAKEN: Mapping[str, tuple[bytes, Inline]] = {
    "PNG": (ok(PNG), Inline("image/png", PNG)),
    "JPEG": (ok(pictures.small("JPEG")), Inline("image/jpeg", pictures.small("JPEG"))),
    "GIF": (ok(pictures.small("GIF")), Inline("image/gif", pictures.small("GIF"))),
    "WebP": (ok(pictures.small("WEBP")), Inline("image/webp", pictures.small("WEBP"))),
    "a type that lies": (ok(PNG, declared="text/html"), Inline("image/png", PNG)),
    "no type": (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(PNG), PNG), Inline("image/png", PNG)),
    "a coding that is none": (ok(PNG, "Content-Encoding: Identity"), Inline("image/png", PNG)),
    "no length": (b"HTTP/1.1 200 OK\r\n\r\n" + PNG, Inline("image/png", PNG)),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n"
        % (PNG[:5], len(PNG) - 5, PNG[5:]),
        Inline("image/png", PNG),
    ),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + PNG, Inline("image/png", PNG)),
    "something behind the picture": (ok(PNG + b"<html>"), Inline("image/png", PNG + b"<html>")),
    "after hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + ok(PNG), Inline("image/png", PNG)),
    "a place to go to that nobody asked for": (ok(PNG, "Location: http://127.0.0.1/"), Inline("image/png", PNG)),
}


@pytest.mark.parametrize("case", TAKEN)
async def test_taken(case: str) -> None:
    """Every byte as it came, with the type that the bytes tell."""
    answer, expected = TAKEN[case]
    found, _ = await fetched({"/": answer})
    assert found == expected


async def test_what_is_kept_is_granted_first() -> None:
    """Every byte that is kept was asked for, piece by piece, also those of a large picture."""
    large = pictures.coffee("PNG", 512)
    granted: list[int] = []
    async with picture_host({"/": ok(large)}) as host, fetching([host.port]) as fetcher:
        found = await fetcher.fetch(
            f"http://{NAME}:{host.port}/", errand(grant=lambda size: granted.append(size) is None)
        )
    assert found == Inline("image/png", large)
    assert sum(granted) == len(large)
    assert len(granted) > 2


# ---- what is not taken

BOMB = gzip.compress(PNG + bytes(10_000_000))


async def _endless_picture(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(PNG), PNG))
    while True:
        writer.write(b"1000\r\n" + bytes(0x1000) + b"\r\n")
        await writer.drain()


async def _endless_words(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"<html>" * 1000)
        await writer.drain()


async def _endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: %s\r\n" % (b"x" * 1000))
        await writer.drain()


async def _endless_header(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-More: ")
    while True:
        writer.write(b"x" * 1000)
        await writer.drain()


async def _endless_hints(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * 100)
        await writer.drain()


async def _endless_status(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 ")
    while True:
        writer.write(b"x" * 1000)
        await writer.drain()


def _body(kind: str) -> bytes:
    return ok(pictures.FOREIGN[kind])


NOT_TAKEN: Mapping[str, tuple[Answer, Why]] = {
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", Why.STATUS),
    "a part": (b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n\r\n%s" % (len(PNG), PNG), Why.STATUS),
    "not found, with a picture": (
        b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(PNG), PNG),
        Why.STATUS,
    ),
    "a mistake of the host": (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", Why.STATUS),
    "credentials wanted": (
        b"HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
        Why.STATUS,
    ),
    "moved to nowhere": (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", Why.STATUS),
    "another protocol": (
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + ok(PNG),
        Why.STATUS,
    ),
    "not changed": (b"HTTP/1.1 304 Not Modified\r\nLocation: /b\r\n\r\n", Why.STATUS),
    "several choices": (b"HTTP/1.1 300 Which\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", Why.STATUS),
    "a gzipped picture": (ok(gzip.compress(PNG), "Content-Encoding: gzip"), Why.ENCODING),
    "a gzip bomb": (ok(BOMB, "Content-Encoding: gzip"), Why.ENCODING),
    "a gzip bomb that does not say so": (ok(BOMB), Why.TYPE),
    "a picture that claims a coding": (ok(PNG, "Content-Encoding: br"), Why.ENCODING),
    "a coding beside none": (ok(PNG, "Content-Encoding: identity", "Content-Encoding: gzip"), Why.ENCODING),
    "HTML": (ok(b"<!doctype html><title>A picture</title>", declared="image/png"), Why.TYPE),
    "JSON": (ok(b'{"AccessKeyId": "secret"}'), Why.TYPE),
    "SVG": (_body("SVG"), Why.TYPE),
    "TIFF": (_body("TIFF"), Why.TYPE),
    "BMP": (_body("BMP"), Why.TYPE),
    "AVIF": (_body("AVIF"), Why.TYPE),
    "HEIC": (_body("HEIC"), Why.TYPE),
    "PDF": (_body("PDF"), Why.TYPE),
    "a recording": (ok(b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)), Why.TYPE),
    "white space before a picture": (ok(b" " + PNG), Why.TYPE),
    "nothing": (ok(b""), Why.TYPE),
    "less than a head": (ok(PNG[:11]), Why.TYPE),
    "endless words": (_endless_words, Why.TYPE),
    "an announced size": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n" + PNG, Why.SIZE),
    "an endless picture": (_endless_picture, Why.SIZE),
    "endless headers": (_endless_headers, Why.UNREACHABLE),
    "an endless header": (_endless_header, Why.UNREACHABLE),
    "endless hints": (_endless_hints, Why.UNREACHABLE),
    "an endless status": (_endless_status, Why.UNREACHABLE),
    "less than announced": (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + PNG, Why.UNREACHABLE),
    "a broken chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n%sxx" % PNG[:16], Why.UNREACHABLE),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\n" + PNG, Why.UNREACHABLE),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", Why.UNREACHABLE),
    "silence, and gone": (b"", Why.UNREACHABLE),
}


@pytest.mark.parametrize("case", NOT_TAKEN)
async def test_not_taken(case: str) -> None:
    """Anything but a whole picture of a size and format that are read; a host that never ends is left."""
    answer, why = NOT_TAKEN[case]
    found, host = await fetched({"/": answer, "/b": ok(PNG)}, limits={"bytes": 1_000_000})
    assert found == NotFetched(why)
    assert set(host.paths) == {"/"}  # the client asks once more where a host hangs up without a word


async def test_the_largest_picture() -> None:
    """To the byte: the limit is taken, one byte more is not, whether it is announced or not."""
    for more, expected in ((0, Inline("image/png", PNG)), (1, NotFetched(Why.SIZE))):
        limits = {"bytes": len(PNG) - more}
        for answer in (ok(PNG), b"HTTP/1.1 200 OK\r\n\r\n" + PNG):
            found, _ = await fetched({"/": answer}, limits=limits)
            assert found == expected


async def test_memory_that_is_not_granted() -> None:
    """A no makes a picture too large; what is raised goes to whoever asked."""
    async with picture_host({"/": ok(PNG)}) as host, fetching([host.port]) as fetcher:
        url = f"http://{NAME}:{host.port}/"
        assert await fetcher.fetch(url, errand(grant=lambda _: False)) == NotFetched(Why.SIZE)

        def full(_: int) -> bool:
            raise Unavailable("too many large requests at once")

        with pytest.raises(Unavailable):
            await fetcher.fetch(url, errand(grant=full))


# ---- time


async def _silent(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _slow_headers(writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def _slow_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + PNG)
    for _ in range(3000):
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _slow_hop(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.15)
    writer.write(moved("/hop"))


SLOW: Mapping[str, Answer] = {
    "/silent": _silent,
    "/headers": _slow_headers,
    "/drip": _slow_body,
    "/hop": _slow_hop,
}


@pytest.mark.parametrize("path", SLOW)
async def test_too_slow(path: str) -> None:
    """A time for all of it: a drip, or a hop after a hop, does not start it anew. The host is left."""
    found, _ = await fetched(SLOW, path, limits={"seconds": 0.4})
    assert found == NotFetched(Why.TIMEOUT)


async def test_a_name_server_that_is_silent() -> None:
    """The time counts while a name is looked up; other names are looked up meanwhile."""
    asked, released = threading.Event(), threading.Event()

    def slow(host: str) -> Sequence[str]:
        if host == "slow.example.org":
            asked.set()
            released.wait(10)
        return ["127.0.0.1"]

    async with picture_host({"/": ok(PNG)}) as host, fetching([host.port], resolve=slow) as fetcher:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(fetcher.fetch(f"http://slow.example.org:{host.port}/", errand()))
            while not asked.is_set():
                await asyncio.sleep(0.01)
            assert await fetcher.fetch(f"http://{NAME}:{host.port}/", errand()) == Inline("image/png", PNG)
            released.set()
        assert waiting.result() == Inline("image/png", PNG)
    async with fetching([80], {"seconds": 0.1}, resolve=lambda host: [str(released.wait(0.5)), host]) as fetcher:
        released.clear()
        assert await fetcher.fetch(f"http://{NAME}/", errand()) == NotFetched(Why.TIMEOUT)


async def test_one_tenant_leaves_room_for_the_others() -> None:
    """A tenant whose hosts are slow waits for itself alone."""
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def held(writer: asyncio.StreamWriter) -> None:
        begun.set()
        await going_on.wait()
        writer.write(ok(PNG))
        await writer.drain()

    answers: Mapping[str, Answer] = {"/held": held, "/second": ok(PNG), "/other": ok(PNG)}
    limits = {"connections": 3, "tenant_connections": 1}
    async with picture_host(answers) as host, fetching([host.port], limits) as fetcher:
        base = f"http://{NAME}:{host.port}"
        async with asyncio.TaskGroup() as group:
            first = group.create_task(fetcher.fetch(f"{base}/held", errand(tenant="a")))
            await begun.wait()
            second = group.create_task(fetcher.fetch(f"{base}/second", errand(tenant="a")))
            for _ in range(5):  # time enough for the second, if anything let it go
                assert await fetcher.fetch(f"{base}/other", errand(tenant="b")) == Inline("image/png", PNG)
            assert host.paths == ["/held", *["/other"] * 5]
            going_on.set()
        assert (first.result(), second.result()) == (Inline("image/png", PNG), Inline("image/png", PNG))
    assert host.paths == ["/held", *["/other"] * 5, "/second"]


async def test_so_many_connections_at_a_time() -> None:
    """All tenants together have a limit; the next one waits for its turn."""
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def held(writer: asyncio.StreamWriter) -> None:
        begun.set()
        await going_on.wait()
        writer.write(ok(PNG))
        await writer.drain()

    limits = {"connections": 1, "tenant_connections": 1}
    async with picture_host({"/held": held, "/": ok(PNG)}) as host, fetching([host.port], limits) as fetcher:
        base = f"http://{NAME}:{host.port}"
        async with asyncio.TaskGroup() as group:
            first = group.create_task(fetcher.fetch(f"{base}/held", errand(tenant="a")))
            await begun.wait()
            second = group.create_task(fetcher.fetch(f"{base}/", errand(tenant="b")))
            await asyncio.sleep(0.1)  # time enough, if anything let it go
            assert (host.connections, second.done()) == (1, False)
            going_on.set()
        assert (first.result(), second.result()) == (Inline("image/png", PNG), Inline("image/png", PNG))
    assert host.paths == ["/held", "/"]


async def test_a_fetch_that_is_given_up_leaves_the_host() -> None:
    """When the request behind it is gone, the connection is closed."""
    async with picture_host({"/": _endless_picture}) as host, fetching([host.port], {"bytes": 10**12}) as fetcher:
        begun = asyncio.Event()
        task = asyncio.ensure_future(
            fetcher.fetch(f"http://{NAME}:{host.port}/", errand(grant=lambda _: begun.set() is None))
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await host.left.wait()


# ---- where to

ELSEWHERE = "http://elsewhere.example.net:{port}/b"

HOPS: Mapping[str, tuple[str, Inline | NotFetched]] = {
    # where a host sends the client, and what comes of it
    "a path": ("/b", Inline("image/png", PNG)),
    "a path beside": ("b", Inline("image/png", PNG)),
    "another host of the list": (ELSEWHERE, Inline("image/png", PNG)),
    "another host, without scheme": ("//elsewhere.example.net:{port}/b", Inline("image/png", PNG)),
    "with a fragment": ("/b#top", Inline("image/png", PNG)),
    "a host that is not on the list": ("http://evil.example:{port}/b", NotFetched(Why.HOST)),
    "an address": ("http://127.0.0.1:{port}/b", NotFetched(Why.HOST)),
    "metadata": ("http://169.254.169.254/latest/meta-data/", NotFetched(Why.HOST)),
    "a number": ("http://2130706433:{port}/b", NotFetched(Why.URL)),
    "another port": (f"http://{NAME}:22/b", NotFetched(Why.URL)),
    "credentials": (f"http://user:secret@{NAME}:{{port}}/b", NotFetched(Why.URL)),
    "a file": ("file:///etc/passwd", NotFetched(Why.URL)),
    "data": ("data:image/png;base64,AAAA", NotFetched(Why.URL)),
    "gopher": ("gopher://127.0.0.1:25/_HELO", NotFetched(Why.URL)),
    "a backslash": (f"http://{NAME}\\@127.0.0.1:{{port}}/b", NotFetched(Why.URL)),
    "a bracket": ("http://[::1", NotFetched(Why.URL)),
    "letters outside ASCII in the host": ("http://b\u00fccher.example.org:{port}/b", NotFetched(Why.URL)),
    "bytes that are not UTF-8": ("/b\xff", NotFetched(Why.URL)),
    "to itself": ("/", NotFetched(Why.REDIRECTS)),
    "nowhere": ("", NotFetched(Why.REDIRECTS)),
}


@pytest.mark.parametrize("case", HOPS)
async def test_hops(case: str) -> None:
    """Each hop is read and checked as the first address was, with the same list."""
    to, expected = HOPS[case]
    answers: dict[str, Answer] = {"/b": ok(PNG)}
    async with picture_host(answers) as host, fetching([host.port]) as fetcher:
        answers["/"] = moved(to.format(port=host.port))
        assert await fetcher.fetch(f"http://{NAME}:{host.port}/", errand()) == expected
    stays = {Inline("image/png", PNG): ["/", "/b"], NotFetched(Why.REDIRECTS): ["/"] * 4}
    assert host.paths == stays.get(expected, ["/"])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("hops", [3, 4])
async def test_so_many_hops(status: int, hops: int) -> None:
    """Three are followed, whatever the status; before the fourth it ends."""
    answers: dict[str, Answer] = {f"/{n}": moved(f"/{n + 1}", status) for n in range(hops)}
    found, host = await fetched({**answers, f"/{hops}": ok(PNG)}, "/0")
    assert found == (Inline("image/png", PNG) if hops == 3 else NotFetched(Why.REDIRECTS))
    assert host.paths == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize("to", ["http://internal.example.org:{port}/b", "/b"], ids=["another name", "the same name"])
async def test_a_hop_to_an_address_that_is_not_public(to: str) -> None:
    """The list alone does not open a network: a listed name that leads inside is not called, nor one that does so later."""
    names = Names({NAME: [["127.0.0.1"], ["127.0.0.2"]], "internal.example.org": [["127.0.0.2"]]})
    answers: dict[str, Answer] = {"/b": ok(PNG)}
    async with (
        picture_host(answers) as host,
        picture_host({"/b": ok(PNG)}, "127.0.0.2", host.port) as internal,
        fetching([host.port], allowed=only("127.0.0.1"), resolve=names) as fetcher,
    ):
        answers["/"] = moved(to.format(port=host.port))
        assert await fetcher.fetch(f"http://{NAME}:{host.port}/", errand()) == NotFetched(Why.ADDRESS)
    assert (host.paths, internal.connections) == (["/"], 0)


HOSTILE: Mapping[str, tuple[str, Why]] = {
    "http://127.0.0.1:{port}/": ("127.0.0.1", Why.ADDRESS),
    "http://127.0.0.1.:{port}/": ("127.0.0.1", Why.ADDRESS),
    "http://127.127.127.127:{port}/": ("127.127.127.127", Why.ADDRESS),
    "http://0.0.0.0:{port}/": ("0.0.0.0", Why.ADDRESS),  # noqa: S104 - nothing is bound
    "http://169.254.169.254/latest/meta-data/": ("169.254.169.254", Why.ADDRESS),
    "http://168.63.129.16/machine": ("168.63.129.16", Why.ADDRESS),
    "http://100.100.100.200/": ("100.100.100.200", Why.ADDRESS),
    "http://[::1]:{port}/": ("::1", Why.ADDRESS),
    "http://[0:0:0:0:0:0:0:1]:{port}/": ("::1", Why.ADDRESS),
    "http://[::]:{port}/": ("::", Why.ADDRESS),
    "http://[::ffff:127.0.0.1]:{port}/": ("::ffff:7f00:1", Why.ADDRESS),
    "http://[::ffff:7f00:1]:{port}/": ("::ffff:7f00:1", Why.ADDRESS),
    "http://[::127.0.0.1]:{port}/": ("::7f00:1", Why.ADDRESS),
    "http://[64:ff9b::7f00:1]:{port}/": ("64:ff9b::7f00:1", Why.ADDRESS),
    "http://[64:ff9b:1::7f00:1]:{port}/": ("64:ff9b:1::7f00:1", Why.ADDRESS),
    "http://[2002:7f00:1::]:{port}/": ("2002:7f00:1::", Why.ADDRESS),
    "http://[2001:0:7f00:1::]:{port}/": ("2001:0:7f00:1::", Why.ADDRESS),
    "http://[fd00:ec2::254]/": ("fd00:ec2::254", Why.ADDRESS),
    "http://[fe80::1]/": ("fe80::1", Why.ADDRESS),
    "http://[fec0::1]/": ("fec0::1", Why.ADDRESS),
    "http://2130706433:{port}/": ("127.0.0.1", Why.URL),
    "http://0x7f000001:{port}/": ("127.0.0.1", Why.URL),
    "http://0x7f.0.0.1:{port}/": ("127.0.0.1", Why.URL),
    "http://0177.0.0.1:{port}/": ("127.0.0.1", Why.URL),
    "http://127.1:{port}/": ("127.0.0.1", Why.URL),
    "http://127.0.0.1..:{port}/": ("127.0.0.1", Why.URL),
    "http://[::1%25lo]:{port}/": ("::1", Why.URL),
    "http://[fe80::1%lo]:{port}/": ("fe80::1", Why.URL),
    "http://127.0.0.1:{port}@pictures.example.org/": (NAME, Why.URL),
    "http://pictures.example.org@127.0.0.1:{port}/": ("127.0.0.1", Why.URL),
    "http://pictures.example.org:{port}#@127.0.0.1/": ("127.0.0.1", Why.HOST),
    "http://\uff11\uff12\uff17.0.0.1:{port}/": ("127.0.0.1", Why.URL),
    "http://localhost:{port}/": ("localhost", Why.ADDRESS),
    "http://LOCALHOST.:{port}/": ("localhost", Why.ADDRESS),
}


@pytest.mark.parametrize("url", HOSTILE)
async def test_hostile_addresses(url: str) -> None:
    """Even where the list holds it: what is not public is not called, in whatever spelling it is asked for."""
    listed, why = HOSTILE[url]
    async with (
        picture_host({"/": ok(PNG)}) as host,
        picture_host({"/": ok(PNG)}, "::1", host.port) as six,
        fetching([host.port], allowed=public_address) as fetcher,
    ):
        assert await fetcher.fetch(url.format(port=host.port), errand(hosts=(listed,))) == NotFetched(why)
    assert (host.connections, six.connections) == (0, 0)


async def test_an_address_that_is_public_may_be_listed() -> None:
    """Addresses are checked, not banned: both kinds reach the host where they are allowed."""
    async with (
        picture_host({"/": ok(PNG)}) as host,
        picture_host({"/": ok(PNG)}, "::1", host.port) as six,
        fetching([host.port], resolve=Names({})) as fetcher,
    ):
        for url, listed in ((f"http://127.0.0.1.:{host.port}/", "127.0.0.1"), (f"http://[0::1]:{host.port}/", "::1")):
            assert await fetcher.fetch(url, errand(hosts=(listed,))) == Inline("image/png", PNG)
    assert (host.connections, six.connections) == (1, 1)


async def test_no_host_is_listed() -> None:
    """A list without hosts fetches nothing, and looks nothing up."""
    names = Names({NAME: [["127.0.0.1"]]})
    async with picture_host({"/": ok(PNG)}) as host, fetching([host.port], resolve=names) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{host.port}/", errand(hosts=())) == NotFetched(Why.HOST)
    assert (names.asked, host.connections) == ([], 0)


INSIDE = ("10.0.0.1", "127.0.0.1", "169.254.169.254", "168.63.129.16", "100.64.0.1", "::1", "fd00:ec2::254",
          "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "fe80::1%eth0", "fec0::1", "224.0.0.1")  # fmt: skip


@pytest.mark.parametrize("told", [[one] for one in INSIDE] + [["1.1.1.1", one] for one in INSIDE])
async def test_names_that_lead_inside(told: list[str]) -> None:
    """A name with one address that is not public is not called at all, also where others are."""
    async with fetching([80], allowed=public_address, resolve=Names({NAME: [told]})) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}/", errand()) == NotFetched(Why.ADDRESS)


@pytest.mark.parametrize("told", [None, []], ids=["no such name", "a name without addresses"])
async def test_names_that_lead_nowhere(told: list[str] | None) -> None:
    """As a host that cannot be reached."""
    names = Names({} if told is None else {NAME: [told]})
    async with fetching(resolve=names) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}/", errand()) == NotFetched(Why.UNREACHABLE)
    assert names.asked == [NAME]


async def test_a_name_that_changes_its_mind() -> None:
    """DNS rebinding: the answer that was checked is the one that is called, and nothing is looked up in between."""
    names = Names({NAME: [["127.0.0.1"], ["127.0.0.2"]]})
    async with (
        picture_host({"/": ok(PNG)}) as public,
        picture_host({"/": ok(pictures.face())}, "127.0.0.2", public.port) as internal,
        fetching([public.port], allowed=only("127.0.0.1"), resolve=names) as fetcher,
    ):
        url = f"http://{NAME}:{public.port}/"
        assert await fetcher.fetch(url, errand()) == Inline("image/png", PNG)
        assert names.asked == [NAME]
        assert await fetcher.fetch(url, errand()) == NotFetched(Why.ADDRESS)
        assert names.asked == [NAME, NAME]
    assert (public.connections, internal.connections) == (1, 0)


async def test_a_host_with_several_addresses() -> None:
    """The next address is tried where one does not answer."""
    async with picture_host({"/": ok(PNG)}) as host:
        names = Names({NAME: [["127.0.0.2", "127.0.0.1"]]})
        async with fetching([host.port], resolve=names) as fetcher:
            assert await fetcher.fetch(f"http://{NAME}:{host.port}/", errand()) == Inline("image/png", PNG)


@pytest.mark.parametrize("named", [NAME, "127.0.0.1", "[::1]"])
async def test_the_last_check_is_that_of_the_socket(named: str) -> None:
    """If all that comes before should fail, no socket is connected to an address that may not be called."""
    answers = iter([True])

    def once(_: Address) -> bool:
        return next(answers, False)

    async with (
        picture_host({"/": ok(PNG)}) as host,
        picture_host({"/": ok(PNG)}, "::1", host.port) as six,
        fetching([host.port], allowed=once) as fetcher,
    ):
        found = await fetcher.fetch(f"http://{named}:{host.port}/", errand(hosts=(named.strip("[]"),)))
    assert found == NotFetched(Why.UNREACHABLE)
    assert (next(answers, None), host.connections, six.connections) == (None, 0, 0)


# ---- TLS


async def test_tls(tmp_path: Path) -> None:
    """The certificate must be valid for the name, by an authority that is trusted; the checked address is what is called."""
    good, other = certificate(tmp_path, NAME), certificate(tmp_path, "another.example.org")
    async with (
        picture_host({"/": ok(PNG)}, tls=good.server()) as host,
        picture_host({"/": ok(PNG)}, tls=other.server()) as impostor,
    ):
        ports = [host.port, impostor.port]
        limits = {"schemes": frozenset({"https"})}
        async with fetching(ports, limits, tls=good.client()) as fetcher:
            assert await fetcher.fetch(f"https://{NAME}:{host.port}/", errand()) == Inline("image/png", PNG)
            for url, why in (
                (f"https://other.example.org:{host.port}/", Why.UNREACHABLE),  # not the name's
                (f"https://{NAME}:{impostor.port}/", Why.UNREACHABLE),  # by nobody who is trusted
                (f"http://{NAME}:{host.port}/", Why.URL),
            ):
                assert await fetcher.fetch(url, errand()) == NotFetched(why)
        async with fetching(ports, limits) as fetcher:  # the system's authorities
            assert await fetcher.fetch(f"https://{NAME}:{host.port}/", errand()) == NotFetched(Why.UNREACHABLE)
    assert (host.paths, impostor.paths) == (["/"], [])


async def test_no_hop_leads_out_of_tls(tmp_path: Path) -> None:
    """Where only https is called, a redirect to http is the end."""
    known = certificate(tmp_path, NAME)
    async with picture_host({"/b": ok(PNG)}) as plain:
        answers = {"/": moved(f"http://{NAME}:{plain.port}/b")}
        async with (
            picture_host(answers, tls=known.server()) as host,
            fetching([host.port, plain.port], {"schemes": frozenset({"https"})}, tls=known.client()) as fetcher,
        ):
            assert await fetcher.fetch(f"https://{NAME}:{host.port}/", errand()) == NotFetched(Why.URL)
    assert plain.connections == 0


async def test_what_is_called_by_default() -> None:
    """Without settings: https alone, on its own port, on the public internet."""
    fetcher = Fetcher(FetchLimits())
    try:
        for url, why in (
            (f"http://{NAME}/", Why.URL),
            (f"https://{NAME}:8443/", Why.URL),
            ("https://127.0.0.1/", Why.ADDRESS),
        ):
            assert await fetcher.fetch(url, errand(hosts=(NAME, "127.0.0.1"))) == NotFetched(why)
    finally:
        await fetcher.close()
