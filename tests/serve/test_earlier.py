"""What a session has shown counts for each event after it, and only grows."""

from dataclasses import replace

import pytest
from support.events import CALLED

from proxy.caller import Caller
from proxy.content import Audio, Content, Coverage, Image, Inline, Opaque, Part, Reference, Role, Text
from proxy.decision import Decision, Outcome
from proxy.exchange import Forward, Inspected, Refuse, Screened, Surfaced
from proxy.facts import Evidence, Fact, Truth
from proxy.location import Location
from proxy.past import HISTORY
from proxy.serve.earlier import EARLIER, AudioRule, Earlier

HERE = Location(("item", "content", 0))
HELLO = Text(HERE, Role.USER, "hello")
SPEECH = Audio(Location(("audio",)), Inline("", b"pcm"))
PICTURE = Image(HERE, Inline("image/png", b"png"))
ITSELF = Reference(EARLIER, "session", "fgd_1")
INSPECTED = Inspected("application/json", (b"{}",))
FORWARD = Forward(CALLED, INSPECTED)
REFUSE = Refuse(403, "prohibited_use", {})

FACE = Fact("media.faces", Truth.TRUE, "faces", 0.9, (HERE,), 2)
WORDS = Fact("intent.identify_person", Truth.TRUE, "intent", 1.0, (HERE,), 1)
QUIET = Fact("media.video", Truth.FALSE, "media")


def surfaced(*parts: Part) -> Surfaced:
    """An event with these parts."""
    return Surfaced(CALLED, Content(parts, (), "m"), INSPECTED)


def screened(*facts: Fact, parts: tuple[Part, ...] = (HELLO,), action: Forward | Refuse = FORWARD) -> Screened:
    """An event that showed these facts."""
    decision = Decision(Outcome.ALLOW, (), (), "r")
    content = Content(parts, (), "m")
    return Screened(Caller("t", "k"), CALLED, content, Evidence(facts), decision, action, Coverage(0, 0, 0, {}))


def session(audio: AudioRule = "exempt") -> Earlier:
    """A session of which nothing is known."""
    return Earlier("fgd_1", audio)


def known(earlier: Earlier) -> dict[str, tuple[Truth, int]]:
    """What is known of a session, as an event sees it: facts with their counts, all of them at one place."""
    _, past = earlier.beside(surfaced(HELLO))
    facts = past.facts_of(ITSELF)
    assert {(fact.source, fact.locations) for fact in facts} <= {(HISTORY, (EARLIER,))}
    return {fact.name: (fact.truth, fact.count) for fact in facts}


def test_the_first_event_stands_alone() -> None:
    """Nothing is added to it."""
    event = surfaced(HELLO)
    beside, past = session().beside(event)
    assert (beside, dict(past.dossiers)) == (event, {})


def test_what_was_shown_stands_beside_the_next() -> None:
    """As a reference to the session, of which the facts are known; the event itself stays as it is, and so does what is sent."""
    earlier = session()
    earlier.add(screened(FACE, QUIET), frame=False)
    beside, past = earlier.beside(surfaced(HELLO))
    assert beside == surfaced(HELLO, ITSELF)
    assert past.knows(ITSELF)
    assert known(earlier) == {"media.faces": (Truth.TRUE, 2)}


def test_it_only_grows() -> None:
    """Events that show nothing take nothing back; those that show the same are counted; what was known is not counted again."""
    earlier = session()
    earlier.add(screened(FACE), frame=False)
    earlier.add(screened(QUIET), frame=False)
    earlier.add(screened(WORDS, replace(FACE, source=HISTORY, locations=(EARLIER,))), frame=False)
    assert known(earlier) == {"media.faces": (Truth.TRUE, 2), "intent.identify_person": (Truth.TRUE, 1)}
    earlier.add(screened(FACE), frame=False)
    assert known(earlier)["media.faces"] == (Truth.TRUE, 4)


