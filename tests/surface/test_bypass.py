"""The bypass catalogue, bypass.jsonl: one forbidden request through every channel, each beside its harmless twin.

In the data of a channel
  `$ask`      is the question: forbidden “Who is this?”; harmless “What colour is the cup?”
  `$picture`  is a data URI: forbidden a photograph of a face; harmless a plain one; `$base64` is the same as bare base64,
              `$pdf` a PDF that shows it, `$file` its bytes as a part of a form
  `$shown`    is whether an earlier request showed a face
The forbidden form comes from a police department in the United States, and must be refused by policy, because the face was
seen at the place `seen`. Its twin, from the same tenant, must be forwarded equal in meaning. Where a channel is closed by
design, `closed` says why, and neither form may pass.
"""

import base64
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from support.bodies import CATALOGUE
from support.forms import FORM_TYPE
from support.forms import written as written_form
from support.gate import CONFIG
from support.pictures import data_uri, face, small

from proxy.case import Case
from proxy.exchange import Conclusion, Forward, Inbound, Inspected, Refuse, Rejected, Screened
from proxy.offline import Bench, screen_case
from proxy.operation import Disposition
from proxy.serve.runtime import load_runtime
from proxy.surface import route
from proxy.surface.limits import Limits
from proxy.surface.multipart import read_form

FACE: Final = face(side=256)

FORBIDDEN: Final = {"ask": "Who is this?", "picture": FACE, "shown": True}
HARMLESS: Final = {"ask": "What colour is the cup?", "picture": small("JPEG"), "shown": False}

RULE: Final = "us-police-fr"


class Channel(BaseModel):
    """One row of bypass.jsonl."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    path: str
    method: str = "POST"
    seen: str = ""
    closed: str = ""
    body: Any = None
    past: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    form: tuple[tuple[str, ...], ...] = ()


LINES: Final = Path(__file__).with_name("bypass.jsonl").read_bytes().splitlines()

CHANNELS: Final = {one.name: one for one in (Channel.model_validate_json(line) for line in LINES)}


def under_a_name() -> Iterator[Channel]:
    """For each operation with a JSON body its first open channel, with a picture as the name of a field that nobody knows."""
    done = set()
    for channel in list(CHANNELS.values()):
        operation = route(channel.method, channel.path, CATALOGUE).operation
        if operation.name not in done and not channel.closed and isinstance(channel.body, dict):
            done.add(operation.name)
            body = {**channel.body, "see $picture here": 1}
            name = f"{operation.name}, a picture as a name"
            yield channel.model_copy(update={"name": name, "body": body, "seen": ""})


CHANNELS.update({one.name: one for one in under_a_name()})

OPEN: Final = [name for name, one in CHANNELS.items() if not one.closed]

ELSEWHERE: Final = {
    "realtime.connect": "serve/test_realtime.py",  # events of a socket, not a body
    "uploads.create": "end_to_end/test_uploads.py",  # parts that mean something only together
    "uploads.parts": "end_to_end/test_uploads.py",
    "uploads.complete": "end_to_end/test_uploads.py",
}
"""Operations whose channels need more than one request, and the tests that send them."""


@cache
def bench() -> Bench:
    """What the shipped configuration judges with."""
    runtime = load_runtime(CONFIG / "proxy.yaml")
    return Bench(runtime.register, runtime.catalogue, runtime.screening, runtime.surface_limits, 2**26)


@cache
def pdf_of(picture: bytes) -> bytes:
    """A PDF of one page that shows a picture."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).save(out, "PDF")
    return out.getvalue()


def filled(value: Any, given: Mapping[str, Any]) -> Any:
    """A body with its placeholders filled in."""
    if isinstance(value, dict):
        return {filled(key, given): filled(one, given) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(one, given) for one in value]
    if value == "$shown":
        return given["shown"]
    if not isinstance(value, str):
        return value
    bare = base64.b64encode(given["picture"]).decode()
    marks = {
        "$picture": f"data:image/jpeg;base64,{bare}",
        "$base64": bare,
        "$pdf": data_uri(pdf_of(given["picture"]), "application/pdf"),
        "$ask": given["ask"],
    }
    for mark, text in marks.items():
        value = value.replace(mark, text)
    return value


