"""Files that nobody here knows, from the SDK to the service: refused, or got, examined as uploads, and the tenant's own then."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import openai
import orjson
import pytest
import pytest_asyncio
import structlog
from aiohttp import web
from openai import AsyncOpenAI
from support.gate import Gate, gate, register_with_keys
from support.pdfs import POLICY, text_pdf
from support.pictures import COFFEE, FACE, data_uri
from support.resources import MADE_AT, Resources

from proxy import documents
from proxy.admit.register import RegisterFile
from proxy.forward.kept import Why
from proxy.serve.lifecycle import _warn

POLICE: Final = {"Facegate-Attributes": "camera=fixed, timing=post_event, environment=controlled"}

FETCHING: Final = ("eu-police", "retail-co")
"""Tenants that may use every file of the service; metro-pd may not."""


@dataclass
class Scene:
    """A running proxy, the service's things, and how the service gives the content of files."""

    proxy: Gate
    kept: Resources
    behave: Callable[[web.Request], Awaitable[web.StreamResponse | None]] | None = None
    counted: dict[str, float] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The service's answer, or what a test has in its place."""
        own = await self.behave(request) if self.behave is not None else None
        return own if own is not None else await self.kept.handle(request)

    def put(self, data: bytes, purpose: str = "assistants", filename: str = "a.bin", **more: Any) -> str:
        """A file that was made past this proxy; its id."""
        name = self.kept.fresh("file-")
        told = {"id": name, "object": "file", "created_at": MADE_AT, "collection": "files", "bytes": len(data),
                "purpose": purpose, "filename": filename, **more}  # fmt: skip
        self.kept.kept[name], self.kept.bytes_of[name] = told, data
        return name

    @property
    def police(self) -> AsyncOpenAI:
        """The SDK, as a French police force uses it."""
        return self.proxy.openai("eu-police", default_headers=POLICE, max_retries=0)

    @property
    def asked(self) -> list[str]:
        """What reached the service, in words."""
        return [f"{one.method} {one.target.split('?')[0]}" for one in self.proxy.service.arrived]

    def results(self, result: str) -> float:
        """How many files had this result."""
        return self.proxy.metric("facegate_unknown_files_total", result=result) - self.counted.get(result, 0)


