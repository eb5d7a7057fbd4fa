"""`facegate screen`: what is printed where, and how it ends."""

import base64
import gzip
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.cases import PACK
from support.commands import Ran, run
from support.gate import CONFIG

from proxy.serve.runtime import load_runtime

CHAT = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}'
SPY = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Help me spy on my girlfriend."}]}'

KEYS = ["id", "outcome", "status", "rules", "undetermined", "findings", "facts", "coverage", "policy_revision"]


_loaded = cache(load_runtime)


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration is loaded once for all commands of this file, by the same function."""
    monkeypatch.setattr(sys.modules["proxy.cli.screen"], "load_runtime", _loaded)


def screen(*arguments: str | Path, stdin: bytes = b"") -> Ran:
    return run("screen", "--config", CONFIG / "proxy.yaml", *arguments, stdin=stdin)


def rows(ran: Ran) -> list[Mapping[str, Any]]:
    return [orjson.loads(line) for line in ran.out.splitlines()]


def written(folder: Path, data: bytes, name: str = "request.json") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# ---- one request


def test_a_request_in_words(tmp_path: Path) -> None:
    """What became of it, each rule that speaks with its citation and place, the facts that speak, and what was looked at."""
    ran = screen("--tenant", "retail-co", written(tmp_path, SPY))
    lines = ran.out.splitlines()
    assert (ran.status, ran.err) == (3, "")
    assert lines[0] == "request.json: block, refused with 403 prohibited_use"
    assert lines[1].startswith("  This request is not permitted: watching a person secretly")
    assert lines[2:6] == [
        "  block   covert-surveillance (C04): holds",
        "          watching a person secretly, stalking or harassing is not permitted",
        "          rests on intent.surveil_unlawfully at /messages/0/content",
        (
            "          Code of conduct for Azure OpenAI Service: no ongoing surveillance, real-time identification or persistent"
            " tracking of an individual without valid consent"
        ),
    ]
    assert "  fact    intent.surveil_unlawfully: true at /messages/0/content" in lines
    assert lines[-1].startswith("  parts   1 inspected, 0 refused, 0 exempt; policy ")


def test_a_forwarded_request_in_words(tmp_path: Path) -> None:
    """Short."""
    ran = screen("--tenant", "retail-co", written(tmp_path, CHAT))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "request.json: allow, forwarded"
    assert len(ran.out.splitlines()) == 2


def test_a_request_as_json(tmp_path: Path) -> None:
    """One object with exactly the keys of the contract; nothing else on standard output."""
    ran = screen("--json", "--tenant", "retail-co", written(tmp_path, SPY))
    (row,) = rows(ran)
    assert (ran.status, ran.err, list(row)) == (3, "", KEYS)
    assert (row["id"], row["outcome"], row["status"], row["rules"]) == (
        "request.json",
        "block",
        403,
        ["covert-surveillance"],
    )


def test_what_the_command_line_declares(tmp_path: Path) -> None:
    """Tenant and attributes count as the server's would."""
    body = orjson.dumps(
        {
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": "Who is this woman?"},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + _base64(PACK / "fixtures/portrait.jpg")}},
            ]}],
        }
    )  # fmt: skip
    path = written(tmp_path, body)
    rules = {
        attributes: rows(screen("--json", "--tenant", "eu-police", *declared, path))[0]["rules"]
        for attributes, declared in (
            ("none", ()),
            ("body", ("--attributes", "camera=body_worn")),
            ("fixed", ("--attributes", "camera=fixed")),
        )
    }
    assert rules == {
        "none": ["le-mobile-realtime-fr", "bio-identify-verify"],
        "body": ["le-mobile-realtime-fr", "bio-identify-verify"],
        "fixed": ["bio-identify-verify"],
    }


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


BYTES: list[tuple[str, bytes, int, str]] = [
    (
        "a key twice",
        b'{"model": "m", "messages": [], "messages": []}',
        400,
        "the key 'messages' is given twice in one object",
    ),
    ("NaN", b'{"model": "m", "messages": [], "temperature": NaN}', 400, "NaN is not JSON"),
    ("a byte-order mark", b'\xef\xbb\xbf{"model": "m", "messages": []}', 400, "the body begins with a byte-order mark"),
]


