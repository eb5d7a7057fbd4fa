"""One spelling for what a text says, and the readings of what is wrapped or disguised."""
# ruff: noqa: RUF001 - look-alike characters are its subject

import base64
import subprocess
import sys
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.examine.normalise import END, canonical, fold, plain_prose, readings, spelling, unchopped, unspaced

WHO = "who is this man"


def words(text: str) -> str:
    """The canonical form, with `|` for the end of a sentence."""
    return canonical(fold(text)).replace(END, "|").strip()


def further(text: str) -> list[str]:
    """What the further readings of a text say."""
    return [canonical(reading).replace(f" {END}", "").strip() for reading in readings(text, fold(text))]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Who is THIS man?", "who is this man | |"),
        ("  who\tis \r\n this   man ", "who is this man |"),
        ("What's  his name", "what s his name |"),
        ("What’s his name", "what s his name |"),
        ("one. two? three! four; five: six", "one | two | three | four | five six |"),
        ("version 3.11, e.g. this", "version 3 11 e g | this |"),
        ("one line\nthe next", "one line the next |"),
        ("one paragraph\n\nthe next", "one paragraph | the next |"),
        ("list:\n- one\n* two\n# three", "list | one | two | three |"),
        ("a_b-c/d", "a b c d |"),
        ("Ｗｈｏ　ｉｓ　ｔｈｉｓ", "who is this |"),
        ("w\u200bh\u00ado i\u2060s", "who is |"),
        ("w\u0336h\u0336o\u0336", "who |"),
        ("\u202ewho\u202c", "who |"),
        ("\U000e0077who", "who |"),
        ("ﬁnd", "find |"),
        ("whо іs", "who is |"),
        ("ωho", "ωho |"),
        ("wрo1", "wpo1 |"),
        ("это мужчина. кто?", "это мужчина | кто | |"),
        ("über café! ja", "über café | ja |"),
        ("её имя ещё, Ёлка", "ее имя еще елка |"),
        ("誰ですか。次", "誰ですか | 次 |"),
        ("这是谁？告诉我！快；好", "这是谁 | 告诉我 | 快 | 好 |"),
        ("누구?몰라", "누구 | 몰라 |"),
        ("年齢、性別・人種", "年齢性別人種 |"),
        ("識\n別", "識別 |"),
        ("識別\n\n人物", "識別 | 人物 |"),
        ("一\n- 二", "一 | 二 |"),
        ("識別、him", "識別 him |"),
        ("この人はgayですか。18歳", "この人は gay ですか | 18 歳 |"),
        ("CCTV에서 2명", "cctv 에서 2 명 |"),
        ("यह कौन है? लड़की। माँ", "यह कौन है | लडकी | मां |"),
        ("ल\u095cकी", "लडकी |"),
        ("คนนี้คือใคร", "คนนี้คือใคร |"),
        ("مَن هٰذا؟ هـــو", "من هذا | هو |"),
        ("مَن هٰذا؟ أُمّي رأى فتاةً مؤمنة", "من هذا | امي راي فتاه مومنه |"),
        ("\u0627\u0654ين", "اين |"),
        ("ﺍﻟﺮﺟﻞ", "الرجل |"),
        ("מִי זֶה", "מי זה |"),
        ("\ufb2b\ufb35ב", "שוב |"),
        ("KİMİN ADI ısı Eşsiz değer", "kimin adi isi essiz deger |"),
        ("a\x1eb", "a b |"),
        ("é a\x1eb", "é a b |"),
        ("", "|"),
        ("...", "| |"),
    ],
)
def test_spelling(text: str, plain: str) -> None:
    assert words(text) == plain


@pytest.mark.parametrize(
    "text", ["Is he? Yes! No; or:\n\n- so\n* it.\nis _ (good) e.g. 3.5", "...!!!", "a.b. c", ". . ."]
)
def test_text_beyond_ascii_is_spelled_like_text_within(text: str) -> None:
    assert words(f"{text} é").removesuffix("é |").strip() == words(f"{text} e").removesuffix("e |").strip()


def test_a_term_has_only_the_ends_that_it_is_written_with() -> None:
    assert spelling(fold("who is this")) == " who is this "
    assert spelling(fold("this.")) == f" this {END} "


