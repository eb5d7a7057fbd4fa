"""Several turns are one request to policy: what is named brings what it showed, to its own tenant alone, also after a restart."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from openai import AsyncOpenAI
from support.gate import Gate, gate
from support.resources import Resources

from proxy.demo.calls import photograph
from proxy.serve.memory_store import DATABASE, DAY_S

POLICE: Mapping[str, str] = {"Facegate-Attributes": "camera=fixed, timing=post_event, environment=controlled"}
"""What an EU police force declares, so that nothing but the question itself is in the way."""

FACE: Any = {"type": "input_image", "detail": "auto", "image_url": photograph("astronaut.jpg")}
CUP: Any = {"type": "input_image", "detail": "auto", "image_url": photograph("coffee.jpg")}


def shows(picture: Any, text: str = "Describe the colours of this picture.") -> Any:
    """A turn with a picture and harmless words."""
    return [{"role": "user", "content": [{"type": "input_text", "text": text}, picture]}]


@asynccontextmanager
async def keeping(folder: Path, resources: Resources, **changes: Any) -> AsyncIterator[Gate]:
    """A running proxy before a service that keeps `resources`."""
    async with gate(folder, **changes) as proxy:
        proxy.service.behave = resources.handle
        yield proxy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    """A proxy before a service that keeps things, for all tests that need no memory of their own."""
    async with keeping(tmp_path_factory.mktemp("history"), Resources()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(shared: Gate) -> AsyncIterator[Gate]:
    """The same; what a test changes of it is undone."""
    memory: Any = shared.facegate.shell.remembering.memory
    behave, clock = shared.service.behave, memory._clock
    shared.service.arrived.clear()
    yield shared
    shared.service.behave, memory._clock = behave, clock


pytestmark = pytest.mark.asyncio(loop_scope="module")


def police(proxy: Gate) -> AsyncOpenAI:
    """The SDK, as a French police force uses it."""
    return proxy.openai("eu-police", default_headers=POLICE, max_retries=0)


def places(refused: openai.APIStatusError) -> set[str]:
    """Where the findings of a refusal are."""
    body: Any = refused.body
    return {place for rule in body["innererror"]["rules"] for place in rule["locations"]}


async def test_a_face_in_turn_one_and_the_question_in_turn_two(proxy: Gate) -> None:
    """Refused, with the place where the first turn is named; thanks in its place are forwarded, and the question later is not."""
    client = police(proxy)
    first = await client.responses.create(model="m", input=shows(FACE))
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await client.responses.create(model="m", input="Who is she?", previous_response_id=first.id)
    assert places(refused.value) == {"/input", "/previous_response_id"}
    second = await client.responses.create(model="m", input="Thank you.", previous_response_id=first.id)
    third = await client.responses.create(model="m", input="Very well.", previous_response_id=second.id)
    with pytest.raises(openai.PermissionDeniedError):
        await client.responses.create(model="m", input="Who is she?", previous_response_id=third.id)
    assert len(proxy.service.arrived) == 3


async def test_the_question_in_turn_one_and_the_face_in_turn_two(proxy: Gate) -> None:
    """The other way round; a picture without a person is an answer to the question."""
    client = police(proxy)
    first = await client.responses.create(model="m", input="Who is this?")
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await client.responses.create(model="m", input=shows(FACE, "Look."), previous_response_id=first.id)
    assert "/previous_response_id" in places(refused.value)
    assert await client.responses.create(model="m", input=shows(CUP, "Look."), previous_response_id=first.id)


async def test_a_first_turn_that_is_streamed(proxy: Gate) -> None:
    """Its id is known from its first event on, its items too."""
    client = police(proxy)
    stream = await client.responses.create(model="m", input=shows(FACE), stream=True)
    name, items = "", []
    async for event in stream:
        if event.type == "response.created":
            name = event.response.id
            with pytest.raises(openai.PermissionDeniedError):
                await client.responses.create(model="m", input="Who is she?", previous_response_id=name)
        if event.type == "response.output_item.done":
            items.append(event.item.id)
    assert await client.responses.create(model="m", input="Thanks.", previous_response_id=name)
    again: Any = [*({"type": "item_reference", "id": one} for one in items), {"role": "user", "content": "Who is she?"}]
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await client.responses.create(model="m", input=again)
    assert places(refused.value) == {"/input/0/id", "/input/1/content"}


async def test_a_conversation(proxy: Gate) -> None:
    """Turns that name a conversation add to it, and items that are put into it do."""
    client = police(proxy)
    talk = await client.conversations.create()
    await client.responses.create(model="m", input=shows(FACE), conversation=talk.id)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await client.responses.create(model="m", input="Who is she?", conversation=talk.id)
    assert "/conversation" in places(refused.value)

    other = await client.conversations.create()
    item: Any = {"type": "message", "role": "user", "content": [FACE]}
    await client.conversations.items.create(other.id, items=[item])
    with pytest.raises(openai.PermissionDeniedError):
        await client.responses.create(model="m", input="Who is she?", conversation=other.id)
    assert await client.responses.create(model="m", input="Who was Napoleon?", conversation=other.id)


async def test_a_face_and_the_question_at_once(proxy: Gate) -> None:
    """To one conversation, in the same moment: whichever is second is refused, though each is harmless by itself."""
    client = police(proxy)
    for _ in range(3):
        talk = await client.conversations.create()
        calls = [
            client.responses.create(model="m", input=one, conversation=talk.id) for one in (shows(FACE), "Who is this?")
        ]
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert sorted(type(one).__name__ for one in done) == ["PermissionDeniedError", "Response"]


async def test_what_a_batch_makes(tmp_path: Path) -> None:
    """Its output is known once the batch tells of it, with what the batch's file showed, and to its own tenant."""
    resources = Resources()
    line = {"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": {"model": "m", "input": shows(FACE)}}
    async with keeping(tmp_path, resources) as proxy:
        client = police(proxy)
        file = await client.files.create(file=("a.jsonl", orjson.dumps(line) + b"\n"), purpose="batch")
        batch = await client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
        resources.kept[batch.id]["output_file_id"] = "file-out"
        resources.bytes_of["file-out"] = b"results"
        with pytest.raises(openai.UnprocessableEntityError):
            await client.files.content("file-out")
        assert (await client.batches.retrieve(batch.id)).output_file_id == "file-out"
        assert (await client.files.content("file-out")).content == b"results"
        with pytest.raises(openai.UnprocessableEntityError):
            await proxy.openai(max_retries=0).files.content("file-out")
        asked = shows({"type": "input_file", "file_id": "file-out"}, "Who is this?")
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await client.responses.create(model="m", input=asked)
        assert "/input/0/content/1/file_id" in places(refused.value)


