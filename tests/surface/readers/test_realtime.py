"""What is read of the events of a realtime session: each leaf on a part or inert, and nothing passes unread."""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.beta.realtime import RealtimeClientEvent as PreviewEvent
from openai.types.realtime import ConversationItemParam, RealtimeClientEventParam, RealtimeToolsConfigUnionParam
from openai.types.realtime.realtime_conversation_item_assistant_message_param import Content as AssistantContent
from openai.types.realtime.realtime_conversation_item_user_message_param import Content as UserContent
from support.bodies import LIMITS, PIXEL_BASE64, PIXEL_URI, outline, reasons, strangers, uncovered
from support.events import event, message, says, shows

from proxy.content import Content, Opaque
from proxy.errors import RequestError
from proxy.surface.readers.realtime import (
    EVENT_TYPES,
    PART_TYPES,
    READ_ITEMS,
    READ_TOOLS,
    REFERENCE_ITEMS,
    REFUSED_ITEMS,
    UNREAD_TOOLS,
    read_client_secret,
    read_session,
)
from proxy.surface.readers.walk import Walk

TOOL: dict[str, Any] = {
    "type": "function",
    "name": "open_door",
    "description": "opens",
    "parameters": {"type": "object"},
}

PARTS: Mapping[str, tuple[dict[str, Any], list[str]]] = {
    "words": (message(says("Hello")), ["text /item/content/0/text: user: Hello"]),
    "the older names of words": (
        message({"type": "text", "text": "Hi"}, role="assistant"),
        ["text /item/content/0/text: assistant: Hi"],
    ),
    "a picture": (
        message(shows(PIXEL_URI), {"type": "input_image", "image_url": PIXEL_URI, "detail": "high"}),
        ["image /item/content/0/image_url: image/png 70", "image /item/content/1/image_url: image/png 70"],
    ),
    "a picture behind an address": (
        message(shows("https://example.org/a.png")),
        ["image /item/content/0/image_url: https://example.org/a.png"],
    ),
    "a picture among words": (
        message(says(f"see {PIXEL_URI}")),
        [f"text /item/content/0/text: user: see {PIXEL_URI}", "image /item/content/0/text:  70"],
    ),
    "a recording with what is said in it": (
        message({"type": "input_audio", "audio": PIXEL_BASE64, "transcript": "Hello"}),
        ["audio /item/content/0/audio:  70", "text /item/content/0/transcript: user: Hello"],
    ),
    "a recording of the assistant": (
        message({"type": "output_audio", "audio": PIXEL_BASE64}, role="assistant"),
        ["audio /item/content/0/audio:  70"],
    ),
    "instructions among the items": (
        message(says("Be kind"), role="system"),
        ["text /item/content/0/text: system: Be kind"],
    ),
    "somebody else who speaks": (
        message(says("Hello"), role="narrator"),
        ["text /item/role: field: narrator", "text /item/content/0/text: field: Hello"],
    ),
    "the item's own name": (
        message(says("a"), id="item_1"),
        ["text /item/content/0/text: user: a", "text /item/id: field: item_1"],
    ),
    "a call and its output": (
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": "c", "output": "done"},
        },
        ["text /item/call_id: field: c", "text /item/output: tool: done"],
    ),
    "the arguments of a call": (
        {"type": "conversation.item.create", "item": {"type": "function_call", "name": "f", "arguments": "{}"}},
        ["text /item/name: tool: f", "text /item/arguments: tool: {}"],
    ),
    "an output that is no string": (
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "output": {"file": "x", "who": "y"}},
        },
        ["text /item/output: tool: file who", "opaque /item/output/file", "text /item/output/who: tool: y"],
    ),
    "speech": ({"type": "input_audio_buffer.append", "audio": PIXEL_BASE64}, ["audio /audio:  70"]),
    "instructions": (
        {"type": "session.update", "session": {"type": "realtime", "instructions": "Be kind"}},
        ["text /session/instructions: system: Be kind"],
    ),
    "tools": (
        {"type": "session.update", "session": {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": True}},
        ["schema /session/tools/0: tool"],
    ),
    "a tool by its name": (
        {"type": "session.update", "session": {"tool_choice": {"type": "function", "name": "open_door"}}},
        [
            "text /session/tool_choice: field: type name",
            "text /session/tool_choice/type: field: function",
            "text /session/tool_choice/name: field: open_door",
        ],
    ),
    "tools of servers": (
        {"type": "session.update", "session": {"tools": [{"type": "mcp", "server_url": "https://example.org"}, "x"]}},
        ["opaque /session/tools/0", "opaque /session/tools/1"],
    ),
    "a prompt that the service keeps": (
        {
            "type": "session.update",
            "session": {"prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "Rome"}}},
        },
        [
            "reference /session/prompt/id: prompt: pmpt_1",
            "text /session/prompt/version: field: 2",
            "text /session/prompt/variables: field: city",
            "text /session/prompt/variables/city: field: Rome",
        ],
    ),
    "how speech is heard": (
        {
            "type": "session.update",
            "session": {
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24000},
                        "noise_reduction": {"type": "near_field"},
                        "transcription": {"model": "whisper-1", "language": "en", "prompt": "names: Ada"},
                        "turn_detection": {"type": "server_vad", "threshold": 0.5, "idle_timeout_ms": None},
                    },
                    "output": {"voice": "alloy", "speed": 1.1, "format": {"type": "audio/pcmu"}},
                },
                "output_modalities": ["audio"],
                "max_output_tokens": "inf",
                "truncation": {"type": "retention_ratio", "retention_ratio": 0.5},
                "tracing": "auto",
                "include": ["item.input_audio_transcription.logprobs"],
            },
        },
        [
            "text /session/audio/input/transcription/prompt: field: names: Ada",
            "text /session/audio/output/voice: field: alloy",
        ],
    ),
    "the names of the preview": (
        {
            "type": "transcription_session.update",
            "session": {
                "input_audio_format": "pcm16",
                "input_audio_transcription": {"model": "whisper-1", "prompt": "names"},
                "input_audio_noise_reduction": {"type": "far_field"},
                "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
                "modalities": ["text"],
                "voice": "verse",
                "temperature": 0.8,
                "max_response_output_tokens": 100,
                "client_secret": {"expires_after": {"anchor": "created_at", "seconds": 60}},
                "tracing": {"workflow_name": "desk", "group_id": "g", "metadata": {"a": "b"}},
            },
        },
        [
            "text /session/input_audio_transcription/prompt: field: names",
            "text /session/voice: field: verse",
            "text /session/tracing/workflow_name: field: desk",
            "text /session/tracing/group_id: field: g",
            "text /session/tracing/metadata: field: a",
            "text /session/tracing/metadata/a: field: b",
        ],
    ),
    "a voice that the service keeps": (
        {"type": "session.update", "session": {"audio": {"output": {"voice": {"id": "voice_1"}}}}},
        ["reference /session/audio/output/voice/id: voice: voice_1"],
    ),
    "an answer beside the conversation": (
        {
            "type": "response.create",
            "response": {
                "conversation": "none",
                "instructions": "Be short",
                "metadata": {"topic": "weather"},
                "input": [{"type": "item_reference", "id": "item_1"}, message(says("Hello"))["item"]],
                "tools": [TOOL],
            },
        },
        [
            "text /response/instructions: system: Be short",
            "text /response/metadata: field: topic",
            "text /response/metadata/topic: field: weather",
            "reference /response/input/0: item: item_1",
            "text /response/input/1/content/0/text: user: Hello",
            "schema /response/tools/0: tool",
        ],
    ),
    "an answer in a conversation that was not seen": (
        {"type": "response.create", "response": {"conversation": "conv_1"}},
        ["reference /response/conversation: conversation: conv_1"],
    ),
    "a member that is not known": (
        {"type": "response.create", "hint": "Who is this?", "response": {}},
        ["text /hint: field: hint", "text /hint: field: Who is this?"],
    ),
    "a member that may hold a picture": (
        message(says("a")) | {"image_url": PIXEL_URI},
        ["text /item/content/0/text: user: a", "opaque /image_url"],
    ),
    "an event's own name that speaks": (
        {"type": "response.cancel", "event_id": "who is this person", "response_id": "resp_1"},
        ["text /event_id: field: who is this person"],
    ),
    "events that say nothing": ({"type": "input_audio_buffer.commit", "event_id": "event_1"}, []),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts(name: str) -> None:
    """Each event is cut into these parts; what is inert says nothing, and no leaf is lost."""
    given, expected = PARTS[name]
    found = event(given)
    assert [line for line in outline(found.content) if not line.startswith("inert")] == expected
    assert uncovered(given, found.content) == []
    assert strangers(found.content, given) == []


