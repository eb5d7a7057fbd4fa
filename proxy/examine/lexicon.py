"""Word lists: concepts in several languages, and how they combine into intents; all terms found in one pass."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from ahocorasick_rs import AhoCorasick, MatchKind
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from proxy import documents
from proxy.documents import nearest
from proxy.errors import ConfigurationError
from proxy.examine.negation import Reach
from proxy.examine.normalise import END, UNSPACED_RUN, canonical, fold, plain_prose, readings, spelling, unchopped
from proxy.examine.simplified import simplified
from proxy.facts import CATALOGUE

NEUTRAL: Final = "neutral"
NEGATION: Final = "negation"

MAX_HITS: Final = 1_000_000
"""Terms found in one text beyond which it counts as not fully read."""

WINDOW: Final = 65_536
"""Characters that are searched at once: what is found in them is held in memory."""

_OVERLAP: Final = 2_048
"""Characters searched twice where a sentence is longer than the window: no sequence of concepts reaches further."""


_LEFT_OUT: Final = re.compile(f" (?!{END})")
"""A space within a term; the one before the end of a sentence stays."""

_FORMS: Final = re.compile(r"<(\w+)>")


class TooDense(Exception):
    """A text holds more terms than are weighed."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class IntentEntry(_Entry):
    """One way of saying one thing: concepts in order, within one sentence."""

    fact: str
    sequence: tuple[str, ...] = Field(min_length=1)
    within: int = Field(40, ge=1, le=400, description="characters between one concept and the next")
    score: Annotated[float, Field(gt=0, le=1, strict=False)] = 0.9


class PairEntry(_Entry):
    """Two sets of words; a field whose name has a word of each tells what is wanted, whatever else is in it."""

    one: Annotated[tuple[str, ...], Field(min_length=1)]
    other: Annotated[tuple[str, ...], Field(min_length=1)]


def _listed(given: object) -> object:
    """A list as it is; a text between commas as a list: where there are thousands of terms, it is read in a fifth of the time."""
    return tuple(filter(None, map(str.strip, given.split(",")))) if isinstance(given, str) else given


Terms: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=tuple[str, ...] | str)]


class LexiconFile(_Entry):
    """One file of a lexicon folder."""

    concepts: Mapping[str, Mapping[str, Terms]] = Field(
        default_factory=dict, description="terms by concept and language: a list, or a text with commas between them"
    )
    forms: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="endings and particles; a term with <name> in it stands for itself with each"
    )
    unions: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="concepts that hold all the words of the concepts listed"
    )
    intents: tuple[IntentEntry, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="field names by the fact they tell of"
    )
    field_words: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="words that tell of a fact wherever they stand in a field name"
    )
    field_pairs: Mapping[str, tuple[PairEntry, ...]] = Field(
        default_factory=dict, description="pairs of words that together tell of a fact in a field name"
    )
    integer_fields: Mapping[str, str] = Field(
        default_factory=dict, description="field names that tell of a fact as numbers"
    )
    choices: Mapping[str, tuple[str, ...]] = Field(default_factory=dict, description="choices; two in one list tell")
    document_fields: tuple[str, ...] = Field((), description="fields of printed documents")
    negation_reach: Mapping[str, Reach] = Field(
        default_factory=dict, description="by language, the words over which its negations reach"
    )
    speaks: Mapping[str, tuple[str, ...]] = Field(default_factory=dict, description="texts in which a fact speaks")
    silent: tuple[str, ...] = Field((), description="texts in which no intent speaks, save that of depicted things")


Span: TypeAlias = tuple[int, int]
"""Where a concept stands in a canonical text: start and end, each with the space around it."""

Hits: TypeAlias = dict[str, list[Span]]


@dataclass(frozen=True, slots=True)
class FieldWords:
    """Field names, numeric field names and choices, each with the facts they tell of; and fields of printed documents."""

    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    integers: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pairs: tuple[tuple[frozenset[str], frozenset[str], str], ...] = ()

    def told_by(self, name: str) -> frozenset[str]:
        """The facts that a field name, written as words, tells of: as a whole, by a word of it, or by two together."""
        words = frozenset(name.split(" "))
        told = set(self.fields.get(name, ()))
        told.update(fact for word in words for fact in self.parts.get(word, ()))
        told.update(fact for one, other, fact in self.pairs if words & one and words & other)
        return frozenset(told)