def conclude(channel: Channel, given: Mapping[str, Any]) -> tuple[Any, Conclusion]:
    """The body of a channel, and what becomes of it; of a form its parts in place of the body."""
    return _conclude(channel.name, harmless=given is HARMLESS)


@cache
def _conclude(name: str, *, harmless: bool) -> tuple[Any, Conclusion]:
    channel, given = CHANNELS[name], HARMLESS if harmless else FORBIDDEN
    if channel.form:
        parts = [
            (filled(name, given), given["picture"] if data == "$file" else filled(data, given), *filled(more, given))
            for name, data, *more in channel.form
        ]
        case = Case(
            tenant="metro-pd", path=channel.path, body={}, content_type=FORM_TYPE[1], past=filled(channel.past, given)
        )
        return parts, screen_case(case, bench(), CONFIG, date(2026, 11, 1), written_form(*parts))
    body = filled(channel.body, given)
    past = filled(channel.past, given)
    case = Case(tenant="metro-pd", method=channel.method, path=channel.path, body=body, past=past)
    return body, screen_case(case, bench(), CONFIG, date(2026, 11, 1), orjson.dumps(body))


def sent(form: bool, inspected: Inspected) -> Any:  # noqa: FBT001 - what a channel is
    """What would be sent, as a body or as the parts of a form; lines of files as what they say."""
    data = b"".join(inspected.chunks)
    if not form:
        return orjson.loads(data)
    inbound = Inbound("POST", "/", (("content-type", inspected.content_type),), data)
    return [told(one.name, one.data, one.filename or "") for one in read_form(inbound, Limits()).fields]


def told(name: str, data: str | bytes, filename: str = "") -> tuple[str, Any, str]:
    """A part of a form, lines of JSON as what they say."""
    whole = data.encode() if isinstance(data, str) else data
    lines = [orjson.loads(one) for one in whole.splitlines()] if whole.startswith(b'{"') else whole
    return name, lines, filename


@pytest.mark.parametrize("name", OPEN)
def test_forbidden(name: str) -> None:
    """It is refused by policy, with the clause, because the words and the picture were seen where they stand."""
    channel = CHANNELS[name]
    _, conclusion = conclude(channel, FORBIDDEN)
    assert isinstance(conclusion, Screened), conclusion
    facts = conclusion.evidence.by_name()
    assert isinstance(conclusion.action, Refuse)
    assert (conclusion.action.status, RULE in conclusion.decision.fired) == (403, True)
    seen = channel.seen or f"/see {data_uri(FACE)} here".replace("/", "~1").replace("~1", "/", 1)
    assert seen in map(str, facts["media.faces"].locations)


@pytest.mark.parametrize("name", OPEN)
def test_harmless_twin(name: str) -> None:
    """It is forwarded, and says what it said."""
    body, conclusion = conclude(CHANNELS[name], HARMLESS)
    assert isinstance(conclusion, Screened), conclusion
    assert isinstance(conclusion.action, Forward), conclusion.action
    expected = [told(*part) for part in body] if CHANNELS[name].form else body
    assert sent(bool(CHANNELS[name].form), conclusion.action.inspected) == expected


@pytest.mark.parametrize("name", [name for name in CHANNELS if name not in OPEN])
@pytest.mark.parametrize("given", [FORBIDDEN, HARMLESS], ids=["forbidden", "harmless"])
def test_closed_by_design(name: str, given: Mapping[str, Any]) -> None:
    """Neither form passes, whatever it asks: what cannot be examined is not forwarded."""
    _, conclusion = conclude(CHANNELS[name], given)
    refuse = conclusion.refuse if isinstance(conclusion, Rejected) else conclusion.action
    assert isinstance(refuse, Refuse)
    assert refuse.status in (400, 403, 404, 413, 415, 422)


def escaped(body: Any) -> bytes:
    """JSON in which every character of every string is written as an escape."""
    text = json.dumps(body)
    return re.sub(
        r'"((?:[^"\\\\]|\\\\.)*)"',
        lambda one: json.dumps(json.loads(one[0]))[:1] + _escapes(json.loads(one[0])) + '"',
        text,
    ).encode()