def test_what_is_known_of_other_things_counts() -> None:
    """An event that names a thing from before the session brings what that showed into the session."""
    earlier = session()
    earlier.add(screened(replace(FACE, source=HISTORY, locations=(HERE,))), frame=False)
    assert known(earlier) == {"media.faces": (Truth.TRUE, 2)}


def test_what_was_refused_never_came() -> None:
    """It did not go to the service: neither its facts, nor its speech and pictures count."""
    earlier = session("without_pictures")
    earlier.add(screened(FACE, parts=(SPEECH, PICTURE), action=REFUSE), frame=True)
    assert (known(earlier), earlier.pictures, earlier.speech, earlier.heard) == ({}, False, False, False)


def test_items_are_the_sessions_own() -> None:
    """Naming one is no gap; naming anything else is left to who knows of it."""
    item, file = Reference(HERE, "item", "item_1"), Reference(HERE, "file", "file_1")
    beside, past = session().beside(surfaced(item, file))
    assert (past.knows(item), past.knows(file), past.facts_of(item)) == (True, False, ())
    assert beside.content.parts == (item, file)


BOTH: dict[str, tuple[AudioRule, tuple[tuple[Part, ...], ...], tuple[Part, ...], Part | None]] = {
    # the rule; what went before; an event; the part that is too much
    "speech alone": ("without_pictures", ((SPEECH,),), (SPEECH,), None),
    "pictures alone": ("without_pictures", ((PICTURE,),), (PICTURE, HELLO), None),
    "words after both kinds are impossible": ("without_pictures", ((SPEECH,),), (HELLO,), None),
    "a picture after speech": ("without_pictures", ((SPEECH,), (HELLO,)), (HELLO, PICTURE), PICTURE),
    "speech after a picture": ("without_pictures", ((PICTURE,), (HELLO,)), (SPEECH,), SPEECH),
    "both at once": ("without_pictures", (), (HELLO, PICTURE, SPEECH), PICTURE),
    "both, where that is allowed": ("exempt", ((SPEECH,),), (PICTURE, SPEECH), None),
    "both, where speech is refused anyway": ("refuse", ((PICTURE,),), (SPEECH,), None),
}


@pytest.mark.parametrize("name", BOTH)
def test_speech_beside_pictures(name: str) -> None:
    """Where nobody hears what is said, and the tenant may have only one of them, the other is opaque, at its own place."""
    audio, before, event, too_much = BOTH[name]
    earlier = session(audio)
    for parts in before:
        earlier.add(screened(parts=parts), frame=False)
    beside, _ = earlier.beside(surfaced(*event))
    opaque = [part for part in beside.content.parts if isinstance(part, Opaque)]
    assert [part.location for part in opaque] == ([too_much.location] if too_much else [])
    assert beside.content.parts[: len(event)] == event


HEARD: dict[str, tuple[tuple[tuple[Screened, bool], ...], bool]] = {
    # events with whether they are pieces of speech; whether the next piece needs no judging
    "nothing": ((), False),
    "words": (((screened(), False),), False),
    "a piece": (((screened(parts=(SPEECH,)), True),), True),
    "a piece, then words that show nothing": (((screened(), True), (screened(QUIET), False)), True),
    "a piece, then words that show something": (((screened(), True), (screened(WORDS), False)), False),
    "that, and then a piece that passed": (((screened(), True), (screened(WORDS), False), (screened(), True)), True),
    "a piece that was refused": (((screened(action=REFUSE), True),), False),
    "a piece, then something that was refused": (((screened(), True), (screened(WORDS, action=REFUSE), False)), True),
}


@pytest.mark.parametrize("name", HEARD)
def test_when_speech_need_not_be_judged_again(name: str) -> None:
    """As long as nothing new is known since a piece was let through."""
    events, expected = HEARD[name]
    earlier = session()
    for event, frame in events:
        earlier.add(event, frame=frame)
    assert earlier.heard is expected