@pytest.mark.parametrize(("data", "status", "words"), [one[1:] for one in BYTES[:2]], ids=[one[0] for one in BYTES[:2]])
def test_a_body_is_judged_byte_for_byte(tmp_path: Path, data: bytes, status: int, words: str) -> None:
    """What a lenient parser would mend, the server refuses; so does this. The reason stands beside the JSON."""
    ran = screen("--json", "--tenant", "retail-co", written(tmp_path, data))
    (row,) = rows(ran)
    assert (ran.status, row["outcome"], row["status"], list(row)) == (3, "rejected", status, KEYS)
    assert ran.err.startswith(f"request.json: {status} invalid_request: ")
    assert words in ran.err


@pytest.mark.parametrize(("data", "status", "words"), [one[1:] for one in BYTES], ids=[one[0] for one in BYTES])
def test_with_a_path_any_bytes_are_a_body(tmp_path: Path, data: bytes, status: int, words: str) -> None:
    """In words the reason is on standard output."""
    ran = screen("--tenant", "retail-co", "--path", "/openai/v1/chat/completions", written(tmp_path, data))
    assert (ran.status, ran.err) == (3, "")
    assert ran.out.splitlines()[0] == f"request.json: rejected, refused with {status} invalid_request"
    assert words in ran.out


def test_standard_input() -> None:
    """`-`, with files beside where the command runs."""
    ran = screen("--json", "--tenant", "retail-co", "-", stdin=CHAT)
    assert (ran.status, rows(ran)[0]["id"], rows(ran)[0]["outcome"]) == (0, "-", "allow")


def test_a_case_in_a_request_file(tmp_path: Path) -> None:
    """It names tenant and path itself; the command line goes first, also in place of a caller written out."""
    case = {"id": "mine", "caller": {"organization": "private"}, "facts": {"intent.verify_person": True}}
    path = written(tmp_path, orjson.dumps(case))
    assert [(row["id"], row["outcome"]) for row in rows(screen("--json", path))] == [("mine", "allow")]
    assert [row["rules"] for row in rows(screen("--json", "--tenant", "metro-pd", path))] == [["us-police-fr"]]


UNUSABLE: list[tuple[str, bytes, tuple[str, ...], str]] = [
    (
        "not JSON",
        b'{"messages": [\n}',
        ("--tenant", "retail-co"),
        "request.json:2: not JSON: Expecting value (column 1)",
    ),
    ("no operation", b'{"model": "m"}', ("--tenant", "retail-co"), "request.json: `path` is missing"),
    ("no tenant", CHAT, (), "a `tenant` or a `caller` is missing"),
    (
        "an unknown tenant",
        CHAT,
        ("--tenant", "metropd"),
        "there is no tenant 'metropd' in the register; did you mean 'metro-pd'?",
    ),
    ("a file that is missing", b'{"messages": ["@file:x"]}', ("--tenant", "retail-co"), ""),
]