@asynccontextmanager
async def scene(folder: Path, **changes: Any) -> AsyncIterator[Scene]:
    """Everything real; some tenants may use every file."""
    register = documents.load(register_with_keys(folder), RegisterFile)
    tenants = tuple(
        one.model_copy(update={"unknown_references": "fetch"}) if one.id in FETCHING else one
        for one in register.tenants
    )
    async with gate(folder, RegisterFile(tenants=tenants), **changes) as proxy:
        one = Scene(proxy, Resources())
        proxy.service.behave = one.answer
        yield one
        assert proxy.metric("facegate_inflight_bytes") == 0
        assert len(proxy.facegate.shell.unknown_files._flights) == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A proxy for all tests that need none of their own."""
    async with scene(tmp_path_factory.mktemp("unknown")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def one(shared: Scene) -> AsyncIterator[Scene]:
    """The same; what a test changes of it is undone."""
    shared.proxy.service.arrived.clear()
    shared.counted = {}
    shared.counted = {result: shared.results(result) for result in RESULTS}
    yield shared
    shared.behave = None


RESULTS: Final = ("known", "refused", "unreadable", "lost", *Why)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def shows(name: str, text: str) -> Any:
    """A turn that shows a picture which the service keeps."""
    picture = {"type": "input_image", "file_id": name, "detail": "auto"}
    return [{"role": "user", "content": [{"type": "input_text", "text": text}, picture]}]


PLACE: Final = "/input/0/content/1/file_id"

LOOK: Final = "Describe the colours of this picture."


async def ask(client: AsyncOpenAI, *names: str, text: str = LOOK) -> Any:
    """Ask about pictures that the service keeps."""
    turns = [turn for name in names for turn in shows(name, text)]
    return await client.responses.create(model="m", input=turns)


def places(refused: openai.APIStatusError) -> set[str]:
    """Where the findings of a refusal are."""
    body: Any = refused.body
    return {place for rule in body["innererror"]["rules"] for place in rule["locations"]}


def batch(*texts: Any, **more: Any) -> bytes:
    """A batch file that asks these things."""
    return b"".join(
        orjson.dumps({"custom_id": f"c{at}", "method": "POST", "url": "/v1/responses",
                      "body": {"model": "m", "input": text, **more}}) + b"\n"
        for at, text in enumerate(texts)
    )  # fmt: skip


async def test_a_file_is_got_once_and_known_from_then_on(one: Scene) -> None:
    """In the request's own style of addresses, with the proxy's key; later requests are judged with what it showed."""
    name = one.put(FACE, "vision", "face.jpg")
    assert await ask(one.police, name)
    assert one.asked == [
        f"GET /openai/v1/files/{name}",
        f"GET /openai/v1/files/{name}/content",
        "POST /openai/v1/responses",
    ]
    for arrived in one.proxy.service.arrived[:2]:
        sent = {key for key, _ in arrived.headers}
        assert sent == {"host", "api-key", "accept-encoding"}
    assert await ask(one.police, name)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await ask(one.police, name, text="Who is she?")
    assert PLACE in places(refused.value)
    assert one.asked[3:] == ["POST /openai/v1/responses"]
    assert (one.results("known"), one.results("others")) == (1, 0)


async def test_an_older_style_of_addresses(one: Scene) -> None:
    """The files are asked for where the request goes."""
    name = one.put("\n".join(POLICY).encode(), filename="policy.txt")
    part: Any = {"type": "file", "file": {"file_id": name}}
    azure = one.proxy.azure(max_retries=0)
    await azure.chat.completions.create(model="m", messages=[{"role": "user", "content": [part]}])
    assert one.asked[:2] == [f"GET /openai/files/{name}", f"GET /openai/files/{name}/content"]
    assert {arrived.target.partition("?")[2] for arrived in one.proxy.service.arrived} == {"api-version=2024-10-21"}


async def test_the_sdk_goes_on_with_what_was_made_before(tmp_path: Path) -> None:
    """Retrieve, read, put into a vector store, run as a batch, delete: each names the file, and the first gets to know it."""
    async with scene(tmp_path) as one:
        client = one.proxy.openai(max_retries=0)
        notes = one.put(b"The office opens at nine.", filename="notes.txt")
        assert (await client.files.retrieve(notes)).filename == "notes.txt"
        assert (await client.files.content(notes)).content == b"The office opens at nine."
        store = await client.vector_stores.create(name="notes", file_ids=[notes])
        assert (await client.files.list()).data[0].id == notes
        lines = one.put(batch("Translate “good morning”."), "batch", "a.jsonl")
        made = await client.batches.create(input_file_id=lines, endpoint="/v1/responses", completion_window="24h")
        assert made.id
        assert store.id
        assert (await client.files.delete(notes)).deleted
        with pytest.raises(openai.UnprocessableEntityError):
            await client.files.retrieve(notes)
        assert one.results("known") == 2


QUESTION: Final = shows("", "Who is she?")
QUESTION[0]["content"][1] = {"type": "input_image", "detail": "auto", "image_url": data_uri(FACE)}

REFUSED: Final[dict[str, tuple[bytes, str, str, int, str]]] = {
    # name: the file, its purpose and name, the status, and where
    "lines that ask too much": (
        batch("Hello.", QUESTION), "batch", "a.jsonl", 403,
        "/input_file_id/line/2/input/0/content/0/text"),
    "a name that does": (FACE, "vision", "Who is she.jpg", 403, "/input_file_id/filename"),
    "an archive": (b"PK\x03\x04" + bytes(100), "assistants", "a.zip", 422, "/input_file_id"),
    "a purpose that nobody knows": (b"Hello.", "skills", "a.txt", 422, "/input_file_id/purpose"),
    "lines that are none": (b"Hello.", "batch", "a.jsonl", 422, "/input_file_id"),
    "a line that names what nobody knows": (
        batch("Hello.", previous_response_id="resp_x"), "batch", "a.jsonl", 422, "/input_file_id/line/1/previous_response_id"),
    "a damaged PDF": (text_pdf()[:-40], "assistants", "a.pdf", 422, "/input_file_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_what_would_not_be_uploaded_is_not_used(one: Scene, name: str) -> None:
    """It is refused as its upload is, at the place where it is named; nothing is remembered, so the next one is too."""
    data, purpose, filename, status, place = REFUSED[name]
    client = one.police
    with pytest.raises(openai.APIStatusError) as upload:
        await client.files.create(file=(filename, data), purpose=purpose)  # type: ignore[arg-type] # also unknown ones
    file = one.put(data, purpose, filename)
    for _ in range(2):
        with pytest.raises(openai.APIStatusError) as refused:
            await client.batches.create(input_file_id=file, endpoint="/v1/responses", completion_window="24h")
        assert refused.value.status_code == status
        assert status == upload.value.status_code or name == "lines that are none"  # an upload is 400 there
        found = places(refused.value) if status == 403 else {refused.value.param}
        assert place in found
    assert [one for one in one.asked if one.startswith("POST")] == []
    assert one.results("known") == 0


async def test_what_another_tenant_made_is_not_asked_for(one: Scene) -> None:
    """It is as unknown as an id that nobody made: the same answer but for the ids in it, and the service hears nothing."""
    theirs = (await one.proxy.openai(max_retries=0).files.create(file=("a.png", COFFEE), purpose="vision")).id
    one.proxy.service.arrived.clear()
    answers = []
    for file in (theirs, "file-nobody"):
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            await ask(one.police, file)
        body: Any = refused.value.body
        answers.append(orjson.dumps(body).decode().replace(body["innererror"]["decision_id"], "ID"))
    assert answers[0] == answers[1]
    assert "kept by the service; what it holds was not seen here" in answers[0]
    assert one.asked == ["GET /openai/v1/files/file-nobody"]
    assert (one.results("others"), one.results("status")) == (1, 1)
    retail = one.proxy.openai(max_retries=0)
    assert await ask(retail, theirs)


async def test_without_the_permission_nothing_is_asked(one: Scene) -> None:
    """The choice is each tenant's, and a request cannot make it."""
    name = one.put(COFFEE, "vision", "cup.jpg")
    with pytest.raises(openai.APIStatusError):
        await ask(one.proxy.openai("metro-pd", max_retries=0), name)
    assert one.asked == []


