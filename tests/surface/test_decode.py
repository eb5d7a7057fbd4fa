"""One reading only, or a refusal that says why."""

import base64
import gzip
import zlib
from typing import Any

import orjson
import pytest
from support.bodies import JSON, LIMITS, PICTURE_URI, inbound

from proxy.errors import BadRequest, RequestError, TooLarge, UnsupportedMedia
from proxy.surface.decode import read_json
from proxy.surface.limits import Limits
from proxy.surface.media import MARK, Cut

GZIP = ("content-encoding", "gzip")
LONG = b"x" * 70_000


def deep(levels: int) -> bytes:
    """An object with lists `levels` deep."""
    return b'{"a":' + b"[" * levels + b"]" * levels + b"}"


READ: dict[str, tuple[bytes, Any]] = {
    "an empty object": (b"{}", {}),
    "white space around": (b' \r\n\t{"a" : 1} \n', {"a": 1}),
    "escapes, undone": (b'{"\\u0061":"\\u00e9\\/\\n\\ud83d\\ude00"}', {"a": "\u00e9/\n\U0001f600"}),
    "UTF-8": ('{"a":"é世😀"}'.encode(), {"a": "é世😀"}),
    "the largest integers of 64 bits": (
        b'{"a":18446744073709551615,"b":-9223372036854775808,"c":9007199254740993}',
        {"a": 18446744073709551615, "b": -9223372036854775808, "c": 9007199254740993},
    ),
    "floats": (b'{"a":1e5,"b":-0.0,"c":1e-400}', {"a": 100000.0, "b": -0.0, "c": 0.0}),
    "the same key in two objects": (b'{"a":{"b":1},"c":{"b":2}}', {"a": {"b": 1}, "c": {"b": 2}}),
    "keys that differ by more than case": (
        b'{"data_sources":1,"dataSources":2}',
        {"data_sources": 1, "dataSources": 2},
    ),
    "NUL, escaped": (b'{"a":"\\u0000"}', {"a": "\0"}),
    "words that look like structure": (b'{"a":"' + b"[{," * 200 + b'"}', {"a": "[{," * 200}),
    "as deep as is allowed": (deep(63), orjson.loads(deep(63))),
}


@pytest.mark.parametrize("case", READ)
def test_read(case: str) -> None:
    """What is well formed is read as it stands."""
    body, tree = READ[case]
    found = read_json(inbound(body), LIMITS)
    assert (found, repr(found)) == (tree, repr(tree))


MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the body is not JSON: "),
    "truncated": (b'{"a":[1,2', "the body is not JSON: "),
    "truncated in a string": (b'{"a":"b', "the body is not JSON: "),
    "two documents": (b"{}{}", "the body is not JSON: "),
    "a trailing comma": (b'{"a":1,}', "the body is not JSON: "),
    "a comment": (b'{"a":1/**/}', "the body is not JSON: "),
    "single quotes": (b"{'a':1}", "the body is not JSON: "),
    "a raw control character": (b'{"a":"\n"}', "the body is not JSON: "),
    "a bad escape": (b'{"a":"\\x41"}', "the body is not JSON: "),
    "a list": (b"[1]", "must be a JSON object"),
    "a string": (b'"a"', "must be a JSON object"),
    "null": (b"null", "must be a JSON object"),
    "Latin-1": ('{"a":"é"}'.encode("latin-1"), "not UTF-8 (byte 6)"),
    "overlong UTF-8": (b'{"a":"\xc0\xaf"}', "not UTF-8 (byte 6)"),
    "a surrogate in UTF-8": (b'{"a":"\xed\xa0\x80"}', "not UTF-8 (byte 6)"),
    "UTF-16 with a mark": ('{"a":1}'.encode("utf-16"), "not UTF-8 (byte 0)"),
    "UTF-16 without a mark": ('{"a":1}'.encode("utf-16-le"), "the body is not JSON: "),
    "UTF-32": ('{"a":1}'.encode("utf-32-be"), "the body is not JSON: "),
    "a byte-order mark": (b'\xef\xbb\xbf{"a":1}', "begins with a byte-order mark"),
    "a byte-order mark within": (b'\n\xef\xbb\xbf{"a":1}', "the body is not JSON: "),
    "a repeated key": (b'{"model":"a","model":"b"}', "the key 'model' is given twice in one object"),
    "a repeated key, escaped": (b'{"model":"a","\\u006dodel":"b"}', "the key 'model' is given twice"),
    "a repeated key in another case": (b'{"messages":1,"Messages":2}', "the key 'Messages' is given twice"),
    "a repeated key, case-folded": (b'{"stra\xc3\x9fe":1,"STRASSE":2}', "the key 'STRASSE' is given twice"),
    "a repeated key far inside": (b'{"a":[{"b":{"c":1,"c":1}}]}', "the key 'c' is given twice"),
    "NaN": (b'{"a":NaN}', "NaN is not JSON"),
    "Infinity": (b'{"a":Infinity}', "Infinity is not JSON"),
    "-Infinity": (b'{"a":-Infinity}', "-Infinity is not JSON"),
    "a float beyond double": (b'{"a":1e999}', "the number 1e999 is beyond double precision"),
    "an integer of 65 bits": (b'{"a":18446744073709551616}', "the integer 18446744073709551616 is beyond 64 bits"),
    "an integer below 64 bits": (b'{"a":-9223372036854775809}', "the integer -9223372036854775809 is beyond"),
    "an integer of 100,000 digits": (
        b'{"a":' + b"9" * 100_000 + b"}",
        "the integer 999999999999999999999999 is beyond",
    ),
    "a leading zero": (b'{"a":01}', "not JSON"),
    "64 lists in an object": (deep(65), "nested deeper than 64 levels"),
    "10,000 deep": (deep(10_000), "nested too deeply"),
    "10,000 deep and never closed": (b'{"a":' + b"[" * 10_000, "nested too deeply"),
    "objects 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str) -> None:
    """Everything that two parsers could read differently is refused."""
    body, message = MALFORMED[case]
    with pytest.raises(BadRequest) as refusal:
        read_json(inbound(body), LIMITS)
    assert message in refusal.value.message


