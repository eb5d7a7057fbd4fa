"""One event of a session: a verdict with everything that sending it asks for, a record before that, and nothing held after."""

import os
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import pytest_asyncio
from support.bodies import PIXEL_BASE64, PIXEL_URI, inbound
from support.events import CALLED, message, says, shows
from support.gate import Gate, gate
from support.pictures import COFFEE, data_uri

from proxy.admit import attributed, authenticate
from proxy.exchange import Receipt
from proxy.serve import realtime_events as module
from proxy.serve.earlier import AudioRule
from proxy.serve.realtime_events import BINARY, OPERATION, Events, Verdict
from proxy.surface.event import UNKNOWN

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPEECH = {"type": "input_audio_buffer.append", "audio": PIXEL_BASE64}
HELLO = message(says("hello"))
CUP = message(shows(data_uri(COFFEE)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    """A running proxy for all tests: to load word lists takes longer than an event."""
    async with gate(tmp_path_factory.mktemp("events"), limits={"inflight_bytes": 300_000}) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(shared: Gate) -> Gate:
    """The same, with nothing in its journal."""
    await shared.records()
    os.truncate(shared.journal, 0)
    return shared


def session(proxy: Gate, audio: AudioRule = "exempt") -> Events:
    """A session of a tenant that may ask for anything that is not prohibited to all."""
    today = datetime.now(UTC).date()
    asked = inbound(b"", headers=(("api-key", proxy.keys["retail-co"]),))
    register = proxy.runtime.register
    caller = attributed(register, authenticate(register, asked, today), asked, today)
    return Events(proxy.facegate.shell, caller, CALLED, "fgd_session", audio)


async def verdict(events: Events, event: Mapping[str, Any] | bytes, *, binary: bool = False) -> Verdict:
    """What becomes of an event; afterwards nothing of it is held."""
    found = await events.verdict(event if isinstance(event, bytes) else orjson.dumps(event), binary=binary)
    in_flight = events._shell.in_flight
    assert (in_flight.held, events._shell.pool.waiting) == (0, 0)
    return found


VERDICTS: dict[str, tuple[Mapping[str, Any] | bytes, bool, tuple[str, str | None, str]]] = {
    # an event, whether it is binary; its type in records, the code of the refusal, the outcome in the record
    "words": (HELLO, False, ("conversation.item.create", None, "allow")),
    "a picture": (CUP, False, ("conversation.item.create", None, "allow")),
    "many words": (message(says("word " * 20_000)), False, ("conversation.item.create", None, "allow")),
    "speech": (SPEECH, False, ("input_audio_buffer.append", None, "allow")),
    "a picture behind an address": (
        message(shows("https://x.example/a.png")), False, ("conversation.item.create", "not_inspectable", "block"),
    ),
    "a type of the caller's own": ({"type": "secret word"}, False, (UNKNOWN, "not_inspectable", "block")),
    "no JSON": (b"secret word", False, (UNKNOWN, "invalid_request", "rejected")),
    "bytes": (orjson.dumps(HELLO), True, (BINARY, "not_inspectable", "rejected")),
    "more than may be held": (b" " * 400_000, False, (UNKNOWN, "examination_unavailable", "rejected")),
}  # fmt: skip


@pytest.mark.parametrize("name", VERDICTS)
async def test_a_verdict(proxy: Gate, name: str) -> None:
    """What may go on comes with its body and the receipt of its record; what may not with the reply, and with neither."""
    event, binary, (kind, code, outcome) = VERDICTS[name]
    found = await verdict(session(proxy), event, binary=binary)
    (record,) = await proxy.records("decision")
    assert (record["operation"], record["event"], record["session_id"]) == (OPERATION, kind, "fgd_session")
    assert (record["outcome"] == "rejected") is (outcome == "rejected")
    assert found.event == kind
    if code is None:
        assert found.forward is not None
        assert (found.receipt, found.reply, found.counts) == (Receipt(record["decision_id"]), b"", False)
        assert orjson.loads(b"".join(found.forward.inspected.chunks)) == event
    else:
        assert (found.forward, found.receipt) == (None, None)
        told = orjson.loads(found.reply)
        assert (told["type"], told["error"]["code"], told["event_id"]) == (
            "error",
            code,
            f"event_{record['decision_id']}",
        )
        assert found.counts is (code != "examination_unavailable")
    assert "secret" not in proxy.journal.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("own", "told"),
    [("event_1", "event_1"), (None, None), (7, None), (["event_1"], None), ("x" * 512, "x" * 512), ("x" * 513, None)],
    ids=["an id", "none", "a number", "a list", "a long one", "one that is too long"],
)
async def test_the_callers_own_id_is_told_back(proxy: Gate, own: object, told: str | None) -> None:
    """As long as it is one; it stands in no record."""
    refused = await verdict(session(proxy), {"type": "nothing", "event_id": own})
    assert orjson.loads(refused.reply)["error"]["event_id"] == told
    assert "event_1" not in proxy.journal.read_text(encoding="utf-8").replace("event_id", "")


async def test_speech_is_judged_once(proxy: Gate) -> None:
    """The next piece goes on with the receipt of the first, until something new is known; each is read all the same."""
    events = session(proxy)
    first, second = [await verdict(events, SPEECH) for _ in range(2)]
    assert (first.speech, second.speech, second.receipt) == (False, True, first.receipt)
    assert second.forward == first.forward
    assert (await verdict(events, {**SPEECH, "text": "who is this?"})).speech is False
    assert (await verdict(events, CUP)).forward is not None
    again = await verdict(events, SPEECH)
    assert (again.speech, again.receipt == first.receipt) == (False, False)
    assert (await verdict(events, SPEECH)).receipt == again.receipt


async def test_two_sessions_know_nothing_of_each_other(proxy: Gate) -> None:
    """What one has shown, and the speech that it was let through, are its own."""
    one, other = session(proxy, "without_pictures"), session(proxy, "without_pictures")
    assert (await verdict(one, CUP)).forward is not None
    assert (await verdict(one, SPEECH)).forward is None
    assert (await verdict(other, SPEECH)).forward is not None
    assert (await verdict(other, SPEECH)).speech is True
    assert (await verdict(one, SPEECH)).forward is None


async def test_where_speech_is_refused(proxy: Gate) -> None:
    """Nobody hears it, so none goes on; words do."""
    events = session(proxy, "refuse")
    assert [(await verdict(events, one)).forward is not None for one in (SPEECH, HELLO, SPEECH)] == [False, True, False]


async def test_a_crash(proxy: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses the event, for no fault of the caller's; the session goes on."""

    def broken(*_: object) -> None:
        raise KeyError("a secret word")

    events = session(proxy)
    with monkeypatch.context() as patch:
        patch.setattr(module, "screen", broken)
        refused = await verdict(events, HELLO)
    assert orjson.loads(refused.reply)["error"]["code"] == "examination_unavailable"
    assert (refused.counts, b"secret" in refused.reply) == (False, False)
    assert (await verdict(events, message(says("again"), shows(PIXEL_URI)))).forward is not None