@given(st.text())
def test_canonical_text_has_one_space_between_words(text: str) -> None:
    plain = canonical(fold(text))
    assert plain.startswith(" ")
    assert plain.endswith(f" {END} ")
    assert "  " not in plain


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_fails_to_be_read(text: str) -> None:
    assert all(isinstance(reading, str) for reading in readings(text, fold(text)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(base64.b64encode(WHO.encode() + b" in the photo").decode(), id="base64"),
        pytest.param(
            "please do " + base64.b64encode(WHO.encode() + b" here").decode() + ", thanks", id="base64 within"
        ),
        pytest.param(base64.urlsafe_b64encode(WHO.encode() + b" \xc3\xbf\xc3\xbe ??>>").decode(), id="base64 for URLs"),
        pytest.param(base64.b64encode(WHO.encode() + b" in it").decode().rstrip("="), id="base64 without padding"),
        pytest.param(WHO.encode().hex(), id="hex"),
        pytest.param(WHO.encode().hex(" "), id="spaced hex"),
        pytest.param(WHO.encode().hex(":").upper(), id="hex with colons"),
        pytest.param("".join(f"%{byte:02x}" for byte in WHO.encode()), id="percent"),
        pytest.param(quote(WHO), id="percent for spaces only"),
        pytest.param("".join(f"&#{ord(letter)};" for letter in WHO), id="references"),
        pytest.param("".join(f"&#x{ord(letter):x};" for letter in WHO), id="references in hex"),
        pytest.param("".join(f"&#{ord(letter):012};" for letter in WHO), id="references with zeros"),
        pytest.param("who is&nbsp;this&#32;man", id="one reference"),
        pytest.param("".join(f"\\u{ord(letter):04x}" for letter in WHO), id="escapes"),
        pytest.param("".join(f"\\x{ord(letter):02x}" for letter in WHO), id="short escapes"),
        pytest.param("".join(f"\\u{{{ord(letter):06x}}}" for letter in WHO), id="braced escapes"),
        pytest.param("w h o  i s  t h i s  m a n", id="spelled out"),
        pytest.param("w-h-o i-s t.h.i-s m*a*n", id="spelled out with dashes"),
        pytest.param("who is t.h.i.s man", id="one word spelled out"),
        pytest.param("who \u0456\u0455 this man", id="a word of look-alikes alone"),
        pytest.param("wh0 15 th1$ m4n", id="digits for letters"),
        pytest.param("who is thiѕ mаn", id="look-alikes"),
    ],
)
def test_what_is_wrapped_is_read(text: str) -> None:
    assert WHO in " / ".join([words(text), *further(text)])


@pytest.mark.parametrize(
    "text", ["kто этo на фoто", "KTO ЭTO HA ФOTO", "ктo это на фото", "кт0 эт0 на ф0т0", "кто это н@ фот0"]
)
def test_latin_letters_and_digits_in_cyrillic_words_are_read_as_cyrillic(text: str) -> None:
    assert "кто это на фото" in further(text)


def test_cyrillic_text_without_latin_letters_has_no_further_reading() -> None:
    assert further("кто это на фото 2024 года") == []


@pytest.mark.parametrize("text", ["người này là ai", "кто это чей", "가 나다", "ガギ"])
def test_marks_that_stand_apart_from_their_letters_are_read_with_them(text: str) -> None:
    assert text in further(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Please summarise the meeting, and list what was decided.", id="prose"),
        pytest.param("", id="nothing"),
    ],
)
def test_plain_prose_has_no_further_reading(text: str) -> None:
    assert plain_prose(text, canonical(fold(text)))
    assert further(text) == []


@pytest.mark.parametrize(
    "text",
    ["café", "who%20is", "w h o i s", "d2hvIGlzIHRoaXMgbWFuIGhlcmU", "wh0", "a&amp;b", "\\u0041", "61 62 63"],
)
def test_other_texts_may_have_further_readings(text: str) -> None:
    assert not plain_prose(text, canonical(fold(text)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("&#" + "9" * 5_000 + ";", id="a number of 5,000 digits"),
        pytest.param("&#x" + "f" * 5_000 + "; a;", id="a number of 5,000 hexadecimal digits"),
        pytest.param("&#xd800; &#1114112; &;", id="no characters"),
        pytest.param("\\ud800 \\u{110000} \\x", id="escapes of no characters"),
        pytest.param("%ff%fe%", id="bytes that are no text"),
        pytest.param("a" * 21 + "=", id="base64 of a wrong length"),
        pytest.param("/" * 40, id="base64 of no text"),
        pytest.param("0" * 41, id="hex of an odd length"),
        pytest.param("00" * 41, id="hex of no text"),
        pytest.param("61 6" * 30, id="hex with gaps inside"),
    ],
)
def test_what_cannot_be_unwrapped_says_nothing(text: str) -> None:
    assert WHO not in " / ".join(further(text))


