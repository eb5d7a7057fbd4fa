"""What do the words of a request want? Texts by the word lists, schemas by their words, field names and choices."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from proxy.caller import Caller
from proxy.content import Content, Schema, Text
from proxy.examine.lexicon import Lexicon, TooDense, speaking
from proxy.examine.remembered import Remembered
from proxy.examine.schema_words import SchemaWords, TooLargeSchema, words_of
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.location import Location

MAX_TEXT: Final = 4_000_000
"""Characters of all texts of one request that are read; what lies beyond is unknown."""

_CERTAIN_FIELD: Final = 0.85


class Intent:
    """The detector of intents and settings in text and schemas."""

    name = "intent"

    def __init__(self, lexicon: Lexicon) -> None:
        self.reports = frozenset(name for name in CATALOGUE if name.startswith(("intent.", "context.")))
        self._lexicon = lexicon
        self._speaking = Remembered(partial(speaking, lexicon))
        self._silent = {name: Fact(name, Truth.FALSE, self.name) for name in sorted(self.reports)}
        self._nothing = Evidence(tuple(self._silent.values()))

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """One fact a name: TRUE with the places that speak and the best score, FALSE, or UNKNOWN past the limits."""
        del caller
        found: dict[str, tuple[float, list[Location]]] = {}
        gaps: list[tuple[Location, str]] = []
        left = MAX_TEXT
        for part in content.parts:
            if not isinstance(part, (Text, Schema)):
                continue
            try:
                left -= len(part.text) if isinstance(part, Text) else 0
                if left < 0:
                    gaps.append((part.location, f"more than {MAX_TEXT} characters of text"))
                    continue
                spoken = self._speaking(part.text) if isinstance(part, Text) else self._schema(part)
            except (TooDense, TooLargeSchema):
                gaps.append((part.location, "more words or fields than are weighed"))
                continue
            for fact, score in spoken.items():
                best, places = found.setdefault(fact, (0.0, []))
                places.append(part.location)
                found[fact] = (max(best, score), places)
        return self._evidence(found, gaps)

    def _evidence(
        self, found: Mapping[str, tuple[float, list[Location]]], gaps: list[tuple[Location, str]]
    ) -> Evidence:
        if not found and not gaps:
            return self._nothing
        facts = dict(self._silent)
        if gaps:
            places = tuple(place for place, _ in gaps)
            facts = {name: Fact(name, Truth.UNKNOWN, self.name, 0.0, places, 0, gaps[0][1]) for name in facts}
        for name, (score, spoken) in found.items():
            facts[name] = Fact(name, Truth.TRUE, self.name, score, tuple(spoken), len(spoken))
        return Evidence(tuple(facts.values()), tuple(gaps))

    def _schema(self, part: Schema) -> Mapping[str, float]:
        words = words_of(part.document)
        if sum(map(len, words.sentences)) > MAX_TEXT:
            raise TooLargeSchema
        found: dict[str, float] = {}
        for sentence in words.sentences:
            for fact, score in speaking(self._lexicon, sentence).items():
                found[fact] = max(score, found.get(fact, 0.0))
        for fact in self._fields(words):
            found[fact] = max(_CERTAIN_FIELD, found.get(fact, 0.0))
        return found

    def _fields(self, words: SchemaWords) -> Iterator[str]:
        known = self._lexicon.words
        if sum(1 for name, _ in words.fields if name in known.documents) >= 2:  # noqa: PLR2004 - a document has several
            return
        for name, kind in words.fields:
            yield from known.told_by(name)
            if kind in ("integer", "number") and name in known.integers:
                yield known.integers[name]
        for choices in words.choices:
            told = [fact for choice in choices for fact in known.choices.get(choice.lower(), ())]
            yield from {fact for fact in told if told.count(fact) >= 2}  # noqa: PLR2004 - one word alone says little
