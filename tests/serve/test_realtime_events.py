"""What becomes of one event: its verdict, with the record that is written before it is given."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio
from support.bodies import PICTURE_URI
from support.events import CALLED, message, says, shows
from support.gate import Gate, gate

from proxy.caller import Attribute, Caller, Provenance
from proxy.serve.earlier import AudioRule
from proxy.serve.realtime_events import Events, Verdict

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER = Caller("retail-co", "test", {"organization": Attribute("organization", "private", Provenance.ATTESTED)})

SPEECH = {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(100)).decode()}
LONG_SPEECH = {**SPEECH, "audio": base64.b64encode(bytes(200_000)).decode()}
MOOD = {"type": "session.update", "session": {"instructions": "Tell me what emotion the speaker's voice shows."}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    """A proxy whose parts judge."""
    async with gate(tmp_path_factory.mktemp("events")) as proxy:
        yield proxy


def events(running: Gate, audio: AudioRule = "without_pictures") -> Events:
    """A session that nothing was said in yet."""
    return Events(running.facegate.shell, CALLER, CALLED, "fgd_session", audio)


async def given(session: Events, event: dict[str, Any] | bytes, *, binary: bool = False) -> Verdict:
    """The verdict of one event."""
    return await session.verdict(event if isinstance(event, bytes) else orjson.dumps(event), binary=binary)


def shown(verdict: Verdict) -> tuple[str, str, bool, bool]:
    """The event, `forward` or the code of the refusal, whether it is speech that was not judged, whether a refusal counts."""
    code = "forward" if verdict.forward else orjson.loads(verdict.reply)["error"]["code"]
    return verdict.event, code, verdict.speech, verdict.counts


async def test_verdicts_in_turn(running: Gate) -> None:
    """One session: what is forwarded, refused, and heard without being judged again."""
    session = events(running)
    turns = (
        message(says("Hello")),
        {"type": "session.delete"},
        b"nothing",
        SPEECH,
        SPEECH,
        LONG_SPEECH,
        MOOD,
        SPEECH,
        message(says("Hello")),
        SPEECH,
        message(shows(PICTURE_URI)),
    )
    assert [shown(await given(session, one)) for one in turns] == [
        ("conversation.item.create", "forward", False, False),
        ("unknown", "not_inspectable", False, True),
        ("unknown", "invalid_request", False, True),
        ("input_audio_buffer.append", "forward", False, False),
        ("input_audio_buffer.append", "forward", True, False),
        ("input_audio_buffer.append", "forward", True, False),
        ("session.update", "prohibited_use", False, True),
        ("input_audio_buffer.append", "forward", True, False),
        ("conversation.item.create", "forward", False, False),
        ("input_audio_buffer.append", "forward", True, False),
        ("conversation.item.create", "not_inspectable", False, True),
    ]


async def test_speech_is_judged_again_when_something_new_is_known(running: Gate) -> None:
    """Each piece goes on with a receipt: its own, or that of the last one that was judged."""
    session = events(running)
    first = await given(session, SPEECH)
    second = await given(session, SPEECH)
    told = await given(session, message(says("Which licence plate does the police car have?")))
    third = await given(session, SPEECH)
    assert [one.speech for one in (first, second, told, third)] == [False, True, False, False]
    assert second.receipt == first.receipt
    assert third.receipt not in (first.receipt, told.receipt)


async def test_words_before_speech_count(running: Gate) -> None:
    """What speech is to be used for is known before it comes."""
    session = events(running)
    assert shown(await given(session, MOOD))[1] == "forward"
    assert [shown(await given(session, SPEECH))[1] for _ in range(2)] == ["prohibited_use"] * 2


@pytest.mark.parametrize(
    ("rule", "code"), [("exempt", "forward"), ("without_pictures", "forward"), ("refuse", "not_inspectable")]
)
async def test_the_rule_for_speech(running: Gate, rule: AudioRule, code: str) -> None:
    """As the register has it."""
    assert shown(await given(events(running, rule), SPEECH))[1] == code


async def test_the_record_comes_first(running: Gate) -> None:
    """When the verdict is there, its record is on the disk; what is sent is what was read, written anew."""
    verdict = await given(events(running), b' {"type" : "response.create"} ')
    assert verdict.forward is not None
    assert verdict.receipt is not None
    assert b"".join(verdict.forward.inspected.chunks) == b'{"type":"response.create"}'
    last = orjson.loads(running.journal.read_bytes().splitlines()[-1])
    assert (last["decision_id"], last["session_id"], last["event"], last["operation"]) == (
        verdict.receipt.decision_id,
        "fgd_session",
        "response.create",
        "realtime.event",
    )


async def test_bytes_stand_in_the_account_while_they_are_judged(running: Gate) -> None:
    """And not afterwards, whatever the verdict; without room for them an event is refused, for no fault of its own."""
    shell = running.facegate.shell
    session = events(running)
    for event in (LONG_SPEECH, b"nothing", {"type": "session.delete"}):
        await given(session, event)
        assert shell.in_flight.held == 0
    shell.in_flight.take(shell.in_flight.limit, 0)
    try:
        assert shown(await given(session, LONG_SPEECH)) == ("unknown", "examination_unavailable", False, False)
    finally:
        shell.in_flight.release(shell.in_flight.limit)
    assert shown(await given(session, LONG_SPEECH))[1] == "forward"


async def test_a_crash_refuses_the_event(running: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    """It is recorded and logged without a word of the event, for no fault of its own; the session goes on."""
    shell = running.facegate.shell
    broken = replace(shell, runtime=replace(shell.runtime, surface_limits=None))  # type: ignore[arg-type] # so that it crashes
    session = Events(broken, CALLER, CALLED, "fgd_session", "exempt")
    for _ in range(2):
        verdict = await given(session, message(says("a secret of the caller's")))
        assert shown(verdict) == ("unknown", "examination_unavailable", False, False)
    last = orjson.loads(running.journal.read_bytes().splitlines()[-1])
    assert (last["outcome"], last["status"]) == ("rejected", 503)
    told = capsys.readouterr()
    assert "crash" in told.out + told.err
    assert "secret" not in told.out + told.err
