"""All detectors are asked; one that fails takes its own facts with it and no others."""

from collections.abc import Sequence

import pytest
from support.cases import caller

from proxy.caller import Caller
from proxy.content import Content, Reference, Role, Text
from proxy.examine import _JOINED, examine
from proxy.examine.detector import Detector
from proxy.facts import Evidence, Fact, Truth
from proxy.location import WHOLE, Location
from proxy.past import HISTORY, Dossier, Past

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE

HERE = Location(("messages", 0))
CONTENT = Content((Text(HERE, Role.USER, "Hello."),), (), "model")

AGREE = {"conflict.camera": F, "conflict.organization": F, "conflict.timing": F}


class Says:
    """A detector that says what it is told to."""

    def __init__(self, name: str, *facts: Fact, gaps: tuple[tuple[Location, str], ...] = ()) -> None:
        self.name = name
        self.reports = frozenset(fact.name for fact in facts)
        self._evidence = Evidence(facts, gaps)

    def examine(self, content: Content, caller: Caller) -> Evidence:
        del content, caller
        return self._evidence


class Fails:
    """A detector that raises."""

    name = "broken"
    reports = frozenset({"media.faces", "media.mobile_camera"})

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def examine(self, content: Content, caller: Caller) -> Evidence:
        del content, caller
        raise self._failure


def truths(detectors: Sequence[Detector], who: Caller | None = None) -> dict[str, Truth]:
    evidence = examine(CONTENT, who or caller(), detectors)
    return {fact.name: fact.truth for fact in evidence.facts}


def test_no_detector_says_nothing() -> None:
    assert truths([]) == AGREE
    assert examine(CONTENT, caller(), []).truth_of("media.faces") is U


def test_all_are_asked_in_order() -> None:
    one = Says("one", Fact("media.images", T, "one"), gaps=((HERE, "unread"),))
    two = Says("two", Fact("media.faces", F, "two"), gaps=((WHOLE, "too long"),))
    assert truths([one, two]) == {"media.images": T, "media.faces": F, **AGREE}
    assert examine(CONTENT, caller(), [one, two]).unexamined == ((HERE, "unread"), (WHOLE, "too long"))


@pytest.mark.parametrize("failure", [ValueError("secret words"), MemoryError(), RecursionError(), KeyError("k")])
def test_a_detector_that_fails_takes_its_own_facts_with_it(failure: Exception) -> None:
    """They are unknown, nothing counts as examined, and the text of the failure goes nowhere."""
    evidence = examine(CONTENT, caller(), [Fails(failure), Says("one", Fact("media.images", T, "one"))])
    why = f"the detector failed: {type(failure).__name__}"
    assert evidence.by_name()["media.faces"] == Fact("media.faces", U, "broken", 0.0, (), 0, why)
    assert evidence.truth_of("media.mobile_camera") is U
    assert evidence.truth_of("media.images") is T
    assert evidence.unexamined == ((WHOLE, "the broken detector failed"),)


def test_what_ends_the_process_is_not_caught() -> None:
    class Ends(Fails):
        def examine(self, content: Content, caller: Caller) -> Evidence:
            del content, caller
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(CONTENT, caller(), [Ends(ValueError())])


def test_what_is_seen_is_held_against_what_is_declared() -> None:
    camera = Says("one", Fact("media.mobile_camera", T, "one", 1.0, (HERE,)))
    assert truths([camera], caller(camera="fixed")) == {"media.mobile_camera": T, **AGREE, "conflict.camera": T}
    assert truths([camera], caller(camera="dash")) == {"media.mobile_camera": T, **AGREE}


def test_a_camera_unknown_by_failure_conflicts_by_chance() -> None:
    assert truths([Fails(ValueError())], caller(camera="fixed"))["conflict.camera"] is U


def test_evidence_of_nothing_is_joined_once() -> None:
    """Requests in which nothing is seen share it; one in which something is unread or seen has its own."""
    _JOINED.clear()  # other tests may have filled it
    nothing, other = Says("one", Fact("media.images", F, "one")), Says("two", Fact("media.faces", F, "two"))
    first = examine(CONTENT, caller(), [nothing, other])
    assert examine(CONTENT, caller(camera="dash"), [nothing, other]) is first
    assert examine(CONTENT, caller(), [other, nothing]) == Evidence(first.facts[1::-1] + first.facts[2:])
    unread = Says("three", Fact("media.audio", F, "three"), gaps=((HERE, "unread"),))
    assert examine(CONTENT, caller(), [nothing, unread]).unexamined == ((HERE, "unread"),)
    assert examine(CONTENT, caller(), [nothing, unread]) is not examine(CONTENT, caller(), [nothing, unread])