def _escapes(words: str) -> str:
    return "".join(f"\\u{ord(sign):04x}" for sign in words)


def spelled(change: Callable[[str], str]) -> Callable[[Any], bytes]:
    """JSON whose data URIs are written in another way."""
    return lambda body: re.sub(
        r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", lambda uri: change(uri[0]), json.dumps(body)
    ).encode()


def percent(uri: str) -> str:
    """A data URI with percent-escapes in place of base64."""
    return "data:image/jpeg," + "".join(f"%{byte:02X}" for byte in base64.b64decode(uri.partition(",")[2]))


def twice(body: Any) -> bytes:
    """The messages are given twice: a harmless one, then the real one."""
    return b'{"messages":[{"role":"user","content":"hi"}],' + orjson.dumps(body)[1:]


READ_AS_IT_STANDS: Final[Mapping[str, tuple[Mapping[str, str], Callable[[Any], bytes]]]] = {
    "gzip": ({"content-encoding": "gzip"}, lambda body: gzip.compress(orjson.dumps(body))),
    "GZIP in capitals": ({"content-encoding": "GZIP"}, lambda body: gzip.compress(orjson.dumps(body))),
    "every character escaped": ({}, escaped),
    "with white space": ({}, lambda body: b"\r\n\t " + json.dumps(body, indent=3).encode() + b"\n "),
    "charset utf-8": ({"content-type": 'Application/JSON; charset="UTF-8"'}, orjson.dumps),
    "a data URI in capitals": (
        {},
        spelled(lambda uri: uri.replace("data:image/jpeg;base64,", "DATA:IMAGE/JPEG;BASE64,")),
    ),
    "a data URI without a type": ({}, spelled(lambda uri: uri.replace("image/jpeg", ""))),
    "a data URI that lies about its type": ({}, spelled(lambda uri: uri.replace("image/jpeg", "text/plain"))),
    "a data URI with escaped slashes": ({}, spelled(lambda uri: uri.replace("/", "\\/"))),
}

REFUSED_AS_IT_STANDS: Final[Mapping[str, tuple[Mapping[str, str], Callable[[Any], bytes]]]] = {
    "deflate": ({"content-encoding": "deflate"}, lambda body: zlib.compress(orjson.dumps(body))),
    "raw deflate": ({"content-encoding": "deflate"}, lambda body: zlib.compress(orjson.dumps(body), wbits=-15)),
    "br": ({"content-encoding": "br"}, orjson.dumps),
    "zstd": ({"content-encoding": "zstd"}, orjson.dumps),
    "gzip twice": ({"content-encoding": "gzip, gzip"}, lambda body: gzip.compress(gzip.compress(orjson.dumps(body)))),
    "gzip of two members": (
        {"content-encoding": "gzip"},
        lambda body: gzip.compress(orjson.dumps(body)) + gzip.compress(b" "),
    ),
    "gzip unannounced": ({}, lambda body: gzip.compress(orjson.dumps(body))),
    "x-gzip": ({"content-encoding": "x-gzip"}, lambda body: gzip.compress(orjson.dumps(body))),
    "utf-16": ({"content-type": "application/json; charset=utf-16"}, lambda body: json.dumps(body).encode("utf-16")),
    "utf-16 unannounced": ({}, lambda body: json.dumps(body).encode("utf-16")),
    "utf-32 unannounced": ({}, lambda body: json.dumps(body).encode("utf-32-le")),
    "utf-7": ({"content-type": "application/json; charset=utf-7"}, lambda body: json.dumps(body).encode("utf-7")),
    "a byte-order mark": ({}, lambda body: b"\xef\xbb\xbf" + orjson.dumps(body)),
    "overlong utf-8": ({}, lambda body: orjson.dumps(body).replace(b"?", b"\xc0\xbf")),
    "text/plain": ({"content-type": "text/plain"}, orjson.dumps),
    "a form": ({"content-type": "application/x-www-form-urlencoded"}, orjson.dumps),
    "messages given twice": ({}, twice),
    "NaN": ({}, lambda body: json.dumps({**body, "temperature": float("nan")}).encode()),
    "a lone surrogate": ({}, lambda body: json.dumps({**body, "user": "\ud800"}).encode()),
    "something behind the body": ({}, lambda body: orjson.dumps(body) + b"{}"),
    "a percent-encoded data URI": ({}, spelled(percent)),
    "a data URI with a parameter": ({}, spelled(lambda uri: uri.replace("image/jpeg", "image/jpeg;name=a.jpg"))),
    "url-safe base64": ({}, spelled(lambda uri: uri[:23] + uri[23:].replace("+", "-").replace("/", "_"))),
    "base64 with white space": ({}, spelled(lambda uri: uri[:60] + " " + uri[60:])),
    "base64 without its padding": ({}, spelled(lambda uri: uri.rstrip("=")[:-1])),
    "base64 with more behind its end": ({}, spelled(lambda uri: uri + "=QUJD")),
}

