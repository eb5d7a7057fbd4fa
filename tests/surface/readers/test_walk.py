"""Cutting a tree into parts: the field kinds that all readers are made of."""

import base64
from typing import Any

import pytest
from support.bodies import LIMITS, PICTURE, PICTURE_URI, PIXEL, PIXEL_BASE64, PIXEL_URI, outline

from proxy.content import Content, Image, Inline, Opaque, Role, Schema, SchemaKind
from proxy.errors import TooLarge
from proxy.location import Location
from proxy.surface.limits import Limits
from proxy.surface.media import Cut
from proxy.surface.readers import walk as kinds
from proxy.surface.readers.walk import Field, Table, Walk

HERE = Location(("f",))
URL = "https://example.com/a"


def cut(data: bytes = PICTURE, declared: str = "image/png") -> Cut:
    """Inline data as they are cut out of a body."""
    made = Cut("mark0")
    made.declared, made.data, made.raw = declared, data, memoryview(base64.b64encode(data))
    return made


def read(field: Field, value: Any, limits: Limits = LIMITS) -> list[str]:
    """What a field kind makes of a value at `/f`."""
    walk = Walk(limits)
    field(walk, HERE, value)
    return outline(Content(tuple(walk.parts), tuple(walk.inert), "m"))


WORD: Field = kinds.one_of("a", "b")
RECORD: Field = kinds.record({"a": kinds.number, "b_c": WORD})
HOLDING: Field = kinds.holds({"file_id": kinds.refers("file"), "a": kinds.text})
TYPED: Field = kinds.typed(kinds.with_types({"a": {"n": kinds.number}, "b": {}}), "a thing", {"c": "c is not read"})
OPAQUE, INERT = ["opaque /f"], ["inert /f"]


def said(*words: str) -> list[str]:
    """Texts at `/f`."""
    return [f"text /f: field: {word}" for word in words]


