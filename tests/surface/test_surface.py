"""What is called, and what is in it: the stage as a whole."""

import re

import orjson
import pytest
from support.bodies import (
    CATALOGUE,
    JSON,
    LIMITS,
    PICTURE,
    PICTURE_URI,
    PIXEL,
    PIXEL_URI,
    TARGETS,
    inbound,
    outline,
    pictures,
    reasons,
    sent,
    surfaced,
)
from support.forms import FORM_TYPE, formed, written

from proxy.errors import BadRequest, RequestError, TooLarge, UnsupportedMedia
from proxy.exchange import Inspected
from proxy.operation import Called
from proxy.surface import FIELD_NAMES, surface
from proxy.surface.limits import Limits
from proxy.surface.media import MARK

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
DATED = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"


def test_whole() -> None:
    """The operation, the parts, the model, and the body written anew."""
    body = b' { "messages" : [{"role":"user","content":"hell\\u006f"}], "stream": true, "model": "ignored" } '
    found = surface(inbound(body, DATED), CATALOGUE, LIMITS)
    assert found.called == Called(
        next(one for one in CATALOGUE.operations if one.name == "chat.completions"),
        "/openai/deployments/gpt-4o/chat/completions",
        (("api-version", "2024-10-21"),),
        "gpt-4o",
        kept=False,
    )
    assert outline(found.content) == [
        "text /messages/0/content: user: hello",
        "inert /messages/0/role",
        "inert /stream",
    ]
    assert (found.content.model, found.content.stream) == ("gpt-4o", True)
    assert sent(found) == b'{"messages":[{"role":"user","content":"hello"}],"stream":true,"model":"ignored"}'


@pytest.mark.parametrize(
    "model",
    [
        "absent",
        None,
        7,
        "",
        "two words",
        "-x",
        "a" * 129,
        "https://example.com/x",
        "a//b",
        ["m"],
        PIXEL_URI,
        PICTURE_URI,
    ],
    ids=lambda model: str(model)[:24],
)
def test_no_model(model: object) -> None:
    """Where the path names no deployment, the body must name a model in one plain word."""
    body = HELLO if model == "absent" else {**HELLO, "model": model}
    with pytest.raises(BadRequest, match="the model is missing") as refusal:
        surface(inbound(body), CATALOGUE, LIMITS)
    assert (str(refusal.value.location), MARK in refusal.value.message) == ("/model", False)


@pytest.mark.parametrize("model", ["m", "gpt-4.1", "org/model:v1@2", "a" * 128])
def test_model(model: str) -> None:
    """Names of models and deployments."""
    assert surface(inbound({**HELLO, "model": model}), CATALOGUE, LIMITS).content.model == model


@pytest.mark.parametrize(
    ("stream", "expected"), [(True, True), (False, False), (None, False), ("true", False), (1, False)]
)
def test_stream(stream: object, expected: bool) -> None:  # noqa: FBT001 - a table
    """Events are wanted where `stream` is true, and nothing else is true."""
    assert surfaced({**HELLO, "stream": stream}).content.stream is expected


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (HELLO, False),
        ({**HELLO, "store": False}, False),
        ({**HELLO, "store": None, "audio": {}}, False),
        ({**HELLO, "store": True}, True),
        ({**HELLO, "audio": {"voice": "ash"}}, True),
    ],
)
def test_kept(body: dict[str, object], kept: bool) -> None:  # noqa: FBT001 - a table
    """A chat is kept where it asks for that, and only then does its reply tell ids."""
    called = surfaced(body).called
    assert (called.kept, bool(called.makes)) == (kept, kept)


def test_always_kept() -> None:
    """The service keeps responses unless it is told otherwise."""
    assert surfaced({"input": "hello", "store": False}, "responses").called.makes[0] == ("response", "/id")


NOTHING_TO_READ = {
    "nothing": b"",
    "an empty object": b"{}",
}


@pytest.mark.parametrize("case", NOTHING_TO_READ)
def test_no_body(case: str) -> None:
    """A call that takes no body is forwarded without one; what its path names is a reference, the outermost only."""
    target = "/openai/v1/threads/thread_1/runs/run_1"
    found = surface(inbound(NOTHING_TO_READ[case], target, method="GET"), CATALOGUE, LIMITS)
    assert (outline(found.content), found.content.model, found.inspected) == (
        ["reference /path/thread: thread: thread_1"],
        "",
        Inspected("", ()),
    )