async def test_the_first_to_name_a_file_has_it(one: Scene) -> None:
    """To another tenant that may ask too it is unknown from then on."""
    name = one.put(COFFEE, "vision", "cup.jpg")
    assert await ask(one.police, name)
    with pytest.raises(openai.UnprocessableEntityError):
        await ask(one.proxy.openai(max_retries=0), name)
    names = [one.put(COFFEE, "vision", "cup.jpg") for _ in range(3)]
    for name in names:
        calls = (ask(one.police, name), ask(one.proxy.openai(max_retries=0), name))
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert sorted(type(one).__name__ for one in done) == ["Response", "UnprocessableEntityError"]


async def test_two_at_once_get_it_once(one: Scene) -> None:
    """They share what is on its way, and each is judged by itself."""
    name = one.put(FACE, "vision", "face.jpg")
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slowly(request: web.Request) -> None:
        if request.path.endswith("/content"):
            arrived.set()
            await go.wait()

    one.behave = slowly
    first = asyncio.ensure_future(ask(one.police, name))
    second = asyncio.ensure_future(ask(one.police, name, text="Who is she?"))
    await arrived.wait()
    flights = one.proxy.facegate.shell.unknown_files._flights
    async with asyncio.timeout(10):
        while next(iter(flights._open.values())).users < 2:
            await asyncio.sleep(0.01)
    go.set()
    done = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(one).__name__ for one in done] == ["Response", "PermissionDeniedError"]
    assert [one for one in one.asked if one.startswith("GET")] == [
        f"GET /openai/v1/files/{name}", f"GET /openai/v1/files/{name}/content"]  # fmt: skip


async def test_a_caller_that_leaves(tmp_path: Path) -> None:
    """What was asked for it alone is given up; nothing is remembered, and nothing held."""
    async with scene(tmp_path) as one:
        name = one.put(COFFEE, "vision", "cup.jpg")
        arrived = asyncio.Event()

        async def never(request: web.Request) -> None:
            if request.path.endswith("/content"):
                arrived.set()
                await asyncio.sleep(60)

        one.behave = never
        call = asyncio.ensure_future(ask(one.police, name))
        await arrived.wait()
        call.cancel()
        await asyncio.wait([call])
        async with asyncio.timeout(10):
            await one.proxy.service.cancelled.wait()
        (outcome,) = await one.proxy.endings()
        assert outcome["ended"] == "cancelled"


async def _redirect(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"location": "http://127.0.0.1:1/"})


async def _forbidden(_: web.Request) -> web.StreamResponse:
    return web.Response(status=403)


async def _withheld(request: web.Request) -> web.StreamResponse | None:
    return web.Response(status=400) if request.path.endswith("/content") else None


async def _busy(_: web.Request) -> web.StreamResponse:
    return web.Response(status=429)


async def _busy_later(request: web.Request) -> web.StreamResponse | None:
    return await _busy(request) if request.path.endswith("/content") else None


