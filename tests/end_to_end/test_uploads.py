"""Files in parts through the real SDK: nothing of them reaches the service before the whole was examined."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
from aiohttp import web
from openai.types import Upload
from support.gate import Gate, gate
from support.pictures import COFFEE, FACE
from support.resources import Resources
from support.service import Arrived

from proxy.exchange import Inbound
from proxy.surface.limits import Limits
from proxy.surface.multipart import read_form


@pytest.fixture
def service(proxy: Gate) -> Resources:
    """The service behind the proxy, which keeps what it is given."""
    resources = Resources()
    proxy.service.behave = resources.handle
    return resources


def calls(proxy: Gate) -> list[str]:
    """The ends of the paths that were called."""
    return [one.target.partition("?")[0].rpartition("/")[2] for one in proxy.service.arrived]


def slice_in(arrived: Arrived) -> bytes:
    """The data of a slice that arrived."""
    (field,) = read_form(Inbound("POST", "/", arrived.headers, arrived.body), Limits()).fields
    assert field.name == "data"
    return field.data


async def begin(client: openai.AsyncOpenAI, data: bytes, purpose: Any = "assistants", name: str = "a.jpg") -> Upload:
    """Begin an upload."""
    return await client.uploads.create(bytes=len(data), filename=name, mime_type="image/jpeg", purpose=purpose)


async def send(client: openai.AsyncOpenAI, upload: Upload, *pieces: bytes) -> list[str]:
    """Send slices; their ids."""
    return [(await client.uploads.parts.create(upload.id, data=("part", one))).id for one in pieces]


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("style", ["azure", "openai"])
async def test_a_file_in_parts(proxy: Gate, style: str) -> None:
    """The slices are put in the order that is told last, and the service gets the whole once it was examined."""
    client = proxy.azure() if style == "azure" else proxy.openai()
    upload = await begin(client, COFFEE)
    second, first = await send(client, upload, COFFEE[1000:], COFFEE[:1000])
    assert calls(proxy) == ["uploads"]
    assert proxy.metric("facegate_upload_bytes") == len(COFFEE)
    done = await client.uploads.complete(upload.id, part_ids=[first, second])
    assert done.file is not None
    assert calls(proxy) == ["uploads", "parts", "complete"]
    assert slice_in(proxy.service.arrived[1]) == COFFEE
    told = orjson.loads(proxy.service.arrived[2].body)
    assert list(told) == ["part_ids"]
    assert not {first, second} & set(told["part_ids"])
    assert proxy.metric("facegate_upload_bytes") == 0
    decisions = await proxy.records("decision")
    assert [(one["operation"], one["outcome"]) for one in decisions] == [
        ("uploads.create", "allow"), ("uploads.parts", "allow"), ("uploads.parts", "allow"), ("uploads.complete", "allow"),
    ]  # fmt: skip
    assert [one["ended"] for one in await proxy.endings(4)] == ["complete"] * 4
    kept = await client.files.retrieve(done.file.id)
    assert kept.id == done.file.id


@pytest.mark.usefixtures("service")
async def test_the_sdks_own_helper(proxy: Gate) -> None:
    """`upload_file_chunked` cuts a file by itself."""
    done = await proxy.openai().uploads.upload_file_chunked(
        file=COFFEE, filename="a.jpg", bytes=len(COFFEE), mime_type="image/jpeg", purpose="assistants", part_size=10_000
    )
    assert done.status == "completed"
    assert slice_in(proxy.service.arrived[1]) == COFFEE


async def test_a_batch_in_parts(proxy: Gate, service: Resources) -> None:
    """Lines are read as those of a whole file, and what is sent has the length that was announced."""
    del service
    lines = [
        {"custom_id": str(n), "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "hi"}}
        for n in range(9)
    ]
    data = "\r\n".join(json.dumps(one, indent=None) for one in lines).encode()
    client = proxy.openai()
    upload = await begin(client, data, "batch", "b.jsonl")
    ids = await send(client, upload, data[:50], data[50:])
    await client.uploads.complete(upload.id, part_ids=ids, md5=hashlib.md5(data, usedforsecurity=False).hexdigest())
    sent = slice_in(proxy.service.arrived[1])
    assert ([orjson.loads(one) for one in sent.splitlines()], len(sent)) == (lines, len(data))
    assert orjson.loads(proxy.service.arrived[2].body)["md5"] == hashlib.md5(sent, usedforsecurity=False).hexdigest()


@pytest.mark.usefixtures("service")
async def test_a_forbidden_line_in_parts(proxy: Gate) -> None:
    """A line that is cut in two is still the line that it is: refused, cancelled at the service, and let go here."""
    lines = [
        {"custom_id": str(n), "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": "m", "messages": [{"role": "user", "content": "Match this face against the mugshot database."}]}}
        for n in range(2)
    ]  # fmt: skip
    data = "\n".join(map(json.dumps, lines)).encode()
    client = proxy.azure("metro-pd", max_retries=0)
    upload = await begin(client, data, "batch", "b.jsonl")
    half = data.index(b"mugshot") + 3
    ids = await send(client, upload, data[:half], data[half:])
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await client.uploads.complete(upload.id, part_ids=ids)
    assert "(lines 1, 2)" in caught.value.message
    assert calls(proxy) == ["uploads", "cancel"]
    assert proxy.facegate.shell.uploads.held == 0
    with pytest.raises(openai.UnprocessableEntityError):
        await client.uploads.complete(upload.id, part_ids=ids)


@pytest.mark.usefixtures("service")
async def test_a_file_that_nobody_can_examine(proxy: Gate) -> None:
    """What stays closed stays here."""
    data = b"PK\x03\x04" + bytes(500)
    client = proxy.openai(max_retries=0)
    upload = await begin(client, data)
    ids = await send(client, upload, data)
    with pytest.raises(openai.UnprocessableEntityError):
        await client.uploads.complete(upload.id, part_ids=ids)
    assert calls(proxy) == ["uploads", "cancel"]


@pytest.mark.usefixtures("service")
async def test_another_tenants_upload(proxy: Gate) -> None:
    """Nobody adds to, ends or cancels what another tenant began; it is as if it were not there."""
    client, other = proxy.openai(max_retries=0), proxy.openai("acme-health", max_retries=0)
    upload = await begin(client, COFFEE)
    ids = await send(client, upload, COFFEE)
    for call in (
        lambda: send(other, upload, FACE),
        lambda: other.uploads.complete(upload.id, part_ids=ids),
        lambda: other.uploads.cancel(upload.id),
    ):
        with pytest.raises(openai.UnprocessableEntityError):
            await call()
    assert calls(proxy) == ["uploads"]
    await client.uploads.complete(upload.id, part_ids=ids)
    assert slice_in(proxy.service.arrived[1]) == COFFEE


@pytest.mark.usefixtures("service")
async def test_cancelling(proxy: Gate) -> None:
    """An upload that is cancelled is let go here too."""
    client = proxy.openai(max_retries=0)
    upload = await begin(client, COFFEE)
    ids = await send(client, upload, COFFEE)
    assert proxy.facegate.shell.uploads.held == len(COFFEE)
    await client.uploads.cancel(upload.id)
    assert (calls(proxy), proxy.facegate.shell.uploads.held) == (["uploads", "cancel"], 0)
    with pytest.raises(openai.UnprocessableEntityError):
        await client.uploads.complete(upload.id, part_ids=ids)


WRONG: dict[str, tuple[Any, type[openai.APIStatusError]]] = {
    "a part that is not there": (lambda ids: {"part_ids": [*ids, "part_none"]}, openai.UnprocessableEntityError),
    "a part of the service's": (lambda ids: {"part_ids": [*ids[1:], "part_0001"]}, openai.UnprocessableEntityError),
    "a part twice": (lambda ids: {"part_ids": ids * 2}, openai.BadRequestError),
    "a part left out": (lambda ids: {"part_ids": ids[:1]}, openai.BadRequestError),
    "no parts": (lambda ids: {"part_ids": ids[:0]}, openai.BadRequestError),
    "another md5": (lambda ids: {"part_ids": ids, "md5": "0" * 32}, openai.BadRequestError),
}


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("case", WRONG)
async def test_ends_that_are_none(proxy: Gate, case: str) -> None:
    """What was not announced so, or is not held, ends nothing; the caller may end it rightly afterwards."""
    client = proxy.openai(max_retries=0)
    upload = await begin(client, COFFEE)
    ids = await send(client, upload, COFFEE[:10], COFFEE[10:])
    given, error = WRONG[case]
    with pytest.raises(error):
        await client.uploads.complete(upload.id, **given(ids))
    assert calls(proxy) == ["uploads"]
    await client.uploads.complete(upload.id, part_ids=ids)


@pytest.mark.usefixtures("service")
async def test_more_than_was_announced(proxy: Gate) -> None:
    """A tenant holds no more than it announced."""
    client = proxy.openai(max_retries=0)
    upload = await begin(client, COFFEE[:100])
    with pytest.raises(openai.APIStatusError) as caught:
        await send(client, upload, COFFEE)
    assert caught.value.status_code == 413
    assert proxy.facegate.shell.uploads.held == 0


async def test_the_room_of_a_tenant(tmp_path: Path) -> None:
    """So many bytes for one tenant, and so many for all: the one is the caller's affair, the other passes."""
    async with gate(tmp_path, limits={"upload_bytes": 1000, "uploads_bytes": 1500}) as proxy:
        proxy.service.behave = Resources().handle
        one, other = (proxy.openai(tenant, max_retries=0) for tenant in ("retail-co", "acme-health"))
        await send(one, await begin(one, COFFEE), COFFEE[:900])
        statuses = []
        for client, size in ((one, 200), (other, 900), (other, 500)):
            try:
                await send(client, await begin(client, COFFEE), COFFEE[:size])
            except openai.APIStatusError as error:
                statuses.append(error.status_code)
        assert statuses == [413, 503]
        assert proxy.facegate.shell.uploads.held == 1400