@pytest.mark.parametrize("body", [b" ", b"[]", b"null", b'{"a":1}', b"{ }", b"x"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_where_none_is_taken(method: str, body: bytes) -> None:
    """Whatever it is, it is not dropped in silence."""
    with pytest.raises(BadRequest, match="takes no body"):
        surface(inbound(body, "/openai/v1/threads/thread_1", method=method), CATALOGUE, LIMITS)


def test_streamed_again() -> None:
    """A kept response may be had as events."""
    for query, stream in (("stream=true", True), ("stream=false", False), ("", False)):
        found = surface(inbound(b"", f"/openai/v1/responses/resp_1?{query}", method="GET"), CATALOGUE, LIMITS)
        assert found.content.stream is stream


@pytest.mark.parametrize(
    "header", ["x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"]
)
def test_headers_call_nothing(header: str) -> None:
    """No header changes what is called."""
    for value in ("GET", "/openai/v1/files"):
        found = surface(inbound({**HELLO, "model": "m"}, headers=(JSON, (header, value))), CATALOGUE, LIMITS)
        assert (found.called.operation.name, found.called.path) == ("chat.completions", TARGETS["chat"])
        listed = surface(inbound(b"", method="GET", headers=((header, "POST"),)), CATALOGUE, LIMITS)
        assert (listed.called.operation.name, listed.called.method) == ("chat.completions.list", "GET")


def pictured(count: int) -> dict[str, object]:
    """A chat with `count` pictures."""
    part = {"type": "image_url", "image_url": {"url": PIXEL_URI}}
    return {"messages": [{"role": "user", "content": [part] * count}]}


def test_fifty_pictures() -> None:
    """Fifty pictures are read, fifty-one are too many, wherever they stand; the place is named."""
    assert len(pictures(surfaced(pictured(50)).content)) == 50
    for body, place in (
        (pictured(51), "/messages/0/content/50/image_url/url"),
        ({**pictured(50), "user": PIXEL_URI}, "/user"),
        ({**pictured(50), "tools": [{"type": "function", "function": {"description": PIXEL_URI}}]},
         "/tools/0/function/description"),
    ):  # fmt: skip
        with pytest.raises(TooLarge, match="more than 50 pictures") as refusal:
            surfaced(body)
        assert str(refusal.value.location) == place


FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}


def _tool(**members: object) -> dict[str, object]:
    return {**HELLO, "tools": [{"type": "function", "function": {**FUNCTION, **members}}]}


def _said(text: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}]}


def _called(arguments: str) -> dict[str, object]:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return {"messages": [{"role": "assistant", "tool_calls": [call]}]}


HIDDEN: dict[str, tuple[dict[str, object], str]] = {
    "in a text": (_said(f"who is this? {PIXEL_URI} tell me"), "/messages/0/content"),
    "in a text, as JSON": (_said(orjson.dumps({"image": PIXEL_URI}).decode()), "/messages/0/content"),
    "in the arguments of a call": (
        _called('{"image":"' + PIXEL_URI.replace("/", "\\/") + '"}'), "/messages/0/tool_calls/0/function/arguments",
    ),
    "in the answer of a tool": (
        {"messages": [{"role": "tool", "tool_call_id": "c", "content": PIXEL_URI}]}, "/messages/0/content",
    ),
    "in `user`": ({**HELLO, "user": PIXEL_URI}, "/user"),
    "in `stop`": ({**HELLO, "stop": ["a", PIXEL_URI]}, "/stop/1"),
    "in a tool's description": (_tool(description=f"see {PIXEL_URI}"), "/tools/0/function/description"),
    "in a tool's name": (_tool(name=PIXEL_URI), "/tools/0/function/name"),
    "in a schema's default": (
        _tool(parameters={"properties": {"a": {"default": PIXEL_URI}}}), "/tools/0/function/parameters/properties/a/default",
    ),
    "in a schema's examples": (_tool(parameters={"examples": ["x", PIXEL_URI]}), "/tools/0/function/parameters/examples/1"),
    "in a schema's choices": (_tool(parameters={"enum": [PIXEL_URI]}), "/tools/0/function/parameters/enum/0"),
    "in a schema's constant": (_tool(parameters={"const": {"a": PIXEL_URI}}), "/tools/0/function/parameters/const/a"),
    "as the name of a property": (
        _tool(parameters={"properties": {PIXEL_URI: {}}}),
        "/tools/0/function/parameters/properties/" + PIXEL_URI.replace("/", "~1"),
    ),
    "in a function of old": ({**HELLO, "functions": [{**FUNCTION, "description": PIXEL_URI}]}, "/functions/0/description"),
    "in the form of the answer": (
        {**HELLO, "response_format": {"type": "json_schema", "json_schema": {"description": PIXEL_URI}}},
        "/response_format/json_schema/description",
    ),
    "in a prediction": ({**HELLO, "prediction": {"type": "content", "content": PIXEL_URI}}, "/prediction/content"),
    "as the name of a field": ({**HELLO, PIXEL_URI: 1}, "/" + PIXEL_URI.replace("/", "~1")),
}  # fmt: skip