NAMED = Reference(Location(("previous_response_id",)), "response", "resp_1")
BOTH = Content((*CONTENT.parts, NAMED), (), "model")


class Looks:
    """A detector that tells what it was shown."""

    name = "looks"
    reports: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.shown: list[Content] = []

    def examine(self, content: Content, caller: Caller) -> Evidence:
        del caller
        self.shown.append(content)
        return Evidence(())


def test_what_is_known_of_things_that_are_named() -> None:
    """It is part of what the request shows, and conflicts with what is declared as if it stood there; detectors do not see it."""
    past = Past({("response", "resp_1"): Dossier((Fact("media.mobile_camera", T, "looks", 1.0, (), 1),))})
    looks = Looks()
    evidence = examine(BOTH, caller(camera="fixed"), [looks], past)
    known = Fact("media.mobile_camera", T, HISTORY, 1.0, (NAMED.location,), 1)
    assert evidence.facts[0] == known
    assert evidence.truth_of("conflict.camera") is T
    assert looks.shown == [CONTENT]


def test_what_is_not_known_stays_to_be_seen() -> None:
    """A reference to something else, or to nothing that anybody remembers, is shown to every detector."""
    looks = Looks()
    for past in (Past(), Past({("response", "resp_2"): Dossier()}), Past({("file", "resp_1"): Dossier()})):
        examine(BOTH, caller(), [looks], past)
    assert looks.shown == [BOTH] * 3


def test_evidence_of_the_past_is_nobody_elses() -> None:
    """Detectors that see nothing share their evidence, but never that of a request that names something known."""
    _JOINED.clear()  # other tests may have filled it
    nothing = Says("one", Fact("media.images", F, "one"))
    past = Past({("response", "resp_1"): Dossier((Fact("media.faces", T, "one", 1.0, (), 1),))})
    before = examine(BOTH, caller(), [nothing])
    assert examine(BOTH, caller(), [nothing], past).truth_of("media.faces") is T
    assert examine(BOTH, caller(), [nothing]) is before
    assert before.truth_of("media.faces") is U


class LooksAgain:
    """A second look that keeps what it was shown."""

    name = "again"
    reports = frozenset({"intent.infer_emotion"})

    def __init__(self, *facts: Fact, failure: Exception | None = None) -> None:
        self._facts, self._failure = facts, failure
        self.seen: list[dict[str, Truth]] = []

    def examine(self, content: Content, seen: Evidence) -> Evidence:
        assert content is CONTENT
        self.seen.append({fact.name: fact.truth for fact in seen.facts})
        if self._failure is not None:
            raise self._failure
        return Evidence(self._facts, ((HERE, "too long"),))


def test_a_second_look_is_taken_where_anything_was_seen() -> None:
    """It knows what all others said; what it adds stands beside that, and its gaps count."""
    shown, silent = Says("shown", Fact("media.images", T, "shown")), Says("silent", Fact("media.images", F, "silent"))
    again = LooksAgain(Fact("intent.infer_emotion", U, "again", 0.4))
    quiet = examine(CONTENT, caller(), [silent], second=again)
    assert ({fact.name: fact.truth for fact in quiet.facts}, again.seen) == ({"media.images": F, **AGREE}, [])
    loud = examine(CONTENT, caller(), [silent, shown], second=again)
    assert again.seen == [{"media.images": T}]
    assert {fact.name: fact.truth for fact in loud.facts} == {"media.images": T, "intent.infer_emotion": U, **AGREE}
    assert loud.unexamined == ((HERE, "too long"),)


def test_a_second_look_that_fails_takes_its_own_facts_with_it() -> None:
    """As any detector."""
    shown = Says("shown", Fact("media.images", T, "shown"))
    evidence = examine(CONTENT, caller(), [shown], second=LooksAgain(failure=ValueError("secret words")))
    assert {fact.name: fact.truth for fact in evidence.facts} == {"media.images": T, "intent.infer_emotion": U, **AGREE}
    assert evidence.unexamined == ((WHOLE, "the again detector failed"),)
    assert "secret" not in repr(evidence)
