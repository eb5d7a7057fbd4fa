"""Fine-tuning: a model made from files of examples, each line of which was read when its file was sent."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.readers.graders import grader
from proxy.surface.readers.walk import (
    Table,
    Walk,
    answer_format,
    measure,
    name,
    number,
    one_of,
    record,
    refers,
    some,
    text,
    texts,
    typed,
    with_types,
)

_MEASURES: Final[Table] = {
    **dict.fromkeys(
        (
            "batch_size",
            "learning_rate_multiplier",
            "n_epochs",
            "beta",
            "compute_multiplier",
            "eval_interval",
            "eval_samples",
        ),
        measure,
    ),
    "reasoning_effort": one_of("default", "low", "medium", "high"),
}

_HYPERPARAMETERS: Final = record(_MEASURES)

_PLAIN: Final[Table] = {"hyperparameters": _HYPERPARAMETERS}

_GRADED: Final[Table] = {**_PLAIN, "grader": grader, "response_format": answer_format}

_METHOD: Final[Table] = {
    "type": one_of("supervised", "dpo", "reinforcement"),
    "supervised": record(_PLAIN),
    "dpo": record(_PLAIN),
    "reinforcement": record(_GRADED),
}

_WANDB: Final[Table] = {"project": text, "name": text, "entity": text, "tags": texts}

_INTEGRATIONS: Final[Mapping[str, Table]] = with_types({"wandb": {"wandb": record(_WANDB)}})


def read_fine_tuning_job(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that has a model made."""
    walk.fields(Location(), body, _BODY)


_BODY: Final[Table] = {
    "model": name,
    "training_file": refers("file"),
    "validation_file": refers("file"),
    "suffix": text,
    "seed": number,
    "hyperparameters": _HYPERPARAMETERS,
    "method": record(_METHOD),
    "integrations": some(typed(_INTEGRATIONS, "an integration")),
    "metadata": Walk.free,
}

KNOWN_FIELDS: Final = frozenset().union(_BODY, _MEASURES, _GRADED, _METHOD, _WANDB, *_INTEGRATIONS.values())
"""Field names that this reader knows."""