async def _other(request: web.Request) -> web.StreamResponse | None:
    return web.Response(body=b"x" * len(COFFEE)) if request.path.endswith("/content") else None


async def _short(request: web.Request) -> web.StreamResponse | None:
    return web.Response(body=COFFEE[:-1]) if request.path.endswith("/content") else None


async def _breaks(request: web.Request) -> web.StreamResponse | None:
    if not request.path.endswith("/content"):
        return None
    reply = web.StreamResponse(headers={"content-length": str(len(COFFEE))})
    await reply.prepare(request)
    await reply.write(COFFEE[:1000])
    assert request.transport is not None
    request.transport.close()
    return reply


async def _silent(request: web.Request) -> web.StreamResponse | None:
    if request.path.endswith("/content"):
        await asyncio.sleep(60)
    return None


NOT_GOT: Final[dict[str, tuple[Any, str, str]]] = {
    # name: what the service does, the result, what the caller is told behind the usual words
    "a redirect": (_redirect, "unreachable", ""),
    "not told of": (_forbidden, "status", ""),
    "told of, and not given out": (_withheld, "withheld", "the service tells of it, and does not give it out"),
    "busy": (_busy, "unreachable", ""),
    "busy later": (_busy_later, "unreachable", "the service cannot be asked for it now"),
    "shorter": (_short, "broken", "the service did not give it whole"),
    "broken off": (_breaks, "broken", "the service did not give it whole"),
    "other bytes": (_other, "refused", ""),
}


@pytest.mark.parametrize("name", NOT_GOT)
async def test_what_cannot_be_got_stays_unknown(one: Scene, name: str) -> None:
    """The request is refused with the place and, where it tells nothing of other tenants, the reason."""
    behave, result, words = NOT_GOT[name]
    file = one.put(COFFEE, "vision", "cup.jpg")
    one.behave = behave
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        await ask(one.proxy.openai(max_retries=0), file)
    assert (refused.value.param, one.results(result)) == (PLACE, 1)
    if result != "refused":
        usual = "the file is kept by the service; what it holds was not seen here"
        assert (f"{usual}: {words}" if words else usual) in refused.value.message
    one.behave = None
    assert await ask(one.proxy.openai(max_retries=0), file)


async def test_a_service_that_is_silent(tmp_path: Path) -> None:
    """There is an end to waiting; who waits for a turn meanwhile waits no longer."""
    words = []
    async with scene(tmp_path, unknown_references={"seconds": 1.0, "at_a_time": 1}) as one:
        one.behave = _silent
        client = one.proxy.openai(max_retries=0)
        calls = [ask(client, one.put(COFFEE, "vision", "cup.jpg")) for _ in range(3)]
        for refused in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(refused, openai.UnprocessableEntityError)
            words.append("getting it from the service took too long" in refused.message)
        assert any(words)
        assert one.results("timeout") == 3


async def test_limits(tmp_path: Path) -> None:
    """Bytes of a file, and files of a request."""
    async with scene(tmp_path, unknown_references={"file_bytes": len(COFFEE), "files": 2}) as one:
        client = one.proxy.openai(max_retries=0)
        assert await ask(client, one.put(COFFEE, "vision"), one.put(COFFEE, "vision"))
        large = one.put(COFFEE + b"x", "vision")
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            await ask(client, large)
        assert "too large" in refused.value.message
        one.proxy.service.arrived.clear()
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            await ask(client, *(one.put(COFFEE, "vision") for _ in range(3)))
        assert "too many files" in refused.value.message
        assert (one.asked, one.results("many")) == ([], 3)


async def test_more_names_than_a_request_may_have(one: Scene) -> None:
    """It is refused as a whole, as ever; nothing is looked up for it."""
    with pytest.raises(openai.APIStatusError) as refused:
        await ask(one.police, *(f"file-{number}" for number in range(1001)))
    assert (refused.value.status_code, one.asked, one.results("many")) == (413, [], 0)


async def test_without_room(tmp_path: Path) -> None:
    """What is got counts with the bodies of all requests; nothing is held of what has no room."""
    async with scene(tmp_path, limits={"inflight_bytes": 100_000}) as one:
        with pytest.raises(openai.APIStatusError) as short:
            await ask(one.proxy.openai(max_retries=0), one.put(COFFEE + bytes(200_000), "vision"))
        assert short.value.status_code == 503