def test_keys_for_sessions_past_the_proxy() -> None:
    """What they are asked with is read as `session.update` is."""
    session = {"type": "realtime", "instructions": "Be kind", "tools": [{"type": "mcp"}]}
    for read, body, place in ((read_client_secret, {"session": session}, "/session"), (read_session, session, "")):
        walk = Walk(LIMITS)
        read(walk, body)
        found = Content(tuple(walk.parts), tuple(walk.inert), "")
        assert [line for line in outline(found) if not line.startswith("inert")] == [
            f"text {place}/instructions: system: Be kind",
            f"opaque {place}/tools/0",
        ]
        assert uncovered(body, found) == []


OPAQUE: Mapping[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a type that is not known": ({"type": "session.delete"}, {"": "an event of a type that is not known"}),
    "no type": ({"session": {}}, {"": "an event of a type that is not known"}),
    "a type that is no word": ({"type": ["session.update"]}, {"": "an event of a type that is not known"}),
    "a type in another case": ({"type": "Session.Update"}, {"": "an event of a type that is not known"}),
    "an event of the service": ({"type": "response.done"}, {"": "an event of a type that is not known"}),
    "an item of an unknown type": (
        {"type": "conversation.item.create", "item": {"type": "picture", "x": 1}},
        {"/item": "an item of a type that is not known"},
    ),
    "an item that is none": (
        {"type": "conversation.item.create", "item": "Hello"},
        {"/item": "an item of a type that is not known"},
    ),
    "a part of an unknown type": (
        message({"type": "input_video", "video": "x"}),
        {"/item/content/0": "a content part of a type that is not known"},
    ),
    "content that is a string": (
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": "Who?"}},
        {"/item/content": "a list is expected"},
    ),
    "speech that is no base64": (
        {"type": "input_audio_buffer.append", "audio": "a b"},
        {
            "/audio": "its base64 is not in the standard form (alphabet A-Z a-z 0-9 + /, correct padding, no white space)",
        },
    ),
    "speech that is an object": (
        {"type": "input_audio_buffer.append", "audio": {}},
        {"/audio": "a string of base64 is expected"},
    ),
    **{
        f"an item {kind}": ({"type": "conversation.item.create", "item": {"type": kind}}, {"/item": why})
        for kind, why in REFUSED_ITEMS.items()
    },
}


