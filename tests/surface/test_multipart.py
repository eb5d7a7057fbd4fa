"""A form reads in one way, or is refused; what is written reads the same to everybody."""

import asyncio
import email
import email.policy
import gzip
from typing import Any

import pytest
from aiohttp import BodyPartReader, MultipartReader, StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import BadRequest, RequestError, TooLarge, UnsupportedMedia
from proxy.exchange import Inbound
from proxy.surface.limits import Limits
from proxy.surface.multipart import FORM, Form, FormField, is_form, read_form, rewrite_form

LIMITS = Limits()

TYPE = "multipart/form-data; boundary=b"


def part(disposition: str, data: bytes = b"x", *headers: str) -> bytes:
    """One part between boundaries `b`, with all its headers."""
    lines = [f"Content-Disposition: {disposition}", *headers]
    return b"--b\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + data + b"\r\n"


def form_of(*parts: bytes) -> bytes:
    """A whole body."""
    return b"".join(parts) + b"--b--\r\n"


def read(body: bytes, content_type: str = TYPE, limits: Limits = LIMITS) -> Form:
    """What is read of a body."""
    return read_form(Inbound("POST", "/x", (("content-type", content_type),), body), limits)


def told(form: Form) -> list[tuple[str, bytes, str | None, str]]:
    """Place, data, file name and media type of each part."""
    return [(str(field.place), field.data, field.filename, field.content_type) for field in form.fields]


PROMPT = part('form-data; name="prompt"', b"hi")

