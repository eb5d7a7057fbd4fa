"""One spelling for what a text says, however it is spelled; and the further readings of what is wrapped or disguised.

Every step is linear in the length of the text.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

_INVISIBLE: Final = dict.fromkeys(
    [
        173,
        *list(range(768, 880)),
        *list(range(1155, 1162)),
        *list(range(1425, 1470)),  # Hebrew points, Arabic vowel signs and tatweel: seldom written, and never needed
        1471,
        1473,
        1474,
        1476,
        1477,
        1479,
        *list(range(1552, 1563)),
        1564,
        1600,
        *list(range(1611, 1632)),
        1648,
        *list(range(1750, 1757)),
        *list(range(1759, 1765)),
        1767,
        1768,
        *list(range(1770, 1774)),
        2364,  # the dot under Devanagari letters, which many leave out
        4447,
        4448,
        6068,
        6069,
        6158,
        *list(range(6832, 6912)),
        *list(range(7616, 7680)),
        8288,
        8289,
        8290,
        8291,
        8292,
        12644,
        65279,
        65440,
        *list(range(8203, 8208)),
        *list(range(8234, 8239)),
        *list(range(8294, 8304)),
        *list(range(8400, 8433)),
        *list(range(65024, 65040)),
        *list(range(65056, 65072)),
        *list(range(917504, 917632)),
    ]
)
_DEVANAGARI: Final = str.maketrans("\u0958\u0959\u095a\u095b\u095c\u095d\u095e\u095f\u0901", "कखगजडढफय\u0902")
"""Devanagari letters with the dot below, as without; the two signs for a nasal vowel, which are used alike, as one."""

_RUSSIAN: Final = str.maketrans("ёЁ", "еЕ")
"""The Russian letter whose dots most leave out, as without them."""

_TURKISH: Final = str.maketrans("İıŞşĞğ", "iissgg")
"""Letters of Turkish that none of the other languages has, as they are typed in capitals or on another keyboard."""

_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "‐": "-", "‑": "-", "–": "-", "—": " - "})

_ARABIC: Final = str.maketrans("أإآٱىةؤئکی", "اااايهويكي")
"""Arabic letters that many write without their hamza, dots or madda, or as in Persian, as the plain ones."""

_DROPPED: Final = _INVISIBLE | _DEVANAGARI | _RUSSIAN | _TURKISH
"""What `fold` drops or replaces before all else."""

_UNIFIED: Final = _APOSTROPHES | _ARABIC | {code: None for code in _INVISIBLE if 1425 <= code < 1632}  # noqa: PLR2004 - Hebrew, Arabic
"""What it replaces in compatibility form, which takes precomposed Hebrew and Arabic letters apart into letters and points."""

_LOOKALIKES: Final = str.maketrans(
    "аеорсухіјѕһԁгвктмньпвеѐёαονικρτυχεηⅰℓ",
    "aeopcyxijshdrbktmhbnbeeeaovikptuxenil",
)
"""Cyrillic and Greek letters that pass for Latin ones; applied to words that have Latin letters too."""

_CYRILLIC_LOOKALIKES: Final = str.maketrans("aeopcyxihkbtmnurw0346@", "аеорсухінквтмпигшозчба")
"""Latin letters and digits that pass for Cyrillic ones, in one case or the other."""

_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
_CYRILLIC_LEET: Final = re.compile("[\u0400-\u04ff][0346@]|[0346@][\u0400-\u04ff]")

_FULL_WIDTH: Final = {0xFF01 + code: 0x21 + code for code in range(94)} | {0x3000: 0x20}
_FULL_WIDTH_SIGN: Final = re.compile("[\u3000\uff01-\uff5e]")
"""Full-width signs as NFKC has them: where a text has no others to be made alike, it is spared the whole of NFKC."""

_LOOKALIKE: Final = re.compile("[\u0370-\u052f]")
_TO_DROP: Final = frozenset(map(chr, _DROPPED))
_TO_UNIFY: Final = re.compile(f"[{''.join(map(re.escape, map(chr, sorted(_UNIFIED))))}]")
"""What is looked for before it is replaced: most texts have none of it, and looking takes a fraction of the time."""

_LATIN: Final = re.compile(r"[a-z]")
_MIXED_WORD: Final = re.compile(r"(?<!\w)(?=\w*?[a-z])(?=\w*?[\u0370-\u04ff])\w++")
_LEET: Final = str.maketrans("013457@$!|", "oieastasii")
_LEETISH: Final = re.compile(r"[a-z][013457@$!|]+[a-z]|[013457@$|][a-z]|[a-z][0134578]")

END: Final = "\x1e"
"""Stands for the end of a sentence in canonical text."""

_WIDE: Final = "\u3040-\u9fff"
"""Kana and Chinese characters."""

_SENTENCE_END: Final = re.compile(
    r"[.!?;\n。！？；।॥۔؟](?:(?<=[。！？；।॥۔؟])|(?<=[.!?;])(?=\s|$)"
    rf"|(?<=[{_WIDE}\uac00-\ud7af][!?;])|(?<=\n)(?:\n|(?=[-*#•])))"
)
"""It begins with one set of characters, for which the whole text is searched fast."""
_INNER_MARK: Final = re.compile(rf"(?<=[{_WIDE}])(?:[、・·]|\n(?![\n\-*#•]))(?=[{_WIDE}])")
"""What parts the items of a list, and a line break, between Chinese or Japanese characters: no word ends there for sure."""

_UNSPACED: Final = re.compile(f"[{_WIDE}\uac00-\ud7af]")
UNSPACED_RUN: Final = re.compile(f"[{_WIDE}\uac00-\ud7af\u0e00-\u0e7f]+")
"""Characters of scripts that write words without spaces between them."""

_JOINT: Final = re.compile(rf"(?<=[a-z0-9])(?=[{_WIDE}\uac00-\ud7af])|(?<=[{_WIDE}\uac00-\ud7af])(?=[a-z0-9])")
"""Between a Latin letter or a digit and a character of Chinese, Japanese or Korean: words end there."""

_SCATTERED: Final = re.compile(rf"(?<=[{_WIDE}])[^\w\n.!?。]{{1,2}}(?=[{_WIDE}])")
_WIDE_RUN: Final = re.compile(f"[{_WIDE}]+")
_SPACE_WITHIN: Final = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])")
_SPACES_WITHIN: Final = re.compile(rf"(?<=[{_WIDE}])[ \t]{{1,4}}(?=[{_WIDE}])")
_ENDS: Final = (b". ", b"? ", b"! ", b"; ", b".\n", b"?\n", b"!\n", b";\n", b"\n\n", b"\n-", b"\n*", b"\n#")
_MARK: Final = b" %b " % END.encode("ascii")
_WIDE_MARK: Final = f" {END} "
_WORDS_ONLY: Final = bytes(code if chr(code).isalnum() or chr(code) == END else 32 for code in range(128)) + bytes(128)

_SIGNS: Final = "\u0900-\u0963\u0971-\u0dff\u0e30-\u0e4e\u0eb0-\u0ecd\u0f71-\u0fbc\u102b-\u109d\u17b4-\u17d3"
"""Vowels and tones of Indic and Southeast Asian scripts: parts of words, though `\\w` knows only letters."""

_WIDE_PUNCTUATION: Final = re.compile(rf"[^ \w{_SIGNS}\x1e]+|_+")
_SPACED: Final = re.compile(r"\b\w(?:[ .*_\-]{1,2}\w\b){3,}")
_GAPS: Final = re.compile(r"[ .*_\-]")
_DASHES: Final = re.compile(r"[.*_\-]")
_WIDE_GAPS: Final = re.compile(r"[ .*_\-]{2}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}[ :,]?){10,}")
_HEX_GAPS: Final = re.compile(r"[ :,]+")
_ESCAPE: Final = re.compile(r"\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})")

_SHORTEST_RUN: Final = 20
"""Characters of the shortest encoded run that is unwrapped."""

_MOSTLY: Final = 0.95
"""Share of printable characters from which decoded bytes count as a text."""

_SPELLED: Final = 4
"""Single letters in a row that are read as a word."""

_CHOPPED: Final = 3
"""A text with less than this many words to a sentence may be chopped up to hide what it says."""

_LEADING_ZEROS: Final = re.compile(r"(?<=&#)(x?)0+(?=[0-9a-f])", re.IGNORECASE)
_NO_CHARACTER: Final = re.compile(r"&#x?[0-9a-f]{8,};?", re.IGNORECASE)


def fold(text: str) -> str:
    """Lower case in compatibility form, without invisible characters, Latin look-alikes made Latin."""
    if text.isascii():
        return text.lower()
    unified = _unified(text)
    if not _LOOKALIKE.search(unified):
        return unified
    return _MIXED_WORD.sub(lambda word: word[0].translate(_LOOKALIKES), unified)


def _unified(text: str) -> str:
    kept = text if _TO_DROP.isdisjoint(text) else text.translate(_DROPPED)
    if _FULL_WIDTH_SIGN.search(kept):
        kept = kept.translate(_FULL_WIDTH)
    folded = unicodedata.normalize("NFKC", kept).casefold()
    return folded.translate(_UNIFIED) if _TO_UNIFY.search(folded) else folded


def canonical(folded: str) -> str:
    """A folded text as words with one space between them and around the whole; sentences end with `END`, the last too."""
    return f"{spelling(folded)}{END} "


def spelling(folded: str) -> str:
    """A folded text as words with one space between them and around the whole, sentence ends as `END`.

    A single line break ends no sentence, or breaking lines would hide what they say; a blank line or a list item does.
    """
    if folded.isascii():
        marked = b" %b " % folded.encode("ascii").replace(END.encode("ascii"), b" ")
        for end in _ENDS:
            if end[:1] in marked:  # one byte is found much faster than two
                marked = marked.replace(end, _MARK)
        plain = marked.translate(_WORDS_ONLY)
        while b"  " in plain:
            plain = plain.replace(b"  ", b" ")
        return plain.decode("ascii")
    parted = folded.replace(END, " ")
    if _UNSPACED.search(parted):
        parted = _JOINT.sub(" ", _INNER_MARK.sub("", parted))
    spaced = _WIDE_PUNCTUATION.sub(" ", f" {_SENTENCE_END.sub(_WIDE_MARK, parted)} ")
    while "  " in spaced:
        spaced = spaced.replace("  ", " ")
    return spaced


def unchopped(canonical_text: str) -> str | None:
    """A canonical text without its sentence ends where these stand suspiciously close; None where they do not."""
    ends = canonical_text.count(END) - 1
    words = canonical_text.count(" ") - ends
    if ends <= _CHOPPED or words >= _CHOPPED * ends:
        return None
    if not canonical_text.isascii():  # where no spaces part the words, two characters make one
        words += _within(UNSPACED_RUN, canonical_text) // 2
    return _SPACE_WITHIN.sub("", canonical_text.replace(f"{END} ", "")) if words < _CHOPPED * ends else None


_PROSE: Final = bytes(code for code in range(128) if chr(code).isalpha()) + b" \n.,'\"?!:;()-"

_SHAPE: Final = bytes(32 if code == 32 else 120 for code in range(256))  # noqa: PLR2004 - a space; an x
"""Turns a text into its shape: every character but the space is an x."""

_SPELLED_OUT: Final = b" x" * _SPELLED + b" "
_LONG_RUN: Final = b"x" * _SHORTEST_RUN


def plain_prose(text: str, canonical_text: str) -> bool:
    """Whether a text is ASCII prose that has no further reading: `readings` would yield nothing of interest.

    Letters and common punctuation only, no run that could be encoded, no word spelled letter by letter.
    """
    if not text.isascii():
        return False
    raw = text.encode("ascii")
    if raw.translate(None, _PROSE):
        return False
    if _SPELLED_OUT in canonical_text.encode("ascii").translate(_SHAPE):
        return False
    return _LONG_RUN not in raw.replace(b"\n", b" ").translate(_SHAPE)


def unspaced(character: str) -> bool:
    """Whether a character is of a script that writes words without spaces between them."""
    return "\u3040" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af" or "\u0e00" <= character <= "\u0e7f"


def readings(text: str, folded: str) -> Iterator[str]:
    """The further readings of a text, folded: composed letters, unwrapped runs, joined letters, look-alikes, leetspeak."""
    yield from map(fold, _resolved(text))
    words = folded.split()
    lengths = list(map(len, words))
    long = max(lengths, default=0) >= _SHORTEST_RUN
    if long or lengths.count(2) >= _SHORTEST_RUN // 2:
        yield fold("\n\n".join(_unwrapped(text, pairs_only=not long)))
    uneven = [word for word in words if not word.isalpha()]
    spelled = lengths.count(1) >= _SPELLED or any(
        len(word) > 2 * _SPELLED - 2 and _SPACED.search(word) for word in uneven
    )
    if spelled and (joined := _SPACED.sub(_joined, folded)) != folded:
        yield joined
    if not folded.isascii() and _UNSPACED.search(folded):
        yield from _gathered(folded)
    if _LOOKALIKE.search(folded) and _LATIN.search(folded) and (plain := folded.translate(_LOOKALIKES)) != folded:
        yield plain
    if _CYRILLIC.search(text) and (_LATIN.search(folded) or _CYRILLIC_LEET.search(text)):
        yield _unified(text).translate(_CYRILLIC_LOOKALIKES)
    if any(map(_LEETISH.search, uneven)):
        yield folded.translate(_LEET)


def _gathered(folded: str) -> Iterator[str]:
    """Chinese or Japanese without the marks that keep its characters apart, or at least without spaces, which part no words."""
    if _scattered(folded):
        yield _SCATTERED.sub("", folded)
    elif _SPACES_WITHIN.search(folded):
        yield _SPACES_WITHIN.sub("", folded)


def _scattered(folded: str) -> bool:
    """Whether Chinese or Japanese characters are kept apart by marks: one mark for three characters or fewer."""
    marks = len(_SCATTERED.findall(folded))
    return marks >= _SPELLED - 1 and _within(_WIDE_RUN, folded) <= 3 * marks


def _within(runs: re.Pattern[str], text: str) -> int:
    """How many characters of a text stand in such runs."""
    return len(text) - len(runs.sub("", text))


def _resolved(text: str) -> Iterator[str]:
    """A text with its letters and marks composed, which `fold` drops where they stand apart; with its escapes resolved."""
    if (plain := unicodedata.normalize("NFC", text)) != text:
        yield plain
    if "&" in text and ";" in text and (plain := _unescaped(text)) != text:
        yield plain
    if "%" in text and (plain := unquote(text, errors="replace")) != text:
        yield plain
    if "\\" in text and _ESCAPE.search(text):
        yield _ESCAPE.sub(_escaped, text)


def _unescaped(text: str) -> str:
    """HTML references resolved. References longer than any character's number are dropped before they are computed."""
    return html.unescape(_NO_CHARACTER.sub(" ", _LEADING_ZEROS.sub(r"\1", text)))