def lines_of(*bodies: Any) -> Any:
    """A batch file that asks for these responses."""
    lines = [
        {"custom_id": f"c{at}", "method": "POST", "url": "/v1/responses", "body": {"model": "m", **body}}
        for at, body in enumerate(bodies)
    ]
    return "a.jsonl", b"".join(orjson.dumps(line) + b"\n" for line in lines)


async def test_what_lines_of_a_batch_name(proxy: Gate) -> None:
    """Each line is judged with what it goes on from, by itself; what may change until it is run stays unknown."""
    client = police(proxy)
    shown = await client.responses.create(model="m", input=shows(FACE))
    other = await client.responses.create(model="m", input=shows(CUP))
    alien = await proxy.openai(max_retries=0).responses.create(model="m", input="Hello.")
    talk = await client.conversations.create()

    async def outcome(*bodies: Any) -> tuple[int, set[str]]:
        try:
            await client.files.create(file=lines_of(*bodies), purpose="batch")
        except openai.APIStatusError as refused:
            return refused.status_code, places(refused) if refused.status_code == 403 else {str(refused.param)}
        return 200, set()

    thanks, who = {"input": "Thanks."}, {"input": "Who is this?"}
    after, beside = {"previous_response_id": shown.id}, {"previous_response_id": other.id}
    assert await outcome(thanks | after, who | beside, who) == (200, set())
    assert await outcome(thanks | beside, who | after) == (403, {"/line/2/input", "/line/2/previous_response_id"})
    assert await outcome(thanks, thanks | {"previous_response_id": alien.id}) == (422, {"/line/2/previous_response_id"})
    assert await outcome(thanks, thanks | {"conversation": talk.id}) == (422, {"/line/2/conversation"})


async def test_an_upload_whose_lines_go_on(proxy: Gate) -> None:
    """A file in parts is judged as one that comes whole."""
    client = police(proxy)
    shown = await client.responses.create(model="m", input=shows(FACE))
    for text, status in (("Thanks.", 200), ("Who is she?", 403)):
        name, data = lines_of({"input": text, "previous_response_id": shown.id})
        begun = await client.uploads.create(
            bytes=len(data), filename=name, mime_type="application/jsonl", purpose="batch"
        )
        part = await client.uploads.parts.create(begun.id, data=data)
        got = await client.uploads.with_raw_response.complete(begun.id, part_ids=[part.id]) if status == 200 else None
        if got is None:
            with pytest.raises(openai.PermissionDeniedError) as refused:
                await client.uploads.complete(begun.id, part_ids=[part.id])
            assert "/line/1/previous_response_id" in places(refused.value)