ORDINARY: Final = CHANNELS["chat, the ordinary way"]


def written(
    given: Mapping[str, Any], headers: Mapping[str, str], write: Callable[[Any], bytes]
) -> tuple[Any, Conclusion]:
    """The ordinary chat, written in another way."""
    body = filled(ORDINARY.body, given)
    case = Case(tenant="metro-pd", path=ORDINARY.path, body=body, headers=headers)
    return body, screen_case(case, bench(), CONFIG, date(2026, 11, 1), write(body))


@pytest.mark.parametrize("way", READ_AS_IT_STANDS)
def test_other_spellings_are_read(way: str) -> None:
    """The forbidden request is refused by policy; its twin is forwarded in plain form, saying the same."""
    _, conclusion = written(FORBIDDEN, *READ_AS_IT_STANDS[way])
    assert isinstance(conclusion, Screened), conclusion
    assert RULE in conclusion.decision.fired
    assert isinstance(conclusion.action, Refuse)
    body, conclusion = written(HARMLESS, *READ_AS_IT_STANDS[way])
    assert isinstance(conclusion, Screened), conclusion
    assert isinstance(conclusion.action, Forward), conclusion.action
    sent = json.dumps(orjson.loads(b"".join(conclusion.action.inspected.chunks)))
    assert json.loads(sent.replace("DATA:IMAGE/JPEG;BASE64,", "data:image/jpeg;base64,")
                      .replace("data:;", "data:image/jpeg;").replace("text/plain", "image/jpeg")) == body  # fmt: skip


@pytest.mark.parametrize("way", REFUSED_AS_IT_STANDS)
@pytest.mark.parametrize("given", [FORBIDDEN, HARMLESS], ids=["forbidden", "harmless"])
def test_other_spellings_that_two_parsers_could_read_differently(way: str, given: Mapping[str, Any]) -> None:
    """They are refused, whatever they ask."""
    _, conclusion = written(given, *REFUSED_AS_IT_STANDS[way])
    refuse = conclusion.refuse if isinstance(conclusion, Rejected) else conclusion.action
    assert isinstance(refuse, Refuse)
    assert refuse.status in (400, 403, 415, 422)


def test_every_screened_operation_has_a_channel() -> None:
    """An operation that carries words or pictures stands in the catalogue of channels, by each part that it inspects."""
    kinds: dict[str, set[str]] = {}
    for channel in CHANNELS.values():
        _, conclusion = conclude(channel, HARMLESS)
        called = route(channel.method, channel.path, bench().catalogue)
        found = conclusion.coverage.kinds if isinstance(conclusion, Screened) else {}
        kinds.setdefault(called.operation.name, set()).update(kind for kind, fate in found if fate == "inspected")
    missing = {
        one.name: sorted(
            kind for kind, fate in one.parts if fate == "inspected" and kind not in kinds.get(one.name, ())
        )
        for one in bench().catalogue.operations
        if one.disposition is Disposition.SCREEN and one.reader and one.name not in ELSEWHERE  # see tests/serve
    }
    assert {name: lost for name, lost in missing.items() if lost} == {}
    assert [name for name in set(ELSEWHERE.values()) if not (Path(__file__).parent.parent / name).is_file()] == []