class Lexicon:
    """Compiled word lists. Matching is linear in the text. `reaches` names the concepts that negate, each with its reach."""

    def __init__(
        self,
        concepts: Mapping[str, Sequence[str]],
        intents: Sequence[IntentEntry],
        words: FieldWords | None = None,
        reaches: Mapping[str, Reach] | None = None,
    ) -> None:
        self.words = words or FieldWords()
        self._reaches = reaches or {}
        self.intents = tuple(intents)
        terms: dict[str, list[str]] = {}
        known: dict[str, Sequence[str]] = {}  # unions name many words again
        for concept, spellings in concepts.items():
            spelled = {word: known.get(word) or known.setdefault(word, _terms(word)) for word in spellings}
            for term in dict.fromkeys(chain.from_iterable(spelled.values())):
                terms.setdefault(term, []).append(concept)
        shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # many terms stand for the same concepts
        self._concepts = tuple(shared.setdefault(tuple(found), tuple(found)) for found in terms.values())
        self._automaton = AhoCorasick(list(terms), matchkind=MatchKind.Standard)
        bits = {concept: 1 << number for number, concept in enumerate(concepts)}
        sums = {found: sum(bits[concept] for concept in found) for found in shared}
        self._bits = tuple(sums[found] for found in self._concepts)
        self._asked = tuple((sum(bits[concept] for concept in set(one.sequence)), one) for one in self.intents)
        self.facts = frozenset(intent.fact for intent in intents)

    def find(self, text: str) -> Mapping[str, float]:
        """The facts that speak in a canonical text, each with its best score. Raises TooDense."""
        found: dict[str, float] = {}
        number = 0
        for window in _windows(simplified(text)):
            raw: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(window, overlapping=True)
            number += len(raw)
            if number > MAX_HITS:
                raise TooDense
            self._weigh(window, raw, found)
        return found

    def _weigh(self, text: str, raw: Sequence[tuple[int, int, int]], found: dict[str, float]) -> None:
        present = 0
        for term, _, _ in raw:
            present |= self._bits[term]
        possible = [intent for bits, intent in self._asked if bits & present == bits]
        if not possible:
            return
        hits = self._hits(raw, text)
        for intent in possible:
            if found.get(intent.fact, 0.0) >= intent.score or not hits.keys() >= set(intent.sequence):
                continue
            if _speaks(intent, hits, text):
                found[intent.fact] = intent.score

    def _hits(self, raw: Sequence[tuple[int, int, int]], text: str) -> Hits:
        hits: Hits = {}
        for term, start, end in raw:
            for concept in self._concepts[term]:
                hits.setdefault(concept, []).append((start, end))
        for spans in hits.values():
            spans.sort()
        if neutral := hits.pop(NEUTRAL, None):
            hits = _kept(hits, lambda span: not _inside(span, neutral))
        negated = {
            start
            for concept, reach in self._reaches.items()
            for begin, end in hits.pop(concept, ())
            for start in reach.starts(text, begin, end)
        }
        return (
            _kept(hits, lambda span: span[0] not in negated and not _ends_in(span, negated, text)) if negated else hits
        )


def _windows(text: str) -> Iterator[str]:
    """A text in pieces of at most `WINDOW` characters, cut at the ends of sentences where there are any."""
    start = 0
    while len(text) - start > WINDOW:
        cut = text.rfind(END, start + _OVERLAP, start + WINDOW)
        if cut >= 0:
            yield text[start : cut + 2]
            start = cut + 1
        else:
            yield text[start : start + WINDOW]
            start += WINDOW - _OVERLAP
    yield text[start:]


def _terms(word: str) -> Sequence[str]:
    """A term as it stands in canonical text: spaces around whole words; a stem is open at its end.

    In scripts without spaces it stands wherever it is found, and also where its own spaces are left out, as Koreans do.
    """
    parts = word.split(" ")
    if word.isascii() and word.islower() and all(map(str.isalpha, parts)):
        return (f" {word} ",)  # as most: thousands of terms are spelled at each start
    stem = word.endswith("*")
    plain = simplified(spelling(fold(word.removesuffix("*")))).strip(" ")
    if UNSPACED_RUN.search(plain):
        return plain, _LEFT_OUT.sub("", plain)
    return (f" {plain}" if stem else f" {plain} ",)


