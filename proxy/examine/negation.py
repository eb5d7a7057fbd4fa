"""How far a negation reaches: over its own verb and what that verb governs, and no further."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from proxy.examine.normalise import END, unspaced
from proxy.examine.simplified import simplified

_FAR: Final = 160
"""Characters behind a negation that are looked at."""

_CHAIN: Final = 6
"""Words that may stand between a negation, or the “or” that continues it, and what it negates."""

_CLAUSE: Final = 10
"""Words that may stand between a negation and an “or” that continues it."""


_UNKNOWN: Final = 16
"""Unknown characters between a negated verb and an object that is reached over them."""

_LISTS: Final = ("lead", "carry", "article", "object", "join", "turn", "far")

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
    far: Words = Field(
        frozenset(), description="objects reached over a few unknown characters, in scripts without spaces (的年龄)"
    )
    back: bool = Field(
        default=False,
        description="a negation stands behind its verb and reaches back (Japanese, Korean; Hindi, where it also reaches on)",
    )

    @classmethod
    def joined(cls, several: "Sequence[Reach]") -> "Reach":
        """The lists of several files together."""
        words = {name: frozenset().union(*(getattr(one, name) for one in several)) for name in _LISTS}
        return cls(**words, back=any(one.back for one in several))

    def starts(self, text: str, start: int, end: int) -> Iterable[int]:
        """Where the terms that the negation between `start` and `end` reaches may start, in a canonical text."""
        if unspaced(text[end - 1]):
            return self._stretch(text, start, end)
        return (*self.negated(text, end), *self._behind(text, start)) if self.back else self.negated(text, end)

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

    def _behind(self, text: str, start: int) -> Iterator[int]:
        """Where the words before a negation begin that it reaches back over: verbs, then what these govern."""
        passed, at = self.carry | self.article, start
        for word in reversed(text[max(0, start - _FAR) : start].rsplit(END, 1)[-1].split(" ")):
            if word not in passed:
                passed = self.object | self.article | self.join
            if word not in passed:
                return
            at -= len(word) + 1
            yield at

    def _stretch(self, text: str, start: int, end: int) -> range:
        """All that stands in words of the lists, without a gap, next to a negation in a script without spaces."""
        if not self.back:
            return range(end, end + _length(self._unspaced, text[end : end + _FAR]))
        return range(start - _length(self._unspaced, text[max(0, start - _FAR) : start][::-1]), start)

    @cached_property
    def _unspaced(self) -> re.Pattern[str]:
        """Leading words, verbs, then what these govern, verbs again behind a joining word only; backwards if reaching back.

        Few unknown characters may stand between a verb and one of `far`, unless a verb or a turning word is among them.
        The pattern may match nothing, and looks at no character more than a few times.
        """
        if self.back:
            behind = _any(self.carry | self.article, -1)
            return re.compile(f"{behind}*+{_any(self.object | self.article | self.join, -1)}*+")
        verb, objects = _any(self.carry), _any(self.object | self.article)
        unknown = f"(?:(?!{_any(self.carry | self.turn)})[^ {END}]){{1,{_UNKNOWN}}}?(?={_any(self.far)})"
        known = f"(?:{objects}|{_any(self.join)}{verb}*+)*+"
        return re.compile(f"{_any(self.lead)}*+(?:{verb}++(?:{unknown})?+)?+{known}")

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


def _length(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


def _any(words: Iterable[str], step: int = 1) -> str:
    """A pattern of any of some words, the longest first, read backwards if `step` is -1; nothing matches it if there are none."""
    spelled = sorted({simplified(word)[::step] for word in words}, key=lambda word: (-len(word), word))
    return f"(?:{'|'.join(map(re.escape, spelled)) or '(?!)'})"
