"""`facegate test`: the shipped pack is proven, and what a pack leaves unproven is named."""

import sys
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from support.cases import PACK as SHIPPED
from support.commands import Ran, run
from support.gate import CONFIG

from proxy.case import load_cases
from proxy.cli.screen import bench_of
from proxy.cli.test import Tried, differences, unproven
from proxy.judge.load import load_policy
from proxy.judge.policy import Policy, Rule
from proxy.offline import Bench, decide
from proxy.serve.runtime import load_runtime

_loaded = cache(load_runtime)


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration is loaded once for all commands of this file, by the same function."""
    monkeypatch.setattr(sys.modules["proxy.cli.test"], "load_runtime", _loaded)


PACK = """\
pack:
  name: test-pack
  version: "1"
  title: A test
  source: Nowhere
  effective_from: 2024-05-01
rules:
  - {id: no-pictures, clause: C03, citation: there, text: t, text_status: paraphrase, when: {fact: media.images},
     outcome: block, undetermined: UNDETERMINED, message: m, mode: MODE}
"""

PROVEN = """\
cases:
  - {id: a, caller: {}, facts: {media.images: true}, expect: {outcome: block, rules: [no-pictures]}}
  - {id: b, caller: {}, facts: {media.images: true, media.faces: true}, expect: {outcome: block, rules: [no-pictures]}}
  - {id: c, caller: {}, facts: {media.images: unknown}, expect: {outcome: review, undetermined: [no-pictures]}}
  - {id: d, caller: {}, facts: {media.images: unknown, media.faces: true}, expect: {outcome: review, undetermined: [no-pictures]}}
  - {id: e, rule: no-pictures, caller: {}, facts: {}, expect: {outcome: allow}}
  - {id: f, rule: no-pictures, caller: {}, facts: {media.audio: true}, expect: {outcome: allow, rules: []}}
  - {id: g, rule: no-pictures, caller: {}, facts: {media.video: true}, expect: {outcome: allow, status: 200}}
  - {id: h, rule: no-pictures, caller: {}, facts: {media.faces: true}, expect: {outcome: allow, undetermined: [], shadow: []}}