def contents(folder: Path) -> bytes:
    """All that was written into a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_records(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Before the service is asked it is on record who asks; the decision tells what came. Nowhere an id, a name or content."""
    caplog.set_level(logging.DEBUG)
    async with scene(tmp_path) as one:
        secret = "Zanzibar is a beautiful island"
        name = one.put(secret.encode(), filename="zebra.txt")
        part: Any = {"type": "input_file", "file_id": name}
        client = one.proxy.openai(max_retries=0)
        await client.responses.create(model="m", input=[{"role": "user", "content": [part]}])
        with pytest.raises(openai.UnprocessableEntityError):
            await ask(client, "file-nobody")
        records = await one.proxy.records()
        first, decision = [record for record in records if record["kind"] != "outcome"][:2]
        assert (first["kind"], first["tenant"], first["operation"]) == ("fetch", "retail-co", "files.content")
        assert first["decision_id"] == decision["decision_id"]
        digest = first["reference"]
        assert len(digest) == 32
        assert decision["fetched"] == [
            {"location": "/input/0/content/0/file_id", "reference": digest, "bytes": len(secret), "result": "known"}
        ]
        assert "files" in decision["stages_ms"]
        last = [record for record in records if record["kind"] == "decision"][-1]
        assert [(found["bytes"], found["result"]) for found in last["fetched"]] == [(0, "status")]
        written = contents(tmp_path)
        for word in (name, "Zanzibar", "zebra"):
            assert word.encode() not in written
            assert word not in caplog.text


async def test_the_record_of_a_refusal(tmp_path: Path) -> None:
    """Its parts are the file's, with their places and digests; it says what was named, and that nothing was forwarded."""
    async with scene(tmp_path) as one:
        file = one.put(batch(QUESTION), "batch", "a.jsonl")
        with pytest.raises(openai.PermissionDeniedError):
            await one.police.batches.create(input_file_id=file, endpoint="/v1/responses", completion_window="24h")
        (decision,) = await one.proxy.records("decision")
        assert (decision["operation"], decision["outcome"], decision["status"]) == ("batches.create", "block", 403)
        assert [found["result"] for found in decision["fetched"]] == ["refused"]
        assert decision["findings"][0]["locations"] == [
            f"/input_file_id/line/1/input/0/content/{at}" for at in ("0/text", "1/image_url")
        ]


async def test_without_a_memory_nothing_is_got(tmp_path: Path) -> None:
    """What nobody could remember need not be asked for."""
    async with scene(tmp_path) as one:
        memory: Any = one.proxy.facegate.shell.remembering.memory
        memory._thread.submit(memory._store.close).result()
        (tmp_path / "memory" / "memory.sqlite3").write_bytes(b"no database" * 1000)
        with pytest.raises(openai.UnprocessableEntityError):
            await ask(one.police, one.put(COFFEE, "vision"))
        assert one.asked == []


async def test_without_a_journal_nothing_is_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be recorded is not asked for."""
    async with scene(tmp_path) as one:
        journal: Any = one.proxy.facegate.shell.journal

        def fails(_: bytes) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(journal, "_write", fails)
        with pytest.raises(openai.APIStatusError) as refused:
            await ask(one.police, one.put(COFFEE, "vision"))
        assert (refused.value.status_code, one.asked) == (503, [])


async def test_things_that_have_no_content_to_get_stay_refused(one: Scene) -> None:
    """Responses, conversations, vector stores and the like; files that lines of a file name; and what is no id."""
    client = one.proxy.openai(max_retries=0)
    tools: Any = [{"type": "file_search", "vector_store_ids": ["vs_x"]}]
    file = one.put(COFFEE, "vision")
    line = batch("x").replace(b'"x"', orjson.dumps(shows(file, LOOK)))
    calls: list[Awaitable[Any]] = [
        client.responses.create(model="m", input="Go on.", previous_response_id="resp_x"),
        client.responses.create(model="m", input="Go on.", conversation="conv_x"),
        client.responses.create(model="m", input="Find it.", tools=tools),
        client.files.create(file=("a.jsonl", line), purpose="batch"),
        ask(client, "../models"),
    ]
    for call in calls:
        with pytest.raises(openai.UnprocessableEntityError):
            await call
    assert one.asked == []


async def test_who_may_is_told_at_the_start(one: Scene) -> None:
    """The log names the tenants."""
    with structlog.testing.capture_logs() as lines:
        _warn(one.proxy.runtime)
    (said,) = (line for line in lines if line["event"] == "unknown_references")
    assert said["tenants"] == sorted(FETCHING)
    assert said["log_level"] == "warning"