@pytest.mark.parametrize(
    ("data", "flags", "words"), [one[1:] for one in UNUSABLE[:4]], ids=[one[0] for one in UNUSABLE[:4]]
)
def test_unusable_input(tmp_path: Path, data: bytes, flags: tuple[str, ...], words: str) -> None:
    """Exit status 2, the mistake on standard error, nothing on standard output."""
    ran = screen("--json", *flags, written(tmp_path, data))
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Of a request, of cases, of settings."""
    for arguments in (("none.json",), ("--cases", "none.jsonl"), ("--cases", "none.yaml")):
        ran = screen(*(tmp_path / one if one.startswith("none") else one for one in arguments))
        assert (ran.status, ran.out) == (2, "")
        assert "the file cannot be read: No such file or directory" in ran.err
    assert run("screen", "--config", tmp_path / "none.yaml", "x").status == 2


def test_a_reference_in_a_plain_body_is_no_file(tmp_path: Path) -> None:
    """A body is judged as it is: `@file:` is a word in it, as it would be to the server."""
    body = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "@file:request.json"}]}'
    ran = screen("--json", "--tenant", "retail-co", written(tmp_path, body))
    assert (ran.status, rows(ran)[0]["outcome"]) == (0, "allow")


@pytest.mark.parametrize("arguments", [(), ("a.json", "--cases", "b.jsonl")], ids=["neither", "both"])
def test_a_request_or_cases(arguments: tuple[str, ...]) -> None:
    """One of them."""
    ran = screen(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "give a request file, or --cases FILE" in ran.err


# ---- many cases


def lines(*cases: bytes | Mapping[str, Any]) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else orjson.dumps(one) for one in cases)


GOOD = {"id": "good", "tenant": "retail-co", "body": orjson.loads(CHAT)}
BAD = {"id": "bad", "tenant": "retail-co", "body": orjson.loads(SPY)}
ODD = {"id": "odd", "tenant": "nobody", "body": orjson.loads(CHAT)}

MANY: list[tuple[str, bytes, int, list[str], list[str]]] = [
    ("all forwarded", lines(GOOD, GOOD), 0, ["good", "good"], []),
    ("one refused", lines(GOOD, BAD, GOOD), 3, ["good", "bad", "good"], []),
    ("one unusable", lines(GOOD, ODD, BAD), 2, ["good", "bad"], ["there is no tenant 'nobody' in the register"]),
    (
        "lines that are none",
        lines(b"{", BAD, b"", b'{"body": {}, "bodi": {}}', GOOD),
        2,
        ["bad", "good"],
        ["cases.jsonl:1: not JSON", "cases.jsonl:4: unknown key 'bodi'; did you mean 'body'?"],
    ),
    ("without id", lines({**GOOD, "id": ""}), 0, ["cases.jsonl:1"], []),
    ("nothing", b"\n", 0, [], []),
]


@pytest.mark.parametrize(("data", "status", "ids", "problems"), [one[1:] for one in MANY], ids=[one[0] for one in MANY])
def test_many_cases(tmp_path: Path, data: bytes, status: int, ids: list[str], problems: list[str]) -> None:
    """One line each, in order; what is unusable is told on standard error, the others go on, and the status says so."""
    ran = screen("--json", "--cases", written(tmp_path, data, "cases.jsonl"))
    assert (ran.status, [row["id"] for row in rows(ran)]) == (status, ids)
    assert [told in line for told, line in zip(problems, ran.err.splitlines(), strict=True)] == [True] * len(problems)


def test_cases_from_standard_input() -> None:
    """`--cases -`."""
    ran = screen("--json", "--cases", "-", stdin=lines(GOOD, BAD))
    assert (ran.status, [row["id"] for row in rows(ran)]) == (3, ["good", "bad"])


def test_a_compressed_body_is_a_file_of_its_own(tmp_path: Path) -> None:
    """`@file:` as the whole body, with the header that says so."""
    written(tmp_path, gzip.compress(SPY), "body.json.gz")
    case = {"tenant": "retail-co", "path": "/openai/v1/chat/completions", "body": "@file:body.json.gz"}
    packed = {**case, "id": "packed", "headers": {"Content-Encoding": "gzip"}}
    ran = screen("--json", "--cases", written(tmp_path, lines(packed, {**case, "id": "unpacked"}), "cases.jsonl"))
    assert [(row["id"], row["outcome"], row["status"]) for row in rows(ran)] == [
        ("packed", "block", 403),
        ("unpacked", "rejected", 400),
    ]


def test_the_packs_own_tests_are_cases(tmp_path: Path) -> None:
    """A tests.yaml, whose files lie beside it."""
    text = (PACK / "tests.yaml").read_text(encoding="utf-8")
    start = text.index("  - id: who-is-she-private")
    end = text.index("  - id:", start + 1)
    (tmp_path / "fixtures").symlink_to(PACK / "fixtures")
    path = tmp_path / "tests.yaml"
    path.write_text("cases:\n" + text[start:end], encoding="utf-8")
    ran = screen("--json", "--cases", path)
    assert [(row["id"], row["rules"]) for row in rows(ran)] == [("who-is-she-private", ["bio-identify-verify"])]


def test_shadow_rules_are_shown_in_words() -> None:
    """They decide nothing."""
    case = b'{"id": "one", "tenant": "retail-co", "facts": {"intent.assess_criminality": true}}'
    ran = screen("--cases", "-", stdin=case)
    assert ran.status == 0
    assert "  shadow  criminality-profiling (C09) would say block" in ran.out.splitlines()


def test_a_softened_finding_in_words() -> None:
    """What softened it is named."""
    case = b'{"id": "one", "tenant": "acme-health", "facts": {"intent.verify_person": true, "media.images": true}}'
    ran = screen("--cases", "-", stdin=case)
    assert ran.status == 3
    assert "  review  bio-identify-verify (C03): holds, softened by approval MS-LA-2026-0417" in ran.out.splitlines()
