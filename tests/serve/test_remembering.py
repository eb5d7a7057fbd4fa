"""A request is judged with what is known of the things that it names, and what it adds is known to the next one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.gate import CONFIG

from proxy.admit import caller_of
from proxy.caller import Caller
from proxy.demo.calls import photograph
from proxy.errors import RequestError, TooLarge, Unavailable
from proxy.exchange import Forward, Inbound, Screened, Surfaced
from proxy.facts import Fact, Truth
from proxy.past import HISTORY, NOTHING_BEFORE, Dossier, Name, Past
from proxy.record.metrics import Metrics
from proxy.screen import screen
from proxy.serve.body import InFlight
from proxy.serve.memory_sqlite import SqliteMemory
from proxy.serve.memory_store import DATABASE, Place
from proxy.serve.pool import Pool
from proxy.serve.remembering import MAX_NAMES, Remembering
from proxy.serve.runtime import Runtime, load_runtime
from proxy.surface import surface

TODAY = date(2026, 6, 15)
TALK: Name = ("conversation", "conv_1")
RESP: Name = ("response", "resp_1")
FACE = Dossier(
    (Fact("media.faces", Truth.TRUE, HISTORY, 0.9, (), 1), Fact("media.images", Truth.TRUE, HISTORY, 1.0, (), 1))
)
WHO = Dossier((Fact("intent.identify_depicted", Truth.TRUE, HISTORY, 1.0, (), 1),))


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return load_runtime(CONFIG / "proxy.yaml")


@pytest.fixture
async def remembering(tmp_path: Path) -> AsyncIterator[Remembering]:
    pool = Pool(1, 10)
    memory = SqliteMemory(Place(tmp_path), Metrics())
    yield Remembering(memory, Metrics(), pool, InFlight(10**9), pool)
    await memory.close()
    pool.close()


class Judging:
    """Judges one request with the shipped policy. `meanwhile` is what others add to the conversation while it does, each time."""

    def __init__(self, runtime: Runtime, body: Any, path: str = "/openai/v1/responses", method: str = "POST") -> None:
        inbound = Inbound(method, path, (("content-type", "application/json"),), orjson.dumps(body) if body else b"")
        self.surfaced: Surfaced = surface(inbound, runtime.catalogue, runtime.surface_limits)
        self.caller: Caller = caller_of(runtime.register.tenant("retail-co"), None, TODAY)
        self.runtime = runtime
        self.asked: list[Past] = []
        self.meanwhile: list[Any] = []

    async def __call__(self, past: Past) -> Screened:
        self.asked.append(past)
        screened = screen(self.surfaced, self.caller, self.runtime.screening, "fgd_1", past)
        await asyncio.sleep(0)
        if self.meanwhile:
            await self.meanwhile.pop(0)
        return screened

    async def by(self, remembering: Remembering) -> str:
        """What becomes of the request."""
        try:
            screened = await remembering.judged("retail-co", self.surfaced, self)
        except RequestError as error:
            return error.code
        return "forwarded" if isinstance(screened.action, Forward) else screened.action.code


def asks(text: str, **more: Any) -> dict[str, Any]:
    """A call for a response."""
    return {"model": "gpt-4o", "input": text, **more}


async def test_what_names_nothing_does_not_wait_for_the_memory(runtime: Runtime, remembering: Remembering) -> None:
    """It is judged at once, with nothing before it."""
    await remembering.memory.close()
    judging = Judging(runtime, asks("Who is this?"))
    assert await judging.by(remembering) == "forwarded"
    assert judging.asked == [NOTHING_BEFORE]


NAMED: dict[str, tuple[dict[Name, Dossier], dict[str, Any], str]] = {
    # name: what is known, the request, what becomes of it
    "a face before": ({RESP: FACE}, asks("Who is this?", previous_response_id="resp_1"), "prohibited_use"),
    "words before": ({RESP: Dossier()}, asks("Who is this?", previous_response_id="resp_1"), "forwarded"),
    "a face before, thanks now": ({RESP: FACE}, asks("Thank you.", previous_response_id="resp_1"), "forwarded"),
    "a face in one thing, the question in another": (
        {TALK: FACE, ("prompt", "pmpt_1"): WHO},
        asks("Go on.", conversation="conv_1", prompt={"id": "pmpt_1"}),
        "prohibited_use",
    ),
    "unknown": ({}, asks("Thank you.", previous_response_id="resp_1"), "not_inspectable"),
    "one known, one unknown": (
        {RESP: FACE}, asks("Thanks.", previous_response_id="resp_1", prompt={"id": "x"}), "not_inspectable"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
async def test_what_is_named_counts(runtime: Runtime, remembering: Remembering, name: str) -> None:
    """As if it stood in the request."""
    known, body, outcome = NAMED[name]
    for thing, dossier in known.items():
        await remembering.memory.remember("retail-co", [thing], dossier)
    assert await Judging(runtime, body).by(remembering) == outcome


async def test_what_is_added_is_known_at_once(runtime: Runtime, remembering: Remembering) -> None:
    """Before anything is sent; what is refused adds nothing; what was known is not added once more."""
    await remembering.memory.remember("retail-co", [TALK, RESP], FACE)
    assert await Judging(runtime, asks("Hello.", conversation="conv_1")).by(remembering) == "forwarded"
    assert await remembering.memory.recall("retail-co", [TALK]) == Past({TALK: FACE})
    assert await Judging(runtime, asks("Who is this?", conversation="conv_1")).by(remembering) == "prohibited_use"
    assert await remembering.memory.recall("retail-co", [TALK, RESP]) == Past({TALK: FACE, RESP: FACE})
    items = {"items": [{"type": "message", "role": "user", "content": "I am with the police."}]}
    added = Judging(runtime, items, "/openai/v1/conversations/conv_1/items")
    assert await added.by(remembering) == "forwarded"
    (dossier,) = (await remembering.memory.recall("retail-co", [TALK])).dossiers.values()
    assert [(fact.name, fact.count) for fact in dossier.facts if not fact.name.startswith("context")] == [
        ("media.faces", 1),
        ("media.images", 1),
    ]
    assert "context.law_enforcement" in {fact.name for fact in dossier.facts}


async def test_of_two_at_once_that_together_show_something_one_is_refused(
    runtime: Runtime, remembering: Remembering
) -> None:
    """A question and a face, sent to one conversation in the same moment, each harmless by itself."""
    face = {"role": "user", "content": [{"type": "input_image", "detail": "auto", "image_url": _astronaut()}]}
    for number in range(5):
        name = ("conversation", f"conv_{number}")
        await remembering.memory.remember("retail-co", [name], Dossier())
        calls = [
            Judging(runtime, asks("Who is this?", conversation=name[1])),
            Judging(runtime, {"model": "gpt-4o", "input": [face], "conversation": name[1]}),
        ]
        outcomes = await asyncio.gather(*(call.by(remembering) for call in calls))
        assert sorted(outcomes) == ["forwarded", "prohibited_use"]
        assert sorted(len(call.asked) for call in calls) == [1, 2]


def _astronaut() -> str:
    return photograph("astronaut.jpg")


async def test_what_changes_while_it_is_judged(runtime: Runtime, remembering: Remembering) -> None:
    """It is judged anew; what was deleted meanwhile is unknown; what changes for ever is not waited for."""
    memory = remembering.memory
    await memory.remember("retail-co", [TALK], Dossier())
    judging = Judging(runtime, asks("Hello.", conversation="conv_1"))
    judging.meanwhile = [memory.remember("retail-co", [TALK], FACE)]
    assert await judging.by(remembering) == "forwarded"
    assert judging.asked == [Past({TALK: Dossier()}), Past({TALK: FACE})]

    gone = Judging(runtime, asks("Hello.", conversation="conv_1"))
    gone.meanwhile = [memory.forget("retail-co", [TALK])]
    assert await gone.by(remembering) == "not_inspectable"

    await memory.remember("retail-co", [TALK], FACE)
    never = Judging(runtime, asks("Hello.", conversation="conv_1"))
    never.meanwhile = [memory.remember("retail-co", [TALK], FACE) for _ in range(8)]
    assert await never.by(remembering) == Unavailable.code
    assert never.meanwhile == []


async def test_what_is_named_stands_as_it_was_seen(runtime: Runtime, remembering: Remembering) -> None:
    """Also what is not added to, if it may change: an assistant that is told something new meanwhile is seen anew."""
    memory = remembering.memory
    thread, assistant = ("thread", "thread_1"), ("assistant", "asst_1")
    await memory.remember("retail-co", [thread], FACE)
    await memory.remember("retail-co", [assistant], Dossier())
    path = "/openai/v1/threads/thread_1/runs"
    run = Judging(runtime, {"assistant_id": "asst_1"}, path)
    assert (await run.by(remembering), len(run.asked)) == ("forwarded", 1)
    assert await memory.recall("retail-co", [assistant]) == Past({assistant: Dossier()})
    run.meanwhile = [memory.remember("retail-co", [assistant], WHO)]
    assert (await run.by(remembering), len(run.asked)) == ("prohibited_use", 3)


async def test_reading_changes_nothing(runtime: Runtime, remembering: Remembering) -> None:
    """A thing that is only read or deleted is not written to."""
    memory: Any = remembering.memory
    await memory.remember("retail-co", [TALK], FACE)
    memory._thread.submit(memory._store._opened.database.execute, "PRAGMA query_only = ON").result()
    for method in ("GET", "DELETE"):
        assert await Judging(runtime, None, "/openai/v1/conversations/conv_1", method).by(remembering) == "forwarded"
    assert await Judging(runtime, asks("x", conversation="conv_1")).by(remembering) == Unavailable.code


async def test_too_many_names(runtime: Runtime, remembering: Remembering) -> None:
    """One request cannot keep the memory busy; the same thing named again is one."""

    def items(number: int) -> dict[str, Any]:
        return {
            "model": "m",
            "input": [{"type": "item_reference", "id": f"msg_{one % number}"} for one in range(MAX_NAMES + 9)],
        }

    names = [("item", f"msg_{one}") for one in range(MAX_NAMES)]
    await remembering.memory.remember("retail-co", names, Dossier())
    assert await Judging(runtime, items(MAX_NAMES)).by(remembering) == "forwarded"
    assert await Judging(runtime, items(MAX_NAMES + 1)).by(remembering) == TooLarge.code


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (asks("Hello."), "forwarded"),
        (asks("Hello.", previous_response_id="resp_1"), "not_inspectable"),
        (asks("Hello.", conversation="conv_1"), "not_inspectable"),
    ],
    ids=["names nothing", "names a thing", "adds to a thing"],
)
async def test_without_a_memory_everything_is_unknown(
    runtime: Runtime, tmp_path: Path, body: Any, outcome: str
) -> None:
    """So what names anything is refused."""
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    memory = SqliteMemory(Place(tmp_path), Metrics())
    pool = Pool(1, 1)
    assert await Judging(runtime, body).by(Remembering(memory, Metrics(), pool, InFlight(10**9), pool)) == outcome
    await memory.close()
    pool.close()


async def test_what_cannot_be_remembered_is_not_forwarded(
    runtime: Runtime, remembering: Remembering, tmp_path: Path
) -> None:
    """A thing is known from what is at hand, and cannot be added to: the next request would not know."""
    await remembering.memory.remember("retail-co", [TALK, RESP], Dossier())
    memory: Any = remembering.memory
    memory._thread.submit(memory._store.close).result()
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    assert await Judging(runtime, asks("Hello.", conversation="conv_1")).by(remembering) == Unavailable.code
    assert await Judging(runtime, asks("Hello.", previous_response_id="resp_1")).by(remembering) == "forwarded"


KEPT = {
    # name: method, path, body: whether the reply is to be heard
    "makes": ("POST", "/openai/v1/responses", asks("Hello."), True),
    "lists": ("GET", "/openai/v1/files", None, True),
    "deletes": ("DELETE", "/openai/v1/files/f_1", None, True),
    "reads": ("GET", "/openai/v1/files/f_1", None, False),
    "keeps none": ("POST", "/openai/v1/embeddings", {"model": "m", "input": "x"}, False),
    "a completion": (
        "POST", "/openai/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "x"}]}, False),
    "a completion that is kept": (
        "POST", "/openai/v1/chat/completions",
        {"model": "m", "store": True, "messages": [{"role": "user", "content": "x"}]}, True),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
async def test_whose_replies_are_heard(runtime: Runtime, remembering: Remembering, name: str) -> None:
    """Of what the service keeps nothing of, the reply goes by as it comes."""
    method, path, body, heard = KEPT[name]
    screened = await Judging(runtime, body, path, method)(NOTHING_BEFORE)
    assert (remembering.keeping(screened) is not None) is heard
