"""Labelled data in, figures out: what counts as found, what as an alarm, and how sure a share is."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest
from support.gate import CONFIG
from support.pictures import COFFEE, FACE

from proxy.cli.screen import bench_of
from proxy.errors import ConfigurationError
from proxy.evaluation import Figures, Item, evaluate, interval, items_of
from proxy.offline import Bench
from proxy.serve.runtime import load_runtime

TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return bench_of(load_runtime(CONFIG / "proxy.yaml"))


def item(expected: str = "", found: str = "", **more: str) -> Item:
    return Item("x", frozenset(expected.split()), frozenset(found.split()), **more)


def test_figures() -> None:
    """A text is positive by any prohibited label; contexts count for their own clause only."""
    report = evaluate([
        item("identify", "identify", lang="en", kind="core"),
        item("identify", "verify", lang="en", kind="core"),
        item("emotion", "", lang="fr", kind="core"),
        item("", "emotion", lang="fr", kind="long"),
        item("police", "police", lang="en", kind="long"),
        item("", ""),
    ])  # fmt: skip
    assert report.any == Figures(hits=2, misses=1, alarms=1, silent=2)
    assert report.by_clause == {
        "emotion": Figures(0, 1, 1, 4),
        "identify": Figures(1, 1, 0, 4),
        "police": Figures(1, 0, 0, 5),
        "verify": Figures(0, 0, 1, 5),
    }
    assert report.by_lang == {"en": Figures(2, 0, 0, 1), "fr": Figures(0, 1, 1, 0)}
    assert report.by_kind == {"core": Figures(2, 1, 0, 0), "long": Figures(0, 0, 1, 1)}
    assert evaluate([replace(item(kind="core"), cpu_ms=ms) for ms in (3.0, 1.0, 2.0)]).median_ms("core") == 2.0
    assert [one.expected for one in report.wrong] == [frozenset({"emotion"}), frozenset()]


def test_rates() -> None:
    """Rates of nothing are None, not 0."""
    some, none = Figures(8, 2, 1, 9), Figures(0, 0, 0, 0)
    assert (some.recall, some.precision, some.false_positive_rate) == (0.8, 8 / 9, 0.1)
    assert some.f1 == pytest.approx(16 / 19)
    assert (none.recall, none.precision, none.f1, none.false_positive_rate) == (None, None, None, None)


@pytest.mark.parametrize(
    ("hits", "number", "expected"),
    [
        (0, 0, None),
        (0, 10, (0.0, 0.2775)),
        (10, 10, (0.7225, 1.0)),
        (5, 10, (0.2366, 0.7634)),
        (95, 100, (0.8882, 0.9785)),
    ],
)
def test_interval(hits: int, number: int, expected: tuple[float, float] | None) -> None:
    """Wilson's interval, with the values of R's binom.wilson."""
    found = interval(hits, number)
    assert found == expected or found == pytest.approx(expected, abs=5e-4)


def test_texts(bench: Bench, tmp_path: Path) -> None:
    """Labels are held against facts; a question about what is shown counts where a person is; JSON is a schema."""
    rows = [
        {"id": "a", "text": "Who is this man?", "labels": ["identify"], "lang": "en", "kind": "core"},
        {"id": "b", "text": "Who is this?", "has_person_image": True},
        {"id": "c", "text": "Who is this?", "has_person_image": False},
        {
            "id": "d",
            "text": '{"type":"object","properties":{"emotion":{"type":"string"}}}',
            "labels": ["emotion", "unheard"],
        },
        {"text": "{ not a schema"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)) + b"\n\n")
    found = [replace(one, cpu_ms=0.0) for one in items_of(path, bench, TODAY)]
    assert found == [
        Item("a", frozenset({"identify"}), frozenset({"identify"}), "en", "core"),
        Item("b", frozenset(), frozenset({"identify"})),
        Item("c", frozenset(), frozenset()),
        Item("d", frozenset({"emotion"}), frozenset({"emotion"})),
        Item("rows.jsonl:5", frozenset(), frozenset()),
    ]


def test_cases(bench: Bench, tmp_path: Path) -> None:
    """A case is positive where it should be refused."""
    path = tmp_path / "cases.jsonl"
    chat = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}
    cases = [
        {"id": "c", "tenant": "retail-co", "body": chat, "expect": {"outcome": word}} for word in ("allow", "block")
    ]
    path.write_bytes(b"\n".join(map(orjson.dumps, cases)))
    assert [(one.expected, one.found) for one in items_of(path, bench, TODAY)] == [
        (frozenset(), frozenset()),
        (frozenset({"refused"}), frozenset()),
    ]


def test_pictures(bench: Bench, tmp_path: Path) -> None:
    """A face that is found, none where there is none; what is doubtful is left out; what cannot be read is unknown."""
    for name, data in (("face.jpg", FACE), ("cup.jpg", COFFEE), ("broken.jpg", FACE[:500])):
        (tmp_path / name).write_bytes(data)
    path = tmp_path / "labels.csv"
    path.write_text("path,label,kind\nface.jpg,1,portrait\ncup.jpg,0,object\nface.jpg,A,art\nbroken.jpg,1,portrait\n")
    assert [replace(one, cpu_ms=0.0) for one in items_of(path, bench, TODAY)] == [
        Item("face.jpg", frozenset({"faces"}), frozenset({"faces"}), kind="portrait"),
        Item("cup.jpg", frozenset(), frozenset(), kind="object"),
        Item("broken.jpg", frozenset({"faces"}), frozenset(), kind="portrait", unknown=True),
    ]


@pytest.mark.parametrize(
    ("name", "text", "mistake"),
    [
        ("a.jsonl", '{"text": "x"}\n{"text": 3}', "a.jsonl:2: text:"),
        ("a.jsonl", "{", "a.jsonl:1: not JSON"),
        (
            "a.jsonl",
            '{"tenant": "retail-co", "body": {"messages": []}}',
            "a.jsonl:1: a case to be evaluated needs `expect`",
        ),
        ("a.csv", "file,label\nx,1\n", "a.csv:1: the columns `path` and `label` are missing"),
        ("a.csv", "path,label\nnone.jpg,1\n", "a.csv:2: none.jpg: no such picture"),
    ],
)
def test_mistakes_have_a_place(bench: Bench, tmp_path: Path, name: str, text: str, mistake: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        list(items_of(tmp_path / name, bench, TODAY))
    assert mistake in str(caught.value)


def test_listings() -> None:
    """What `facegate evaluate --json` prints: figures with their intervals, groups in order, and the time of an item."""
    items = [
        replace(item("identify", "identify", lang="fr", kind="core"), cpu_ms=1.0),
        replace(item("", "", lang="en", kind="core"), cpu_ms=3.0),
        replace(item("", "", lang="en", kind="core"), cpu_ms=2.0),
    ]
    told = evaluate(items).listing()
    assert set(told) == {"any", "by_clause", "by_lang", "by_kind", "cpu_ms"}
    assert told["any"] == {
        "recall": 1.0,
        "precision": 1.0,
        "f1": 1.0,
        "false_positive_rate": 0.0,
        "n_positive": 1,
        "n_negative": 2,
        "ci95": {"recall": interval(1, 1), "false_positive_rate": interval(0, 2)},
    }
    assert list(told["by_lang"]) == ["en", "fr"]
    assert told["by_lang"]["fr"] == Figures(1, 0, 0, 0).listing()
    assert told["cpu_ms"] == {"p50": 2.0, "p99": 3.0}


def test_the_listing_of_nothing() -> None:
    """There are no rates, and no time."""
    told = evaluate([]).listing()
    assert (told["any"]["recall"], told["any"]["ci95"]["recall"], told["by_clause"]) == (None, None, {})
    assert told["cpu_ms"] == {"p50": 0.0, "p99": 0.0}
