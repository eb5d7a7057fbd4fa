"""Files of lines: each is read by the rules of a JSON body, written anew, and cut into parts only while it is looked at."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import PICTURE, PICTURE_URI, PIXEL_URI, outline, pictures

from proxy.errors import BadRequest, NotInspectable, RequestError, TooLarge
from proxy.surface.limits import Limits
from proxy.surface.lines import Lines, lines_of, read_lines
from proxy.surface.multipart import FORM, Form, FormField

LIMITS = Limits()


def line(name: str = "1", text: str = "hi", **body: Any) -> bytes:
    """A line of a batch."""
    whole = {"model": "m", "messages": [{"role": "user", "content": text}], **body}
    return json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": whole}).encode()


def read(data: bytes, purpose: str = "batch", limits: Limits = LIMITS) -> Lines:
    return read_lines(data, purpose, limits)


WRITTEN: dict[str, tuple[bytes, bytes, tuple[int, ...]]] = {
    "one line": (b'{"a": 1}', b'{"a":1}\n', (1,)),
    "a line break at the end": (b'{"a": 1}\n', b'{"a":1}\n', (1,)),
    "CRLF": (b'{"a": 1}\r\n{"a": 2}\r\n', b'{"a":1}\n{"a":2}\n', (1, 2)),
    "lines without a word": (b'\n\n{"a": 1}\n \t\r\n{"a": 2}\n\n', b'{"a":1}\n{"a":2}\n', (3, 5)),
    "escapes": (b'{"\\u0061": "\\u00e9\\/"}', '{"a":"é/"}\n'.encode(), (1,)),
    "line separators that are none of JSONL": (
        '{"a": "\u2028\u0085"}'.encode(),
        '{"a":"\u2028\u0085"}\n'.encode(),
        (1,),
    ),
    "an escaped line break": (b'{"a": "b\\nc"}', b'{"a":"b\\nc"}\n', (1,)),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_written(case: str) -> None:
    """No line is kept as it came; numbers are those of the file as it was sent."""
    data, expected, numbers = WRITTEN[case]
    found = read(data, "evals")
    assert (found.data, found.numbers) == (expected, numbers)
    assert [one.number for one in found] == list(numbers)


MALFORMED: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "no lines", ""),
    "only blanks": (b"\n \r\n\t", "no lines", ""),
    "not JSON": (b'{"a":1}\n{"a":', "line 2 of the file: it is not JSON", "/line/2"),
    "a list": (b'{"a":1}\n[1]', "line 2 of the file: it must be a JSON object", "/line/2"),
    "a document over two lines": (b'{"a":\n1}', "line 1 of the file: it is not JSON", "/line/1"),
    "two documents on a line": (b"{}{}", "line 1 of the file: it is not JSON", "/line/1"),
    "a repeated key": (b'{"a":1}\n\n{"a":1,"A":2}', "line 3 of the file: the key 'A' is given twice", "/line/3"),
    "NaN": (b'{"a":NaN}', "line 1 of the file: NaN is not JSON", "/line/1"),
    "Latin-1": (b'{"a":"\xe9"}', "line 1 of the file: it is not UTF-8", "/line/1"),
    "a byte-order mark": (b'\xef\xbb\xbf{"a":1}', "line 1 of the file: it begins with a byte-order mark", "/line/1"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "line 1 of the file: it is not UTF-8", "/line/1"),
    "a lone surrogate": (b'{"a":"\\ud800"}', "line 1 of the file: it holds text that is not Unicode", "/line/1"),
    "too deep": (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "line 1 of the file: nested deeper", "/line/1/a"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str) -> None:
    """The strictness of bodies holds for lines, and the line is named."""
    data, message, place = MALFORMED[case]
    with pytest.raises(BadRequest) as refusal:
        read(data, "evals")
    assert message in refusal.value.message
    assert str(refusal.value.location).startswith(place)


def test_an_id_that_stands_twice() -> None:
    """By its id the answer to a line is found: it stands once, whatever letters the JSON spells it in."""
    with pytest.raises(BadRequest, match=r"line 3 of the file: its custom_id stands in line 1 already"):
        read(b"\n".join([line("a"), line("b"), line("a").replace(b'"a"', b'"\\u0061"')]))
    assert len(read(b"\n".join([line("a"), line("A")])).numbers) == 2
    with pytest.raises(BadRequest, match=r"line 2 of the file: a line needs a custom_id"):
        read(line("a") + b"\n{}")
    assert len(read(b"{}\n{}", "fine-tune").numbers) == 2


def test_limits() -> None:
    """So many lines, and so many values in each."""
    data = b"\n".join([b"{}"] * 4)
    assert len(read(data, "evals", Limits(file_lines=4)).numbers) == 4
    with pytest.raises(TooLarge, match="more than 3 lines") as refusal:
        read(data, "evals", Limits(file_lines=3))
    assert str(refusal.value.location) == "/line/4"
    with pytest.raises(TooLarge, match="line 2 of the file: it has more than 10 values"):
        read(b'{"a":[1,2]}\n{"a":[' + b"1," * 20 + b"1]}", "evals", Limits(leaves=10))


def test_each_line_is_read_alone() -> None:
    """The parts of a line are those of the request that it is; each walk cuts them anew."""
    found = read(b"\n".join([line("a", "one", temperature=1), line("b", "two")]))
    expected = [
        (
            1,
            [
                "text /custom_id: field: a",
                "text /messages/0/content: user: one",
                "inert /messages/0/role",
                "inert /temperature",
            ],
        ),
        (2, ["text /custom_id: field: b", "text /messages/0/content: user: two", "inert /messages/0/role"]),
    ]
    for _ in range(2):
        assert [(one.number, outline(one.content)) for one in found] == expected
    assert [one.content.model for one in found] == ["m", "m"]


@pytest.mark.parametrize("uri", [PIXEL_URI, PICTURE_URI], ids=["short", "long"])
def test_pictures(uri: str) -> None:
    """Pictures of any size are seen in lines, and sent as they were."""
    content: Any = [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": f"and {uri} too"}]
    found = read(line(text=content))
    (one,) = found
    assert list(pictures(one.content)) == ["/messages/0/content/0/image_url/url", "/messages/0/content/1/text"]
    assert orjson.loads(found.data)["body"]["messages"][0]["content"] == content
    if uri == PICTURE_URI:
        assert set(pictures(one.content).values()) == {PICTURE}


def test_a_line_that_calls_something_else() -> None:
    """What is wrong with a line as a request is said when it is looked at, with its place in the file."""
    found = read(b"\n".join([line("a"), line("b").replace(b"/v1/chat/completions", b"/v1/files")]))
    with pytest.raises(NotInspectable) as refusal:
        list(found)
    assert str(refusal.value.location) == "/line/2/url"


@given(
    st.lists(
        st.sampled_from([b"{}", b'{"a":1}', b"", b" ", b"[", b'{"prompt":"hi"}', b'"', b"\r", b"\xff"]), max_size=6
    ),
    st.sampled_from(["batch", "fine-tune", "evals"]),
)
def test_anything(pieces: list[bytes], purpose: str) -> None:
    """Whatever is sent as lines, it is read or refused; what is read is written in lines that read the same."""
    try:
        found = read(b"\n".join(pieces), purpose)
        list(found)
    except RequestError:
        return
    assert [orjson.loads(one) for one in found.data.splitlines()] == [
        orjson.loads(one) for one in pieces if one.strip()
    ]


def form(purpose: str, data: bytes) -> Form:
    """A form that uploads a file."""
    file = FormField("file", FORM.at("file"), data, "x.jsonl")
    return Form((FormField("purpose", FORM.at("purpose"), purpose.encode()), file))


@pytest.mark.parametrize("purpose", ["batch", "fine-tune", "evals", "assistants", "vision", "user_data", ""])
def test_lines_of_a_form(purpose: str) -> None:
    """Where a purpose asks for lines they are read, and the form has them as they were written anew; others stay as they are."""
    sent = form(purpose, line() + b"\n\n")
    written, lines = lines_of(sent, LIMITS)
    if isinstance(lines, Lines):
        assert [one.number for one in lines] == [1]
        assert written.fields[1].data == lines.data == line_written()
        assert written.fields[0] == sent.fields[0]
    else:
        assert (written, list(lines)) == (sent, [])
    assert isinstance(lines, Lines) is (purpose in ("batch", "fine-tune", "evals"))


def line_written() -> bytes:
    """The line above as it is written anew."""
    return orjson.dumps(json.loads(line())) + b"\n"