@pytest.mark.parametrize("case", HIDDEN)
def test_hidden_picture(case: str) -> None:
    """A picture that stands where words are expected is a picture all the same, short or long."""
    body, place = HIDDEN[case]
    assert pictures(surfaced(body).content) == {place: PIXEL}
    if not case.startswith("as the name"):
        large = orjson.loads(orjson.dumps(body).decode().replace(PIXEL_URI, PICTURE_URI).replace(
            PIXEL_URI.replace("/", "\\\\/"), PICTURE_URI.replace("/", "\\\\/")))  # fmt: skip
        assert pictures(surfaced(large).content) == {place: PICTURE}


UNREAD: dict[str, tuple[object, str]] = {
    "in the metadata": ({"metadata": {"a": PIXEL_URI}}, "/metadata/a"),
    "in a field that is not known": ({"extra": [PIXEL_URI]}, "/extra/0"),
    "in a number": ({"seed": PIXEL_URI}, "/seed"),
    "in a flag": ({"store": PIXEL_URI}, "/store"),
    "in a closed list": ({"service_tier": PIXEL_URI}, "/service_tier"),
    "in a choice of tools": ({"tool_choice": PIXEL_URI}, "/tool_choice"),
    "among biases": ({"logit_bias": {"1": PIXEL_URI}}, "/logit_bias/1"),
}


@pytest.mark.parametrize("case", UNREAD)
@pytest.mark.parametrize("uri", [PIXEL_URI, PICTURE_URI], ids=["short", "long"])
def test_unread_picture(case: str, uri: str) -> None:
    """A data URI where neither words nor a picture belong is opaque: nothing inert takes it in."""
    members, place = UNREAD[case]
    body = orjson.loads(orjson.dumps({**HELLO, **members}).decode().replace(PIXEL_URI, uri))  # type: ignore[dict-item] # members of any type
    assert list(reasons(surfaced(body).content)) == [place]


def test_long_inline_data_in_a_name() -> None:
    """Long inline data as the model of a dated path are opaque, not the name of one."""
    found = surface(inbound({**HELLO, "model": PICTURE_URI}, DATED), CATALOGUE, LIMITS)
    assert (found.content.model, list(reasons(found.content))) == ("gpt-4o", ["/model"])
    assert MARK not in "".join(outline(found.content))


@pytest.mark.parametrize("body", [b'{"messages":"\\ud800"}', b'{"\\ud800":1}', b'{"tools":[{"type":"\\udfff"}]}'])
def test_lone_surrogates(body: bytes) -> None:
    """What is not Unicode is refused."""
    with pytest.raises(BadRequest, match="lone surrogate"):
        surface(inbound(body, DATED), CATALOGUE, LIMITS)


def test_limits_are_handed_on() -> None:
    """The limits given are the limits held."""
    with pytest.raises(TooLarge, match="more than 2 pictures"):
        surfaced(pictured(3), limits=Limits(images=2))
    found = surfaced(pictured(1), limits=Limits(inline_bytes=10))
    assert reasons(found.content) == {"/messages/0/content/0/image_url/url": "inline data of more than 10 bytes"}


