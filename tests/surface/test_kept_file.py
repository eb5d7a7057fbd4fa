"""A file that the service keeps is read as one that is uploaded, at the place where it is named."""

import io
from typing import Any

import pytest
from PIL import Image as Pillow
from support.bodies import CATALOGUE
from support.pictures import small

from proxy.content import Content, Document, Inline, Opaque, Text
from proxy.errors import BadRequest, TooLarge
from proxy.location import Location
from proxy.surface import route
from proxy.surface.kept_file import OUTPUTS, KeptFile, read_kept_file
from proxy.surface.limits import Limits

HERE = Location(("input", 0, "file_id"))
UPLOAD = route("POST", "/openai/v1/files", CATALOGUE)

LINE = b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "hello"}}'


def read(purpose: str, data: bytes, filename: str = "a.bin", **limits: Any) -> Content:
    surfaced = read_kept_file(KeptFile(purpose, filename, data), HERE, UPLOAD, Limits(**limits))
    assert surfaced.called is UPLOAD
    assert surfaced.inspected.size == 0
    lines = [line.content for line in surfaced.lines]
    places = [str(line.place) for line in surfaced.lines]
    assert places == [f"{HERE}/line/{number}" for number in range(1, len(lines) + 1)]
    parts = [part for one in (surfaced.content, *lines) for part in one.parts]
    return Content(tuple(parts), surfaced.content.inert, "")


def pdf() -> bytes:
    """A PDF of one page."""
    out = io.BytesIO()
    Pillow.new("RGB", (20, 20)).save(out, "PDF")
    return out.getvalue()


@pytest.mark.parametrize("data", [small(), pdf(), b"words", b""], ids=["picture", "pdf", "words", "empty"])
@pytest.mark.parametrize("purpose", ["assistants", "vision", "user_data", *sorted(OUTPUTS)])
def test_a_file_of_any_kind(purpose: str, data: bytes) -> None:
    """It is a document, to be opened by what its bytes are; its name is words."""
    content = read(purpose, data, "who is this.png")
    kinds = [type(part) for part in content.parts]
    assert kinds == [Text, Document]
    document = content.parts[1]
    assert isinstance(document, Document)
    assert (document.location, document.source, document.filename) == (HERE, Inline("", data), "who is this.png")
    assert str(content.parts[0].location) == "/input/0/file_id/filename"
    assert [str(place) for place in content.inert] == ["/input/0/file_id/purpose"]


@pytest.mark.parametrize(
    ("purpose", "lines"),
    [
        ("batch", LINE + b"\n\n" + LINE.replace(b'"a"', b'"b"')),
        ("fine-tune", b'{"messages": [{"role": "user", "content": "x"}]}\n{"prompt": "x", "completion": "y"}\n'),
        ("evals", b'{"item": {"a": "b"}}'),
    ],
)
def test_a_file_of_lines(purpose: str, lines: bytes) -> None:
    """Each line is the request that it is."""
    surfaced = read_kept_file(KeptFile(purpose, "a.jsonl", lines), HERE, UPLOAD, Limits())
    found = list(surfaced.lines)
    assert [type(part) for part in surfaced.content.parts] == [Text]
    assert all(any(isinstance(part, Text) for part in one.content.parts) for one in found)
    numbers = [one.number for one in found]
    assert [str(one.place) for one in found] == [f"/input/0/file_id/line/{number}" for number in numbers]
    assert len(numbers) == len([line for line in lines.splitlines() if line])


@pytest.mark.parametrize("purpose", ["skills", "Batch_output", "fine_tune_results", "", "Batch"])
def test_a_purpose_that_is_not_known(purpose: str) -> None:
    """Its lines could be requests: a gap."""
    gaps = [part for part in read(purpose, LINE).parts if isinstance(part, Opaque)]
    assert [str(gap.location) for gap in gaps] == ["/input/0/file_id/purpose"]


@pytest.mark.parametrize(
    ("data", "limits", "error", "place"),
    [
        (b"no json", {}, BadRequest, "/input/0/file_id/line/1"),
        (b'{"custom_id": "a", "custom_id": "b"}', {}, BadRequest, "/input/0/file_id/line/1"),
        (LINE + b"\n" + LINE, {}, BadRequest, "/input/0/file_id/line/2/custom_id"),
        (LINE + b"\n" + LINE, {"file_lines": 1}, TooLarge, "/input/0/file_id/line/2"),
        (b"", {}, BadRequest, ""),
    ],
    ids=["no json", "a name twice", "an id twice", "too many lines", "no lines"],
)
def test_lines_that_cannot_be_read(data: bytes, limits: Any, error: type[Exception], place: str) -> None:
    """The error says where."""
    with pytest.raises(error) as refused:
        read("batch", data, **limits)
    assert str(getattr(refused.value, "location", "")) == place
