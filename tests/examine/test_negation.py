"""A negation reaches its own verb and what that governs, and no further."""

import pytest

from proxy.examine.negation import Reach
from proxy.examine.normalise import canonical
from proxy.examine.simplified import simplified

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


FORWARD = Reach(
    lead=frozenset({"试图", "从", "照片", "中"}),
    carry=frozenset({"识别", "推断"}),
    article=frozenset({"任何人", "的"}),
    object=frozenset({"年龄", "性别"}),
    join=frozenset({"或"}),
    turn=frozenset({"直接"}),
    far=frozenset({"的年龄", "是谁"}),
)
BACK = Reach(
    carry=frozenset({"特定", "推測"}),
    article=frozenset({"を", "は", "の", "や"}),
    object=frozenset({"人", "年齢", "性別"}),
    back=True,
)


def stretch(reach: Reach, text: str, negation: str) -> str:
    """The part of a text in which terms are negated."""
    plain = simplified(canonical(text))
    start = plain.index(negation)
    found = reach.starts(plain, start, start + len(negation))
    assert isinstance(found, range)
    return plain[found.start : found.stop]


@pytest.mark.parametrize(
    ("text", "negation", "reached"),
    [
        ("请不要识别", "不要", "识别"),
        ("不要试图识别任何人", "不要", "试图识别任何人"),
        ("不要从照片中推断任何人的年龄或性别", "不要", "从照片中推断任何人的年龄或性别"),
        ("不要推断年龄识别性别", "不要", "推断年龄"),
        ("不要推断年龄或识别性别", "不要", "推断年龄或识别性别"),
        ("不要推断年龄 性别呢", "不要", "推断年龄"),
        ("不要 识别", "不要", ""),
        ("不要推断戴眼镜的女生的年龄性别", "不要", "推断戴眼镜的女生的年龄性别"),
        ("不要推断天气识别女生的年龄", "不要", "推断"),
        ("不要推断天气直接说女生的年龄", "不要", "推断"),
        ("不要推断天气 女生的年龄", "不要", "推断"),
        ("不要推断这一二三四五六七八九十一二三四五六七的年龄", "不要", "推断"),
        ("不要戴眼镜的女生的年龄", "不要", ""),
        ("不要犹豫识别", "不要", ""),
        ("识别不要", "不要", ""),
    ],
)
def test_where_words_have_no_spaces_a_stretch_of_known_words_is_reached(text: str, negation: str, reached: str) -> None:
    assert stretch(FORWARD, text, negation) == simplified(reached)


@pytest.mark.parametrize(
    ("text", "negation", "reached"),
    [
        ("人を特定しないで", "しないで", "人を特定"),
        ("年齢や性別は推測しないで", "しないで", "年齢や性別は推測"),
        ("人を特定して年齢は推測しないで", "しないで", "年齢は推測"),
        ("特定を推測しないで", "しないで", "特定を推測"),
        ("特定を人は推測しないで", "しないで", "を人は推測"),
        ("説明しないで", "しないで", ""),
        ("しないで特定", "しないで", ""),
    ],
)
def test_a_negation_behind_its_verb_reaches_back(text: str, negation: str, reached: str) -> None:
    assert stretch(BACK, text, negation) == simplified(reached)


def test_a_reach_without_words_covers_nothing_where_words_have_no_spaces() -> None:
    assert stretch(Reach(back=True), "特定しないで", "しないで") == ""
    assert stretch(Reach(), "不要识别", "不要") == ""


def test_one_of_several_files_says_that_a_language_reaches_back() -> None:
    assert Reach.joined([Reach(carry=frozenset({"特定"})), Reach(back=True)]) == Reach(
        carry=frozenset({"特定"}), back=True
    )


HINDI = Reach(
    carry=frozenset({"अनुमान"}),
    article=frozenset({"का", "की"}),
    object=frozenset({"उम्र", "लिंग", "पहचान"}),
    join=frozenset({"या"}),
    back=True,
)


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("उम्र या लिंग का अनुमान मत लगाओ", ["लगाओ", "अनुमान", "का", "लिंग", "या", "उम्र"]),
        ("इसकी पहचान बताओ अनुमान मत लगाओ", ["लगाओ", "अनुमान"]),
        ("उम्र बताओ। अनुमान मत लगाओ", ["लगाओ", "अनुमान"]),
        ("वर्णन मत करो", ["करो"]),
        ("मत बताओ", ["बताओ"]),
    ],
)
def test_between_spaces_it_reaches_back_over_words_of_the_lists_and_on_to_the_next(
    text: str, reached: list[str]
) -> None:
    plain = canonical(text)
    start = plain.index(" मत ")
    starts = HINDI.starts(plain, start, start + len(" मत "))
    assert [plain[at + 1 :].split(" ", 1)[0] for at in starts] == reached