def test_place_of_depth() -> None:
    """What is nested too deeply is named by where it begins to be."""
    with pytest.raises(BadRequest) as refusal:
        read_json(inbound(b'{"a":{"b":[[[[[[[[[[0]]]]]]]]]]}}'), Limits(json_depth=9))
    assert str(refusal.value.location) == "/a/b/0/0/0/0/0/0"


def test_no_limit_is_deeper_than_what_follows_can_walk() -> None:
    """A limit of thousands of levels is no leave to crash."""
    with pytest.raises(BadRequest, match="nested deeper than 200 levels"):
        read_json(inbound(deep(300)), Limits(json_depth=100_000))


TYPES: dict[str, bool] = {
    "application/json": True,
    "Application/JSON": True,
    "application/json; charset=utf-8": True,
    'application/json;charset="UTF-8"': True,
    "": False,
    "application/json; charset=utf-16": False,
    "application/json; charset=latin-1": False,
    "application/json; charset=utf-7": False,
    "application/json; charset=utf-8; charset=utf-16": False,
    "application/json; boundary=x": False,
    "application/json, text/plain": False,
    "application/jsonx": False,
    "application/vnd.api+json": False,
    "application/x-www-form-urlencoded": False,
    "multipart/form-data; boundary=x": False,
    "text/plain": False,
    "text/json": False,
    " application/json": False,
}


@pytest.mark.parametrize("value", TYPES)
def test_content_type(value: str) -> None:
    """JSON in UTF-8 and nothing else."""
    assert accepts(b"{}", ("content-type", value)) == TYPES[value]


def accepts(body: bytes, *headers: tuple[str, str]) -> bool:
    """Whether a body is read; a type or coding that is not read is a 415."""
    try:
        read_json(inbound(body, headers=headers), LIMITS)
    except UnsupportedMedia:
        return False
    return True


def test_content_type_missing_or_twice() -> None:
    """One content type, no more and no less."""
    assert [accepts(b"{}"), accepts(b"{}", JSON, JSON), accepts(b"{}", JSON)] == [False, False, True]


CODINGS: dict[str, tuple[tuple[str, ...], bool]] = {
    "none": ((), True),
    "identity": (("identity",), True),
    "empty": (("",), True),
    "in capitals": (("GZIP",), True),
    "twice in one": (("gzip, gzip",), False),
    "twice in two": (("gzip", "gzip"), False),
    "with identity": (("identity, gzip",), False),
    "and an empty one": (("gzip", ""), False),
    "x-gzip": (("x-gzip",), False),
    "deflate": (("deflate",), False),
    "br": (("br",), False),
    "zstd": (("zstd",), False),
    "compress": (("compress",), False),
    "chunked": (("chunked",), False),
    "*": (("*",), False),
}


