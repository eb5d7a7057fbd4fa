"""The second look at words: what a request with pictures or recordings asks for without any of the words of the lists."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from proxy.content import Content, Part, Role, Schema, Text
from proxy.examine.remembered import Remembered
from proxy.examine.schema_words import TooLargeSchema, words_of
from proxy.examine.semantic.scorer import Scorer, SemanticUnavailable, TooMuch
from proxy.facts import Evidence, Fact, Truth, unknown
from proxy.location import WHOLE, Location

FACTS: Final[Mapping[str, str]] = {
    "identify": "intent.identify_person",
    "verify": "intent.verify_person",
    "emotion": "intent.infer_emotion",
    "sensitive": "intent.infer_sensitive_attribute",
    "biocat": "intent.categorise_biometrically",
    "surveil": "intent.track_person",
    "social_score": "intent.score_socially",
}
"""The fact that each label of the head stands for."""

SHOWING: Final = ("media.images", "media.video", "media.audio")
"""Where none of these may be in a request, words are left to the lists."""

DEPICTED: Final = "intent.identify_depicted"
"""“Who is this?” may be asked of a dog. Where the lists say so, the second look says no more than they."""

MAX_TEXT: Final = 500_000
"""Characters of all texts of one request that are looked at."""


class Semantic:
    """Looks at words once more, where a request carries or may carry what shows or sounds like a person."""

    name = "semantic"
    reports = frozenset(FACTS.values())

    def __init__(self, scorer: Scorer, certain: Mapping[Any, float], possible: Mapping[Any, float]) -> None:
        """`certain` and `possible` are scores from which a fact is TRUE and UNKNOWN, for labels that have others than trained."""
        self._scorer = scorer
        self._certain, self._possible = certain, possible
        self._scores = Remembered(scorer.scores)

    def examine(self, content: Content, seen: Evidence) -> Evidence:
        """The facts that are TRUE or UNKNOWN by the second look, and the texts that are too long for it.

        Nothing where nothing is shown: `seen` is what all others reported.
        """
        if not any(seen.truth_of(name) for name in SHOWING):
            return _NOTHING
        depicted = frozenset(place for fact in seen.facts if fact.name == DEPICTED for place in fact.locations)
        facts: list[Fact] = []
        gaps: list[tuple[Location, str]] = []
        left = MAX_TEXT
        for place, words in (*_alone(content.parts), *_together(content.parts)):
            try:
                text = words if isinstance(words, str) else _spoken(words)
                left -= len(text)
                if left < 0:
                    raise TooMuch  # noqa: TRY301 - as the scorer does
                facts += self._facts(place, text, "identify" if place in depicted else "")
            except (TooMuch, TooLargeSchema):
                gaps.append((place, _TOO_MUCH))
                facts += [Fact(name, Truth.UNKNOWN, self.name, 0.0, (place,), 0, _TOO_MUCH) for name in _NAMES]
            except SemanticUnavailable as failure:
                why = f"the semantic layer is not available: {failure}"
                return Evidence(unknown(self.reports, self.name, why), ((WHOLE, why),))
        return Evidence(tuple(facts), tuple(gaps))

    def _facts(self, place: Location, text: str, spared: str) -> Iterator[Fact]:
        for label, score in (self._scores(text) if text else {}).items():
            truth = self._truth(label, score)
            if truth is not Truth.FALSE and label != spared:
                yield Fact(FACTS[label], truth, self.name, score, (place,), 1, "" if truth is Truth.TRUE else _PERHAPS)

    def _truth(self, label: str, score: float) -> Truth:
        trained = self._scorer.load()
        if score >= self._certain.get(label, trained.certain):
            return Truth.TRUE
        return Truth.UNKNOWN if score >= self._possible.get(label, trained.possible) else Truth.FALSE


_NOTHING: Final = Evidence()
_NAMES: Final = sorted(FACTS.values())
_TOO_MUCH: Final = "more sentences that may ask for something than are read"
_LONGEST_NAME: Final = 64
_MOST_WORDS: Final = 4
_WORD: Final = re.compile("[a-zA-Z0-9]+")

_SHORT: Final = 400
"""Characters up to which a text may be a piece of what several say together."""

_PERHAPS: Final = "its words come close to asking for it"


def _alone(parts: Sequence[Part]) -> Iterator[tuple[Location, str | Schema]]:
    """Each part that has words; the values of fields that are names or paths have none."""
    for part in parts:
        if isinstance(part, Text):
            if part.role is not Role.FIELD or not _is_name(part.text):
                yield part.location, part.text
        elif isinstance(part, Schema):
            yield part.location, part


def _is_name(text: str) -> bool:
    """Whether a text is a name or a path: a few words without a space, `/v1/chat/completions`. The head was not taught these."""
    if len(text) > _LONGEST_NAME or not text.isascii() or len(text.split()) != 1:
        return False
    return len(_WORD.findall(text)) <= _MOST_WORDS


def _spoken(schema: Schema) -> str:
    return "\n\n".join(words_of(schema.document).sentences)


def _together(parts: Sequence[Part]) -> Iterator[tuple[Location, str]]:
    """Short texts that follow one another in one voice, as one: a sentence may be cut into several parts."""
    run: list[Text] = []
    for part in parts:
        if not isinstance(part, Text):
            continue
        if run and (len(part.text) > _SHORT or part.role != run[0].role):
            yield from _joined(run)
            run = []
        if len(part.text) <= _SHORT and part.role is not Role.FIELD:
            run.append(part)
    yield from _joined(run)


def _joined(run: Sequence[Text]) -> Iterator[tuple[Location, str]]:
    if len(run) > 1:
        yield run[0].location, " ".join(part.text for part in run)