"""


def outcome_of(folder: Path, cases: str, undetermined: str = "review", mode: str = "enforce") -> Ran:
    """`facegate test` of a pack of one rule."""
    (folder / "pack").mkdir()
    text = PACK.replace("UNDETERMINED", undetermined).replace("MODE", mode)
    (folder / "pack" / "policy.yaml").write_text(text, encoding="utf-8")
    (folder / "pack" / "tests.yaml").write_text(cases, encoding="utf-8")
    return run("test", folder / "pack", "--config", CONFIG / "proxy.yaml")


def test_the_shipped_packs() -> None:
    """Every case comes out as it says, and every rule has its cases on both sides."""
    ran = run("test", CONFIG / "policies", "--config", CONFIG / "proxy.yaml")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("ms-aoai-coc@2024-05-01: ")
    assert ran.out.endswith(" cases, 16 rules: good\n")


def test_a_proven_pack(tmp_path: Path) -> None:
    """Quiet."""
    ran = outcome_of(tmp_path, PROVEN)
    assert (ran.status, ran.out, ran.err) == (0, "test-pack@1: 8 cases, 1 rules: good\n", "")


def without(*ids: str) -> str:
    return "".join(line for line in PROVEN.splitlines(keepends=True) if not any(f"{{id: {one}," in line for one in ids))


FEWER = "rule 'no-pictures' has {} cases, fewer than 8"

PROBLEMS: list[tuple[str, str, dict[str, str], list[str]]] = [
    ("fewer cases", without("b"), {}, [FEWER.format(7)]),
    ("it never holds", without("a", "b"), {}, [FEWER.format(6), "rule 'no-pictures' has no case in which it holds"]),
    (
        "it is never silent",
        without("e", "f", "g", "h"),
        {},
        [FEWER.format(4), "rule 'no-pictures' has no case about it (`rule: no-pictures`) in which it is silent"],
    ),
    (
        "it is never undetermined",
        without("c", "d"),
        {},
        [FEWER.format(6), "rule 'no-pictures' has no case in which it cannot be determined"],
    ),
    ("undetermined cases that are allowed need none", without("c", "d"), {"undetermined": "allow"}, [FEWER.format(6)]),
    (
        "cases about nothing do not count",
        PROVEN.replace("rule: no-pictures, ", ""),
        {},
        [
            FEWER.format(4),
            "rule 'no-pictures' has no case about it (`rule: no-pictures`) in which it is silent",
        ],
    ),
    (
        "a rule that is off needs none",
        "cases:\n  - {id: a, caller: {}, facts: {}, expect: {outcome: allow}}\n",
        {"mode": "off"},
        [],
    ),
    (
        "another outcome",
        PROVEN.replace(
            "{id: a, caller: {}, facts: {media.images: true}, expect: {outcome: block",
            "{id: a, caller: {}, facts: {media.images: true}, expect: {outcome: review",
        ),
        {},
        ["a: outcome block, expected review (rules that speak: no-pictures)"],
    ),
    (
        "other rules",
        PROVEN.replace(
            "facts: {media.audio: true}, expect: {outcome: allow, rules: []}",
            "facts: {media.audio: true}, expect: {outcome: allow, rules: [no-pictures]}",
        ),
        {},
        ["f: rules [], expected [no-pictures]"],
    ),
    ("another status", PROVEN.replace("status: 200", "status: 403"), {}, ["g: status 200, expected 403"]),
    (
        "an unknown rule",
        PROVEN.replace(
            "rule: no-pictures, caller: {}, facts: {media.audio", "rule: no-picture, caller: {}, facts: {media.audio"
        ),
        {},
        ["f: the pack has no rule 'no-picture'; did you mean 'no-pictures'?", FEWER.format(7)],
    ),
    ("an id twice", PROVEN.replace("{id: b,", "{id: a,"), {}, ["case 2: the id 'a' is used twice"]),
    ("no id", PROVEN.replace("{id: h, ", "{"), {}, ["case 8 has no id"]),
    (
        "nothing expected",
        PROVEN.replace(", expect: {outcome: allow, status: 200}", ""),
        {},
        ["g: the case expects nothing"],
    ),
    (
        "an unusable case",
        PROVEN.replace(
            "{id: h, rule: no-pictures, caller: {}, facts: {media.faces: true}",
            "{id: h, tenant: nobody, body: {messages: []}",
        ),
        {},
        [
            (
                "h: there is no tenant 'nobody' in the register; valid: acme-health, city-vendor, eu-police, metro-pd,"
                " police-vendor, retail-co"
            ),
            FEWER.format(7),
        ],
    ),
]


@pytest.mark.parametrize(
    ("cases", "changes", "problems"), [one[1:] for one in PROBLEMS], ids=[one[0] for one in PROBLEMS]
)
def test_problems(tmp_path: Path, cases: str, changes: dict[str, str], problems: list[str]) -> None:
    """Each on a line of standard error with its file and case, and exit status 1."""
    ran = outcome_of(tmp_path, cases, **changes)
    path = tmp_path / "pack" / "tests.yaml"
    assert ran.err.splitlines() == [f"{path}: {problem}" for problem in problems]
    assert ran.status == (1 if problems else 0)


def test_a_rule_in_shadow_is_proven_like_any_other(tmp_path: Path) -> None:
    """By what it would say."""
    cases = PROVEN.replace("outcome: block, rules: [no-pictures]", "outcome: allow, shadow: [no-pictures]").replace(
        "outcome: review, undetermined: [no-pictures]", "outcome: allow, shadow: [no-pictures]"
    )
    assert outcome_of(tmp_path, cases, mode="shadow").status == 0


def test_no_pack_and_no_tests(tmp_path: Path) -> None:
    """Nothing tested is nothing proven."""
    ran = run("test", tmp_path, "--config", CONFIG / "proxy.yaml")
    assert (ran.status, ran.err) == (2, f"{tmp_path}: no policy.yaml in or below this folder\n")
    (tmp_path / "policy.yaml").write_text(
        PACK.replace("UNDETERMINED", "flag").replace("MODE", "enforce"), encoding="utf-8"
    )
    ran = run("test", tmp_path, "--config", CONFIG / "proxy.yaml")
    assert ran.status == 2
    assert ran.err.startswith(f"{tmp_path}/tests.yaml:1: the file cannot be read")


@pytest.fixture(scope="module")
def bench() -> Bench:
    return bench_of(_loaded(CONFIG / "proxy.yaml"))


@pytest.mark.parametrize("rule", load_policy([SHIPPED]).rules, ids=lambda rule: str(rule.id))
def test_a_rule_that_is_taken_away_is_missed(bench: Bench, rule: Rule) -> None:
    """The shipped cases fail without any one of its rules: they prove each of them."""
    (pack,) = load_policy([SHIPPED]).packs
    lesser = Policy((replace(pack, rules=tuple(one for one in pack.rules if one != rule)),), "lesser")
    without_it = replace(bench, screening=replace(bench.screening, policy=lesser))
    cases = [case for case in load_cases(SHIPPED / "tests.yaml") if case.facts is not None]
    tried = [Tried(case, decide(case, without_it, SHIPPED, date(2026, 6, 15))) for case in cases]
    assert len([words for one in tried for words in differences(one)]) >= 4
    assert [words for words in unproven(rule, tried) if "in which it holds" in words] != []