@pytest.mark.parametrize("case", CODINGS)
def test_content_coding(case: str) -> None:
    """Gzip once or no coding; every other coding is refused, whatever the bytes are."""
    codings, read = CODINGS[case]
    body = gzip.compress(b"{}") if case == "in capitals" else b"{}"
    assert accepts(body, JSON, *(("content-encoding", coding) for coding in codings)) == read


def bomb(size: int) -> bytes:
    """A gzip body that inflates to `size` bytes of a JSON object."""
    return gzip.compress(b'{"a":"' + b" " * (size - 8) + b'"}')


COMPRESSED: dict[str, tuple[bytes, type[RequestError], str]] = {
    "not gzip": (b"{}", BadRequest, "not valid gzip"),
    "zlib": (zlib.compress(b"{}"), BadRequest, "not valid gzip"),
    "empty": (b"", BadRequest, "truncated, or something follows"),
    "truncated": (gzip.compress(b"{}" + b" " * 99)[:-9], BadRequest, "truncated, or something follows"),
    "a wrong checksum": (gzip.compress(b"{}")[:-8] + b"\0" * 8, BadRequest, "not valid gzip"),
    "two members": (gzip.compress(b"{") + gzip.compress(b"}"), BadRequest, "truncated, or something follows"),
    "a tail": (gzip.compress(b"{}") + b"x", BadRequest, "truncated, or something follows"),
    "within gzip": (gzip.compress(gzip.compress(b"{}", mtime=0)), BadRequest, "not UTF-8"),
    "a bomb by ratio": (bomb(3_000_000), TooLarge, "inflates to more than"),
    "10,000 deep": (gzip.compress(deep(10_000), 1), BadRequest, "nested too deeply"),
}


@pytest.mark.parametrize("case", COMPRESSED)
def test_compressed(case: str) -> None:
    """A gzip body is whole, single, and inflates within limits, or is refused."""
    body, error, message = COMPRESSED[case]
    with pytest.raises(error) as refusal:
        read_json(inbound(body, headers=(JSON, GZIP)), LIMITS)
    assert (type(refusal.value), message in refusal.value.message) == (error, True)


def test_inflated_bytes() -> None:
    """The limit on inflated bytes holds to the byte."""
    limits = Limits(inflated_bytes=1_000, inflation_ratio=10_000)
    assert read_json(inbound(bomb(1_000), headers=(JSON, GZIP)), limits) == {"a": " " * 992}
    with pytest.raises(TooLarge, match="more than 1000 bytes"):
        read_json(inbound(bomb(1_001), headers=(JSON, GZIP)), limits)


MANY: dict[str, tuple[bytes, bool]] = {
    "as many as are allowed": (b'{"a":[' + b",".join([b"0"] * 8) + b"]}", True),
    "one more": (b'{"a":[' + b",".join([b"0"] * 9) + b"]}", False),
    "empty lists": (b'{"a":[' + b",".join([b"[]"] * 9) + b"]}", False),
    "lists in lists": (b'{"a":' + b"[" * 12 + b"]" * 12 + b"}", False),
    "short strings": (b'{"a":[' + b",".join([b'""'] * 12) + b"]}", False),
    "signs within a string": (b'{"a":"' + b'[{,\\"' * 12 + b'"}', True),
    "signs within a string that ends in a backslash": (b'{"a":"' + b"," * 12 + b'\\\\"}', True),
}


@pytest.mark.parametrize("case", MANY)
def test_number_of_values(case: str) -> None:
    """Values are counted before the parser makes them; signs within strings are none."""
    body, read = MANY[case]
    limits = Limits(leaves=10)
    if read:
        assert list(read_json(inbound(body), limits)) == ["a"]
    else:
        with pytest.raises(TooLarge, match="more than 10 values"):
            read_json(inbound(body), limits)


@pytest.mark.parametrize("end", ['"', '\\"', "\\", "", "\\\\"])
def test_number_of_values_in_what_is_no_json(end: str) -> None:
    """A string that never ends is scanned once, then refused by the parser."""
    with pytest.raises(BadRequest, match="not JSON"):
        read_json(inbound(b'{"a":"' + b'\\",' * 1_000 + end.encode()), Limits(leaves=10))