async def test_a_file(proxy: Gate) -> None:
    """What was uploaded counts where it is named."""
    client = police(proxy)
    names = []
    for picture in ("astronaut.jpg", "coffee.jpg"):
        data = base64.b64decode(photograph(picture).split(",")[1])
        file = await client.files.create(file=(picture, data, "image/jpeg"), purpose="vision")
        names.append(file.id)
    asked = [shows({"type": "input_image", "detail": "auto", "file_id": one}, "Who is this?") for one in names]
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await client.responses.create(model="m", input=asked[0])
    assert "/input/0/content/1/file_id" in places(refused.value)
    assert await client.responses.create(model="m", input=asked[1])


async def test_sealed_content(proxy: Gate) -> None:
    """Encrypted reasoning that comes back is known by its digest, to whom it was given."""
    sealed = "c2VhbGVkIHRob3VnaHRz" * 20
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed}

    async def thinks(_: web.Request) -> web.Response:
        return web.json_response({"id": "resp_1", "object": "response", "output": [thought]})

    proxy.service.behave = thinks
    client = police(proxy)
    await client.responses.create(model="m", input=shows(FACE), store=False, include=["reasoning.encrypted_content"])

    def after(content: str, text: str) -> Any:
        return [{**thought, "encrypted_content": content}, {"role": "user", "content": text}]

    assert await client.responses.create(model="m", input=after(sealed, "Thanks."), store=False)
    with pytest.raises(openai.PermissionDeniedError):
        await client.responses.create(model="m", input=after(sealed, "Who is she?"), store=False)
    with pytest.raises(openai.UnprocessableEntityError):
        await client.responses.create(model="m", input=after(sealed + "x", "Thanks."), store=False)
    with pytest.raises(openai.UnprocessableEntityError):
        await proxy.openai().responses.create(model="m", input=after(sealed, "Thanks."), store=False)


# ---- whose it is

NAMING: Mapping[str, tuple[str, str, Any]] = {
    # name: method, path and body; NAME stands for the id
    "a response before": ("POST", "/openai/v1/responses", {"model": "m", "input": "Go on.", "previous_response_id": "NAME"}),
    "a conversation": ("POST", "/openai/v1/responses", {"model": "m", "input": "Go on.", "conversation": "NAME"}),
    "a question to it": ("POST", "/openai/v1/responses", {"model": "m", "input": "Who is she?", "previous_response_id": "NAME"}),
    "reading": ("GET", "/openai/v1/responses/NAME", None),
    "deleting": ("DELETE", "/openai/v1/responses/NAME", None),
    "listing what is in it": ("GET", "/openai/v1/conversations/NAME/items", None),
    "adding to it": (
        "POST", "/openai/v1/conversations/NAME/items",
        {"items": [{"type": "message", "role": "user", "content": "hello"}]},
    ),
    "a page that begins there": ("GET", "/openai/v1/files?after=NAME", None),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMING)
async def test_a_foreign_thing_and_none_at_all_are_answered_alike(proxy: Gate, name: str) -> None:
    """Same status, words and headers but for the decision's id and the time; nothing reaches the service."""
    other = proxy.openai("retail-co")
    made = {
        "resp": (await other.responses.create(model="m", input="hello")).id,
        "conv": (await other.conversations.create()).id,
        "file": (await other.files.create(file=("a.txt", b"words"), purpose="assistants")).id,
    }
    arrived = len(proxy.service.arrived)
    method, path, body = NAMING[name]
    kind = "file" if "files" in path else "conv" if "conversation" in f"{path}{body}" else "resp"
    foreign, nobodys = made[kind], made[kind][:-4] + "9999"
    answers = [await _asked(proxy, method, path, body, one) for one in (foreign, nobodys)]
    assert answers[0] == answers[1]
    assert answers[0][0] in (403, 422)
    assert len(proxy.service.arrived) == arrived
    own = "eu-police" if name == "a question to it" else "retail-co"
    assert (await _asked(proxy, method, path, body, foreign, own))[0] == (403 if own == "eu-police" else 200)


async def _asked(
    proxy: Gate, method: str, path: str, body: Any, name: str, tenant: str = "eu-police"
) -> tuple[int, str, list[tuple[str, str]]]:
    """Status, text and headers of the answer, without what differs between any two."""
    data = orjson.dumps(body).replace(b"NAME", name.encode()) if body else None
    headers = {"api-key": proxy.keys[tenant], "content-type": "application/json", **POLICE}
    url = proxy.url + path.replace("NAME", name)
    async with proxy.session.request(method, url, data=data, headers=headers) as reply:
        text = re.sub(r"fgd_[0-9a-f]+", "fgd_", await reply.text())
        kept = sorted((key.lower(), value) for key, value in reply.headers.items())
        return reply.status, text, [one for one in kept if one[0] not in ("date", "facegate-decision-id")]


