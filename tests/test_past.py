"""What earlier requests showed counts where it is named again, and only there."""

from proxy.caller import Caller
from proxy.content import Content, Reference, Role, Text
from proxy.examine import examine
from proxy.examine.media import Media
from proxy.facts import Fact, Truth
from proxy.location import Location
from proxy.past import HISTORY, NOTHING_BEFORE, Dossier, Past
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
