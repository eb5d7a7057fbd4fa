"""How streams may be packed."""

import zlib
from collections.abc import Iterator

import pikepdf
import pytest
from support import pictures

from proxy.examine.opening import Unopened
from proxy.examine.pdf_filters import check_code, filters_of, is_coded
from proxy.examine.pictures import PictureLimits

JPX = pictures.encode(pictures.plain_pixels(64), "JPEG2000")
UNUSUAL = "a PDF whose streams are packed in an unusual way"
TORN = "a PDF with a stream that is damaged, or inflates beyond the limit"


@pytest.fixture
def pdf() -> Iterator[pikepdf.Pdf]:
    """A file for streams to stand in."""
    with pikepdf.new() as made:
        yield made


def stream(pdf: pikepdf.Pdf, data: bytes, *filters: str) -> pikepdf.Stream:
    """A stream of data that are packed already."""
    made = pikepdf.Stream(pdf, data)
    if filters:
        names = [pikepdf.Name("/" + name) for name in filters]
        made.stream_dict[pikepdf.Name.Filter] = names[0] if len(names) == 1 else pikepdf.Array(names)
    return made


CODED: dict[tuple[str, ...], bool | str] = {
    (): False,
    ("FlateDecode",): False,
    ("Fl",): False,
    ("ASCII85Decode", "FlateDecode"): False,
    ("AHx",): False,
    ("LZWDecode",): False,
    ("RL",): False,
    ("DCTDecode",): True,
    ("JPXDecode",): True,
    ("FlateDecode", "DCTDecode"): True,
    ("A85", "DCT"): True,
    ("CCITTFaxDecode",): True,
    ("JBIG2Decode",): True,
    ("FlateDecode", "FlateDecode"): UNUSUAL,
    ("LZWDecode", "FlateDecode"): UNUSUAL,
    ("FlateDecode", "LZWDecode", "DCTDecode"): UNUSUAL,
    ("DCTDecode", "FlateDecode"): UNUSUAL,
    ("DCTDecode", "DCTDecode"): UNUSUAL,
    ("Crypt",): UNUSUAL,
    ("FlateDecode", "Crypt"): UNUSUAL,
    ("BrotliDecode",): UNUSUAL,
}


@pytest.mark.parametrize("filters", CODED, ids="+".join)
def test_filters(pdf: pikepdf.Pdf, filters: tuple[str, ...]) -> None:
    """One packer at the most, then a picture's codec at the most; wrappers change nothing."""
    made, expected = stream(pdf, b"", *filters), CODED[filters]
    assert filters_of(made) == ["/" + name for name in filters]
    if isinstance(expected, bool):
        assert is_coded(made) is expected
    else:
        with pytest.raises(Unopened, match=expected):
            is_coded(made)


@pytest.mark.parametrize("name", ["LZWDecode", "RunLengthDecode"])
def test_old_packers_are_bounded_by_what_they_take_in(pdf: pikepdf.Pdf, name: str) -> None:
    """What they give out nobody bounds."""
    assert not is_coded(stream(pdf, bytes(100_000), name))
    with pytest.raises(Unopened, match="more than 100000 bytes packed by LZW"):
        is_coded(stream(pdf, bytes(100_001), name))


PACKED = zlib.compress(bytes(1000))
CODES: list[tuple[str, bytes, tuple[str, ...], int | str]] = [
    ("a JPEG", b"x", ("DCTDecode",), 0),
    ("a wrapped JPEG", b"x", ("ASCIIHexDecode", "DCTDecode"), 0),
    ("a packed JPEG", PACKED, ("FlateDecode", "DCTDecode"), 1000),
    ("one that is too large", zlib.compress(bytes(1001)), ("FlateDecode", "DCTDecode"), TORN),
    ("one that is torn", PACKED[:-5], ("FlateDecode", "DCTDecode"), TORN),
    ("one that is not packed", b"nonsense", ("FlateDecode", "DCTDecode"), TORN),
    ("one in an old packer", b"x", ("LZWDecode", "DCTDecode"), UNUSUAL),
    ("a JPEG 2000", JPX, ("JPXDecode",), 0),
    ("a large JPEG 2000", pictures.encode(pictures.plain_pixels(101), "JPEG2000"), ("JPXDecode",), "101 x 101 pixels"),
    ("no JPEG 2000", b"nonsense", ("JPXDecode",), "cannot be decoded"),
    ("a wrapped JPEG 2000", JPX.hex().encode(), ("ASCIIHexDecode", "JPXDecode"), "cannot be decoded"),
]


@pytest.mark.parametrize("case", CODES, ids=[one[0] for one in CODES])
def test_codes(pdf: pikepdf.Pdf, case: tuple[str, bytes, tuple[str, ...], int | str]) -> None:
    """What a picture's code inflates to, and how large a JPEG 2000 says that it is, are known before either is decoded."""
    _, data, filters, expected = case
    made, limits = stream(pdf, data, *filters), PictureLimits(pixels=10_000)
    if isinstance(expected, int):
        assert check_code(made, 1000, limits) == expected
    else:
        with pytest.raises(Unopened, match=expected):
            check_code(made, 1000, limits)
