"""From templates to labelled sentences: slots filled, joined with others, wrapped in settings, mistyped. Seeded, so repeatable.

`python training/intent/generate.py de --seed 1` prints them as JSON lines. `heldout` sections are never generated from: they are
the test by phrasing family.
"""

import argparse
import base64
import json
import random
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from proxy import documents

HERE: Final = Path(__file__).resolve().parent

LABELS: Final = ("identify", "verify", "emotion", "sensitive", "biocat", "surveil", "social_score")

NONE: Final = ""
"""The label of an ordinary sentence."""

_SLOT: Final = re.compile(r"{(\w+)}")
_END: Final = re.compile(r"[.!?…。\uff01\uff1f؟।]+\s*$")
_FIRST_SPACE: Final = re.compile(r"\s+")

Phrases = tuple[str, ...]


class Templates(BaseModel):
    """One language's file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    lang: str
    slots: Mapping[str, Phrases]
    positive: Mapping[str, Mapping[str, Phrases]]
    negative: Mapping[str, Phrases]
    negated: Phrases = ()
    context: Annotated[Phrases, Field(min_length=1)]
    heldout: Mapping[str, Phrases] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence, or a few, and what it asks for: one of `LABELS`, or nothing. `template` is what it was made of."""

    text: str
    label: str
    lang: str
    kind: str
    template: str = ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many sentences are made: of each template at most, and how many joined ones for each that was filled."""

    positive: int = 14
    negative: int = 14
    joined: float = 0.5
    alone: int = 4
    """Times that a template without slots is joined."""
    mistyped: float = 0.25
    disguised: int = 150


def load(path: Path) -> Templates:
    """Read a file of templates. Raises ConfigurationError naming file, line and mistake, unknown slots and labels included."""
    located = documents.load_located(path, Templates)
    templates = located.value
    problems = [
        located.problem(("positive", label), f"unknown label {label!r}")
        for label in templates.positive
        if label not in LABELS
    ]
    for template in _all(templates):
        problems += [
            f"{path}: unknown slot {name!r} in {template!r}"
            for name in _SLOT.findall(template)
            if name not in templates.slots
        ]
    if problems:
        raise documents.ConfigurationError(*problems)
    return templates


def _all(templates: Templates) -> Iterator[str]:
    for styles in templates.positive.values():
        for phrases in styles.values():
            yield from phrases
    for phrases in (*templates.negative.values(), templates.negated, templates.context, *templates.heldout.values()):
        yield from phrases


def examples(templates: Templates, seed: int = 1, amounts: Amounts = Amounts()) -> Sequence[Example]:
    """All sentences of one language, each once, in an order that depends on nothing but the file and the seed."""
    chance = random.Random(f"{seed} {templates.lang}")  # noqa: S311 - repeatable on purpose
    made = list(_filled(templates, chance, amounts))
    made += list(_joined(made, templates, chance, amounts))
    made += [_mistyped(one, chance) for one in made if chance.random() < amounts.mistyped]
    made += list(_disguised(made, chance, amounts.disguised))
    known: dict[str, Example] = {}
    for one in made:
        known.setdefault(one.text, one)
    return list(known.values())


def heldout(templates: Templates) -> Sequence[Example]:
    """The sentences of phrasing families that no template has."""
    return [
        Example(text, NONE if label == "negative" else label, templates.lang, "heldout")
        for label, phrases in templates.heldout.items()
        for text in phrases
    ]


def _filled(templates: Templates, chance: random.Random, amounts: Amounts) -> Iterator[Example]:
    lang = templates.lang
    for label, styles in templates.positive.items():
        for style, phrases in styles.items():
            for template in phrases:
                for text in _fillings(template, templates.slots, chance, amounts.positive):
                    yield Example(text, label, lang, style, template)
    further = {"negated": templates.negated, "context": templates.context}
    for topic, phrases in (*templates.negative.items(), *further.items()):
        for template in phrases:
            for text in _fillings(template, templates.slots, chance, amounts.negative):
                yield Example(text, NONE, lang, topic, template)


def _fillings(template: str, slots: Mapping[str, Phrases], chance: random.Random, most: int) -> Sequence[str]:
    """Up to `most` different fillings of a template."""
    if not _SLOT.search(template):
        return (template,)
    found: dict[str, None] = {}
    for _ in range(most):
        found.setdefault(_tidy(_fill(template, slots, chance)))
    return list(found)


def _fill(template: str, slots: Mapping[str, Phrases], chance: random.Random) -> str:
    while _SLOT.search(template):
        template = _SLOT.sub(lambda slot: chance.choice(slots[slot[1]]), template)
    return template


def _tidy(text: str) -> str:
    text = _FIRST_SPACE.sub(" ", text).strip()
    return text[:1].upper() + text[1:]


def _joined(
    made: Sequence[Example], templates: Templates, chance: random.Random, amounts: Amounts
) -> Iterator[Example]:
    """Sentences with others before or behind them: a setting, a neutral sentence, an ordinary request, a negated one.

    What is asked for in one of two sentences is asked for by both together.
    """
    ordinary = [one for one in made if one.label == NONE]
    repeated = (one for one in made for _ in range(amounts.alone if one.text == one.template else 1))
    for one in repeated:
        if chance.random() >= amounts.joined:
            continue
        draw = chance.random()
        neutral = _tidy(_fill(chance.choice(templates.context), templates.slots, chance))
        other = neutral if draw < 0.4 else chance.choice(ordinary).text  # noqa: PLR2004
        pair = (one.text, other) if chance.random() < 0.4 else (other, one.text)  # noqa: PLR2004
        yield Example(" ".join(map(_ended, pair)), one.label, one.lang, "joined", one.template)


def _disguised(made: Sequence[Example], chance: random.Random, most: int) -> Iterator[Example]:
    """Encoded and spelled out: as they stand they say nothing. What they say is read by the normaliser, and judged apart."""
    for one in chance.sample(list(made), min(most, len(made))):
        text = base64.b64encode(one.text.encode()).decode() if chance.random() < 0.5 else " ".join(one.text)  # noqa: PLR2004
        yield Example(text, NONE, one.lang, "disguised", one.template)


def _ended(text: str) -> str:
    return text if _END.search(text) or text[-1:] in ",:;-" else f"{text}."


def _mistyped(one: Example, chance: random.Random) -> Example:
    """As people type: no full stop, no capital, no diacritics, a letter doubled, left out or swapped."""
    text = one.text
    draw = chance.random()
    if draw < 0.4:  # noqa: PLR2004
        text = _END.sub("", text).lower()
    elif draw < 0.6:  # noqa: PLR2004
        text = _plain(text)
    else:
        at = chance.randrange(max(1, len(text) - 2))
        how = chance.randrange(3)
        text = (
            text[:at] + text[at : at + 1] * 2 + text[at + 1 :]
            if how == 0
            else text[:at] + text[at + 1 :]
            if how == 1
            else text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        )
    return Example(text, one.label, one.lang, "mistyped", one.template)


def _plain(text: str) -> str:
    """Without the diacritics of Latin letters."""
    return "".join(
        unicodedata.normalize("NFD", letter)[0] if "LATIN" in unicodedata.name(letter, "") else letter
        for letter in text
    )


def main() -> None:
    """Print the sentences of some languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("langs", nargs="+", help="codes of languages, as the files are named")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for lang in options.langs:
        for one in examples(load(HERE / f"{lang}.yaml"), options.seed):
            sys.stdout.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