def _escaped(match: re.Match[str]) -> str:
    number = int(match[1] or match[2], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else " "  # noqa: PLR2004 - Unicode's bounds


def _joined(match: re.Match[str]) -> str:
    letters = match[0]
    if _WIDE_GAPS.search(letters):  # two gaps between words, one within
        return " ".join(_GAPS.sub("", word) for word in _WIDE_GAPS.split(letters))
    if " " in letters.strip() and _DASHES.search(letters):  # a space between words, something else within
        return " ".join(_GAPS.sub("", word) for word in letters.split(" "))
    return _GAPS.sub("", letters)


def _unwrapped(text: str, *, pairs_only: bool = False) -> Iterator[str]:
    """What every encoded run of a text says: each run is decoded once, so all of them cost no more than the text.

    `pairs_only` says that no word is long enough for more than pairs of hexadecimal digits.
    """
    for run in () if pairs_only else _BASE64.finditer(text):
        if (plain := _from_base64(run[0])) is not None:
            yield plain
    for run in _HEX.finditer(text):
        if (plain := _printable(bytes.fromhex(_HEX_GAPS.sub("", run[0])))) is not None:
            yield plain


def _from_base64(run: str) -> str | None:
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _printable(base64.b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError):
        return None


def _printable(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if text.isprintable():
        return text
    printable = sum(map(str.isprintable, text)) + sum(map(str.isspace, text))
    return text if printable > _MOSTLY * len(text) else None
