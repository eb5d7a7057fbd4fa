"""Every part of a form ends on a part of the content or is inert; what is not known is text, or opaque where it may be media."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import PIXEL, PIXEL_URI, outline, pictures, reasons
from support.forms import TARGETS, Part, formed

from proxy.content import Content, Text
from proxy.errors import BadRequest, RequestError, TooLarge
from proxy.surface import FIELD_NAMES
from proxy.surface.limits import Limits
from proxy.surface.readers.walk import is_word


def told(*parts: Part, reader: str = "image_edits") -> list[str]:
    """What is made of the parts, but for the model's."""
    return [line for line in outline(formed(reader, *parts).content) if line != "inert /form/model"]


KNOWN: dict[str, tuple[Part, list[str]]] = {
    "words": (("prompt", "a cat"), ["text /form/prompt: user: a cat"]),
    "empty words": (("prompt", ""), ["text /form/prompt: user: "]),
    "words with a type": (("prompt", "a cat", "", "text/plain; charset=utf-8"), ["text /form/prompt: user: a cat"]),
    "words as a file": (("prompt", "a cat", "p.txt"), ["opaque /form/prompt"]),
    "words as JSON": (("prompt", '"a cat"', "", "application/json"), ["opaque /form/prompt"]),
    "a number": (("n", "2"), ["inert /form/n"]),
    "a fraction": (("n", "-2.50"), ["inert /form/n"]),
    "no number": (("n", "two"), ["text /form/n: field: two"]),
    "digits of another script": (("n", "٣"), ["text /form/n: field: ٣"]),
    "a number without end": (("n", "1" * 21), [f"text /form/n: field: {'1' * 21}"]),
    "a flag": (("stream", "true"), ["inert /form/stream"]),
    "no flag": (("stream", "yes"), ["text /form/stream: field: yes"]),
    "a word of a list": (("quality", "high"), ["inert /form/quality"]),
    "another word": (("quality", "identify him"), ["text /form/quality: field: identify him"]),
    "a picture": (("image", PIXEL, "a.png", "image/png"), [
        "text /form/image/filename: field: a.png", "image /form/image: image/png 70",
    ]),
    "a picture without a name": (("image", PIXEL), ["image /form/image:  70"]),
    "a picture of a list": (("image[]", PIXEL, "a.png"), [
        "text /form/image/0/filename: field: a.png", "image /form/image/0:  70",
    ]),
    "escapes in the name of a file": (("image", PIXEL, quote("who is this") + ".png"), [
        "text /form/image/filename: field: who%20is%20this.png", "text /form/image/filename: field: who is this.png",
        "image /form/image:  70",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", KNOWN)
def test_known(case: str) -> None:
    """What the table has is read as it says."""
    part, expected = KNOWN[case]
    assert told(part) == expected


STRANGERS: dict[str, tuple[Part, list[str]]] = {
    "words": (("note", "hello"), ["text /form/note: field: note", "text /form/note: field: hello"]),
    "words in brackets": (("a[b]", "hello"), ["text /form/a/b: field: a[b]", "text /form/a/b: field: hello"]),
    "a name that speaks": (("identify this man", ""), [
        "text /form/identify this man: field: identify this man", "text /form/identify this man: field: ",
    ]),
    "an address": (("note", "https://example.com/face.jpg"), ["text /form/note: field: note", "opaque /form/note"]),
    "encoded data": (("note", PIXEL_URI), ["text /form/note: field: note", "opaque /form/note"]),
    "a file": (("note", b"x", "a.txt"), ["opaque /form/note"]),
    "data with a type": (("note", b"x", "", "image/png"), ["opaque /form/note"]),
    "a place of media": (("file_id", "f"), ["opaque /form/file_id"]),
    "a place of media in brackets": (("a[image_url]", "f"), ["opaque /form/a/image_url"]),
    "a list of pictures by number": (("image[0]", PIXEL), ["opaque /form/image/0"]),
    "a known name as a list": (("prompt[]", "a"), ["opaque /form/prompt/0"]),
    "a known name in other letters": (("PROMPT", "a"), ["opaque /form/PROMPT"]),
    "a known name with a hyphen": (("input-fidelity", "a"), ["opaque /form/input-fidelity"]),
    "an unknown member of a known one": (("svg[source]", "a"), ["opaque /form/svg/source"]),
}  # fmt: skip


@pytest.mark.parametrize("case", STRANGERS)
def test_strangers(case: str) -> None:
    """What the table does not have is examined as words, or opaque where the service may take it for content."""
    part, expected = STRANGERS[case]
    assert told(part) == expected


def test_words_that_hold_a_picture() -> None:
    """A data URI among words is a picture too."""
    assert pictures(formed("image_edits", ("prompt", f"see {PIXEL_URI} here")).content) == {"/form/prompt": PIXEL}


def test_words_that_are_no_text() -> None:
    """What is not UTF-8 is refused where words are expected."""
    for name in ("prompt", "note", "n"):
        with pytest.raises(BadRequest, match="not UTF-8"):
            told((name, b"\xff"))


def test_limits() -> None:
    """Pictures of a form count, and are bounded, as those of JSON."""
    many: list[Part] = [("image[]", PIXEL)] * 3
    with pytest.raises(TooLarge, match="more than 2 pictures"):
        formed("image_edits", *many, limits=Limits(images=2))
    found = formed("image_edits", many[0], limits=Limits(inline_bytes=10)).content
    assert reasons(found) == {"/form/image/0": "inline data of more than 10 bytes"}


def test_what_is_sent_is_what_was_read() -> None:
    """The data of each part are those that were examined, the same objects."""
    found = formed("image_edits", ("prompt", "a cat"), ("image", PIXEL * 50, "a.png"))
    picture = pictures(found.content)["/form/image"]
    assert any(chunk is picture for chunk in found.inspected.chunks)


NAMES = st.sampled_from([
    "prompt", "image", "image[]", "mask", "file", "purpose", "input_reference[image_url]", "known_speaker_references[]",
    "expires_after[seconds]", "note", "a[b]", "IMAGE", "stream", "model", "n", "language", "identify him",
])  # fmt: skip
DATA = st.binary(max_size=12) | st.sampled_from(
    [b"batch", b"assistants", b"true", b"3", PIXEL, PIXEL_URI.encode(), b"{}"]
)
PARTS = st.tuples(
    NAMES, DATA, st.sampled_from(["", "a.png", "who is he.txt"]), st.sampled_from(["text/plain", "image/png"])
)


def unaccounted(parts: list[Part], content: Content) -> list[str]:
    """Parts of a form that stand on no part of the content and are not inert, or are inert and may speak."""
    places = {
        place.steps[1] for place in [*(part.location for part in content.parts), *content.inert] if len(place.steps) > 1
    }
    lost = [name for name, *_ in parts if name.partition("[")[0] not in places]
    inert = {place.steps[1] for place in content.inert}
    speaks = [
        name
        for name, data, *_ in parts
        if name in inert and not is_word(data if isinstance(data, str) else data.decode("utf-8", "replace"))
        and not data.startswith(b"-")  # type: ignore[arg-type] # bytes, as the line before says
    ]  # fmt: skip
    return lost + speaks


@pytest.mark.parametrize("reader", TARGETS)
@given(parts=st.lists(PARTS, min_size=1, max_size=4))
def test_nothing_is_left_over(reader: str, parts: list[Part]) -> None:
    """Whatever a form holds, each part of it is told or refused; the name of a part is the API's, or told."""
    try:
        found = formed(reader, *parts)
    except RequestError:
        return
    content = found.content
    if not found.lines:
        assert unaccounted(parts, content) == []
    spoken = {part.text for part in content.parts if isinstance(part, Text)}
    opaque = {place.split("/")[2] for place in reasons(content)}
    named = {name: name.partition("[")[0] for name, *_ in parts}
    assert [name for name, base in named.items() if not (base in FIELD_NAMES | opaque or name in spoken)] == []