@pytest.mark.parametrize("name", OPAQUE)
def test_what_nobody_reads(name: str) -> None:
    """It is opaque, with the reason, so that it is never forwarded."""
    given, expected = OPAQUE[name]
    assert reasons(event(given).content) == expected


def literals(kind: Any) -> set[str]:
    """The words that `type` may be in a type of the SDK's, or in each of a union."""
    if isinstance(kind, type):
        model = getattr(kind, "model_fields", None)
        return words(model["type"].annotation if model else get_type_hints(kind, include_extras=True)["type"])
    return set().union(*(literals(one) for one in get_args(kind) if get_args(one) or isinstance(one, type)))


def words(hint: Any) -> set[str]:
    """The strings of a literal, however deep."""
    return {hint} if isinstance(hint, str) else set().union(*map(words, get_args(hint)))


def test_every_type_of_the_sdk_is_read_or_refused() -> None:
    """Nothing that the SDK can send meets a reader that has not heard of it."""
    assert literals(RealtimeClientEventParam) <= EVENT_TYPES
    assert literals(PreviewEvent) <= EVENT_TYPES
    assert literals(ConversationItemParam) == READ_ITEMS | set(REFUSED_ITEMS)
    assert {"item_reference"} == REFERENCE_ITEMS
    assert literals(UserContent) | literals(AssistantContent) <= PART_TYPES
    assert literals(RealtimeToolsConfigUnionParam) == {*READ_TOOLS, *UNREAD_TOOLS}


leaf = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8) | st.just(PIXEL_URI)
tree = st.recursive(
    leaf,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "item", "content", "text", "image_url", "audio", "session", "tools", "id", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(sorted(EVENT_TYPES)),
    st.dictionaries(st.sampled_from(["item", "session", "response", "audio", "x"]), tree),
)
def test_any_event(kind: str, members: dict[str, Any]) -> None:
    """Whatever an event holds, each leaf is on a part or inert; or the event is refused with a reason."""
    given = {"type": kind, **members}
    try:
        found = event(given, LIMITS)
    except RequestError:
        return
    assert uncovered(given, found.content) == []
    if any(isinstance(part, Opaque) for part in found.content.parts):
        assert all(reasons(found.content).values())
