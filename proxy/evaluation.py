"""How well do the detectors see? Labelled texts, schemas, pictures and cases, and what is found in them, in figures.

Rows of texts are JSON objects, one a line: `text`, `labels` (see `LABELS`; none for an ordinary request), and as far as known
`lang`, `kind`, `has_person_image`. Rows of pictures are CSV: `path`, `label` (1 a face, 0 none; others are left out), `kind`.
Rows with a `body` or `facts` are cases as everywhere, with `expect.outcome`.
"""

import csv
import io
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proxy import documents
from proxy.caller import Caller
from proxy.case import parse_case, read_file
from proxy.content import Content, Image, Inline, Part, Role, Schema, SchemaKind, Text
from proxy.decision import Outcome
from proxy.errors import ConfigurationError
from proxy.facts import Evidence, Fact, Truth
from proxy.location import Location
from proxy.offline import FORWARDED, Bench, decide
from proxy.screen import Screening

LABELS: Final[Mapping[str, frozenset[str]]] = {
    "identify": frozenset({
        "intent.identify_person", "intent.identify_depicted", "intent.enrol_or_search_face_database",
    }),
    "verify": frozenset({"intent.verify_person"}),
    "emotion": frozenset({"intent.infer_emotion"}),
    "sensitive": frozenset({"intent.infer_sensitive_attribute"}),
    "biocat": frozenset({"intent.categorise_biometrically"}),
    "surveil": frozenset({"intent.track_person", "intent.surveil_unlawfully"}),
    "social_score": frozenset({"intent.score_socially", "intent.assess_criminality"}),
}  # fmt: skip
"""What the labels of texts mean: each stands for any of these facts."""

CONTEXTS: Final[Mapping[str, frozenset[str]]] = {
    "police": frozenset({"context.law_enforcement"}),
    "police_us": frozenset({"context.us_police"}),
    "mobile_cam": frozenset({"context.mobile_camera"}),
    "realtime": frozenset({"context.live_feed"}),
}
"""Labels that tell of a setting; they make no text prohibited by themselves."""

DEPICTED: Final = "intent.identify_depicted"
"""Counts where a person is shown: “who is this?” asks about a person only then."""

FACES: Final = "faces"

_HERE: Final = Location(("input",))
_NOBODY: Final = Caller("", "")
_SHOWN: Final = Fact("media.images", Truth.TRUE, "evaluation")


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled thing and what was found: names of clauses. `score` is the CPU time of finding, in milliseconds."""

    id: str
    expected: frozenset[str]
    found: frozenset[str]
    lang: str = ""
    kind: str = ""
    cpu_ms: float = 0.0
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one group of items, and what follows from them. Rates of nothing are None."""

    hits: int
    misses: int
    alarms: int
    silent: int

    @property
    def recall(self) -> float | None:
        """The share of positives that were found."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def precision(self) -> float | None:
        """The share of what was found that was there."""
        return _share(self.hits, self.hits + self.alarms)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.hits, 2 * self.hits + self.misses + self.alarms)

    @property
    def false_positive_rate(self) -> float | None:
        """The share of negatives in which something was found."""
        return _share(self.alarms, self.alarms + self.silent)

    def listing(self) -> dict[str, Any]:
        """As `facegate evaluate --json` prints it; a contract (docs/cli.md)."""
        positive, negative = self.hits + self.misses, self.alarms + self.silent
        return {
            "recall": self.recall,
            "precision": self.precision,
            "f1": self.f1,
            "false_positive_rate": self.false_positive_rate,
            "n_positive": positive,
            "n_negative": negative,
            "ci95": {
                "recall": interval(self.hits, positive),
                "false_positive_rate": interval(self.alarms, negative),
            },
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one evaluation: of all items together, and by clause, language and kind."""

    items: tuple[Item, ...] = field(repr=False)
    any: Figures
    by_clause: Mapping[str, Figures]
    by_lang: Mapping[str, Figures]
    by_kind: Mapping[str, Figures]

    @property
    def wrong(self) -> Sequence[Item]:
        """The items that were missed, or in which something was found that is not there."""
        return [one for one in self.items if bool(_prohibited(one.expected)) != bool(_prohibited(one.found))]

    def median_ms(self, kind: str) -> float:
        """The median of the CPU time of the items of a kind, in milliseconds."""
        return _quantile(sorted(one.cpu_ms for one in self.items if one.kind == kind), 0.5)

    def listing(self) -> dict[str, Any]:
        """As `facegate evaluate --json` prints it; a contract (docs/cli.md)."""
        times = sorted(one.cpu_ms for one in self.items)
        groups = {"by_clause": self.by_clause, "by_lang": self.by_lang, "by_kind": self.by_kind}
        return {
            "any": self.any.listing(),
            **{name: {key: one.listing() for key, one in sorted(group.items())} for name, group in groups.items()},
            "cpu_ms": {"p50": _quantile(times, 0.5), "p99": _quantile(times, 0.99)},
        }


