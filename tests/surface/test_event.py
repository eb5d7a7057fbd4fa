"""One event of a session: read by the rules of a body, written anew, and told by a type of the closed list."""

import orjson
import pytest
from support.bodies import PICTURE, PICTURE_URI, PIXEL_BASE64, PIXEL_URI, outline, sent
from support.events import CALLED, event, message, says, shows

from proxy.errors import BadRequest, RequestError, TooLarge
from proxy.surface.event import UNKNOWN, is_audio_frame, type_of
from proxy.surface.limits import Limits

SPEECH: dict[str, object] = {"type": "input_audio_buffer.append", "audio": PIXEL_BASE64}


def test_whole() -> None:
    """The operation, the deployment as the model, the parts, and the event written anew."""
    found = event(b' { "type" : "response.create", "event_id": "e1" } ')
    assert (found.called, found.content.model, found.content.stream) == (CALLED, CALLED.deployment, False)
    assert sent(found) == b'{"type":"response.create","event_id":"e1"}'
    assert found.tree == {"type": "response.create", "event_id": "e1"}


def test_parts() -> None:
    """Words and pictures stand where they were; a long picture is a chunk of its own, byte for byte."""
    told = message(says("Who is this?"), shows(PICTURE_URI))
    found = event(told)
    assert [line for line in outline(found.content) if not line.startswith("inert")] == [
        "text /item/content/0/text: user: Who is this?",
        f"image /item/content/1/image_url: image/png {len(PICTURE)}",
    ]
    assert orjson.loads(sent(found)) == told


MALFORMED: dict[str, tuple[bytes, type[RequestError]]] = {
    "nothing": (b"", BadRequest),
    "no JSON": (b"hello", BadRequest),
    "a list": (b"[]", BadRequest),
    "two documents": (b"{}{}", BadRequest),
    "not UTF-8": (b'{"type":"\xff"}', BadRequest),
    "a byte-order mark": (b'\xef\xbb\xbf{"type":"x"}', BadRequest),
    "the same key twice": (b'{"type":"response.create","type":"session.update"}', BadRequest),
    "the same key twice, once in capitals": (b'{"type":"response.create","Type":"session.update"}', BadRequest),
    "NaN": (b'{"type":"response.create","a":NaN}', BadRequest),
    "nested too deep": (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", BadRequest),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(name: str) -> None:
    """The strictness of bodies holds for events."""
    frame, kind = MALFORMED[name]
    with pytest.raises(kind):
        event(frame)


def test_limits_are_handed_on() -> None:
    """Depth, pictures and their size, as in a body."""
    with pytest.raises(BadRequest):
        event({"type": "response.create", "a": {"b": {}}}, Limits(json_depth=1))
    with pytest.raises(TooLarge):
        event(message(shows(PIXEL_URI), shows(PIXEL_URI)), Limits(images=1))
    small = event(message(shows(PIXEL_URI)), Limits(inline_bytes=10))
    assert "opaque /item/content/0/image_url" in outline(small.content)


TYPES = {
    # an event, and what it is called
    '{"type":"response.create"}': "response.create",
    '{"type":"session.update","session":{}}': "session.update",
    '{"type":"Response.Create"}': UNKNOWN,
    '{"type":"response.create "}': UNKNOWN,
    '{"type":"a word of the caller\'s"}': UNKNOWN,
    '{"type":7}': UNKNOWN,
    '{"type":["response.create"]}': UNKNOWN,
    '{"type":null}': UNKNOWN,
    "{}": UNKNOWN,
}


@pytest.mark.parametrize("frame", TYPES)
def test_types(frame: str) -> None:
    """A name of the closed list, or none of the caller's making; what has no known type is one opaque part."""
    found = event(frame.encode())
    assert type_of(found) == TYPES[frame]
    if TYPES[frame] == UNKNOWN:
        assert any(line.startswith("opaque") for line in outline(found.content))


FRAMES: dict[str, tuple[dict[str, object], bool]] = {
    "a piece of speech": (SPEECH, True),
    "with an id": ({**SPEECH, "event_id": "event_1"}, True),
    "with words beside it": ({**SPEECH, "text": "who is this?"}, False),
    "with a field that nobody knows": ({**SPEECH, "other": {"a": 1}}, False),
    "with an id that speaks": ({**SPEECH, "event_id": "who is this man?"}, False),
    "no speech in it": ({"type": SPEECH["type"]}, False),
    "what is no base64": ({**SPEECH, "audio": "who is this?"}, False),
    "the end of it": ({"type": "input_audio_buffer.commit"}, False),
    "speech in a message": (message({"type": "input_audio", "audio": PIXEL_BASE64}), False),
}


@pytest.mark.parametrize("name", FRAMES)
def test_is_audio_frame(name: str) -> None:
    """A piece of speech and nothing else: whatever could say more in writing is judged by itself."""
    told, expected = FRAMES[name]
    assert is_audio_frame(event(told)) is expected
