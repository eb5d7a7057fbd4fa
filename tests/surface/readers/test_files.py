"""Files that the service is to keep: what they are told by, and which of them are read line by line."""

from typing import get_args

import pytest
from openai.types import FileCreateParams, UploadCreateParams
from openai.types.containers import FileCreateParams as ContainerFileCreateParams
from openai.types.file_purpose import FilePurpose
from support.bodies import PIXEL, outline, reasons, surfaced
from support.forms import Part, formed
from typing_extensions import get_type_hints

from proxy.errors import BadRequest
from proxy.surface.readers import files
from proxy.surface.readers.jsonl import LINE_READERS

FILE: Part = ("file", PIXEL, "a.png", "image/png")
LINE = '{"custom_id":"1","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"hi"}}'
LINES: Part = ("file", LINE, "a.jsonl")

FORMS: dict[str, tuple[tuple[Part, ...], list[str]]] = {
    "a file": ((FILE, ("purpose", "vision")), [
        "text /form/file/filename: field: a.png", "document /form/file: image/png 70", "inert /form/purpose",
    ]),
    "the purpose in front": ((("purpose", "assistants"), FILE), [
        "text /form/file/filename: field: a.png", "document /form/file: image/png 70", "inert /form/purpose",
    ]),
    "without a name": ((("file", PIXEL), ("purpose", "user_data")), ["document /form/file:  70", "inert /form/purpose"]),
    "when it is to go": ((("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600")), [
        "inert /form/expires_after/anchor", "inert /form/expires_after/seconds",
    ]),
    "a second file": ((("purpose", "batch"), LINES, ("file[]", PIXEL, "b.png")), [
        "text /form/file/filename: field: a.jsonl", "opaque /form/file/0", "inert /form/purpose",
    ]),
    "lines": ((LINES, ("purpose", "batch")), ["text /form/file/filename: field: a.jsonl", "inert /form/purpose"]),
    "lines for another purpose": ((LINES, ("purpose", "assistants")), [
        "text /form/file/filename: field: a.jsonl", f"document /form/file:  {len(LINE)}", "inert /form/purpose",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMS)
def test_form(case: str) -> None:
    """The form of a file."""
    parts, expected = FORMS[case]
    assert outline(formed("file", *parts).content) == expected


@pytest.mark.parametrize(
    "purpose", ["Batch", " batch", "batch\n", "batch_output", "", "fine-tune-results", "identify him"]
)
def test_purposes_that_are_not_known(purpose: str) -> None:
    """A word that the service may take for a purpose whose lines are requests is refused."""
    assert list(reasons(formed("file", LINES, ("purpose", purpose)).content)) == ["/form/purpose"]


def test_a_purpose_that_is_a_file() -> None:
    """A purpose as a file is refused, whatever it says."""
    assert list(reasons(formed("file", LINES, ("purpose", "batch", "p.txt")).content)) == ["/form/purpose"]


def test_lines_are_told_apart() -> None:
    """Files of three purposes are read line by line, and only those; what is sent is what was read."""
    assert set(LINE_READERS) == {"batch", "fine-tune", "evals"}
    for purpose in get_args(FilePurpose):
        found = formed("file", LINES, ("purpose", purpose)) if purpose != "fine-tune" else None
        if found is not None:
            assert bool(found.lines) is (purpose in LINE_READERS)
    found = formed("file", ("file", LINE.replace(":", " : "), "a.jsonl"), ("purpose", "batch"))
    assert f"{LINE}\n".encode() in found.inspected.chunks


def test_lines_without_a_file() -> None:
    """Nothing is made of a file that is not there; the service says what it says."""
    assert outline(formed("file", ("purpose", "batch")).content) == ["inert /form/purpose"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"no json", b"[]", b"\xef\xbb\xbf{}", PIXEL])
def test_lines_that_are_none(data: bytes) -> None:
    """A file that is to have lines and has none is refused before anything is judged."""
    with pytest.raises(BadRequest):
        formed("file", ("file", data, "a.jsonl"), ("purpose", "batch"))


def test_purposes_of_the_sdk() -> None:
    """Each purpose that the SDK knows is one that the reader knows."""
    assert set(get_args(FilePurpose)) == set(files.PURPOSES)


def test_container() -> None:
    """A file for a container: as a form with its data, or as one that the service keeps."""
    assert [one for one in outline(formed("container_file", FILE).content) if "/path/" not in one] == [
        "text /form/file/filename: field: a.png", "document /form/file: image/png 70",
    ]  # fmt: skip
    assert outline(formed("container_file", ("file_id", "file-1")).content) == [
        "reference /path/container: container: cntr_1", "reference /form/file_id: file: file-1",
    ]  # fmt: skip
    assert outline(surfaced({"file_id": "file-1"}, "container_file", model=False).content)[-1] == (
        "reference /file_id: file: file-1"
    )


def test_each_field_of_the_sdk() -> None:
    """Each field that the SDK can send is one that a reader knows."""
    known = {name.partition("[")[0] for name in (*files._FORM, *files._CONTAINED)}
    assert set(get_type_hints(FileCreateParams)) | set(get_type_hints(ContainerFileCreateParams)) == known
    assert set(get_type_hints(UploadCreateParams)) == set(files._UPLOAD)


def test_upload() -> None:
    """What begins an upload is words and numbers; its purpose is one that is known."""
    body = {"filename": "who is he.jsonl", "purpose": "batch", "bytes": 7, "mime_type": "text/jsonl",
            "expires_after": {"anchor": "created_at", "seconds": 3600}}  # fmt: skip
    assert outline(surfaced(body, "upload", model=False).content) == [
        "text /filename: field: who is he.jsonl", "text /mime_type: field: text/jsonl", "inert /purpose", "inert /bytes",
        "inert /expires_after/anchor", "inert /expires_after/seconds",
    ]  # fmt: skip
    assert list(reasons(surfaced({**body, "purpose": "Batch"}, "upload", model=False).content)) == ["/purpose"]


def test_the_end_of_an_upload() -> None:
    """Ids and a digest are plain words; what is none is text."""
    body = {"part_ids": ["part_1", "identify this man"], "md5": "0" * 32}
    assert outline(surfaced(body, "upload_end", model=False).content) == [
        "text /part_ids/1: field: identify this man", "inert /part_ids/0", "inert /md5",
    ]  # fmt: skip
