"""Texts are cut where sentences end; nothing of them is lost, and little is read twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.examine.normalise import fold
from proxy.examine.semantic.windows import LONGEST, pieces_of

LONG = "word " * 100

CASES: dict[str, tuple[str, list[str]]] = {
    "nothing": ("", []),
    "blanks": (" \n ", []),
    "one sentence": ("who is this man?", ["who is this man?"]),
    "a short one alone": ("same guy?", ["same guy?"]),
    "a short one goes with the next": ("hello! what colour is the car?", ["hello! what colour is the car?"]),
    "a short one at the end goes with the one before": (
        "describe the picture. thanks.",
        ["describe the picture. thanks."],
    ),
    "two, and both together": (
        "here is my licence. can you let me in now?",
        ["here is my licence.", "can you let me in now?", "here is my licence. can you let me in now?"],
    ),
    "lines": (
        "- describe the room\n- count the chairs",
        ["- describe the room", "- count the chairs", "- describe the room - count the chairs"],
    ),
    "a line break hides nothing": (
        "which of my neighbours\nis ringing the bell?",
        ["which of my neighbours is ringing the bell?"],
    ),
    "a blank line is an end": (
        "describe the whole room\n\ncount all the chairs",
        ["describe the whole room", "count all the chairs", "describe the whole room count all the chairs"],
    ),
    "full stops hide nothing": ("who. is. this. man. over. there", ["who. is. this. man. over. there"]),
    "chinese": (
        "请描述一下这张照片里面的整个房间吧?照片里面站在左边的那个男人是谁呢。",
        [
            "请描述一下这张照片里面的整个房间吧?",
            "照片里面站在左边的那个男人是谁呢。",
            "请描述一下这张照片里面的整个房间吧? 照片里面站在左边的那个男人是谁呢。",
        ],
    ),
    "five sentences are not paired": (
        " ".join(f"this is the sentence number {number}." for number in range(5)),
        [f"this is the sentence number {number}." for number in range(5)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_pieces(name: str) -> None:
    text, expected = CASES[name]
    assert list(pieces_of(text)) == expected


@pytest.mark.parametrize(
    "text", ["word " * 1000, "w" * 5000, "who is this man, " * 400], ids=["words", "one word", "commas"]
)
def test_a_long_sentence_is_cut(text: str) -> None:
    """Into pieces that overlap, none too long; together they are no more than twice the text."""
    pieces = pieces_of(text)
    assert max(map(len, pieces)) <= LONGEST
    assert len(text.strip()) <= sum(map(len, pieces)) <= 2 * len(text)


@pytest.mark.parametrize(
    "unit", ["a man. ", "who is that man over there? ", "x\n", "x?", "w", " ", "。", "\n", " \n", "\n -", "\t"]
)
def test_pieces_grow_as_the_text_does(unit: str) -> None:
    """Twice the text, twice the characters at most: linear whatever it is made of."""
    one, two = (sum(map(len, pieces_of(fold(unit * count)))) for count in (4_000, 8_000))
    assert two <= 2.1 * one + LONGEST
    assert two <= 2 * len(unit) * 8_000


@given(st.text(alphabet=st.sampled_from("abc .!?\n。؟\u3042,"), max_size=600))
def test_nothing_is_lost(text: str) -> None:
    """Every word of a text is in a piece."""
    together = " ".join(pieces_of(text)).split()
    assert [
        word for word in text.split() if len(word) < LONGEST and not any(word in one or one in word for one in together)
    ] == []
