"""Sentences to learn from are made the same way each time, and never of what is held out."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.tree import ROOT

from proxy.errors import ConfigurationError

FOLDER = ROOT / "training" / "intent"
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


GENERATE = loaded()


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_usable(name: str) -> None:
    """Its slots are known, its labels too, and no sentence is left with a brace where a slot was meant."""
    templates = GENERATE.load(FOLDER / f"{name}.yaml")
    made = GENERATE.examples(templates, 1, GENERATE.Amounts(positive=2, negative=2, disguised=5))
    assert {one.label for one in made} <= {"", *GENERATE.LABELS}
    assert [one.text for one in made if any(f"{{{slot}}}" in one.text for slot in templates.slots)] == []


def test_every_language_has_all_labels() -> None:
    """In some file of it; nineteen languages at least."""
    labels: dict[str, set[str]] = {}
    for name in FILES:
        templates = GENERATE.load(FOLDER / f"{name}.yaml")
        labels.setdefault(templates.lang, set()).update(templates.positive)
    assert len(labels) >= 19
    assert {
        lang: sorted(set(GENERATE.LABELS) - found) for lang, found in labels.items() if found != set(GENERATE.LABELS)
    } == {}


SMALL = """\
lang: xx
slots:
  who: [him, her, them]
positive:
  identify:
    direct: ["Name {who}.", "Who?"]
negative:
  count: ["Count the chairs.", "Draw {who}."]
negated: ["Do not name {who}."]
context: ["You are kind."]
heldout:
  identify: ["Zebra crossing."]
  negative: ["Quagga."]
"""


@pytest.fixture(name="small")
def small_(tmp_path: Path) -> Path:
    path = tmp_path / "xx.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_the_same_seed_makes_the_same_sentences(small: Path) -> None:
    """In the same order; another seed makes others. No sentence comes twice."""
    templates = GENERATE.load(small)
    one, again, other = (list(GENERATE.examples(templates, seed)) for seed in (1, 1, 2))
    assert one == again != other
    assert len({example.text for example in one}) == len(one)


def test_labels_go_with_what_is_asked_for(small: Path) -> None:
    """A sentence with another before or behind it still asks for it; a negated one does not; an encoded one says nothing."""
    made = GENERATE.examples(GENERATE.load(small))
    filled = {
        example.text: example.label for example in made if example.kind in ("direct", "count", "negated", "context")
    }
    assert filled == {
        **dict.fromkeys(("Name him.", "Name her.", "Name them.", "Who?"), "identify"),
        **dict.fromkeys(("Count the chairs.", "Draw him.", "Draw her.", "Draw them.", "You are kind."), ""),
        **dict.fromkeys(("Do not name him.", "Do not name her.", "Do not name them."), ""),
    }
    joined = [example for example in made if example.kind == "joined"]
    assert {example.label for example in joined} == {"", "identify"}
    assert all(
        ("Name" in e.text.replace("not name", "") or "Who?" in e.text) is (e.label == "identify") for e in joined
    )
    assert {example.label for example in made if example.kind == "disguised"} <= {""}


def test_nothing_is_made_of_what_is_held_out(small: Path) -> None:
    templates = GENERATE.load(small)
    assert [one for one in GENERATE.examples(templates) if "ebra" in one.text or "uagga" in one.text] == []
    assert [(one.text, one.label) for one in GENERATE.heldout(templates)] == [
        ("Zebra crossing.", "identify"),
        ("Quagga.", ""),
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("{who}.", "{whom}.", "unknown slot 'whom'"),
        ("identify:\n    direct", "name:\n    direct", "unknown label 'name'"),
    ],
    ids=["slot", "label"],
)
def test_mistakes_are_named(small: Path, old: str, new: str, why: str) -> None:
    small.write_text(SMALL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=why):
        GENERATE.load(small)
