"""Which ids a reply tells: from JSON by pointers, from server-sent events however they are cut."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.forward.learn import MAX_EVENT, MAX_NAMES, Events, names_in, read_reply
from proxy.past import Name
from proxy.surface import load_catalogue

MAKES = {operation.name: operation.makes for operation in load_catalogue().operations}
RESPONSES = MAKES["responses.create"]

ITEM = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": 'says "id": "msg_9"'}]}
THOUGHT = {"type": "reasoning", "id": "rs_1", "encrypted_content": "c2VhbGVk" * 20}
WHOLE = {"id": "resp_1", "object": "response", "output": [THOUGHT, ITEM], "conversation": {"id": "conv_1"}}
TOLD: list[Name] = [
    ("response", "resp_1"), ("conversation", "conv_1"), ("item", "rs_1"), ("item", "msg_1"),
    ("sealed", "c2VhbGVk" * 20),
]  # fmt: skip

REPLIES: dict[str, tuple[Sequence[tuple[str, str]], Any, list[Name]]] = {
    # name: what is made, the reply, the names in it
    "a response": (RESPONSES, WHOLE, TOLD),
    "a batch that runs": (MAKES["batches.create"], {"id": "b_1", "output_file_id": None}, [("batch", "b_1")]),
    "a batch that has ended": (
        MAKES["batches.get"],
        {"id": "b_1", "output_file_id": "f_1", "error_file_id": "f_2"},
        [("file", "f_1"), ("file", "f_2")],
    ),
    "results of fine-tuning": (
        MAKES["fine_tuning.jobs.get"],
        {"result_files": ["f_1", "f_2"]},
        [("file", "f_1"), ("file", "f_2")],
    ),
    "an id in two places": ((("file", "/a"), ("file", "/b")), {"a": "f_1", "b": "f_1"}, [("file", "f_1")]),
    "one id of two kinds": ((("file", "/a"), ("item", "/a")), {"a": "x"}, [("file", "x"), ("item", "x")]),
    "escaped steps": ((("file", "/a~1b/c~0d"),), {"a/b": {"c~d": "f_1"}}, [("file", "f_1")]),
    "nothing is made": ((), WHOLE, []),
    "not there": (RESPONSES, {"object": "response"}, []),
    "empty": (RESPONSES, {"id": "", "output": []}, []),
    "ids that are none": (RESPONSES, {"id": 7, "output": [{"id": None}, "x", {"id": {"id": "y"}}]}, []),
    "a list in place of an object": (RESPONSES, [{"id": "resp_1"}], []),
    "an object in place of a list": (RESPONSES, {"output": {"*": {"id": "msg_1"}}}, []),
    "a word": (RESPONSES, "resp_1", []),
}


@pytest.mark.parametrize("name", REPLIES)
def test_the_names_in_a_reply(name: str) -> None:
    """Each once, in the order of the pointers."""
    makes, reply, names = REPLIES[name]
    assert list(read_reply(makes, json.dumps(reply).encode())) == names
    assert list(dict.fromkeys(names_in(makes, reply))) == names


@pytest.mark.parametrize("reply", [b"", b"{", b"<html>", b'{"id": "resp_1"} {"id": "resp_2"}', b'"\xff"'])
def test_a_reply_that_is_no_json(reply: bytes) -> None:
    """Nothing is learned from it."""
    with pytest.raises(ValueError):  # noqa: PT011 - of the JSON reader
        read_reply(RESPONSES, reply)


def test_a_reply_with_too_many_names() -> None:
    """Nothing is learned from it either: there is a bound to what one reply may claim."""
    output = [{"id": f"msg_{number}"} for number in range(MAX_NAMES)]
    assert len(read_reply(RESPONSES, json.dumps({"output": output}).encode())) == MAX_NAMES
    with pytest.raises(ValueError, match="too many"):
        read_reply(RESPONSES, json.dumps({"id": "resp_1", "output": output}).encode())


def event(data: Any, kind: str = "", end: str = "\n") -> bytes:
    """One server-sent event."""
    lines = [f"event: {kind}"] if kind else []
    return (end.join([*lines, f"data: {json.dumps(data)}"]) + 2 * end).encode()


BEGUN = {"type": "response.created", "response": {**WHOLE, "output": []}}
ADDED = {"type": "response.output_item.added", "item": {**THOUGHT, "encrypted_content": ""}, "output_index": 0}
DELTA = {"type": "response.output_text.delta", "item_id": "msg_1", "delta": 'the "id": "msg_8" and {"response": 1}'}
DONE = {"type": "response.output_item.done", "item": THOUGHT, "output_index": 0}
ENDED = {"type": "response.completed", "response": WHOLE}

RUN = [
    event({"id": "thread_1", "object": "thread"}, "thread.created"),
    event({"id": "run_1", "object": "thread.run", "thread_id": "thread_1"}, "thread.run.created"),
    event({"id": "step_1", "object": "thread.run.step", "thread_id": "thread_1"}, "thread.run.step.created"),
    event({"id": "msg_1", "object": "thread.message", "thread_id": "thread_1"}, "thread.message.created"),
    event({"id": "msg_1", "object": "thread.message.delta", "delta": {}}, "thread.message.delta"),
    b"event: done\ndata: [DONE]\n\n",
]

CHUNKS = [
    event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "a"}}]}),
    event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{"delta": {"audio": {"id": "audio_1"}}}]}),
    b"data: [DONE]\n\n",
]  # fmt: skip

STREAMS: dict[str, tuple[Sequence[tuple[str, str]], bytes, set[Name]]] = {
    "a response": (
        RESPONSES,
        b"".join(event(one, one["type"]) for one in (BEGUN, ADDED, DELTA, DONE, ENDED)),
        set(TOLD),
    ),
    "that ends early": (RESPONSES, event(BEGUN) + event(ADDED), {*TOLD[:3]}),
    "carriage returns": (RESPONSES, event(BEGUN, "x", "\r") + event(DONE, "y", "\r"), {*TOLD[:3], TOLD[4]}),
    "both": (RESPONSES, event(BEGUN, "x", "\r\n") + event(DONE, "y", "\r\n"), {*TOLD[:3], TOLD[4]}),
    "a byte order mark": (RESPONSES, b"\xef\xbb\xbf" + event(BEGUN), {*TOLD[:2]}),
    "comments and other fields": (RESPONSES, b": ping\n\nid: 7\nretry: 10\n" + event(BEGUN) + b":\n\n", {*TOLD[:2]}),
    "data of several lines": (RESPONSES, b'data: {"response":\ndata: {"id":\ndata:"resp_1"}}\n\n', {TOLD[0]}),
    "no blank line at its end": (RESPONSES, event(BEGUN).rstrip(b"\n"), {*TOLD[:2]}),
    "an event of no JSON": (RESPONSES, b'data: {"id"\n\n' + event(BEGUN), {*TOLD[:2]}),
    "a run with a new thread": (MAKES["threads.create_and_run"], b"".join(RUN), {("thread", "thread_1")}),
    "a run whose own id counts": (
        (("run", "/id"), ("thread", "/thread_id"), ("step", "/step_id")),
        b"".join(RUN),
        {("run", "run_1"), ("thread", "thread_1"), ("step", "step_1")},
    ),
    "chunks of a completion": (
        MAKES["chat.completions"],
        b"".join(CHUNKS),
        {("completion", "chatcmpl-1"), ("audio", "audio_1")},
    ),
    "nothing": (RESPONSES, b"", set()),
    "no events": (RESPONSES, b"\n\n\r\n\r\r\n\n", set()),
    "fields that only look like data": (RESPONSES, b'database: {"response": {"id": "resp_1"}}\n\ndata\n\n', set()),
}


def heard(makes: Sequence[tuple[str, str]], pieces: Sequence[bytes]) -> list[Name]:
    """The names that events in these pieces tell."""
    events = Events(makes)
    return [name for piece in pieces for name in events.hear(piece)] + events.end()


@pytest.mark.parametrize("name", STREAMS)
def test_the_names_in_a_stream(name: str) -> None:
    """Each once; the same cut at every byte, in two and in three pieces, and byte by byte."""
    makes, stream, names = STREAMS[name]
    whole = heard(makes, [stream])
    assert (set(whole), len(whole)) == (names, len(names))
    for at in range(len(stream) + 1):
        assert heard(makes, [stream[:at], stream[at:]]) == whole
        assert heard(makes, [stream[:at], stream[at : at + 1], stream[at + 1 :]]) == whole
    assert heard(makes, [stream[at : at + 1] for at in range(len(stream))]) == whole


@given(st.lists(st.integers(min_value=0, max_value=2000), max_size=20), st.sampled_from(sorted(STREAMS)))
def test_any_cuts_give_the_same(cuts: list[int], name: str) -> None:
    """However many pieces there are."""
    makes, stream, names = STREAMS[name]
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[begin:end] for begin, end in pairwise(bounds)]
    assert set(heard(makes, pieces)) == names


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    """What is no stream of events tells nothing, and raises nothing."""
    assert heard(RESPONSES, pieces) == []


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_names_are_given_by_the_piece_that_ends_their_event(end: str) -> None:
    """Not before, and not after: whoever passes pieces on has the names while the caller does not have the event."""
    stream = event(BEGUN, "response.created", end)
    events = Events(RESPONSES)
    ends = [at for at in range(len(stream)) if events.hear(stream[at : at + 1])]
    assert ends == [len(stream) - (2 if end == "\r\n" else 1)]  # the blank line is there with its carriage return


def test_an_event_that_is_too_long_is_missed_alone() -> None:
    """Nothing of it is held, whether it is one line or many; what comes after it is read."""
    piece = b"x" * 65_536
    for long in ([b'data: "id"', *[piece] * 80], [b"data: " + piece + b"\n"] * 80, [b": " + piece] * 80):
        events = Events(RESPONSES)
        assert [name for one in long for name in events.hear(one)] == []
        assert sum(map(len, events._line)) + sum(map(len, events._data)) < MAX_EVENT
        assert (events.hear(b"\n\n" + event(BEGUN)), events.missed) == (TOLD[:2], 1)


def test_comments_without_end_are_not_held() -> None:
    """A stream that only says that it lives, for ever, is no event that grows."""
    events = Events(RESPONSES)
    for _ in range(100):
        assert events.hear(b": " + b"x" * 65_536 + b"\n") == []
    assert (events.hear(event(BEGUN)), events.missed) == (TOLD[:2], 0)


def test_there_is_a_bound_to_the_names_of_a_stream() -> None:
    """Past it nothing is learned, and that is noted."""
    events = Events(RESPONSES)
    output = [{"id": f"msg_{number}"} for number in range(MAX_NAMES)]
    assert len(events.hear(event({"response": {"output": output}}))) == MAX_NAMES
    assert (events.hear(event(BEGUN)), events.missed) == ([], 1)