def interval(hits: int, number: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share (E. B. Wilson, 1927): usable also for few items and for shares near 0 and 1."""
    if not number:
        return None
    z, share = 1.959964, hits / number
    middle = share + z * z / (2 * number)
    spread = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    scale = 1 + z * z / number
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def evaluate(items: Sequence[Item]) -> Report:
    """The figures of some items."""
    clauses = sorted({name for one in items for name in one.expected | one.found})
    return Report(
        tuple(items),
        _figures((bool(_prohibited(one.expected)), bool(_prohibited(one.found))) for one in items),
        {name: _figures((name in one.expected, name in one.found) for one in items) for name in clauses},
        _grouped(items, lambda one: one.lang),
        _grouped(items, lambda one: one.kind),
    )


def _grouped(items: Sequence[Item], key: Callable[[Item], str]) -> Mapping[str, Figures]:
    return {
        name: _figures(
            (bool(_prohibited(one.expected)), bool(_prohibited(one.found))) for one in items if key(one) == name
        )
        for name in sorted({key(one) for one in items} - {""})
    }


def _figures(pairs: Iterator[tuple[bool, bool]]) -> Figures:
    counts = {(expected, found): 0 for expected in (True, False) for found in (True, False)}
    for pair in pairs:
        counts[pair] += 1
    return Figures(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def _prohibited(names: frozenset[str]) -> frozenset[str]:
    return names - CONTEXTS.keys()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _quantile(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 4) if ordered else 0.0


# ---- reading and finding


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    id: str = ""
    text: str
    labels: Annotated[list[str], Field(default_factory=list)]
    lang: str = ""
    kind: str = ""
    has_person_image: bool = True


def items_of(path: Path, bench: Bench, today: date) -> Iterator[Item]:
    """What is found in each row of a file. Raises ConfigurationError naming file and line for a row that is unusable."""
    data = read_file(path)
    if path.suffix == ".csv":
        yield from _pictures(data, path, bench.screening)
        return
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield _item(line, path, number, bench, today)


def _item(line: bytes, path: Path, number: int, bench: Bench, today: date) -> Item:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as mistake:
        raise ConfigurationError(f"{path}:{number}: not JSON: {mistake}") from mistake
    if isinstance(row, dict) and "text" not in row:
        return _case(line, path, number, bench, today)
    try:
        return _text(_Row.model_validate(row), f"{path.name}:{number}", bench.screening)
    except ValidationError as error:
        problems = [f"{path}:{number}: {problem}" for problem in documents.problems_of(error, _Row)]
        raise ConfigurationError(*problems) from error


def _text(row: _Row, name: str, screening: Screening) -> Item:
    known = {**LABELS, **CONTEXTS}
    told, cpu_ms = _examined(Content((_part(row.text),), (), ""), screening, shown=row.has_person_image)
    true = {fact.name for fact in told.facts if fact.truth is Truth.TRUE}
    if not row.has_person_image:
        true.discard(DEPICTED)
    found = frozenset(label for label, facts in known.items() if facts & true)
    unknown = bool(told.unexamined)
    return Item(row.id or name, frozenset(row.labels) & known.keys(), found, row.lang, row.kind, cpu_ms, unknown)


def _part(text: str) -> Part:
    """A text as the part that it is: a tool or a response format where it is written as one, words otherwise."""
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)  # noqa: TID251 - labelled data, not a request
        except ValueError:
            return Text(_HERE, Role.USER, text)
        if isinstance(document, dict):
            return Schema(_HERE, SchemaKind.TOOL, document)
    return Text(_HERE, Role.USER, text)


def _examined(content: Content, screening: Screening, *, shown: bool = False) -> tuple[Evidence, float]:
    """What is found, and the CPU time. Where a person is `shown`, words are judged as beside a picture."""
    begun = time.process_time()
    told = [detector.examine(content, _NOBODY) for detector in screening.detectors]
    if shown and screening.second is not None:
        seen = [fact for one in told for fact in one.facts]
        told.append(screening.second.examine(content, Evidence((*seen, _SHOWN))))
    spent = (time.process_time() - begun) * 1000
    return Evidence(
        tuple(fact for one in told for fact in one.facts), tuple(place for one in told for place in one.unexamined)
    ), spent


def _case(line: bytes, path: Path, number: int, bench: Bench, today: date) -> Item:
    case = parse_case(line, path, number)
    if case.expect is None:
        raise ConfigurationError(f"{path}:{number}: a case to be evaluated needs `expect`")
    begun = time.process_time()
    verdict = decide(case, bench, path.resolve().parent, today)
    spent = (time.process_time() - begun) * 1000
    expected = case.expect.outcome not in (Outcome.ALLOW.value, Outcome.ADVISE.value, Outcome.FLAG.value)
    return Item(
        case.id or f"{path.name}:{number}",
        frozenset({"refused"} if expected else ()),
        frozenset({"refused"} if verdict.status != FORWARDED else ()),
        kind="case",
        cpu_ms=spent,
    )


def _pictures(data: bytes, path: Path, screening: Screening) -> Iterator[Item]:
    for number, row in enumerate(csv.DictReader(io.StringIO(data.decode("utf-8"))), 2):
        if not {"path", "label"} <= row.keys():
            raise ConfigurationError(f"{path}:1: the columns `path` and `label` are missing")
        if row["label"] not in ("0", "1"):
            continue
        file = path.parent / row["path"]
        if not file.is_file():
            raise ConfigurationError(f"{path}:{number}: {row['path']}: no such picture")
        told, cpu_ms = _examined(Content((Image(_HERE, Inline("", file.read_bytes())),), (), ""), screening)
        truth = told.truth_of("media.faces")
        yield Item(
            row["path"],
            frozenset({FACES} if row["label"] == "1" else ()),
            frozenset({FACES} if truth is Truth.TRUE else ()),
            kind=row.get("kind", ""),
            cpu_ms=cpu_ms,
            unknown=truth is Truth.UNKNOWN,
        )