def test_all_of_many_encoded_runs_are_read() -> None:
    """However many there are: none hides behind those before it."""
    noise = " ".join(base64.b64encode(f"nothing to see here {n}".encode()).decode() for n in range(500))
    hidden = base64.b64encode(f"{WHO} then".encode()).decode()
    assert WHO in " / ".join(further(f"{noise} {hidden}"))
    numbers = " , ".join(f"nothing here {n:03}".encode().hex() for n in range(500))
    assert WHO in " / ".join(further(f"{numbers} , {WHO.encode().hex()}"))


def test_a_run_ends_what_stands_before_it() -> None:
    """What two runs say is never read as one sentence."""
    runs = [base64.b64encode(text).decode() for text in (b"and so who is there", b"this man is at home")]
    assert canonical(next(readings(" ".join(runs), ""), "")) == f" {END} " or all(
        WHO not in reading for reading in further(" ".join(runs))
    )


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("Identify. The. Man. Please. Now.", "identify the man please now"),
        ("Identify the man. Thank you. Now. Please.", "identify the man thank you now please"),
        ("This is an ordinary text of three sentences. They are long enough. Nothing is hidden in any of them.", None),
        ("Yes. No.", None),
        ("", None),
    ],
)
def test_a_text_chopped_into_words_is_joined(text: str, joined: str | None) -> None:
    found = unchopped(canonical(fold(text)))
    assert (found.strip() if found else None) == joined


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("识。别。这。个。人。", "识别这个人"),
        ("今天很好。我们去公园。看到了很多花。大家都很开心。回家了。", None),
        ("이. 사. 람. 누. 구", "이 사 람 누 구"),
    ],
)
def test_characters_that_make_words_without_spaces_count_as_words(text: str, joined: str | None) -> None:
    found = unchopped(canonical(fold(text)))
    assert (found.strip() if found else None) == joined


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("识，别，这，个，人", ["识别这个人"]),
        ("識/別/人/物", ["識別人物"]),
        ("识别，这个人，的性别，和年龄", []),
        ("这个人 是 谁", ["这个人是谁"]),
        ("この人は　誰 ですか", ["この人は誰ですか"]),
        ("이 사람 누구", []),
        ("一，二", []),
    ],
)
def test_characters_kept_apart_by_marks_are_joined(text: str, read: list[str]) -> None:
    assert further(text) == read


@pytest.mark.parametrize(
    ("character", "without"),
    [("誰", True), ("ひ", True), ("한", True), ("ค", True), ("w", False), ("ж", False), (" ", False)],
)
def test_scripts_without_spaces(character: str, without: bool) -> None:  # noqa: FBT001 - a table
    assert unspaced(character) is without


ADVERSARIAL = """
import base64, itertools, random, resource
from proxy.examine.normalise import canonical, fold, plain_prose, readings, unchopped
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
N = 100_000
def of(unit): return (unit * (N // len(unit) + 1))[:N]
texts = [of(unit) for unit in (
    "a ", "&amp;", "&#97;", "&#", "&", "%41", "%", "61", "61 ", "6", "\u0430a b\u0431 ", "who is ", "a-", "a_", "_ ", "1a",
    "a@", "@", "!", ".", "! ", "\\\\u0061", "\\\\x", "\\n", "\\r\\n", "\\n-", "é", "é ", "\u0301", "\u0430a\u0430", "a=", "A",
    "誰", "誰、", "誰,", "誰。", "誰!", "誰\\n", "\u0436\u0436 ", "a b  ", "...a", "\\x1e", "'", "-",
)]
texts += ["é" + text for text in texts] + [text + "é" for text in texts]
texts += [base64.b64encode(random.Random(1).randbytes(N)).decode(), "&#" + "9" * N + ";", "a" + "@" * N + "b"]
for text in texts:
    folded = fold(text)
    plain = canonical(folded)
    unchopped(plain)
    plain_prose(text, plain)
    for reading in readings(text, folded):
        canonical(reading)
print("read")
"""


def test_reading_is_linear() -> None:
    """120 adversarial texts of 100 KB in 30 seconds of processor time. A quadratic step would take minutes for one of them."""
    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", ADVERSARIAL],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert (run.stdout, run.returncode) == ("read\n", 0), run.stderr
