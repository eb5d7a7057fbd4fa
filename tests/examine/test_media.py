"""What kinds of media a request carries, and what of it stays unread."""

import pytest

from proxy.caller import Caller
from proxy.content import (
    Audio,
    Content,
    Document,
    Image,
    Inline,
    Opaque,
    Part,
    Reference,
    Remote,
    Role,
    Schema,
    SchemaKind,
    Text,
    Video,
)
from proxy.examine.media import Media
from proxy.facts import Fact, Truth
from proxy.location import Location

HERE = Location(("messages", 0))
THERE = Location(("messages", 1))
INLINE, REMOTE = Inline("image/png", b""), Remote("https://example.org/")

F, U, T = "F", "U", "T"
NAMES = (
    "media.images",
    "media.audio",
    "media.video",
    "media.documents",
    "coverage.opaque",
    "coverage.references",
    "coverage.remote",
)


def seen(*parts: Part) -> dict[str, Fact]:
    evidence = Media().examine(Content(parts, (), "model"), Caller("tenant", "key"))
    assert evidence.unexamined == ()
    assert len({fact.name for fact in evidence.facts}) == len(evidence.facts)
    return {fact.name: fact for fact in evidence.facts}


@pytest.mark.parametrize(
    ("parts", "truths"),
    [
        pytest.param((), "FFFFFFF", id="nothing"),
        pytest.param(
            (Text(HERE, Role.USER, "a"), Schema(HERE, SchemaKind.TOOL, {})), "FFFFFFF", id="words alone"
        ),
        pytest.param((Image(HERE, INLINE),), "TFFFFFF", id="a picture"),
        pytest.param((Audio(HERE, INLINE),), "FTFFFFF", id="a recording"),
        pytest.param((Video(HERE, INLINE),), "FFTFFFF", id="a film"),
        pytest.param((Document(HERE, INLINE),), "FFFTFFF", id="a file"),
        pytest.param((Image(HERE, REMOTE),), "TFFFFFT", id="a picture elsewhere"),
        pytest.param((Document(HERE, REMOTE),), "FFFTFFT", id="a file elsewhere"),
        pytest.param((Opaque(HERE, "unread"),), "UUUUTFF", id="unread: it may be any of them"),
        pytest.param((Reference(HERE, "file", "file-1"),), "UUUUFTF", id="kept by the service: it may be any of them"),
        pytest.param((Image(HERE, INLINE), Opaque(THERE, "unread")), "TUUUTFF", id="a picture and something unread"),
    ],
)  # fmt: skip
def test_kinds(parts: tuple[Part, ...], truths: str) -> None:
    assert "".join(seen(*parts)[name].truth.name[0] for name in NAMES) == truths


def test_facts_count_and_say_where() -> None:
    facts = seen(Image(HERE, INLINE), Image(THERE, REMOTE))
    assert facts["media.images"] == Fact("media.images", Truth.TRUE, "media", 1.0, (HERE, THERE), 2)
    assert facts["coverage.remote"] == Fact("coverage.remote", Truth.TRUE, "media", 1.0, (THERE,), 1)


def test_an_unknown_kind_says_what_could_not_be_read() -> None:
    why = "a part that could not be read may hold some"
    assert seen(Opaque(HERE, "odd"))["media.video"] == Fact("media.video", Truth.UNKNOWN, "media", 0.0, (HERE,), 0, why)


@pytest.mark.parametrize("parts", [(), (Image(HERE, INLINE),), (Opaque(HERE, "odd"),)], ids=["no", "yes", "unknown"])
def test_everything_promised_is_reported(parts: tuple[Part, ...]) -> None:
    assert set(seen(*parts)) == set(Media.reports) == set(NAMES)
