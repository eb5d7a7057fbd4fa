"""The operator's files: YAML 1.2 that reads one way only, and every mistake with its line."""

from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proxy import documents
from proxy.errors import ConfigurationError


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Inner(_Entry):
    colour: Literal["red", "green", "blue"] = "red"
    size: int = 1


class Outer(_Entry):
    name: str = ""
    on: bool = False
    ratio: float = 0.0
    number: int = 0
    inner: Inner = Inner()
    several: tuple[Inner, ...] = Field((), min_length=0)
    some: tuple[Inner, ...] | None = Field(None, min_length=1)
    aliased: str = Field("", alias="in")
    free: Any = None


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return path


READ: list[tuple[str, str, dict[str, Any]]] = [
    ("nothing set", "{}", {}),
    ("words", "name: some words", {"name": "some words"}),
    ("a word that YAML 1.1 reads as true", "name: yes", {"name": "yes"}),
    ("a word that YAML 1.1 reads as minutes", "free: 1:30", {"free": "1:30"}),
    ("a number in quotes", 'name: "5"', {"name": "5"}),
    ("a date stays words", "name: 2024-05-01", {"name": "2024-05-01"}),
    ("a block of words", "name: |\n  a\n  b\n", {"name": "a\nb\n"}),
    ("true", "on: true", {"on": True}),
    ("numbers", "ratio: 1.5e1\nnumber: 0x1F", {"ratio": 15.0, "number": 31}),
    ("nothing", "free: ~", {"free": None}),
    ("lists are tuples", "free: [1, [2, a]]", {"free": (1, (2, "a"))}),
    ("keys are words", "free: {1: a}", {"free": {"1": "a"}}),
    ("an alias of the model", "in: here", {"aliased": "here"}),
    ("a merge key is a word", "free: {<<: {a: 1}}", {"free": {"<<": {"a": 1}}}),
    ("a merge mark is a word", "free: <<", {"free": "<<"}),
    ("a comment first", "# yaml-language-server\nname: a", {"name": "a"}),
    ("a document mark first", "---\nname: a", {"name": "a"}),
    ("windows' line ends", "name: a\r\non: true\r\n", {"name": "a", "on": True}),
    ("beyond ASCII", "name: Zoë 🙂", {"name": "Zoë 🙂"}),
]