READ: dict[str, tuple[bytes, list[tuple[str, bytes, str | None, str]]]] = {
    "a field": (PROMPT, [("/form/prompt", b"hi", None, "")]),
    "an empty field": (part('form-data; name="a"', b""), [("/form/a", b"", None, "")]),
    "bare words": (part("form-data; name=file; filename=a.png"), [("/form/file", b"x", "a.png", "")]),
    "the file name first": (part('form-data; filename="a.png"; name="f"'), [("/form/f", b"x", "a.png", "")]),
    "blanks and capitals": (part('Form-Data ;  NAME="f"  ;filename="a b.png"'), [("/form/f", b"x", "a b.png", "")]),
    "UTF-8": (part('form-data; name="é"; filename="世.png"'), [("/form/é", b"x", "世.png", "")]),
    "a per cent sign": (part('form-data; name="f"; filename="50% off.png"'), [("/form/f", b"x", "50% off.png", "")]),
    "a media type": (
        part('form-data; name="f"; filename="a"', b"x", "Content-Type: Image/PNG"), [("/form/f", b"x", "a", "image/png")],
    ),
    "a media type with its codec": (
        part('form-data; name="f"; filename="a"', b"x", "content-type: audio/webm;codecs=opus"),
        [("/form/f", b"x", "a", "audio/webm")],
    ),
    "a character set": (
        part('form-data; name="f"', b"x", 'Content-Type: text/plain; charset="UTF-8"'), [("/form/f", b"x", None, "text/plain")],
    ),
    "a transfer coding that changes nothing": (
        part('form-data; name="f"', b"=41", "Content-Transfer-Encoding: 8BIT"), [("/form/f", b"=41", None, "")],
    ),
    "a length": (part('form-data; name="f"', b"123", "Content-Length: 3"), [("/form/f", b"123", None, "")]),
    "a list": (
        part('form-data; name="image[]"', b"1") + part('form-data; name="a"') + part('form-data; name="image[]"', b"2"),
        [("/form/image/0", b"1", None, ""), ("/form/a", b"x", None, ""), ("/form/image/1", b"2", None, "")],
    ),
    "brackets": (
        part('form-data; name="expires_after[anchor]"') + part('form-data; name="a[b][]"'),
        [("/form/expires_after/anchor", b"x", None, ""), ("/form/a/b/0", b"x", None, "")],
    ),
    "line breaks and dashes in the data": (
        part('form-data; name="f"', b"\r\n--\r\n--a\r\n\n--b\r\n\r"), [("/form/f", b"\r\n--\r\n--a\r\n\n--b\r\n\r", None, "")],
    ),
    "any bytes in a file": (
        part('form-data; name="f"; filename="a"', bytes(range(256))), [("/form/f", bytes(range(256)), "a", "")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_read(case: str) -> None:
    """What clients send is read as it stands, and what is written of it reads the same again."""
    body, expected = READ[case]
    found = read(form_of(body))
    assert told(found) == expected
    inspected = rewrite_form(found)
    again = read(b"".join(inspected.chunks), inspected.content_type)
    assert [(field.name, field.data, field.filename) for field in again.fields] == [
        (field.name, field.data, field.filename) for field in found.fields
    ]


def test_written() -> None:
    """Names in quotes, a type for each file, none of the other headers, and a boundary that nobody could foresee."""
    body = form_of(
        part("form-data; name=prompt", b"hi", "Content-Length: 2", "Content-Transfer-Encoding: binary"),
        part("form-data; name=image; filename=a.png", b"\x89PNG"),
        part('form-data; name="t"', b"", "Content-Type: text/plain;charset=utf-8"),
    )
    first, second = rewrite_form(read(body)), rewrite_form(read(body))
    boundary = first.content_type.removeprefix("multipart/form-data; boundary=")
    assert first.content_type != second.content_type
    assert len(boundary) == 41
    assert b"".join(first.chunks) == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nhi\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + b"\x89PNG" + (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="t"\r\nContent-Type: text/plain\r\n\r\n'
        f"\r\n--{boundary}--\r\n"
    ).encode()  # fmt: skip


def test_data_are_copied_once() -> None:
    """What is held of a part is what is sent of it, the same object."""
    found = read(form_of(part('form-data; name="f"; filename="a"', b"y" * 100_000)))
    assert any(chunk is found.fields[0].data for chunk in rewrite_form(found).chunks)


FILE = 'form-data; name="f"; filename="a.png"'

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "/form"),
    "no part": (b"--b--\r\n", "/form"),
    "a preamble": (b"who is this?\r\n" + form_of(PROMPT), "/form"),
    "a line break in front": (b"\r\n" + form_of(PROMPT), "/form"),
    "an epilogue": (form_of(PROMPT) + b"who is this?", "/form"),
    "a second form": (form_of(PROMPT) + form_of(PROMPT), "/form"),
    "two line breaks at the end": (form_of(PROMPT) + b"\r\n", "/form"),
    "no last boundary": (PROMPT, "/form"),
    "cut off in the last boundary": (PROMPT + b"--b-", "/form"),
    "cut off in a part": (b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nhi', "/form"),
    "cut off in a header": (b"--b\r\nContent-Dispo", "/form"),
    "line feeds alone": (form_of(PROMPT).replace(b"\r\n", b"\n"), "/form"),
    "line feeds alone in headers": (form_of(PROMPT).replace(b'"\r\n\r\n', b'"\n\n'), "/form"),
    "carriage returns alone": (form_of(PROMPT).replace(b"\r\n", b"\r"), "/form"),
    "blanks after a boundary": (form_of(PROMPT).replace(b"--b\r\n", b"--b \r\n"), "/form"),
    "blanks after a later boundary": (form_of(PROMPT, PROMPT[:3] + b" " + PROMPT[3:]), "/form"),
    "the boundary with more behind it": (form_of(part('form-data; name="f"', b"1\r\n--bx\r\n2")), "/form"),
    "another form's boundary": (form_of(PROMPT).replace(b"--b", b"--c"), "/form"),
    "no disposition": (form_of(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"), "/form"),
    "no headers": (form_of(b"--b\r\n\r\nx\r\n"), "/form"),
    "two dispositions": (form_of(part('form-data; name="a"', b"x", 'Content-Disposition: form-data; name="b"')), "/form"),
    "two types": (form_of(part(FILE, b"x", "Content-Type: image/png", "content-type: text/plain")), "/form"),
    "a folded header": (form_of(part('form-data;\r\n name="a"')), "/form"),
    "a header without a colon": (form_of(part('form-data; name="a"', b"x", "Content-Type")), "/form"),
    "an attachment": (form_of(part('attachment; name="a"')), "/form"),
    "a file": (form_of(part('file; filename="a"')), "/form"),
    "no name": (form_of(part("form-data")), "/form"),
    "a file name alone": (form_of(part('form-data; filename="a"')), "/form"),
    "an empty name": (form_of(part('form-data; name=""')), "/form"),
    "two names": (form_of(part('form-data; name="a"; name="b"')), "/form"),
    "two names in two cases": (form_of(part('form-data; name="a"; Name="b"')), "/form"),
    "name*": (form_of(part("form-data; name*=utf-8''a")), "/form"),
    "name and name*": (form_of(part("form-data; name=\"a\"; name*=utf-8''b")), "/form"),
    "filename*": (form_of(part("form-data; name=\"a\"; filename*=utf-8''b")), "/form"),
    "filename and filename*": (form_of(part("form-data; name=\"a\"; filename=\"a\"; filename*=utf-8''b")), "/form"),
    "two file names": (form_of(part('form-data; name="a"; filename="a"; filename="b"')), "/form"),
    "a continued name": (form_of(part('form-data; name*0="a"; name*1="b"')), "/form"),
    "another parameter": (form_of(part('form-data; name="a"; size=1')), "/form"),
    "a stray word": (form_of(part('form-data; name="a" x')), "/form"),
    "no semicolon": (form_of(part('form-data name="a"')), "/form"),
    "single quotes": (form_of(part("form-data; name='a'")), "/form"),
    "an open quote": (form_of(part('form-data; name="a')), "/form"),
    "an escaped quote": (form_of(part('form-data; name="a\\"b"')), "/form"),
    "a backslash": (form_of(part('form-data; name="a\\b"')), "/form"),
    "a semicolon in a name": (form_of(part('form-data; name="a; filename=b"')), "/form"),
    "an escape in a name": (form_of(part('form-data; name="prom%70t"')), "/form"),
    "a control character in a name": (form_of(part('form-data; name="a\tb"')), "/form"),
    "NUL in a name": (form_of(part('form-data; name="a\0"')), "/form"),
    "a line separator in a name": (form_of(part('form-data; name="a\u2028b"')), "/form"),
    "an encoded word as name": (form_of(part('form-data; name="=?utf-8?q?a?="')), "/form"),
    "Latin-1 in a name": (form_of(part('form-data; name="é"').replace("é".encode(), b"\xe9")), "/form"),
    "a blank behind a name": (form_of(part('form-data; name="purpose "')), "/form"),
    "a wide blank in front of a name": (form_of(part('form-data; name="\u3000purpose"')), "/form"),
    "stray brackets": (form_of(part('form-data; name="a]["')), "/form"),
    "brackets alone": (form_of(part('form-data; name="[]"')), "/form"),
    "a list within": (form_of(part('form-data; name="a[][b]"')), "/form/a"),
    "brackets without end": (form_of(part(f'form-data; name="a{"[b]" * 5}"')), "/form"),
    "a name without end": (form_of(part(f'form-data; name="{"a" * 129}"')), "/form"),
    "a part that names a character set": (form_of(part('form-data; name="_charset_"', b"utf-16"), PROMPT), "/form/_charset_"),
    "the same in capitals": (form_of(part('form-data; name="_CHARSET_"', b"utf-16"), PROMPT), "/form/_CHARSET_"),
    "the same name": (form_of(PROMPT, PROMPT), "/form/prompt"),
    "the same name in another case": (form_of(PROMPT, part('form-data; name="Prompt"')), "/form/Prompt"),
    "the same name, case-folded": (form_of(part('form-data; name="ß"'), part('form-data; name="SS"')), "/form/SS"),
    "the same name in brackets": (form_of(*[part('form-data; name="a[b]"')] * 2), "/form/a/b"),
    "base64": (form_of(part(FILE, b"eA==", "Content-Transfer-Encoding: base64")), "/form/f"),
    "quoted-printable": (form_of(part(FILE, b"=41", "Content-Transfer-Encoding: Quoted-Printable")), "/form/f"),
    "a coded part": (form_of(part(FILE, b"x", "Content-Encoding: gzip")), "/form"),
    "another header": (form_of(part(FILE, b"x", "Content-Location: http://a")), "/form"),
    "a wrong length": (form_of(part(FILE, b"xyz", "Content-Length: 2")), "/form"),
    "parts within a part": (form_of(part('form-data; name="f"', b"", "Content-Type: multipart/mixed; boundary=c")), "/form/f"),
    "a message within a part": (form_of(part(FILE, b"", "Content-Type: message/rfc822")), "/form/f"),
    "a type with parameters": (form_of(part(FILE, b"", "Content-Type: image/png; name=b.png")), "/form/f"),
    "a type that is none": (form_of(part(FILE, b"", "Content-Type: png")), "/form/f"),
    "another character set": (form_of(part('form-data; name="f"', b"x", "Content-Type: text/plain; charset=utf-16")), "/form/f"),
    "two character sets": (
        form_of(part('form-data; name="f"', b"x", "Content-Type: text/plain; charset=utf-8; charset=utf-16")), "/form/f",
    ),
    "an empty file name": (form_of(part('form-data; name="f"; filename=""')), "/form/f"),
    "dots for a file name": (form_of(part('form-data; name="f"; filename=".."')), "/form/f"),
    "a path": (form_of(part('form-data; name="f"; filename="a/b.png"')), "/form/f"),
    "a path that is escaped": (form_of(part('form-data; name="f"; filename="..%2Fb.png"')), "/form/f"),
    "a Windows path": (form_of(part('form-data; name="f"; filename="C:\\b.png"')), "/form"),
    "a quote that is escaped": (form_of(part('form-data; name="f"; filename="a%22; name=b"')), "/form/f"),
    "a semicolon in a file name": (form_of(part('form-data; name="f"; filename="a; name=prompt"')), "/form/f"),
    "NUL in a file name": (form_of(part('form-data; name="f"; filename="a.png\0.txt"')), "/form/f"),
    "a file name that is encoded": (form_of(part('form-data; name="f"; filename="=?utf-8?B?YQ==?="')), "/form/f"),
    "a file name without end": (form_of(part(f'form-data; name="f"; filename="{"a" * 256}"')), "/form/f"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """Everything that two parsers could read differently is refused, and the place is named."""
    body, place = REFUSED[case]
    with pytest.raises(BadRequest) as refusal:
        read(body)
    assert str(refusal.value.location) == place


TOO_LARGE: dict[str, bytes] = {
    "too many parts": form_of(*[part(f'form-data; name="f{number}"') for number in range(65)]),
    "too many parts of a list": form_of(*[part('form-data; name="f[]"')] * 65),
    "a long header": form_of(part(f'form-data; name="{"a" * 2048}"')),
    "a header without end": b"--b\r\nContent-Disposition: " + b"a" * 10_000 + b"\r\n--b--",
    "many headers": form_of(part('form-data; name="f"', b"x", *["X-A: 1"] * 9)),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_too_large(case: str) -> None:
    """Parts, headers and their lengths are limited."""
    with pytest.raises(TooLarge) as refusal:
        read(TOO_LARGE[case])
    assert str(refusal.value.location) == "/form"


def test_limit_of_parts() -> None:
    """As many parts as the limit says."""
    body = form_of(*[part('form-data; name="f[]"')] * 3)
    assert len(read(body, limits=Limits(form_parts=3)).fields) == 3
    with pytest.raises(TooLarge):
        read(body, limits=Limits(form_parts=2))


TYPES: dict[str, bool] = {
    "multipart/form-data; boundary=b": True,
    'Multipart/Form-Data;Boundary="b"': True,
    "multipart/form-data; charset=utf-8; boundary=b": True,
    "multipart/form-data; boundary=b; charset=UTF-8": True,
    "": False,
    "multipart/form-data": False,
    "multipart/form-data; boundary=": False,
    'multipart/form-data; boundary=""': False,
    "multipart/form-data; boundary=b; boundary=c": False,
    "multipart/form-data; boundary=c; boundary=b": False,
    "multipart/form-data; boundary*=utf-8''b": False,
    "multipart/form-data; boundary='b'": False,
    'multipart/form-data; boundary="b "': False,
    'multipart/form-data; boundary="\\b"': False,
    'multipart/form-data; boundary="b:c"': False,
    'multipart/form-data; boundary="b': False,
    "multipart/form-data; boundary=b=": False,
    f"multipart/form-data; boundary={'b' * 71}": False,
    "multipart/form-data; charset=utf-16; boundary=b": False,
    "multipart/form-data, multipart/form-data; boundary=b": False,
    "multipart/form-data; boundary=b\r\nx": False,
    "multipart/form-data; boundary=b; x=y": False,
    "multipart/mixed; boundary=b": False,
    "multipart/related; boundary=b": False,
    "application/x-www-form-urlencoded": False,
    "application/json": False,
    "text/plain": False,
}


@pytest.mark.parametrize("value", TYPES)
def test_content_type(value: str) -> None:
    """Forms with one boundary of plain characters, and nothing else."""
    try:
        found = read(form_of(PROMPT), value)
    except UnsupportedMedia:
        found = None
    assert (found is not None) is TYPES[value]


def test_content_type_twice() -> None:
    """Two headers are no content type, nor is none."""
    for headers in ((), (("content-type", TYPE), ("content-type", TYPE))):
        with pytest.raises(UnsupportedMedia):
            read_form(Inbound("POST", "/x", headers, form_of(PROMPT)), LIMITS)


def test_boundaries_of_clients() -> None:
    """What browsers, SDKs and mail libraries draw as boundaries."""
    for boundary in ("----WebKitFormBoundaryAbc123", "ac9f0c", "----formdata-undici-012345", '"=====1=="', '"a-b"'):
        bare = boundary.strip('"').encode()
        body = form_of(PROMPT).replace(b"--b", b"--" + bare)
        assert read(body, f"multipart/form-data; boundary={boundary}").value("prompt") == "hi"


def test_words() -> None:
    """A value is text or a refusal that names the place; a field that is not there is empty."""
    form = read(form_of(part('form-data; name="a"', "é".encode()), part('form-data; name="b"', b"\xff")))
    assert (form.value("a"), form.value("c")) == ("é", "")
    with pytest.raises(BadRequest) as refusal:
        form.value("b")
    assert str(refusal.value.location) == "/form/b"


def test_gzip() -> None:
    """A content coding is undone as for JSON, or refused."""
    headers = (("content-type", TYPE), ("content-encoding", "gzip"))
    assert told(read_form(Inbound("POST", "/x", headers, gzip.compress(form_of(PROMPT))), LIMITS)) == READ["a field"][1]
    with pytest.raises(UnsupportedMedia):
        read_form(Inbound("POST", "/x", (headers[0], ("content-encoding", "br")), form_of(PROMPT)), LIMITS)


# ---- other parsers

NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters='"\\;%[]='), min_size=1, max_size=12
)
FILENAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters='"\\;/='), min_size=1, max_size=20
).filter(lambda name: name.strip(". ") != "" and "%" not in name)


@st.composite
def fields(draw: st.DrawFn) -> tuple[FormField, ...]:
    """Vetted fields, with data that look like boundaries and headers now and then."""
    names = draw(st.lists(NAMES.filter(lambda one: one == one.strip()), min_size=1, max_size=4, unique_by=str.casefold))
    data = st.binary(max_size=60) | st.sampled_from([b"", b"\r\n", b"--b\r\n", b"\r\n--facegate-", b"\n\nx: y\r\n\r\n"])
    made = []
    for name in names:
        filename = draw(st.none() | FILENAMES)
        kind = draw(st.sampled_from(["", "image/png", "text/plain"]))
        made.append(FormField(name, FORM.at(name), draw(data), filename, kind))
    return tuple(made)


def by_ours(content_type: str, body: bytes) -> list[tuple[Any, Any, bytes]]:
    """As Facegate reads a form."""
    return [(field.name, field.filename, field.data) for field in read(body, content_type).fields]


def by_email(content_type: str, body: bytes) -> list[tuple[Any, Any, bytes]]:
    """As the standard library's mail parser reads it."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    found = []
    for one in message.iter_parts():
        data = one.get_payload(decode=True)
        assert isinstance(data, bytes)
        found.append((one.get_param("name", header="content-disposition"), one.get_filename(), data))
    return found


async def by_aiohttp(content_type: str, body: bytes) -> list[tuple[Any, Any, bytes]]:
    """As aiohttp reads it."""
    loop = asyncio.get_running_loop()
    stream = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
    stream.feed_data(body)
    stream.feed_eof()
    reader = MultipartReader({"Content-Type": content_type}, stream)
    found = []
    while (one := await reader.next()) is not None:
        assert isinstance(one, BodyPartReader)
        found.append((one.name, one.filename, bytes(await one.read(decode=False))))
    return found


@settings(max_examples=150, deadline=None)
@given(fields())
def test_all_parsers_agree(made: tuple[FormField, ...]) -> None:
    """Whatever was vetted and written is read alike by three parsers: names, file names, bytes."""
    inspected = rewrite_form(Form(made))
    body = b"".join(inspected.chunks)
    expected = [(field.name, field.filename, field.data) for field in made]
    assert by_ours(inspected.content_type, body) == expected
    assert asyncio.run(by_aiohttp(inspected.content_type, body)) == expected


PLAIN = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"\\;%[]=/?'*"), min_size=1, max_size=12
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(PLAIN, PLAIN.filter(lambda name: name.strip(". ") != ""), st.binary(max_size=40)),
                min_size=1, max_size=3, unique_by=lambda one: one[0].casefold()))  # fmt: skip
def test_the_mail_parser_agrees(made: list[tuple[str, str, bytes]]) -> None:
    """The mail parser too, which knows neither UTF-8 in headers nor binary line ends: plain names, data as lines."""
    clean = [(name, filename, data.replace(b"\r", b"").replace(b"\n", b"")) for name, filename, data in made]
    form = Form(tuple(FormField(name, FORM.at(name), data, filename) for name, filename, data in clean))
    inspected = rewrite_form(form)
    assert by_email(inspected.content_type, b"".join(inspected.chunks)) == clean


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_read_is_written_alike(data: st.DataObject) -> None:
    """Bytes flipped in a form end as a refusal, or as a form that all parsers read as Facegate did."""
    body = bytearray(
        form_of(PROMPT, part(FILE, b"\x89PNG\r\n", "Content-Type: image/png"), part('form-data; name="a[]"'))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(body) - 1))
        body[where : where + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"\n", b"\r", b'"', b";", b"a", b"\xc3"])
        )
    try:
        found = read(bytes(body))
    except RequestError:
        return
    inspected = rewrite_form(found)
    again = asyncio.run(by_aiohttp(inspected.content_type, b"".join(inspected.chunks)))
    assert again == [(field.name, field.filename, field.data) for field in found.fields]


def test_the_words_of_a_field() -> None:
    """The field of that name; empty where there is none. What is not UTF-8 is refused with its place."""
    form = read(form_of(PROMPT, part('form-data; name="n"', b"\xff")))
    assert (form.value("prompt"), form.value("other")) == ("hi", "")
    with pytest.raises(BadRequest) as refusal:
        form.value("n")
    assert str(refusal.value.location) == "/form/n"


def test_with_other_data() -> None:
    """That part alone; the form that was there stays."""
    form = read(form_of(PROMPT, part('form-data; name="file"; filename="a"')))
    changed = form.with_data(form.fields[1], b"other")
    assert told(changed) == [("/form/prompt", b"hi", None, ""), ("/form/file", b"other", "a", "")]
    assert form.fields[1].data == b"x"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((), False),
        ((("content-type", "application/json"),), False),
        ((("content-type", "multipart/form-data; boundary=b"),), True),
        ((("content-type", " Multipart/Mixed"),), True),
        ((("content-type", "application/json"), ("content-type", "multipart/form-data")), True),
        ((("content-type", "x-multipart/form-data"),), False),
        ((("x-content-type", "multipart/form-data"),), False),
    ],
)
def test_is_form(headers: tuple[tuple[str, str], ...], expected: bool) -> None:  # noqa: FBT001 - a table
    """Whatever says of itself that it is of parts, in any of its content types, is not read as something else."""
    assert is_form(Inbound("POST", "/x", headers, b"")) is expected
