"""The words in the objects of a PDF."""

import pikepdf
import pytest

from proxy.examine.pdf_strings import decoded, without_strings, words_in

DECODED: dict[bytes, str] = {
    b"hello": "hello",
    b"\xfe\xff\0h\0i": "hi",
    b"\xff\xfeh\0i\0": "hi",
    b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe": "Grüße",
    b"Gr\xfc\xdfe \xa0 \x80 \x93": "Grüße € • ﬁ",
    b"a\0b\x01\x02c\td": "a b c\td",
    b"\xfe\xff\xd8\x3d": "�",
    b"": "",
}


@pytest.mark.parametrize("raw", DECODED)
def test_decoded(raw: bytes) -> None:
    """By the mark in front, or in the encoding of PDFs; control characters are spaces."""
    assert decoded(raw) == DECODED[raw]


STRINGS = ["hello", "a (b) c", "((", "))", "back\\slash", "lines\nand\rreturns\tand\btabs", "Grüße", "日本語", "€ fi"]


@pytest.mark.parametrize("text", STRINGS)
def test_as_qpdf_writes_them(text: str) -> None:
    """Whatever qpdf has to escape."""
    written = b"<< /A " + pikepdf.String(text).unparse() + b" /B 9 >>"
    assert [*words_in(written)] == (
        [decoded(bytes(pikepdf.String(text))).strip()] if any(map(str.isalpha, text)) else []
    )
    assert b"/B 9" in without_strings(written)
    assert text.encode("utf-8") not in without_strings(written)


ESCAPED: dict[bytes, list[str]] = {
    rb"(\167ho)": ["who"],
    rb"(w\150o\41)": ["who!"],
    b"(two\\\nlines)": ["twolines"],
    b"(two\\\r\nlines)": ["twolines"],
    rb"(\q\8)": ["q8"],
    b"<7768>": ["wh"],
    b"<77686>": ["wh`"],
    b"(again)(again)[(once)]": ["again", "once"],
    b"(12-34) <00ff> (...)": ["ÿ"],
    b"/ID [ (abc) <6162> ] (said)": ["said"],
}


@pytest.mark.parametrize("objects", ESCAPED)
def test_words(objects: bytes) -> None:
    """Each string once, if there is a letter in it; the file's id is none."""
    assert [*words_in(objects)] == ESCAPED[objects]