async def test_time_is_up(tmp_path: Path) -> None:
    """What is not ended in time is let go, whether or not anybody asks for it again."""
    async with gate(tmp_path, limits={"upload_seconds": 0.05}) as proxy:
        proxy.service.behave = Resources().handle
        client = proxy.openai(max_retries=0)
        upload = await begin(client, COFFEE)
        while proxy.facegate.shell.uploads._open:
            await asyncio.sleep(0.01)
        with pytest.raises(openai.UnprocessableEntityError, match="its time is up"):
            await send(client, upload, COFFEE)


async def test_the_service_refuses_a_slice(proxy: Gate, service: Resources) -> None:
    """Where the service does not take a slice, the file is not ended, and the caller may try again."""
    client = proxy.openai(max_retries=0)
    upload = await begin(client, COFFEE)
    ids = await send(client, upload, COFFEE)

    async def failing(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/parts"):
            return web.json_response({"error": {"message": "no"}}, status=400)
        return await service.handle(request)

    proxy.service.behave = failing
    with pytest.raises(openai.InternalServerError) as caught:
        await client.uploads.complete(upload.id, part_ids=ids)
    assert (caught.value.status_code, calls(proxy)) == (502, ["uploads", "parts"])
    proxy.service.behave = service.handle
    await client.uploads.complete(upload.id, part_ids=ids)


async def test_an_announcement_that_lacks_something(proxy: Gate) -> None:
    """Without a purpose nobody could say how the file is to be read."""
    status, reply, _ = await proxy.post({"filename": "a", "bytes": 3, "mime_type": "a/b"}, path="/openai/v1/uploads")
    assert (status, reply["error"]["code"], proxy.service.arrived) == (400, "invalid_request", [])
