"""Graders: what tells how good an answer is, by comparing, by a program, or by asking a model."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role
from proxy.location import Location
from proxy.surface.readers.responses import item
from proxy.surface.readers.walk import (
    EFFORT,
    Table,
    Walk,
    answer_format,
    name,
    number,
    one_of,
    record,
    said,
    some,
    text,
    texts,
    typed,
    with_types,
)

_SAMPLING: Final[Table] = {
    "temperature": number,
    "top_p": number,
    "seed": number,
    "max_tokens": number,
    "max_completions_tokens": number,
    "max_completion_tokens": number,
    "reasoning_effort": EFFORT,
    "response_format": answer_format,
}

_EVERY: Final[Table] = {"name": text, "pass_threshold": number}

_COMPARING: Final[Table] = {**_EVERY, "input": text, "reference": text}

_ASKING: Final[Table] = {**_EVERY, "model": name, "input": some(item), "sampling_params": record(_SAMPLING)}

TABLES: Final[Mapping[str, Table]] = with_types({
    "string_check": {**_COMPARING, "operation": one_of("eq", "ne", "like", "ilike")},
    "text_similarity": {
        **_COMPARING,
        "evaluation_metric": one_of(
            *("cosine", "fuzzy_match", "bleu", "gleu", "meteor"),
            *("rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"),
        ),
    },
    "python": {**_EVERY, "source": text, "image_tag": text},
    "score_model": {**_ASKING, "range": some(number)},
    "label_model": {**_ASKING, "labels": texts, "passing_labels": texts},
    "multi": {**_EVERY, "calculate_output": text, "graders": lambda walk, here, value: _several(walk, here, value)},  # noqa: PLW0108 - defined below; graders hold graders
})  # fmt: skip
"""Graders that are read, by their types; all others are opaque."""

grader: Final = typed(TABLES, "a grader", {"endpoint": "an answer would be sent to an address, past this proxy"})
"""One grader."""


def _several(walk: Walk, here: Location, value: Any) -> None:
    """Graders of a grader: one, a list, or an object that names them."""
    if isinstance(value, list):
        walk.items(here, value, grader)
    elif isinstance(value, dict) and value and not isinstance(value.get("type"), str):
        for key, member in value.items():
            walk.text(here.at(key), Role.FIELD, key)
            grader(walk, here.at(key), member)
    else:
        grader(walk, here, value)


def read_grader(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that tries a grader."""
    walk.fields(Location(), body, _BODY)


def _item(walk: Walk, here: Location, value: Any) -> None:
    walk.unknown(here, value, Role.USER)


_BODY: Final[Table] = {"grader": grader, "model_sample": said(Role.ASSISTANT), "reference_answer": _item, "item": _item}

KNOWN_FIELDS: Final = frozenset(_BODY).union(_SAMPLING, *TABLES.values())
"""Field names that this reader knows."""
