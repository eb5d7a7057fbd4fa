"""The demonstration shows what it says, or fails: a call that comes to another end is a Surprise."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from openai import AzureOpenAI, OpenAI
from PIL import Image
from support.gate import API_VERSION, Gate
from support.service import Behave, StandIn, stand_in

from proxy.demo.calls import COMPANY, REFUSED, TENANTS, Surprise, forwarded, photograph, refused, run, streamed

POLICE = REFUSED[0]


def dated(url: str, key: str = "x") -> AzureOpenAI:
    """The SDK's Azure client, as the demonstration makes it, but without tries of its own."""
    return AzureOpenAI(azure_endpoint=url, api_key=key, api_version=API_VERSION, max_retries=0)


def plain(url: str, key: str = "x") -> OpenAI:
    """The SDK's plain client."""
    return OpenAI(base_url=f"{url}/openai/v1", api_key=key, max_retries=0)


async def told(work: Callable[[Callable[[str], None]], None]) -> str:
    """What a part of the demonstration tells; it blocks, so it has a thread of its own."""
    lines: list[str] = []
    await asyncio.to_thread(work, lines.append)
    return "\n".join(lines)


async def test_the_whole_of_it(proxy: Gate) -> None:
    """Five calls: one forwarded, one streamed, three refused with their rules, places and a way out; two reach the service."""
    lines = (await told(lambda tell: run(proxy.url, proxy.keys, tell))).splitlines()
    endings = [line.split(":")[0].strip() for line in lines if re.match(r"   (forwarded|streamed|refused)", line)]
    assert endings == ["forwarded", "streamed, 9 pieces", "refused", "refused", "refused"]
    assert [line for line in lines if "PermissionDeniedError 403" in line] == [
        "   refused: PermissionDeniedError 403, prohibited_use"
    ] * 3
    assert len([line for line in lines if line.startswith("   C") and ", at /messages/0/content" in line]) >= 3
    assert len([line for line in lines if line.startswith("   instead: ")]) == 3
    assert len(proxy.service.arrived) == 2
    decisions = await proxy.records("decision")
    assert [one["tenant"] for one in decisions] == [COMPANY, COMPANY, *(question.tenant for question in REFUSED)]
    assert {one["tenant"] for one in decisions} == set(TENANTS)


async def error(request: web.Request, status: int, **fields: str) -> web.StreamResponse:
    """An error of the service."""
    del request
    return web.json_response({"error": {"message": "their words", **fields}}, status=status)


async def refuses(request: web.Request) -> web.StreamResponse:
    """A refusal."""
    return await error(request, 403, type="policy_violation", code="prohibited_use")


async def unknown(request: web.Request) -> web.StreamResponse:
    """An error that is no refusal by policy."""
    return await error(request, 401, type="invalid_request_error", code="invalid_api_key")


async def fails(request: web.Request) -> web.StreamResponse:
    """An error of the server's."""
    return await error(request, 503, type="server_error", code="examination_unavailable")


async def says_nothing(_: web.Request) -> web.StreamResponse:
    """A stream without a word."""
    return web.Response(body=b"data: [DONE]\n\n", content_type="text/event-stream")


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """No reply at all."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def accepts(_: web.Request) -> web.StreamResponse:
    """A reply."""
    return web.json_response({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []})


Call = Callable[[str, Callable[[str], None]], None]


def first(url: str, tell: Callable[[str], None]) -> None:
    """The call that is forwarded."""
    with dated(url) as client:
        forwarded(client, tell)


def second(url: str, tell: Callable[[str], None]) -> None:
    """The call that is streamed."""
    with plain(url) as client:
        streamed(client, tell)


def third(url: str, tell: Callable[[str], None]) -> None:
    """A call that is refused."""
    with dated(url) as client:
        refused(client, POLICE, tell)


SURPRISES: dict[str, tuple[Call, Behave, str]] = {
    "the first is refused": (first, refuses, "the first call should be forwarded, and was not"),
    "the first finds nobody": (first, hangs_up, "the first call should be forwarded, and was not"),
    "the second is refused": (second, refuses, "the second call should be streamed, and was not"),
    "the second says nothing": (second, says_nothing, "the second call should be streamed, and no piece of it came"),
    "the second finds nobody": (second, hangs_up, "the second call should be streamed, and was not"),
    "the third is forwarded": (third, accepts, "the call of metro-pd should be refused, and was forwarded"),
    "the third is not known": (third, unknown, "the call of metro-pd should be refused by policy, and ended otherwise"),
    "the third fails": (third, fails, "the call of metro-pd should be refused by policy, and ended otherwise"),
    "the third finds nobody": (third, hangs_up, "the call of metro-pd should be refused, and nobody answered it"),
}


@pytest.fixture
async def service() -> AsyncIterator[StandIn]:
    """A service in place of the proxy."""
    async with stand_in() as running:
        yield running


@pytest.mark.parametrize("name", SURPRISES)
async def test_surprises(service: StandIn, name: str) -> None:
    """Each call that ends in another way than is told ends the demonstration, and says which it was."""
    call, service.behave, message = SURPRISES[name]
    with pytest.raises(Surprise, match=f"^{message}"):
        await told(lambda tell: call(service.url, tell))


async def test_a_refusal_is_no_surprise(service: StandIn) -> None:
    """The same call, refused as it should be."""
    service.behave = refuses
    assert "refused: PermissionDeniedError 403, prohibited_use" in await told(lambda tell: third(service.url, tell))


async def test_it_notices_a_proxy_that_takes_the_police_for_a_company(proxy: Gate) -> None:
    """What is refused hangs on who asks: with the wrong key the demonstration fails, though all the rest is in order."""
    with pytest.raises(
        Surprise, match=f"^the call of {POLICE.tenant} should be refused by policy, and ended otherwise"
    ):
        await told(lambda tell: run(proxy.url, {**proxy.keys, POLICE.tenant: "fg_unknown"}, tell))


@pytest.mark.parametrize("name", ["astronaut.jpg", "coffee.jpg"])
def test_the_photographs_are_pictures(name: str, tmp_path: Path) -> None:
    """What is sent is the JPEG of the package."""
    head, data = photograph(name).split(",", 1)
    assert head == "data:image/jpeg;base64"
    (tmp_path / name).write_bytes(base64.b64decode(data, validate=True))
    with Image.open(tmp_path / name) as picture:
        picture.load()
        assert (picture.format, picture.width >= 256, picture.height >= 256) == ("JPEG", True, True)