def _kept(hits: Hits, keeps: Callable[[Span], bool]) -> Hits:
    kept = {concept: [span for span in spans if keeps(span)] for concept, spans in hits.items()}
    return {concept: spans for concept, spans in kept.items() if spans}


def _ends_in(span: Span, negated: Container[int], text: str) -> bool:
    """Whether a term that ends in a letter, as in scripts without spaces, ends where a negation reaches."""
    last = span[1] - 1
    return last in negated and text[last] != " "


def _inside(span: Span, neutral: list[Span]) -> bool:
    at = bisect_right(neutral, (span[0], WINDOW))
    return any(start <= span[0] and span[1] <= end for start, end in neutral[max(0, at - 3) : at])


def _speaks(intent: IntentEntry, hits: Hits, text: str) -> bool:
    """Whether the concepts follow one another, each within reach of the one before and in the same sentence."""
    following = hits[intent.sequence[-1]]
    for concept in reversed(intent.sequence[:-1]):
        following = [span for span in hits[concept] if _leads(span, following, intent.within, text)]
        if not following:
            return False
    return True


def _leads(span: Span, following: list[Span], within: int, text: str) -> bool:
    """Whether one of `following` stands within reach. If any does, the nearest does: no other is looked at."""
    at = bisect_left(following, (span[1] - 1, 0))
    if at == len(following):
        return False
    start = following[at][0]
    return start - span[1] <= within and text.find(END, span[1] - 1, start + 1) < 0


def load_lexicon(folder: Path) -> Lexicon:
    """Read all files of a lexicon folder, once while they stay as they are. Raises ConfigurationError with every mistake."""
    return _loaded(folder, digest_of(folder))


@lru_cache(maxsize=4)
def _loaded(folder: Path, digest: str) -> Lexicon:
    del digest  # tells when to read anew
    lexicon, problems = _load(folder)
    if problems or lexicon is None:
        raise ConfigurationError(*problems)
    return lexicon


def check_examples(folder: Path) -> Sequence[str]:
    """The examples of a lexicon folder that do not speak or keep silent as they should, one problem each."""
    lexicon = load_lexicon(folder)
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        file = documents.load_located(path, LexiconFile)
        for fact, texts in file.value.speaks.items():
            problems += [
                file.problem(("speaks", fact, index), f"{fact} does not speak in {text!r}")
                for index, text in enumerate(texts)
                if fact not in speaking(lexicon, text)
            ]
        problems += [
            file.problem(("silent", index), f"{', '.join(sorted(loud))} speaks in {text!r}")
            for index, text in enumerate(file.value.silent)
            if (
                loud := {fact for fact in speaking(lexicon, text) if fact.startswith("intent.")}
                - {"intent.identify_depicted"}
            )
        ]
    return problems


def speaking(lexicon: Lexicon, text: str) -> Mapping[str, float]:
    """The facts that speak in a text, in any of its readings, each with its best score. Raises TooDense."""
    folded = fold(text)
    plain = canonical(folded)
    found = dict(lexicon.find(plain))
    for further in _further(text, folded, plain):
        for fact, score in lexicon.find(further).items():
            found[fact] = max(score, found.get(fact, 0.0))
    return found


def _further(text: str, folded: str, plain: str) -> Iterator[str]:
    if joined := unchopped(plain):
        yield joined
    if not plain_prose(text, plain):
        yield from map(canonical, readings(text, folded))


def _load(folder: Path) -> tuple[Lexicon | None, list[str]]:
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        return None, [f"{folder}:1: no word lists (*.yaml) in this folder"]
    problems: list[str] = []
    files: list[documents.Located[LexiconFile]] = []
    for path in paths:
        try:
            files.append(documents.load_located(path, LexiconFile))
        except ConfigurationError as error:
            problems.extend(error.problems)
    concepts, mistaken = _concepts(files)
    problems += mistaken
    for file in files:
        problems += _unknown_names(file, concepts)
    if problems:
        return None, problems
    intents = [intent for file in files for intent in file.value.intents]
    return Lexicon(concepts, intents, _field_words(files), _reaches(files, concepts)), []


