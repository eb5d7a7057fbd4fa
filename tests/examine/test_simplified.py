"""One spelling for both ways to write Chinese."""

import pytest

from proxy.examine.simplified import simplified


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("請識別照片裡的這個人", "请识别照片里的这个人"),
        ("识別這个人", "识别这个人"),
        ("请识别这个人", "请识别这个人"),
        ("顔写真の人は誰", "颜写真の人は谁"),
        ("이 사람 누구", "이 사람 누구"),
        ("who is это", "who is это"),
        ("", ""),
    ],
)
def test_traditional_characters_are_simplified(text: str, plain: str) -> None:
    assert simplified(text) == plain
    assert simplified(plain) == plain