@pytest.mark.parametrize(("text", "plain"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_read(tmp_path: Path, text: str, plain: dict[str, Any]) -> None:
    """What the file says, in YAML 1.2."""
    assert documents.load(written(tmp_path, text), Outer).model_dump(exclude_unset=True) == plain


DEEP = "nested deeper than 100 levels"

MISTAKES: list[tuple[str, str | bytes, list[str]]] = [
    ("empty", "", ["1: the file is empty"]),
    ("only remarks", "# nothing\n", ["1: the file is empty"]),
    ("a list", "- a", ["1: a mapping (`name: value` lines) is expected"]),
    ("a word", "a", ["1: a mapping (`name: value` lines) is expected"]),
    ("not UTF-8", b"name: a\non: \xff\n", ["2: the file is not UTF-8"]),
    ("UTF-16", "name: a".encode("utf-16"), ["1: the file is not UTF-8"]),
    ("a control character", "name: a\non: \x00", ["2: not YAML: a character that must not stand in it"]),
    (
        "a tab for an indent",
        "inner:\n\tsize: 1",
        ["2: not YAML: while scanning for the next token: found character '\\t' that cannot start any token"],
    ),
    (
        "an open list",
        "free: [1",
        ["1: not YAML: while parsing a flow sequence: expected ',' or ']', but got '<stream end>'"],
    ),
    (
        "two documents",
        "name: a\n---\nname: b",
        ["2: not YAML: expected a single document in the stream: but found another document"],
    ),
    ("a key twice", "name: a\non: true\nname: b", ["3: name: given twice, first on line 1"]),
    ("a key twice, deep", "several:\n- size: 1\n  size: 2", ["3: several[0].size: given twice, first on line 2"]),
    ("an anchor", "name: &a x", ["1: name: anchors and aliases are not read; write the value out"]),
    (
        "an alias",
        "inner: &a {size: 2}\nfree: *a",
        [
            "1: inner: anchors and aliases are not read; write the value out",
            "2: free: anchors and aliases are not read; write the value out",
        ],
    ),
    ("a tag of one's own", "free: !secret x", ["1: free: the tag !secret is not read"]),
    (
        "a tag of Python's",
        "free: !!python/name:os.system",
        ["1: free: the tag tag:yaml.org,2002:python/name:os.system is not read"],
    ),
    ("a tag on a list", "free: !mine [1]", ["1: free: the tag !mine is not read"]),
    ("a tag that does not fit", "free: !!int many", ["1: free: 'many' is no int"]),
    ("a tag that YAML 1.1 would fit", "on: !!bool yes", ["1: on: 'yes' is no bool"]),
    ("another YAML", "# first\n%YAML 1.1\n---\non: yes", ["2: directives are not read; the file is YAML 1.2"]),
    ("a list for a key", "? [a]\n: b", ["1: a key must be a plain word"]),
    ("very deep", "free: " + "[" * 150 + "]" * 150, [f"1: {DEEP}"]),
    ("deeper than Python goes", "free: " + "[" * 5000 + "]" * 5000, [f"1: {DEEP}"]),
    ("a word of YAML 1.1 for true", "on: yes", ["1: on: Input should be a valid boolean"]),
    ("a number for words", "name: 5", ["1: name: Input should be a valid string"]),
    ("words for a number", "number: five", ["1: number: Input should be a valid integer"]),
    ("a number in quotes for a number", 'number: "5"', ["1: number: Input should be a valid integer"]),
    ("a list for a mapping", "inner: [1]", ["1: inner: Input should be a valid dictionary or instance of Inner"]),
    ("an unknown key", "nam: a", ["1: unknown key 'nam'; did you mean 'name'?"]),
    (
        "an unknown key, near to none",
        "xyz: a",
        ["1: unknown key 'xyz'; valid: free, in, inner, name, number, on, ratio, several, some"],
    ),
    (
        "an unknown key, deep",
        "several:\n- size: 1\n- colur: red",
        ["3: several[1]: unknown key 'colur'; did you mean 'colour'?"],
    ),
    (
        "an unknown key in an optional list",
        "some:\n- sise: 1",
        ["2: some[0]: unknown key 'sise'; did you mean 'size'?"],
    ),
    ("an unknown value", "inner:\n  colour: grean", ["2: inner.colour: unknown value 'grean'; did you mean 'green'?"]),
    (
        "an unknown value, near to none",
        "inner: {colour: x}",
        ["1: inner.colour: unknown value 'x'; valid: blue, green, red"],
    ),
    ("a list too short", "some: []", ["1: some: Tuple should have at least 1 item after validation, not 0"]),
    (
        "all at once, in the order of lines",
        "number: five\ninner:\n  colour: grean\non: yes\nnam: a",
        [
            "1: number: Input should be a valid integer",
            "3: inner.colour: unknown value 'grean'; did you mean 'green'?",
            "4: on: Input should be a valid boolean",
            "5: unknown key 'nam'; did you mean 'name'?",
        ],
    ),
]


@pytest.mark.parametrize(("text", "problems"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_mistakes(tmp_path: Path, text: str | bytes, problems: list[str]) -> None:
    """Each is told once, with its line, its place, and what is valid."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as error:
        documents.load(path, Outer)
    assert error.value.problems == tuple(f"{path}:{problem}" for problem in problems)


def test_a_missing_key() -> None:
    """Told where it is missing; also for what was not read from a file."""

    class Needs(_Entry):
        name: str

    with pytest.raises(ValidationError) as error:
        Needs.model_validate({})
    assert documents.problems_of(error.value, Needs) == ["'name' is missing"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """And a folder in its place."""
    for path, why in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigurationError) as error:
            documents.load(path, Outer)
        assert error.value.problems == (f"{path}:1: the file cannot be read: {why}",)


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not parsed."""
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    path = written(tmp_path, "name: 12345")
    with pytest.raises(ConfigurationError) as error:
        documents.load(path, Outer)
    assert error.value.problems == (f"{path}:1: the file is larger than 10 bytes",)


def test_lines_for_checks_of_ones_own(tmp_path: Path) -> None:
    """A problem that the model cannot see is told at its line, or at that of what is around it."""
    located = documents.load_located(written(tmp_path, "name: a\nseveral:\n- size: 1\n-\n  size: 2"), Outer)
    assert located.problem(("several", 1, "size"), "why") == f"{located.path}:5: several[1].size: why"
    assert located.problem(("several", 0, "colour"), "why") == f"{located.path}:3: several[0].colour: why"
    assert located.problem((), "why") == f"{located.path}:1: why"


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%#,? \n\t0.~", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever an operator writes: a value, or a ConfigurationError with a line."""
    path = Path(__file__).with_name("does-not-matter.yaml")
    try:
        node = documents._compose(text, path)
        lines: dict[tuple[str | int, ...], int] = {}
        problems: list[tuple[int, str]] = []
        documents._plain(node, (), lines, problems)
        told = [f"{path}:{line}: {words}" for line, words in problems]
    except ConfigurationError as error:
        told = list(error.problems)
    assert all(problem.startswith(f"{path}:") and problem.split(":")[1].isdigit() for problem in told)
