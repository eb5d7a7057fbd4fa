"""Cases: one format, read strictly; and request files, which are bodies or cases."""

import base64
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy import case
from proxy.case import (
    CallerCase,
    Case,
    Expected,
    body_of,
    cases_in,
    load_cases,
    parse_case,
    path_of,
    read_file,
    request_of,
)
from proxy.errors import ConfigurationError

HERE = Path("cases.jsonl")


# ---- reading


def test_a_case_whole() -> None:
    """Every field of the format."""
    line = orjson.dumps(
        {
            "id": "one",
            "rule": "bio-identify-verify",
            "caller": {"organization": "private", "approvals": [{"scope": ["C03"]}], "on_behalf_of": "unknown"},
            "attributes": "camera=dash",
            "method": "PUT",
            "path": "/openai/v1/embeddings",
            "headers": {"X-Some": "thing"},
            "body": {"model": "m", "input": "x"},
            "content_type": "application/json; charset=utf-8",
            "expect": {"outcome": "block", "rules": ["a"], "undetermined": ["b"], "shadow": [], "status": 403},
        }
    )
    found = parse_case(line, HERE)
    assert found.caller is not None
    assert (found.id, found.rule, found.caller.organization, found.caller.on_behalf_of) == (
        "one",
        "bio-identify-verify",
        "private",
        "unknown",
    )
    assert found.caller.approvals[0].reference == "approval on file"
    assert (found.method, path_of(found), found.headers) == ("PUT", "/openai/v1/embeddings", {"X-Some": "thing"})
    assert found.expect == Expected(outcome="block", rules=("a",), undetermined=("b",), shadow=(), status=403)


def test_facts_for_a_body() -> None:
    """True, false or unknown, by name."""
    found = parse_case(
        b'{"caller": {}, "facts": {"media.images": true, "media.faces": "unknown", "media.audio": false}}', HERE
    )
    assert (found.facts, found.caller) == (
        {"media.images": True, "media.faces": "unknown", "media.audio": False},
        CallerCase(),
    )


def test_the_body_of_a_call_is_a_case_of_its_own() -> None:
    """So a line of a log of bodies is a line of cases."""
    found = parse_case(b'{"model": "m", "messages": []}', HERE)
    assert (found.body, path_of(found)) == ({"model": "m", "messages": []}, "/openai/v1/chat/completions")