def uri(data: bytes, kind: str = "image/png") -> bytes:
    """A data URI."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}".encode()


def test_cut() -> None:
    """Long inline data are cut out whole, with their type and bytes, wherever a value may stand; words stay."""
    body = b'{"a":"%b","b":["%b",{"c":"%b"}],"d":"see %b"}' % (
        uri(LONG),
        uri(b"\xff" * 2_000, "A/b"),
        uri(b"x"),
        uri(LONG),
    )
    found = read_json(inbound(body), LIMITS)
    cuts = [found["a"], found["b"][0]]
    assert [(type(cut), cut.declared, cut.data) for cut in cuts] == [
        (Cut, "image/png", LONG),
        (Cut, "A/b", b"\xff" * 2_000),
    ]
    assert [cut.restored().encode() for cut in cuts] == [uri(LONG), uri(b"\xff" * 2_000, "A/b")]
    assert found["b"][1] == {"c": uri(b"x").decode()}
    assert found["d"] == "see " + uri(LONG).decode()


NOT_CUT: dict[str, str] = {
    "upper case": PICTURE_URI.replace("data:", "DATA:"),
    "a parameter": PICTURE_URI.replace(";base64", ";charset=x;base64"),
    "no type": PICTURE_URI.replace("image/png", ""),
    "broken padding": PICTURE_URI.rstrip("=") + ("" if PICTURE_URI.endswith("=") else "="),
    "url-safe": PICTURE_URI.replace("+", "-", 1) if "+" in PICTURE_URI else PICTURE_URI + "-",
    "white space": PICTURE_URI + " ",
    "spare bits": "data:image/png;base64," + "A" * 4_000 + "AB==",
    "words behind": PICTURE_URI + " and more",
    "words before": "a " + PICTURE_URI,
}


@pytest.mark.parametrize("case", NOT_CUT)
def test_not_cut(case: str) -> None:
    """What does not decode in exactly one way is left as it stands for the readers to judge."""
    found = read_json(inbound({"a": NOT_CUT[case], "b": "x" * 70_000}), LIMITS)
    assert (type(found["a"]), found["a"]) == (str, NOT_CUT[case])


def test_escaped_slashes_in_inline_data() -> None:
    """A data URI whose slashes are escaped is the same data URI."""
    found = read_json(inbound(b'{"a":"' + PICTURE_URI.replace("/", "\\/").encode() + b'"}'), LIMITS)
    assert found == {"a": PICTURE_URI}


@pytest.mark.parametrize(
    "body",
    [
        b'{"%b":1}' % PICTURE_URI.encode(),
        b'{"a":{"%b":1}}' % PICTURE_URI.encode(),
        b'{"a":[{"%b":{"b":"%b"}}]}' % (PICTURE_URI.encode(), PICTURE_URI.encode()),
    ],
)
def test_cut_as_a_key(body: bytes) -> None:
    """Inline data where a name should stand are refused."""
    with pytest.raises(BadRequest, match="inline data where no value may stand"):
        read_json(inbound(body), LIMITS)


NOT_A_VALUE: dict[str, tuple[bytes, bool]] = {
    "behind an escaped quote": (b'{"a":"x\\"%b"}', True),
    "behind the end of a string": (b'{"a":"x"%b"}', False),
    "outside a string": (b'{"a":%b}', False),
    "without end": (b'{"a":"%b', False),
}


@pytest.mark.parametrize("case", NOT_A_VALUE)
def test_cutting_makes_nothing_valid(case: str) -> None:
    """Inline data that do not fill a string are what they were: part of a string, or no JSON."""
    body, valid = NOT_A_VALUE[case]
    request = inbound(body % PICTURE_URI.encode())
    if valid:
        assert read_json(request, LIMITS) == {"a": 'x"' + PICTURE_URI}
    else:
        with pytest.raises(BadRequest, match="not JSON"):
            read_json(request, LIMITS)


def test_mark_is_told_to_nobody() -> None:
    """No message shows what stands in for cut data."""
    for body in (b'{"%b":1}', b'{"a":"%b"', b'{"a":"%b","a":1}', b'{"a":"%b"}}'):
        with pytest.raises(BadRequest) as refusal:
            read_json(inbound(body % PICTURE_URI.encode()), LIMITS)
        assert MARK not in refusal.value.message
