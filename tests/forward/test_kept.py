"""Getting a file from the service, over real sockets: what is asked, what is taken, and why nothing is got."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import orjson
import pytest
from pydantic import SecretStr
from support.bodies import CATALOGUE
from support.raw_service import RawService, raw_service

from proxy.errors import Unavailable
from proxy.exchange import Receipt
from proxy.forward.kept import MAX_TOLD, KeptFiles, KeptLimits, NotGot, Wanted, Why
from proxy.forward.upstream import Endpoint, Upstream
from proxy.operation import Called
from proxy.surface import route
from proxy.surface.kept_file import KeptFile

DATA: Final = b"The office opens at nine."

V1: Final = route("POST", "/openai/v1/responses", CATALOGUE)
DATED: Final = route("POST", "/openai/deployments/m/chat/completions?api-version=2024-10-21", CATALOGUE)
PREVIEW: Final = route("GET", "/openai/v1/files/file-1?api-version=preview", CATALOGUE)

LIMITS: Final = KeptLimits(bytes=100)


def reply(body: bytes, status: str = "200 OK", length: int | None = -1, **headers: str) -> bytes:
    """A reply; `length` is what it announces, -1 for its own, None for none."""
    told = len(body) if length == -1 else length
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if told is None:
        named["connection"] = "close"
    else:
        named["content-length"] = str(told)
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def told(**more: Any) -> bytes:
    """What the service tells of the file."""
    plain = {"id": "file-1", "object": "file", "bytes": len(DATA), "purpose": "assistants", "filename": "notes.txt"}
    return reply(orjson.dumps({**plain, **more}))


class Answers:
    """Answers one after the other; `hang_up` closes the connection after the last, None is silence."""

    def __init__(self, answers: Sequence[bytes | None], *, hang_up: bool = False) -> None:
        self.answers = answers
        self.hang_up = hang_up

    async def __call__(self, number: int, writer: asyncio.StreamWriter) -> None:
        answer = self.answers[number - 1] if number <= len(self.answers) else None
        if answer is None:
            await asyncio.sleep(30)
            return
        writer.write(answer)
        await writer.drain()
        if self.hang_up and number == len(self.answers):
            writer.close()


@asynccontextmanager
async def files(answers: Answers) -> AsyncIterator[tuple[KeptFiles, RawService]]:
    """A client of a service that answers so."""
    async with raw_service(answers) as service:
        upstream = Upstream(Endpoint(service.url, SecretStr("the key")))
        try:
            yield KeptFiles(upstream, CATALOGUE, LIMITS), service
        finally:
            await upstream.close()


def wanted(name: str = "file-1", like: Called = V1, seconds: float = 10.0) -> tuple[Wanted, list[int]]:
    """A file, and the account of what is taken."""
    taken: list[int] = []
    end = asyncio.get_running_loop().time() + seconds
    return Wanted(name, like, Receipt("fgd_1"), taken.append, end), taken


@pytest.mark.parametrize(
    ("like", "targets"),
    [
        (V1, ["/openai/v1/files/file-1", "/openai/v1/files/file-1/content"]),
        (DATED, ["/openai/files/file-1?api-version=2024-10-21", "/openai/files/file-1/content?api-version=2024-10-21"]),
        (PREVIEW, ["/openai/v1/files/file-1?api-version=preview", "/openai/v1/files/file-1/content?api-version=preview"]),
    ],
    ids=["v1", "dated", "v1 with a version"],
)  # fmt: skip
async def test_a_file(like: Called, targets: list[str]) -> None:
    """It is asked for twice, in the style of the call that names it, with the proxy's key and no word of the caller's."""
    async with files(Answers([told(), reply(DATA)])) as (kept, service):
        one, taken = wanted(like=like)
        assert await kept.get(one) == KeptFile("assistants", "notes.txt", DATA)
    heads = [request.split(b"\r\n") for request in service.requests]
    assert [head[0].decode() for head in heads] == [f"GET {target} HTTP/1.1" for target in targets]
    for head in heads:
        assert [line for line in head[1:] if not line.startswith(b"Host:")] == [
            b"api-key: the key", b"accept-encoding: identity", b"", b""]  # fmt: skip
    assert sum(taken) == len(DATA) + len(told().partition(b"\r\n\r\n")[2])


NOT_GOT: Final[dict[str, tuple[Answers, Why, int]]] = {
    # name: the service's answers, why there is no file, how often the service is asked
    "no such file": (Answers([reply(b"{}", "404 Not Found")]), Why.STATUS, 1),
    "not to be had": (Answers([reply(b"{}", "403 Forbidden")]), Why.STATUS, 1),
    "told of, and its bytes are not given": (Answers([told(), reply(b"{}", "400 Bad Request")]), Why.WITHHELD, 2),
    "an empty answer": (Answers([reply(b"", "204 No Content")]), Why.STATUS, 1),
    "a part": (Answers([told(), reply(DATA, "206 Partial Content")]), Why.WITHHELD, 2),
    "busy": (Answers([reply(b"{}", "429 Too Many Requests")]), Why.UNREACHABLE, 1),
    "failing": (Answers([told(), reply(b"{}", "503 Service Unavailable")]), Why.UNREACHABLE, 2),
    "elsewhere": (Answers([reply(b"", "302 Found", location="http://127.0.0.1:1/")]), Why.UNREACHABLE, 1),
    "its bytes elsewhere": (Answers([told(), reply(b"", "307 Moved", location="/x")]), Why.UNREACHABLE, 2),
    "not HTTP": (Answers([b"\x00\x00\r\n\r\n"], hang_up=True), Why.UNREACHABLE, 1),
    "too large": (Answers([told(bytes=101)]), Why.SIZE, 1),
    "larger than is told": (Answers([told(), reply(DATA + b".")]), Why.BROKEN, 2),
    "larger than is told, without a length": (Answers([told(), reply(DATA + b".", length=None)], hang_up=True), Why.BROKEN, 2),
    "shorter than is told": (Answers([told(), reply(DATA[1:])]), Why.BROKEN, 2),
    "shorter than is told, without a length": (Answers([told(), reply(DATA[1:], length=None)], hang_up=True), Why.BROKEN, 2),
    "broken off": (Answers([told(), reply(DATA[1:], length=len(DATA))], hang_up=True), Why.BROKEN, 2),
    "coded": (Answers([told(), reply(DATA, content_encoding="gzip")]), Why.BROKEN, 2),
    "another file": (Answers([told(id="file-2")]), Why.TELLING, 1),
    "not JSON": (Answers([reply(b"file-1")]), Why.TELLING, 1),
    "a list": (Answers([reply(b"[]")]), Why.TELLING, 1),
    "without an end": (Answers([reply(b" " * (MAX_TOLD + 1))]), Why.BROKEN, 1),
    "no purpose": (Answers([told(purpose=None)]), Why.TELLING, 1),
    "no name": (Answers([told(filename=7)]), Why.TELLING, 1),
    "no size": (Answers([told(bytes=None)]), Why.TELLING, 1),
    "a size that is a flag": (Answers([told(bytes=True)]), Why.TELLING, 1),
    "less than nothing": (Answers([told(bytes=-1)]), Why.TELLING, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_GOT)
async def test_what_is_not_got(name: str) -> None:
    """Nothing is followed, guessed or taken in part."""
    answers, why, asked = NOT_GOT[name]
    async with files(answers) as (kept, service):
        got = await kept.get(wanted()[0])
        assert isinstance(got, NotGot)
        assert (got.why, got.told) == (why, asked == 2 or why is Why.SIZE)
        assert len(service.requests) == asked


@pytest.mark.parametrize("answers", [[], [told()], [told(), reply(DATA[1:], length=len(DATA))]])
async def test_silence(answers: list[bytes]) -> None:
    """There is an end to waiting, wherever the service falls silent."""
    async with files(Answers(answers)) as (kept, _):
        assert await kept.get(wanted(seconds=0.5)[0]) == NotGot(Why.TIMEOUT, told=bool(answers))


async def test_nobody_there() -> None:
    """The service cannot be reached."""
    async with files(Answers([])) as (kept, service):
        pass
    upstream = Upstream(Endpoint(service.url, None))
    assert await KeptFiles(upstream, CATALOGUE, LIMITS).get(wanted()[0]) == NotGot(Why.UNREACHABLE)
    await upstream.close()
    del kept


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../models", "file-1/content", "file-1%2fcontent", "file-1?x=y", "file-1#x", "a b", "a\r\nb", "ü",
     "x" * 300],
)  # fmt: skip
async def test_names_that_are_no_names(name: str) -> None:
    """Whatever a caller writes for an id, no other operation is called by it, and the service is not asked."""
    async with files(Answers([told(), reply(DATA)])) as (kept, service):
        assert await kept.get(wanted(name)[0]) == NotGot(Why.NAME)
        assert service.requests == []


async def test_what_there_is_no_room_for() -> None:
    """What the account says is raised."""

    def take(_: int) -> None:
        raise Unavailable("no room")

    async with files(Answers([told(), reply(DATA)])) as (kept, _):
        with pytest.raises(Unavailable):
            await kept.get(replace(wanted()[0], take=take))


def test_what_callers_are_told() -> None:
    """Nothing where it could tell a thing that another tenant made from one that nobody made."""
    assert {why for why in Why if not why.words} == {Why.OTHERS, Why.STATUS, Why.NAME}
    silent = {why for why in Why if why.words and not NotGot(why).words}
    assert silent == {Why.UNREACHABLE, Why.TIMEOUT}
    assert all(NotGot(why, told=True).words == why.words for why in Why)