MISTAKES: list[tuple[str, bytes, str]] = [
    ("not JSON", b'{"body": ', "3: not JSON: Expecting value (column 10)"),
    ("not an object", b"[1]", "3: a JSON object is expected"),
    (
        "not UTF-8",
        b'{"body": "\xff"}',
        "3: not JSON: 'utf-8' codec can't decode byte 0xff in position 10: invalid start byte",
    ),
    (
        "a key twice",
        b'{"body": {"a": 1, "a": 2}}',
        "3: not JSON: the key 'a' is given twice in one object; a body that is to have it twice is a file: @file:",
    ),
    ("NaN", b'{"body": {"a": NaN}}', "3: not JSON: NaN is no JSON"),
    ("too large a number", b'{"body": {"a": 1e400}}', "3: not JSON: 1e400 is beyond double precision"),
    ("too large an integer", b'{"body": {"a": 99999999999999999999999}}', "3: not JSON: Integer exceeds 64-bit range"),
    ("too deep", b'{"body": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "3: not JSON: nested too deeply"),
    ("body and facts", b'{"caller": {}, "body": {}, "facts": {}}', "3: a case has either a `body` or `facts`"),
    (
        "tenant and caller",
        b'{"tenant": "t", "caller": {}, "body": {}}',
        "3: a case has either a `tenant` or a `caller`",
    ),
    ("an unknown key", b'{"body": {}, "tennant": "t"}', "3: unknown key 'tennant'; did you mean 'tenant'?"),
    (
        "an unknown fact",
        b'{"caller": {}, "facts": {"media.image": true}}',
        "3: facts: unknown fact 'media.image'; did you mean 'media.images'?",
    ),
    (
        "an unknown organisation",
        b'{"caller": {"organization": "police_departmen"}, "body": {}}',
        "3: caller.organization: unknown value 'police_departmen'; did you mean 'police_department'?",
    ),
    (
        "an unknown outcome",
        b'{"body": {}, "expect": {"outcome": "blocked"}}',
        "3: expect.outcome: unknown value 'blocked'; did you mean 'block'?",
    ),
    ("a header twice", b'{"body": {}, "headers": {"A": "1", "a": "2"}}', "3: headers: a header is given twice"),
]


@pytest.mark.parametrize(("line", "problem"), [one[1:] for one in MISTAKES], ids=[one[0] for one in MISTAKES])
def test_mistakes(line: bytes, problem: str) -> None:
    """Each is told with file and line; never is one of two readings chosen silently."""
    with pytest.raises(ConfigurationError) as error:
        parse_case(line, HERE, 3)
    assert error.value.problems == (f"{HERE}:{problem}",)


# ---- files of cases


JSONL = b'{"id": "one", "body": {}}\n\nnot JSON\n{"body": {}}\r\n{"bodi": 1, "messages": "\xc2\x85"}'


def test_each_line_stands_alone() -> None:
    """A line that is no case does not hide the next; one without id is called by its line. U+0085 ends no line."""
    found = list(cases_in(JSONL, HERE))
    assert [one.id if isinstance(one, Case) else one.problems for one in found] == [
        "one",
        ("cases.jsonl:3: not JSON: Expecting value (column 1)",),
        "cases.jsonl:4",
        "cases.jsonl:5",
    ]


def test_a_file_that_must_be_good(tmp_path: Path) -> None:
    """Where every case counts, all mistakes are told together."""
    path = tmp_path / "cases.jsonl"
    path.write_bytes(b"no\n{}\n[]\n")
    with pytest.raises(ConfigurationError) as error:
        load_cases(path)
    assert error.value.problems == (
        f"{path}:1: not JSON: Expecting value (column 1)",
        f"{path}:3: a JSON object is expected",
    )
    path.write_bytes(b'{"id": "one", "body": {"temperature": 0.5}}\n')
    assert [(one.id, one.body) for one in load_cases(path)] == [("one", {"temperature": 0.5})]


@pytest.mark.parametrize("name", ["tests.yaml", "tests.yml"])
def test_cases_in_yaml(tmp_path: Path, name: str) -> None:
    """The same format; mistakes have their line there."""
    path = tmp_path / name
    path.write_text("cases:\n- {id: one, tenant: t, body: {messages: []}}\n", encoding="utf-8")
    (found,) = load_cases(path)
    assert (found.id, body_of(found, tmp_path)) == ("one", b'{"messages":[]}')
    path.write_text("cases:\n- id: one\n  boddy: {}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_cases(path)
    assert f"{path}:3: cases[0]: unknown key 'boddy'; did you mean 'body'?" in error.value.problems


# ---- a request file


PLAIN: list[tuple[str, bytes]] = [
    ("a chat", b'{"model": "m", "messages": []}'),
    ("spaces kept", b'  { "messages" : [ ] }\n'),
    ("a key twice", b'{"messages": [], "messages": []}'),
    ("NaN", b'{"messages": [], "temperature": NaN}'),
    ("fields of a case inside", b'{"messages": [], "body": {}, "facts": {}}'),
]


@pytest.mark.parametrize("data", [one[1] for one in PLAIN], ids=[one[0] for one in PLAIN])
def test_a_body_is_given_back_as_it_is(data: bytes) -> None:
    """Byte for byte, for the server's own reader to judge."""
    found, body = request_of(data, HERE)
    assert (path_of(found), body) == ("/openai/v1/chat/completions", data)


@pytest.mark.parametrize(
    "data",
    [b"\xff", b'{"messages": ', b"[" * 100_000, b"[1]", b"", b'{"messages": []} trailing'],
    ids=["not UTF-8", "cut off", "deep", "a list", "empty", "something after it"],
)
def test_what_is_no_json_is_a_body_where_the_path_is_given(data: bytes) -> None:
    """The server would be asked, and refuse it; without a path it is a mistake of the user's."""
    found, body = request_of(data, HERE, "/openai/v1/embeddings")
    assert (path_of(found), body) == ("/openai/v1/embeddings", data)
    with pytest.raises(ConfigurationError, match=r"^cases.jsonl:1: "):
        request_of(data, HERE)


def test_a_case_in_a_request_file() -> None:
    """Its body is its own; it is read strictly."""
    found, body = request_of(b'{"id": "one", "tenant": "t", "body": {"input": "x"}}', HERE)
    assert (found.id, path_of(found), body) == ("one", "/openai/v1/responses", None)
    with pytest.raises(ConfigurationError, match="given twice"):
        request_of(b'{"body": {"a": 1, "a": 2}}', HERE)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"messages": []}, "/openai/v1/chat/completions"),
        ({"input": ""}, "/openai/v1/responses"),
        ({"prompt": ""}, "/openai/v1/completions"),
        ({"model": "m"}, None),
        ([], None),
    ],
)
def test_the_operation_is_told_by_the_body(keys: Any, path: str | None) -> None:
    """Where it can be told."""
    found = Case(id="one", body=keys)
    if path:
        assert path_of(found) == path
        return
    with pytest.raises(ConfigurationError, match="case one: `path` is missing"):
        path_of(found)


