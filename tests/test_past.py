"""What earlier requests showed counts where it is named again, and only there."""

from proxy.caller import Caller
from proxy.content import Content, Reference, Role, Text
from proxy.examine import examine
from proxy.examine.media import Media
from proxy.facts import Evidence, Fact, Truth
from proxy.location import Location
from proxy.past import HISTORY, MAX_COUNT, MAX_WHY, NOTHING_BEFORE, Dossier, Past, left_by, merged
from proxy.screen import unexamined

HERE = Location(("previous_response_id",))
NAMED = Reference(HERE, "response", "resp_1")
ASKED = Text(Location(("input",)), Role.USER, "and then?")
CONTENT = Content((ASKED, NAMED), (), "gpt-4o")
FACE = Fact("media.faces", Truth.TRUE, "faces", 0.9, (), 2)
KNOWN = Past({("response", "resp_1"): Dossier((FACE,))})


def test_a_known_reference_brings_its_facts_at_its_own_place() -> None:
    """The facts of the dossier are facts of the request, seen where the reference stands."""
    assert KNOWN.facts_of(NAMED) == (Fact("media.faces", Truth.TRUE, HISTORY, 0.9, (HERE,), 2),)
    joined = examine(CONTENT, Caller("t", "c"), (Media(),), KNOWN).by_name()
    assert (joined["media.faces"].truth, joined["media.faces"].locations) == (Truth.TRUE, (HERE,))
    assert joined["coverage.references"].truth is Truth.FALSE


def test_a_known_reference_hides_nothing() -> None:
    """It is no gap, and leaves no kind of media unknown."""
    evidence = examine(CONTENT, Caller("t", "c"), (Media(),), KNOWN)
    assert unexamined(CONTENT, evidence, KNOWN) == []
    assert evidence.truth_of("media.images") is Truth.FALSE


def test_an_unknown_reference_is_a_gap() -> None:
    """Whether nobody made it, or it is known by another kind or id."""
    for past in (NOTHING_BEFORE, Past({("file", "resp_1"): Dossier()}), Past({("response", "resp_2"): Dossier()})):
        evidence = examine(CONTENT, Caller("t", "c"), (Media(),), past)
        assert [place for place, _ in unexamined(CONTENT, evidence, past)] == [HERE]
        assert evidence.truth_of("media.images") is Truth.UNKNOWN
        assert past.facts_of(NAMED) == ()


IDENTIFY = Fact("intent.identify_person", Truth.TRUE, "intent", 0.8, (Location(("input",)),), 1)
CONFLICT = Fact("conflict.camera", Truth.TRUE, "conflict", 1.0, (), 1)
UNSURE = Fact("media.faces", Truth.UNKNOWN, "faces", 0.0, (Location(("x",)),), 0, "a truncated picture")
QUIET = Fact("media.audio", Truth.FALSE, "media")


def kept(name: str, truth: Truth = Truth.TRUE, score: float = 1.0, count: int = 0, why: str = "") -> Fact:
    """A fact as a dossier holds it."""
    return Fact(name, truth, HISTORY, score, (), count, why)


def test_what_a_request_leaves_behind() -> None:
    """Facts that were TRUE or UNKNOWN, by name, without places; conflicts with the caller's attributes are found anew."""
    evidence = Evidence((QUIET, IDENTIFY, CONFLICT, UNSURE))
    assert left_by(evidence) == Dossier(
        (
            kept("intent.identify_person", score=0.8, count=1),
            kept("media.faces", Truth.UNKNOWN, 0.0, 0, "a truncated picture"),
        )
    )
    assert left_by(Evidence((QUIET, CONFLICT))) == Dossier()


def test_what_it_names_counts_as_its_own() -> None:
    """A chain keeps what its first link showed; what is added to a thing is not what was known of it already."""
    evidence = examine(CONTENT, Caller("t", "c"), (Media(),), KNOWN)
    assert left_by(evidence) == Dossier((kept("media.faces", score=0.9, count=2),))
    assert left_by(evidence, NAMED) == Dossier()
    other = Reference(Location(("conversation",)), "conversation", "conv_1")
    assert left_by(evidence, other) == Dossier((kept("media.faces", score=0.9, count=2),))


def test_dossiers_are_merged() -> None:
    """The strongest truth counts, counts of equal ones are added, and there is an end to counting."""
    one = Dossier((kept("media.faces", count=2), kept("media.images", Truth.UNKNOWN, 0.0, 0, "a")))
    other = Dossier((kept("media.faces", Truth.UNKNOWN, 0.0, 0, "b"), kept("media.images", count=1)))
    assert merged(one, other) == Dossier((kept("media.faces", count=2), kept("media.images", count=1)))
    assert merged(one, one) == Dossier((kept("media.faces", count=4), kept("media.images", Truth.UNKNOWN, 0.0, 0, "a")))
    assert merged(one, Dossier()) == merged(Dossier(), one) == one
    many = one
    for _ in range(70):
        many = merged(many, many)
    assert [fact.count for fact in many.facts] == [MAX_COUNT, 0]


def test_reasons_are_cut() -> None:
    """A reason is a short sentence of ours; whatever a detector says, a dossier stays small."""
    long = Evidence((Fact("media.faces", Truth.UNKNOWN, "faces", 0.0, (), 0, "x" * 5000),))
    assert [len(fact.why) for fact in left_by(long).facts] == [MAX_WHY]


def test_what_lasts() -> None:
    """Of things that may change nothing is known later."""
    known = {
        ("conversation", "conv_1"): Dossier((FACE,)),
        ("response", "resp_1"): Dossier((FACE,)),
        ("file", "file-1"): Dossier(),
    }
    assert Past(known).lasting() == Past({("response", "resp_1"): Dossier((FACE,)), ("file", "file-1"): Dossier()})
