"""The whole of it, with the trained files: sentences that nobody trained with, in bands."""

import json
from pathlib import Path

import pytest

from proxy.examine.semantic import FACTS, Scorer, Semantic
from proxy.examine.semantic.scorer import CARD, DATA

SCORER = Scorer()
CASES = [json.loads(line) for line in Path(__file__).with_name("bands.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:40] for case in CASES])
def test_bands(case: dict[str, str]) -> None:
    """What is asked for outright is certain, what is ordinary is not even possible, in every language."""
    trained = SCORER.load()
    scores = SCORER.scores(case["text"])
    if case["label"]:
        assert scores[case["label"]] >= (trained.certain if case["band"] == "certain" else trained.possible), scores
    else:
        assert max(scores.values()) < trained.possible, scores


def test_the_card_tells_where_all_comes_from() -> None:
    """Inputs, outputs, versions, licence, and what was reached on sentences not learnt from."""
    card = json.loads((DATA / CARD).read_text(encoding="utf-8"))
    assert {
        "files",
        "inputs",
        "encoder",
        "seed",
        "sentences",
        "versions",
        "figures",
        "certain",
        "possible",
        "quick_look",
    } <= set(card)
    assert 0 < card["possible"] <= card["certain"] < 1
    assert card["encoder"]["licence"] == "Apache-2.0"
    assert len(card["sentences"]) >= 19
    assert set(FACTS.values()) == Semantic.reports
