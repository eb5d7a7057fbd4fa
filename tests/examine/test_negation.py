"""A negation reaches its own verb and what that governs, and no further."""

import pytest

from proxy.examine.negation import Reach
from proxy.examine.normalise import canonical

REACH = Reach(
    lead=frozenset({"try", "to"}),
    carry=frozenset({"guess", "mention"}),
    article=frozenset({"the", "any"}),
    object=frozenset({"race", "who", "and"}),
    join=frozenset({"or"}),
    turn=frozenset({"but"}),
)


def negated(text: str) -> list[str]:
    """The words that stand where a negation reaches; the text begins behind “do not”."""
    plain = canonical(f"do not {text}")
    starts = REACH.negated(plain, len(" do not "))
    return [plain[start + 1 :].split(" ", 1)[0] for start in starts]


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("identify him", ["identify"]),
        ("try to identify him", ["try", "to", "identify"]),
        ("guess the race", ["guess", "race"]),
        ("guess who", ["guess", "who"]),
        ("guess race and gender", ["guess", "race", "and"]),
        ("describe it, identify her", ["describe"]),
        ("guess, identify her", ["guess"]),
        ("guess the race, mention him", ["guess", "race"]),
        ("identify people or mention the race", ["identify", "mention", "race"]),
        ("describe the sky or the trees, identify him", ["describe", "the", "trees"]),
        ("describe but identify", ["describe"]),
        ("describe people but dogs or identify", ["describe"]),
        ("describe. Identify her", ["describe"]),
        ("see one two three four five six seven eight nine ten or identify", ["see"]),
        ("to try to try to try to identify", ["to", "try", "to", "try", "to", "try", "to"]),
        ("", []),
    ],
)
def test_reach(text: str, reached: list[str]) -> None:
    assert [word for word in negated(text) if word != "\x1e"] == reached


def test_a_reach_without_words_covers_the_next_word_only() -> None:
    plain = canonical("do not identify him")
    assert list(Reach().negated(plain, len(" do not "))) == [len(" do not")]


def test_several_files_reach_together() -> None:
    assert Reach.joined(
        [Reach(lead=frozenset({"try"})), Reach(lead=frozenset({"to"}), join=frozenset({"or"}))]
    ) == Reach(lead=frozenset({"try", "to"}), join=frozenset({"or"}))