async def test_lists_show_own_things(proxy: Gate) -> None:
    """Of each tenant its own, by the SDK's own paging."""
    made: dict[str, set[str]] = {}
    for tenant in ("city-vendor", "metro-pd"):
        client = proxy.openai(tenant, max_retries=0)
        made[tenant] = {
            (await client.files.create(file=(f"{one}.txt", b"words"), purpose="assistants")).id for one in "ab"
        }
    for tenant, own in made.items():
        client = proxy.openai(tenant, max_retries=0)
        page = await client.files.list()
        assert {one.id for one in page.data} == own
        assert {one.id async for one in client.files.list(after=page.data[0].id)} == own  # this service knows no pages
    assert [one async for one in proxy.openai("acme-health").files.list()] == []


async def test_what_is_deleted_is_unknown(proxy: Gate) -> None:
    """To its own tenant as well."""
    client = proxy.openai(max_retries=0)
    made = await client.responses.create(model="m", input="hello")
    assert (await client.responses.retrieve(made.id)).id == made.id
    await client.responses.delete(made.id)
    with pytest.raises(openai.UnprocessableEntityError):
        await client.responses.retrieve(made.id)


# ---- how long


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Neither that a thing is known, nor what it showed, nor whose it is."""
    resources = Resources()
    async with keeping(tmp_path, resources) as proxy:
        first = await police(proxy).responses.create(model="m", input=shows(FACE))
    async with keeping(tmp_path, resources) as proxy:
        client = police(proxy)
        assert await client.responses.create(model="m", input="Thanks.", previous_response_id=first.id)
        with pytest.raises(openai.PermissionDeniedError):
            await client.responses.create(model="m", input="Who is she?", previous_response_id=first.id)
        with pytest.raises(openai.UnprocessableEntityError):
            await proxy.openai().responses.create(model="m", input="Thanks.", previous_response_id=first.id)


async def test_after_its_time_a_thing_is_unknown(proxy: Gate) -> None:
    """By default after 30 days, as the service keeps responses for 30."""
    client = proxy.openai(max_retries=0)
    made = await client.responses.create(model="m", input="hello")
    memory: Any = proxy.facegate.shell.remembering.memory
    now = memory._clock()
    memory._clock = lambda: now + 30 * DAY_S - 5
    assert await client.responses.create(model="m", input="And?", previous_response_id=made.id)
    memory._clock = lambda: now + 30 * DAY_S + 5
    with pytest.raises(openai.UnprocessableEntityError):
        await client.responses.create(model="m", input="And?", previous_response_id=made.id)


async def test_a_memory_that_fails(tmp_path: Path) -> None:
    """What names nothing goes on; what names something is refused; the readiness page says it, and stays ready."""
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / DATABASE).write_bytes(b"no database" * 100)
    async with keeping(tmp_path, Resources()) as proxy:
        client = proxy.openai(max_retries=0)
        made = await client.responses.create(model="m", input="hello")
        for more in ({"previous_response_id": made.id}, {"conversation": "conv_1"}):
            with pytest.raises(openai.UnprocessableEntityError):
                await client.responses.create(model="m", input="And?", **more)
        await client.files.create(file=("a.txt", b"words"), purpose="assistants")
        with pytest.raises(openai.InternalServerError) as unread:
            await client.files.list()
        assert (unread.value.status_code, unread.value.code) == (502, "upstream_unreadable")
        async with proxy.session.get(proxy.admin_url + "/readyz") as reply:
            page = orjson.loads(await reply.read())
        assert (reply.status, page["memory"].startswith("fails: ")) == (200, True)
        assert "remember: file is not a database" in page["memory"]
        (tmp_path / "memory" / DATABASE).unlink()
        made = await client.responses.create(model="m", input="hello")
        assert await client.responses.create(model="m", input="And?", previous_response_id=made.id)


# ---- what is seen of it


async def test_what_the_journal_and_the_service_see(tmp_path: Path) -> None:
    """The record tells facts of earlier turns with their place; the service is asked for plain replies where ids are learned."""
    async with keeping(tmp_path, Resources()) as proxy:
        await _seen(proxy)


async def _seen(proxy: Gate) -> None:
    client = police(proxy)
    first = await client.responses.create(model="m", input=shows(FACE))
    await client.responses.create(model="m", input="Thanks.", previous_response_id=first.id)
    await client.embeddings.create(model="m", input="words", encoding_format="float")
    faces = [one["facts"].get("media.faces") for one in await proxy.records("decision")]
    assert faces[1] == {
        "truth": "true", "score": faces[0]["score"], "source": "history", "count": 1, "locations": ["/previous_response_id"],
    }  # fmt: skip
    assert first.id not in proxy.journal.read_text()
    assert [one.header("accept-encoding") for one in proxy.service.arrived] == ["identity", "identity", "gzip, deflate"]
    assert proxy.metric("facegate_faces_found_total") == 1
    assert proxy.metric("facegate_memory_entries") == 4
