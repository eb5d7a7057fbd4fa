"""The list of readers."""

from support.bodies import TARGETS, surfaced

from proxy.surface.readers import FIELD_NAMES, READERS, chat, completions, embeddings, images, responses


def test_readers() -> None:
    """The readers by the names that the catalogue uses."""
    assert dict(READERS) == {
        "chat": chat.read_chat,
        "completions": completions.read_completions,
        "embeddings": embeddings.read_embeddings,
        "image_generation": images.read_image_generation,
        "responses": responses.read_responses,
    }
    assert set(TARGETS) == set(READERS)


def test_each_reads_through_its_own_path() -> None:
    """The path chooses the reader; the body does not."""
    body = {"messages": "a", "prompt": ["b"], "input": "c"}
    assert {
        reader: [str(part.location) for part in surfaced(body, reader).content.parts][:3] for reader in TARGETS
    } == {
        "chat": ["/messages", "/prompt", "/prompt/0"],
        "completions": ["/messages", "/messages", "/prompt/0"],
        "embeddings": ["/messages", "/messages", "/prompt"],
        "image_generation": ["/messages", "/messages", "/prompt/0"],
        "responses": ["/messages", "/messages", "/prompt"],
    }


def test_field_names() -> None:
    """All readers' names may be shown, and those of the parts of a request that are no body."""
    assert {"headers", "query", "facegate-attributes", "suffix", "dimensions", "size", "instructions"} <= FIELD_NAMES
    assert {"", "him", "identify this man"} & FIELD_NAMES == set()
