"""Facts: what the examination of a request shows, in three values, and the catalogue of their names."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from proxy.location import Location


class Truth(IntEnum):
    """Kleene's three values; `min` is his "and", `max` his "or", `negated` his "not"."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    def negated(self) -> "Truth":
        """TRUE for FALSE, FALSE for TRUE, UNKNOWN for itself."""
        return Truth(2 - self)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a detector says about a request.

    `name` is in `CATALOGUE`. `source` is the detector. `score` is its confidence from 0 to 1. `locations` say where it
    was seen (or, for UNKNOWN, what could not be examined). `count` is how many, where the catalogue says so.
    """

    name: str
    truth: Truth
    source: str
    score: float = 1.0
    locations: tuple[Location, ...] = ()
    count: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All facts of one request. Several detectors may report one name: the strongest truth counts.

    `unexamined` holds the places whose content no detector could examine, each with the reason.
    """

    facts: tuple[Fact, ...] = ()
    unexamined: tuple[tuple[Location, str], ...] = ()
    _joined: dict[str, Fact] = field(default_factory=dict, init=False, repr=False, compare=False)
    _quiet: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def truth_of(self, name: str) -> Truth:
        """The strongest truth reported of `name`; UNKNOWN when no detector reported it at all."""
        return max((fact.truth for fact in self.facts if fact.name == name), default=Truth.UNKNOWN)

    def by_name(self) -> Mapping[str, Fact]:
        """One fact a name: truths, scores, sources and locations of several reports joined."""
        if not self._joined:  # joined once, and asked for by policy, conflicts and record
            joined: dict[str, Fact] = {}
            for fact in self.facts:
                known = joined.get(fact.name)
                joined[fact.name] = fact if known is None else stronger(known, fact)
            self._quiet.update([name for name, fact in joined.items() if fact.truth is Truth.FALSE])
            self._joined.update(joined)  # last, and at once: another thread sees all of it or nothing
        return self._joined

    def quiet(self) -> AbstractSet[str]:
        """The names that were reported, and only as FALSE."""
        self.by_name()
        return self._quiet


def stronger(one: Fact, other: Fact) -> Fact:
    """Two reports of one fact as one: the stronger truth counts, and equal ones are joined."""
    if one.truth != other.truth:
        return one if one.truth > other.truth else other
    sources = one.source if one.source == other.source else f"{one.source},{other.source}"
    locations = one.locations + tuple(place for place in other.locations if place not in one.locations)
    why = one.why or other.why
    return Fact(one.name, one.truth, sources, max(one.score, other.score), locations, one.count + other.count, why)


def unknown(names: Iterable[str], source: str, why: str) -> tuple[Fact, ...]:
    """The facts `names` as UNKNOWN, because `source` could not say."""
    return tuple(Fact(name, Truth.UNKNOWN, source, 0.0, (), 0, why) for name in sorted(names))


CATALOGUE: Final[Mapping[str, str]] = {
    "media.images": "the request carries at least one picture (count: how many)",
    "media.faces": "a picture in the request shows a human face; UNKNOWN if one could not be fully examined"
    " (count: faces found)",
    "media.audio": "the request carries a recording",
    "media.video": "the request carries a moving picture",
    "media.documents": "the request carries a file such as a PDF",
    "media.mobile_camera": "a picture's own metadata names a body-worn, dash, drone or phone camera",
    "intent.identify_person": "asks who a person is by their looks, to name or recognise them, or to find them in a set",
    "intent.identify_depicted": "asks who or what is shown without saying that it is a person (“who is this?”)",
    "intent.verify_person": "asks whether faces or bodies belong to the same person, or to a claimed identity",
    "intent.enrol_or_search_face_database": "asks to enrol faces in, or search them against, a gallery or watch-list",
    "intent.scrape_face_database": "asks to build a face database from pictures gathered from the internet or CCTV",
    "intent.infer_emotion": "asks for a person's emotional state from face, body or voice",
    "intent.infer_sensitive_attribute": "asks for gender, race, nationality, religion or exact age from looks",
    "intent.categorise_biometrically": "asks to sort people by politics, union, belief, sex life or orientation by looks",
    "intent.track_person": "asks to follow or find again a particular person over time or over cameras",
    "intent.surveil_unlawfully": "asks to stalk, harass or secretly watch a person",
    "intent.assess_criminality": "asks for a person's risk of crime from face, looks, traits or profile",
    "intent.score_socially": "asks for a social score that leads to unfavourable treatment",
    "intent.build_recognition": "asks for code, queries or operation of a facial recognition system, in text",
    "intent.decide_consequentially": "asks for a decision with consequences for a person's rights or chances",
    "context.law_enforcement": "the request's own words speak from police or other law-enforcement work",
    "context.us_police": "the request's own words speak from police work in the United States",
    "context.mobile_camera": "the request's own words speak of body-worn, dash, drone, vehicle or phone cameras",
    "context.live_feed": "the request's own words speak of a live or real-time feed",
    "context.watch_list": "the request's own words speak of a watch-list, mug-shots or a suspect database",
    "conflict.organization": "the request speaks from law-enforcement work though the register says the tenant does none",
    "conflict.camera": "the request or a picture's metadata shows a mobile camera though another is declared",
    "conflict.timing": "the request speaks of a live feed though post-event use is declared",
    "coverage.opaque": "a part of the request could not be read or examined",
    "coverage.references": "the request names content that the service keeps and Facegate has not seen",
    "coverage.remote": "the request names an address that the service would fetch",
}
