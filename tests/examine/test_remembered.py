"""Verdicts come again without the judge, without the text, and without end."""

import pytest

from proxy.examine import remembered as module
from proxy.examine.remembered import Remembered


class Counted:
    """A judge that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str) -> dict[str, float]:
        self.asked.append(text)
        if text == "crash":
            raise ValueError(text)
        return {text: 1.0}


def test_a_text_is_judged_once() -> None:
    """Equal texts share a verdict; others have their own, lone surrogates included."""
    judge = Counted()
    remembered = Remembered(judge)
    texts = ["who is this?", "hello", "who is this?", "\ud800", "hello", "", "\ud800", ""]
    assert [remembered(text) for text in texts] == [{text: 1.0} for text in texts]
    assert judge.asked == ["who is this?", "hello", "\ud800", ""]


def test_a_failure_is_not_remembered() -> None:
    """What raised is asked anew."""
    judge = Counted()
    remembered = Remembered(judge)
    for _ in range(2):
        with pytest.raises(ValueError, match="crash"):
            remembered("crash")
    assert judge.asked == ["crash", "crash"]


def test_old_verdicts_go_and_used_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two generations: what is asked for again moves to the younger, what is not is forgotten."""
    monkeypatch.setattr(module, "_HALF", 2)
    judge = Counted()
    remembered = Remembered(judge)
    for text in ("a", "b", "c", "a", "d", "a", "e", "a"):
        remembered(text)
    assert judge.asked == ["a", "b", "c", "d", "e"]
    assert len(remembered._young) + len(remembered._old) <= 4
    remembered("b")
    assert judge.asked[-1] == "b"


def test_no_text_is_kept() -> None:
    """Digests only, under a key of each its own."""
    one, other = Remembered(Counted()), Remembered(Counted())
    one("a very secret text")
    other("a very secret text")
    assert not one._young.keys() & other._young.keys()
    assert all(len(digest) == 32 for digest in one._young)
