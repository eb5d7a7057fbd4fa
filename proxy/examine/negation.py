"""How far a negation reaches: over its own verb and what that verb governs, and no further."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from proxy.examine.normalise import END

_FAR: Final = 160
"""Characters behind a negation that are looked at."""

_CHAIN: Final = 6
"""Words that may stand between a negation, or the “or” that continues it, and what it negates."""

_CLAUSE: Final = 10
"""Words that may stand between a negation and an “or” that continues it."""


Words: TypeAlias = Annotated[frozenset[str], Field(strict=False)]


class Reach(BaseModel):
    """The words over which a negation reaches, by what they do. Whatever is in none of the lists ends it.

    “do not *try to* identify” · “without *guessing the* age, race *or* gender” · “do not describe it, identify her” speaks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    lead: Words = Field(frozenset(), description="words that lead to the negated verb: try, to, even")
    carry: Words = Field(frozenset(), description="verbs that carry a negation to their object: guess, mention, reveal")
    article: Words = Field(frozenset(), description="words before an object: the, any, their, of")
    object: Words = Field(frozenset(), description="first words of an object, never of a command: identity, race, who")
    join: Words = Field(frozenset(), description="words that continue a negation: or, nor")
    turn: Words = Field(frozenset(), description="words that end a negation even before an “or”: but, then, instead")

    @classmethod
    def joined(cls, several: "Sequence[Reach]") -> "Reach":
        """The lists of several files together."""
        return cls(**{name: frozenset().union(*(getattr(one, name) for one in several)) for name in cls.model_fields})

    def negated(self, text: str, end: int) -> Iterator[int]:
        """Where the terms that a negation ending at `end` reaches would start, in a canonical text."""
        at = end - 1
        between: list[str] = []
        words = text[end : end + _FAR].split(END, 1)[0].split(" ")
        for number, word in enumerate(words):
            if word in self.turn:
                return
            if self._reaches(between, word):
                yield at
            if word not in self.join:
                between.append(word)
            elif number <= _CLAUSE:
                between.clear()
            else:
                return
            at += len(word) + 1

    def _reaches(self, between: Sequence[str], first: str) -> bool:
        """Leading words, then carrying verbs, then what these govern; a verb behind an object begins something new."""
        if len(between) > _CHAIN:
            return False
        rest = list(between)
        while rest and rest[0] in self.lead:
            del rest[0]
        if not rest or not (first in self.object or rest[-1] in self.article):
            return not rest
        while rest and rest[0] in self.carry:
            del rest[0]
        return all(word in self.article or word in self.object for word in rest)