def _reaches(files: Sequence[documents.Located[LexiconFile]], concepts: Iterable[str]) -> Mapping[str, Reach]:
    """How far the negations of each language reach: by words of that language, so that no other's can end or carry them."""
    return {
        concept: Reach.joined(
            [reach for file in files for name, reach in file.value.negation_reach.items() if _negating(name) == concept]
        )
        for concept in concepts
        if concept.startswith(_negating(""))
    }


def _negating(language: str) -> str:
    return f"{NEGATION} {language}"


def _field_words(files: Sequence[documents.Located[LexiconFile]]) -> FieldWords:
    return FieldWords(
        _inverted(files, "fields"),
        {name: fact for file in files for name, fact in file.value.integer_fields.items()},
        _inverted(files, "choices"),
        frozenset(name for file in files for name in file.value.document_fields),
        _inverted(files, "field_words"),
        tuple(
            (frozenset(pair.one), frozenset(pair.other), fact)
            for file in files
            for fact, pairs in file.value.field_pairs.items()
            for pair in pairs
        ),
    )


def _inverted(files: Sequence[documents.Located[LexiconFile]], section: str) -> Mapping[str, frozenset[str]]:
    facts: dict[str, set[str]] = {}
    for file in files:
        for fact, names in getattr(file.value, section).items():
            for name in names:
                facts.setdefault(name, set()).add(fact)
    return {name: frozenset(told) for name, told in facts.items()}


def _concepts(files: Sequence[documents.Located[LexiconFile]]) -> tuple[Mapping[str, Sequence[str]], Sequence[str]]:
    """All concepts with their words, forms filled in, unions included, and the mistakes in forms and unions."""
    concepts: dict[str, list[str]] = {}
    mistaken: list[str] = []
    for file in files:
        for concept, languages in file.value.concepts.items():
            for language, words in languages.items():
                name = _negating(language) if concept == NEGATION else concept
                concepts.setdefault(name, []).extend(term for word in words for term in _formed(word, file.value.forms))
                mistaken += _unknown_forms(file, concept, language)
    for file in files:
        mistaken += _unknown_parts(file, concepts)
        for concept, parts in file.value.unions.items():
            concepts.setdefault(concept, []).extend(word for part in parts for word in concepts.get(part, ()))
    return concepts, mistaken


def _formed(word: str, forms: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A term with each of the forms that it names filled in."""
    if (named := _FORMS.search(word)) is None:
        yield word
        return
    for rest in _formed(word[named.end() :], forms):
        for form in forms.get(named[1], ()):
            yield f"{word[: named.start()]}{form}{rest}"


def _unknown_forms(file: documents.Located[LexiconFile], concept: str, language: str) -> Sequence[str]:
    known = file.value.forms
    return [
        file.problem(("concepts", concept, language, place), f"unknown form {name!r}; {nearest(name, known)}")
        for place, word in enumerate(file.value.concepts[concept][language])
        for name in _FORMS.findall(word)
        if name not in known
    ]


def _unknown_parts(file: documents.Located[LexiconFile], concepts: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return [
        file.problem(("unions", union, place), f"unknown concept {name!r}; {nearest(name, concepts)}")
        for union, parts in file.value.unions.items()
        for place, name in enumerate(parts)
        if name not in concepts
    ]


def _unknown_names(file: documents.Located[LexiconFile], concepts: Mapping[str, Sequence[str]]) -> Sequence[str]:
    problems: list[str] = []
    for index, intent in enumerate(file.value.intents):
        if intent.fact not in CATALOGUE:
            problems.append(
                file.problem(
                    ("intents", index, "fact"), f"unknown fact {intent.fact!r}; {nearest(intent.fact, CATALOGUE)}"
                )
            )
        problems += [
            file.problem(("intents", index, "sequence", place), f"unknown concept {name!r}; {nearest(name, concepts)}")
            for place, name in enumerate(intent.sequence)
            if name not in concepts
        ]
    problems += [
        file.problem((), f"unknown fact {fact!r}; {nearest(fact, CATALOGUE)}")
        for section in (
            file.value.speaks,
            file.value.fields,
            file.value.field_words,
            file.value.field_pairs,
            file.value.choices,
        )
        for fact in section
        if fact not in CATALOGUE
    ]
    return problems


def digest_of(folder: Path) -> str:
    """A digest of all files of a lexicon folder, for the policy revision."""
    digest = sha256()
    for path in sorted(folder.glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