def test_field_names() -> None:
    """The names that a record may show are the API's: words with underscores, no others."""
    odd = {name for name in FIELD_NAMES if not re.fullmatch(r"\$?[a-zA-Z]+[0-9a-zA-Z_-]*", name)}
    assert (odd, {"messages", "image_url", "instructions", "properties"} <= FIELD_NAMES) == (set(), True)


PAGES = {
    # the query of a list, and the references in it
    "": [],
    "?limit=10": [],
    "?after=file-1": ["reference /query/after: file: file-1"],
    "?before=file-2&limit=1": ["reference /query/before: file: file-2"],
    "?after=file-1&before=file-2": ["reference /query/after: file: file-1", "reference /query/before: file: file-2"],
}


@pytest.mark.parametrize("query", PAGES)
def test_pages_of_a_list(query: str) -> None:
    """Where a page begins names a thing that may be another tenant's: a reference like any other."""
    found = surface(inbound(b"", f"/openai/v1/files{query}", method="GET"), CATALOGUE, LIMITS)
    assert outline(found.content) == PAGES[query]


def test_a_form() -> None:
    """The operation, the parts, the model and the stream, and the form written anew with a boundary of ours."""
    parts = (("model", "gpt-image-1"), ("prompt", "a cat"), ("stream", "true"), ("image", PIXEL, "a.png"))
    found = formed("image_edits", *parts, model=False)
    assert found.called.operation.name == "images.edits"
    assert (found.content.model, found.content.stream) == ("gpt-image-1", True)
    assert [line for line in outline(found.content) if not line.startswith("inert")] == [
        "text /form/prompt: user: a cat",
        "text /form/image/filename: field: a.png",
        f"image /form/image:  {len(PIXEL)}",
    ]
    assert found.inspected.content_type.startswith("multipart/form-data; boundary=")
    assert b"a-boundary" not in sent(found)
    assert (PIXEL in sent(found), found.tree, list(found.lines)) == (True, {}, [])


def test_a_slice_of_a_file() -> None:
    """Nothing of it is sent by itself; it is kept for the file that it belongs to."""
    body = written(("data", b"some bytes", "slice"))
    found = surface(inbound(body, "/openai/v1/uploads/upload_1/parts", (FORM_TYPE,)), CATALOGUE, LIMITS)
    assert (found.inspected, found.kept) == (Inspected("", ()), b"some bytes")


JSON_BODY = orjson.dumps({"prompt": "a cat", "model": "m"})
FORM_BODY = written(("prompt", "a cat"), ("model", "m"))

FORMS_OF_BODIES: dict[str, tuple[str, bytes, tuple[str, str], type[RequestError] | None]] = {
    "JSON, where both are taken": (TARGETS["image_edits"], JSON_BODY, JSON, None),
    "a form, where both are taken": (TARGETS["image_edits"], FORM_BODY, FORM_TYPE, None),
    "JSON, where only forms are": ("/openai/v1/audio/transcriptions", JSON_BODY, JSON, UnsupportedMedia),
    "a form, where only JSON is": (TARGETS["image_generation"], FORM_BODY, FORM_TYPE, UnsupportedMedia),
    "a form that calls itself JSON": (TARGETS["image_edits"], FORM_BODY, JSON, BadRequest),
    "JSON that calls itself a form": (TARGETS["image_edits"], JSON_BODY, FORM_TYPE, BadRequest),
    "another kind of parts": (
        TARGETS["image_edits"], FORM_BODY, ("content-type", "multipart/mixed; boundary=a-boundary"), UnsupportedMedia,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS_OF_BODIES)
def test_forms_of_bodies(name: str) -> None:
    """A body is read as what it says it is, if the operation takes that; never as something else."""
    target, body, kind, error = FORMS_OF_BODIES[name]
    asked = inbound(body, target, (kind,))
    if error is not None:
        with pytest.raises(error):
            surface(asked, CATALOGUE, LIMITS)
        return
    content = surface(asked, CATALOGUE, LIMITS).content
    assert [line.partition(": ")[2] for line in outline(content) if line.startswith("text")] == ["user: a cat"]
