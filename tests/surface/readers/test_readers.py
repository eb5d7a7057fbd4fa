"""The list of readers."""

from support.bodies import CATALOGUE, TARGETS, outline, surfaced

from proxy.operation import Disposition
from proxy.surface import route
from proxy.surface.readers import FIELD_NAMES, READERS


def test_readers() -> None:
    """The readers by the names that the catalogue uses: each name has a function of its own."""
    assert [name for name, read in READERS.items() if not name.endswith(read.__name__.removeprefix("read_"))] == []
    assert len(set(READERS.values())) == len(READERS)
    assert list(READERS) == sorted(READERS)


ELSEWHERE = {"client_secret", "realtime_session"}
"""Readers of what realtime sessions begin with: tested with the events of those."""


def test_each_has_a_path() -> None:
    """Each reader is reached by a path, under which tests call it."""
    assert set(TARGETS) == set(READERS) - ELSEWHERE
    called = {name: route("POST", target, CATALOGUE).operation.reader for name, target in TARGETS.items()}
    assert called == {name: name for name in TARGETS}


def test_each_reads_through_its_own_path() -> None:
    """The path chooses the reader; the body does not."""
    body = {"messages": "a", "prompt": ["b"], "input": "c", "items": "d"}
    found = {
        reader: [line for line in outline(surfaced(body, reader).content) if "field" not in line] for reader in TARGETS
    }
    assert {reader: lines for reader, lines in found.items() if lines} == {
        "chat": ["opaque /messages"],
        "completions": ["text /prompt/0: user: b"],
        "conversation": ["opaque /items"],
        "embeddings": ["text /input: user: c"],
        "image_edits": ["text /prompt/0: user: b"],
        "image_generation": ["text /prompt/0: user: b"],
        "moderation": ["text /input: user: c"],
        "responses": ["opaque /prompt", "text /input: user: c"],
        "speech": ["text /input: user: c"],
        "thread": ["opaque /messages"],
        "video": ["text /prompt/0: user: b"],
    }


def test_what_paths_name() -> None:
    """The kinds of things that paths name may be shown."""
    kinds = {
        part[1:-1]
        for one in CATALOGUE.operations
        if one.disposition is Disposition.SCREEN
        for path in one.paths
        for part in path.split("/")
        if part.startswith("{")
    }
    assert kinds - {"deployment", "model"} - FIELD_NAMES == set()


def test_field_names() -> None:
    """All readers' names may be shown, and those of the parts of a request that are no body."""
    assert {"headers", "query", "facegate-attributes", "suffix", "dimensions", "size", "instructions"} <= FIELD_NAMES
    assert {"", "him", "identify this man"} & FIELD_NAMES == set()