# ---- files in bodies


def test_files_become_data_uris(tmp_path: Path) -> None:
    """Wherever a string names one, with the type that its name tells; a file that is the whole body stays bytes."""
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "b.unknown").write_bytes(b"b")
    inner = {"url": "@file:a.jpg", "list": ["@file:b.unknown", 1, None, "a @file:a.jpg"]}
    encoded = base64.b64encode(b"\xff\xd8").decode()
    assert orjson.loads(body_of(Case(body=inner), tmp_path)) == {
        "url": f"data:image/jpeg;base64,{encoded}",
        "list": ["data:application/octet-stream;base64,Yg==", 1, None, "a @file:a.jpg"],
    }
    assert body_of(Case(body="@file:a.jpg"), tmp_path) == b"\xff\xd8"


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake names the file."""
    monkeypatch.setattr(case, "MAX_FILE", 3)
    (tmp_path / "large").write_bytes(b"1234")
    for name, words in (("none", "No such file"), ("large", "larger than 3 bytes"), ("nul\0", "null")):
        with pytest.raises(ConfigurationError, match=words):
            body_of(Case(body={"a": f"@file:{name}"}), tmp_path)


@pytest.mark.parametrize(
    ("name", "why"),
    [("none.json", "No such file or directory"), (".", "Is a directory"), ("x" * 300, "File name too long")],
    ids=["missing", "a folder", "no name that a file could have"],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, why: str) -> None:
    """Which, and the system's reason."""
    path = tmp_path / name
    with pytest.raises(ConfigurationError) as raised:
        read_file(path)
    assert raised.value.problems == (f"{path}:1: the file cannot be read: {why}",)


def test_what_earlier_requests_showed() -> None:
    """Facts by the kind and id of what they made; ids may hold what they like."""
    past = {"response/resp_1": {"media.faces": True}, "file/a/b": {}, "sealed/x=": {"media.faces": "unknown"}}
    assert parse_case(orjson.dumps({"body": {"input": "x"}, "past": past}), HERE).past == past


PASTS = {
    "no kind": ({"resp_1": {}}, "'resp_1' names no thing; it is called KIND/ID, as in response/resp_1"),
    "no id": ({"response/": {}}, "'response/' names no thing"),
    "a fact that is none": ({"response/resp_1": {"media.face": True}}, "unknown fact 'media.face'; did you mean 'media.faces'"),
    "a word": ({"response/resp_1": {"media.faces": "maybe"}}, "past.response/resp_1.media.faces"),
}  # fmt: skip


@pytest.mark.parametrize("name", PASTS)
def test_a_past_that_is_none(name: str) -> None:
    """Each mistake is told."""
    past, told = PASTS[name]
    with pytest.raises(ConfigurationError) as mistake:
        parse_case(orjson.dumps({"body": {"input": "x"}, "past": past}), HERE)
    assert told in str(mistake.value)


def test_facts_have_no_past() -> None:
    """They name nothing that it could tell of."""
    with pytest.raises(ConfigurationError, match="names nothing that `past` could tell of"):
        parse_case(orjson.dumps({"facts": {}, "past": {"response/resp_1": {}}}), HERE)