TABLE: dict[str, tuple[Field, Any, list[str]]] = {
    # ---- words
    "text": (kinds.text, "a", said("a")),
    "text: empty": (kinds.text, "", said("")),
    "text: with a picture": (kinds.text, PIXEL_URI, [*said(PIXEL_URI), "image /f:  70"]),
    "text: cut out": (kinds.text, cut(), [*said(PICTURE_URI), "image /f:  76870"]),
    "text: cut out, no picture": (kinds.text, cut(b"x" * 3_000), said(cut(b"x" * 3_000).restored())),
    "text: a number": (kinds.text, 7, said("7")),
    "text: a list": (kinds.text, ["a"], ["text /f/0: field: a"]),
    "texts": (kinds.texts, ["a", 7], ["text /f/0: field: a", "text /f/1: field: 7"]),
    "texts: one": (kinds.texts, "a", said("a")),
    "texts: none": (kinds.texts, [], INERT),
    "texts: an object": (kinds.texts, {"a": 1}, [*said("a"), "text /f/a: field: 1"]),
    # ---- numbers, flags, closed lists, names
    "number": (kinds.number, 7, INERT),
    "number: a float": (kinds.number, 0.5, INERT),
    "number: a flag": (kinds.number, True, said("True")),
    "number: words": (kinds.number, "7", said("7")),
    "number: cut out": (kinds.number, cut(), OPAQUE),
    "measure": (kinds.measure, 0.5, INERT),
    "measure: as the service likes": (kinds.measure, "auto", INERT),
    "measure: words": (kinds.measure, "him", said("him")),
    "measure: cut out": (kinds.measure, cut(), OPAQUE),
    "flag": (kinds.flag, False, INERT),
    "flag: a number": (kinds.flag, 0, said("0")),
    "flag: words": (kinds.flag, "true", said("true")),
    "flag: cut out": (kinds.flag, cut(), OPAQUE),
    "one_of": (WORD, "b", INERT),
    "one_of: another": (WORD, "c", said("c")),
    "one_of: a list": (WORD, ["a"], ["text /f/0: field: a"]),
    "one_of: an empty object": (WORD, {}, INERT),
    "one_of: cut out": (WORD, cut(), OPAQUE),
    "some_of": (kinds.some_of("a", "b"), ["a", "c"], ["text /f/1: field: c", "inert /f/0"]),
    "some_of: a word": (kinds.some_of("a", "b"), "a", OPAQUE),
    "name": (kinds.name, "gpt-4.1", INERT),
    "name: words": (kinds.name, "who is he", said("who is he")),
    "name: an address": (kinds.name, URL, OPAQUE),
    "name: 129 characters": (kinds.name, "a" * 129, said("a" * 129)),
    "name: cut out": (kinds.name, cut(), OPAQUE),
    "name: a number": (kinds.name, 7, said("7")),
    "choice": (kinds.choice, "auto", INERT),
    "choice: a name": (kinds.choice, "him", said("him")),
    "choice: cut out": (kinds.choice, cut(), OPAQUE),
    "token_biases": (kinds.token_biases, {"1": 1}, ["inert /f/1"]),
    "token_biases: none": (kinds.token_biases, {}, INERT),
    "token_biases: words": (kinds.token_biases, {"1": "him"}, ["text /f/1: field: 1", "text /f/1: field: him"]),
    # ---- references and what is not read
    "refers": (kinds.refers("file"), "file-1", ["reference /f: file: file-1"]),
    "refers: an object": (kinds.refers("file"), {"id": "f"}, OPAQUE),
    "refers: cut out": (kinds.refers("file"), cut(), OPAQUE),
    "refer": (kinds.refer("file"), ["file-1", 7], ["reference /f/0: file: file-1", "opaque /f/1"]),
    "refer: none": (kinds.refer("file"), [], INERT),
    "refer: one name": (kinds.refer("file"), "file-1", OPAQUE),
    "some": (kinds.some(kinds.number), [1, "him"], ["text /f/1: field: him", "inert /f/0"]),
    "some: an object": (kinds.some(kinds.number), {"0": 1}, OPAQUE),
    "unread": (kinds.unread("nobody reads it"), {"a": 1}, OPAQUE),
    "unread: a flag": (kinds.unread("nobody reads it"), False, OPAQUE),
    # ---- records
    "record": (RECORD, {"a": 1, "b_c": "a"}, ["inert /f/a", "inert /f/b_c"]),
    "record: nothing in a member": (RECORD, {"a": None}, ["inert /f/a"]),
    "record: empty": (RECORD, {}, INERT),
    "record: words": (RECORD, "him", said("him")),
    "record: a stranger": (RECORD, {"d": "him"}, ["text /f/d: field: d", "text /f/d: field: him"]),
    "record: a stranger with nothing": (RECORD, {"d": None}, ["text /f/d: field: d", "inert /f/d"]),
    "record: spelled otherwise": (
        RECORD, {"A": 1, "bC": "a", "B-C": "a", "_a_": 1, "bc": None},
        [f"opaque /f/{key}" for key in ("A", "bC", "B-C", "_a_", "bc")],
    ),
    "record: a place of media": (
        RECORD, {"image": 1, "File_Ids": [], "b64_json": None}, ["opaque /f/image", "opaque /f/File_Ids", "opaque /f/b64_json"],
    ),
    "record: what may be the name of something": (
        RECORD, {"reply_id": "a", "reply-ids": ["a"], "replyId": "a", "replyIds": [], "id": "a", "idle": "a", "valid": "a"},
        [*(f"opaque /f/{key}" for key in ("reply_id", "reply-ids", "replyId", "replyIds")),
         *(f"text /f/{key}: field: {word}" for key in ("id", "idle", "valid") for word in (key, "a"))],
    ),
    "holds": (HOLDING, {"file_id": "file-1", "a": "him"}, ["reference /f/file_id: file: file-1", "text /f/a: field: him"]),
    "holds: empty": (HOLDING, {}, INERT),
    "holds: words": (HOLDING, "file-1", OPAQUE),
    "holds: a list": (HOLDING, [{"file_id": "file-1"}], OPAQUE),
    "typed": (TYPED, {"type": "a", "n": 1}, ["inert /f/type", "inert /f/n"]),
    "typed: the other": (TYPED, {"type": "b", "n": 1}, ["text /f/n: field: n", "text /f/n: field: 1", "inert /f/type"]),
    "typed: not known": (TYPED, {"type": "c", "n": 1}, OPAQUE),
    "typed: a list": (TYPED, {"type": ["a"], "n": 1}, OPAQUE),
    "typed: none": (TYPED, {"n": 1}, OPAQUE),
    "typed: words": (TYPED, "a", OPAQUE),
    # ---- the form of the answer
    "answer_format: as the service likes": (kinds.answer_format, "auto", INERT),
    "answer_format": (kinds.answer_format, {"type": "text"}, ["inert /f/type"]),
    "answer_format: a schema": (kinds.answer_format, {"type": "json_schema"}, ["schema /f: response_format"]),
    "answer_format: a list": (kinds.answer_format, ["text"], ["schema /f: response_format"]),
    "answer_format: cut out": (
        kinds.answer_format, {"type": cut()}, ["schema /f: response_format", "image /f/type: image/png 76870"],
    ),
    # ---- pictures, recordings, files
    "picture": (kinds.picture, {"url": PIXEL_URI, "detail": "low"}, ["image /f/url: image/png 70", "inert /f/detail"]),
    "picture: alone": (kinds.picture, PIXEL_URI, ["image /f: image/png 70"]),
    "picture: an address": (kinds.picture, {"url": URL}, [f"image /f/url: {URL}"]),
    "picture: cut out": (kinds.picture, cut(), ["image /f: image/png 76870"]),
    "picture: nothing in it": (kinds.picture, {"url": None}, ["inert /f/url"]),
    "picture: an empty object": (kinds.picture, {}, OPAQUE),
    "picture: a number": (kinds.picture, 7, OPAQUE),
    "picture: bare base64": (kinds.picture, PIXEL_BASE64, OPAQUE),
    "recording": (kinds.recording, {"data": "QUJD", "format": "wav"}, ["audio /f/data:  3", "inert /f/format"]),
    "recording: a data URI": (kinds.recording, {"data": "data:audio/wav;base64,QUJD"}, ["opaque /f/data"]),
    "recording: cut out": (kinds.recording, {"data": cut()}, ["opaque /f/data"]),
    "recording: alone": (kinds.recording, "QUJD", OPAQUE),
    "document": (Walk.document, "QUJD", ["document /f:  3"]),
    "document: a data URI": (Walk.document, "data:application/pdf;base64,QUJD", ["document /f: application/pdf 3"]),
    "document: an address": (Walk.document, URL, [f"document /f: {URL}"]),
    "document: cut out": (Walk.document, cut(declared="application/pdf"), ["document /f: application/pdf 76870"]),
    "document: neither": (Walk.document, "a b", OPAQUE),
    "document: a list": (Walk.document, ["QUJD"], OPAQUE),
    "bare_image": (Walk.bare_image, PIXEL_BASE64, ["image /f:  70"]),
    "bare_image: a data URI": (Walk.bare_image, PIXEL_URI, OPAQUE),
    "bare_image: cut out": (Walk.bare_image, cut(), OPAQUE),
    "bare_image: an object": (Walk.bare_image, {}, OPAQUE),
    # ---- free form
    "free": (Walk.free, {"a": {"b": [1, True, None, {}, "c"]}},
             ["text /f: field: a", "text /f/a: field: b", "text /f/a/b/0: field: 1", "text /f/a/b/1: field: True",
              "text /f/a/b/4: field: c", "inert /f/a/b/2", "inert /f/a/b/3"]),
    "free: an address": (Walk.free, URL, said(URL)),
    "free: a place of media": (Walk.free, {"image": "cat"}, ["text /f: field: image", "text /f/image: field: cat"]),
    "free: a data URI": (Walk.free, PIXEL_URI, OPAQUE),
    "free: a data URI in capitals": (Walk.free, PIXEL_URI.upper(), OPAQUE),
    "free: a data URI in words": (Walk.free, f"see {PIXEL_URI}", OPAQUE),
    "free: a data URI that is percent-encoded": (Walk.free, "data:image/png,%89PNG", OPAQUE),
    "free: a data URI as a name": (Walk.free, {PIXEL_URI: 1}, [*OPAQUE, f"text /f/{PIXEL_URI.replace('/', '~1')}: field: 1"]),
    "free: base64": (Walk.free, "QUJD" * 128, OPAQUE),
    "free: base64 in words": (Walk.free, "see " + "QUJD" * 128 + "!", OPAQUE),
    "free: base64 in lines": (Walk.free, ("QUJD" * 19 + "\r\n") * 4, OPAQUE),
    "free: url-safe base64": (Walk.free, "Q-_D" * 128, OPAQUE),
    "free: short base64": (Walk.free, "QUJD" * 50, said("QUJD" * 50)),
    "free: cut out": (Walk.free, cut(), OPAQUE),
    "free: long prose": (Walk.free, "a word and another, " * 100, said("a word and another, " * 100)),
    "free: long prose in another script": (Walk.free, "文" * 600, said("文" * 600)),
    "free: words with colons and commas": (Walk.free, "sensor_data:temp,humidity", said("sensor_data:temp,humidity")),
    # ---- not known
    "unknown": (Walk.unknown, {"a": [{"b": "c"}]}, ["text /f: field: a", "text /f/a/0: field: b", "text /f/a/0/b: field: c"]),
    "unknown: an address": (Walk.unknown, URL, OPAQUE),
    "unknown: an address in words": (Walk.unknown, f"see {URL}", said(f"see {URL}")),
    "unknown: addresses": (Walk.unknown, ["a", URL], ["text /f/0: field: a", "opaque /f/1"]),
    "unknown: places of media": (
        Walk.unknown, {"image_url": "x", "fileId": "y", "note": {"attachments": []}},
        ["text /f: field: image_url fileId note", "opaque /f/image_url", "opaque /f/fileId", "text /f/note: field: attachments",
         "opaque /f/note/attachments"],
    ),
    "unknown: a data URI": (Walk.unknown, PIXEL_URI, OPAQUE),
    "unknown: cut out": (Walk.unknown, [cut()], ["opaque /f/0"]),
    "unknown: nothing": (Walk.unknown, None, INERT),
    "unknown: empty": (Walk.unknown, [], INERT),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_kinds(case: str) -> None:
    """Each kind of field takes what is of its kind as the table says, and hides nothing else."""
    field, value, expected = TABLE[case]
    assert read(field, value) == expected


def test_items() -> None:
    """Each item of a list is read; an empty list is inert; what is no list is opaque."""
    walk = Walk(LIMITS)
    for number, value in enumerate((["a"], [], "a", {"0": "a"}, 7)):
        walk.items(Location((number,)), value, kinds.text)
    assert outline(Content(tuple(walk.parts), tuple(walk.inert), "m")) == [
        "text /0/0: field: a",
        "opaque /2",
        "opaque /3",
        "opaque /4",
        "inert /1",
    ]


def test_reasons_of_types() -> None:
    """What is known and refused says why; what is not known says so."""
    walk = Walk(LIMITS)
    for kind in ("c", "d"):
        TYPED(walk, HERE, {"type": kind})
    assert [part.why for part in walk.parts if isinstance(part, Opaque)] == [
        "c is not read",
        "a thing of a type that is not known",
    ]


def test_said() -> None:
    """Words that a role says, in whatever form."""
    walk = Walk(LIMITS)
    kinds.said(Role.SYSTEM)(walk, HERE, "a")
    kinds.said(Role.TOOL)(walk, HERE, ["b", {"c": 7}])
    assert outline(Content(tuple(walk.parts), tuple(walk.inert), "m")) == [
        "text /f: system: a",
        "text /f/0: tool: b",
        "text /f/1: tool: c",
        "text /f/1/c: tool: 7",
    ]


def test_roles() -> None:
    """Words of a turn stay words of that turn, whatever form they have."""
    walk = Walk(LIMITS)
    walk.text(HERE, Role.USER, "a")
    walk.unknown(HERE, {"b": "c"}, Role.SYSTEM)
    walk.stranger(HERE, "d", ["e"], (), Role.TOOL)
    assert outline(Content(tuple(walk.parts), (), "m")) == [
        "text /f: user: a",
        "text /f: system: b",
        "text /f/b: system: c",
        "text /f: tool: d",
        "text /f/0: tool: e",
    ]


SCHEMAS: dict[str, tuple[Any, dict[str, bytes]]] = {
    "no picture": ({"name": "f", "enum": ["a", 1, None, {}]}, {}),
    "a list": ([PIXEL_URI], {"/f/0": PIXEL}),
    "a string": (f"see {PIXEL_URI}", {"/f": PIXEL}),
    "a name": ({"a": {PIXEL_URI: 1}}, {f"/f/a/{PIXEL_URI.replace('/', '~1')}": PIXEL}),
    "deep": ({"a": [{"b": [{"default": PIXEL_URI}]}]}, {"/f/a/0/b/0/default": PIXEL}),
    "several": ({"a": PIXEL_URI, "b": PIXEL_URI}, {"/f/a": PIXEL, "/f/b": PIXEL}),
    "cut out": ({"a": cut()}, {"/f/a": PICTURE}),
    "cut out, no picture": ({"a": cut(b"x" * 3_000)}, {"/f/a": b"x" * 3_000}),
}


@pytest.mark.parametrize("case", SCHEMAS)
def test_pictures_in_schemas(case: str) -> None:
    """A schema is one part; the pictures that it hides are parts of their own."""
    document, expected = SCHEMAS[case]
    walk = Walk(LIMITS)
    walk.schema(HERE, SchemaKind.TOOL, document)
    first, *others = walk.parts
    assert first == Schema(HERE, SchemaKind.TOOL, document)
    found = {
        str(one.location): one.source.data
        for one in others
        if isinstance(one, Image) and isinstance(one.source, Inline)
    }
    assert (found, len(others)) == (expected, len(expected))


def test_pictures_beyond_limits() -> None:
    """A picture of too many bytes is opaque wherever it stands; too many pictures are refused with the place."""
    small = Limits(inline_bytes=60, images=2)
    whys: set[str | tuple[str, str]] = set()
    for field in (kinds.text, Walk.image, Walk.bare_image):
        walk = Walk(small)
        field(walk, HERE, PIXEL_BASE64 if field is Walk.bare_image else PIXEL_URI)
        whys.update(part.why for part in walk.parts if isinstance(part, Opaque))
    walk = Walk(small)
    walk.schema(HERE, SchemaKind.TOOL, {"a": PIXEL_URI})
    whys.update((str(part.location), part.why) for part in walk.parts if isinstance(part, Opaque))
    assert whys == {"inline data of more than 60 bytes", ("/f/a", "inline data of more than 60 bytes")}
    walk = Walk(Limits(images=2))
    walk.text(HERE, Role.USER, f"{PIXEL_URI} {PIXEL_URI}")
    with pytest.raises(TooLarge) as refusal:
        walk.image(Location(("g",)), PIXEL_URI)
    assert str(refusal.value.location) == "/g"


def test_no_data_uris() -> None:
    """Where the body is known to hold no data URI, none is looked for."""
    walk = Walk(LIMITS, uris=False)
    walk.text(HERE, Role.USER, PIXEL_URI)
    walk.schema(HERE, SchemaKind.TOOL, {"a": PIXEL_URI})
    assert [type(part).__name__ for part in walk.parts] == ["Text", "Schema"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("gpt-4o", True), ("a/b:c@d+e_f.g", True), ("", False), ("-a", False), ("a b", False), ("a\n", False), ("a//b", False),
     ("é", False), ("a" * 128, True), ("a" * 129, False), (7, False), (None, False), (["a"], False), (cut(), False)],
)  # fmt: skip
def test_is_word(value: object, expected: bool) -> None:  # noqa: FBT001 - a table
    """What names of models look like."""
    assert kinds.is_word(value) is expected


def test_common_table() -> None:
    """The fields that chat completions and responses share are told apart from strangers."""
    table: Table = kinds.COMMON
    walk = Walk(LIMITS)
    walk.fields(Location(), {"model": "m", "user": "u", "Model": "m", "models": "m"}, table)
    assert outline(Content(tuple(walk.parts), tuple(walk.inert), "m")) == [
        "text /user: field: u",
        "opaque /Model",
        "text /models: field: models",
        "text /models: field: m",
    ]
