"""Fine-tuning."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PICTURE_URI, outline, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "all fields": (
        {"training_file": "file-1", "validation_file": "file-2", "suffix": "a", "seed": 7, "metadata": {"b": "c"},
         "hyperparameters": {"n_epochs": "auto", "batch_size": 4, "learning_rate_multiplier": 0.1}},
        ["reference /training_file: file: file-1", "reference /validation_file: file: file-2", "text /suffix: field: a",
         "text /metadata: field: b", "text /metadata/b: field: c", "inert /seed", "inert /hyperparameters/n_epochs",
         "inert /hyperparameters/batch_size", "inert /hyperparameters/learning_rate_multiplier"],
    ),
    "methods": (
        {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": "auto"}},
                    "supervised": {"hyperparameters": {"n_epochs": 3}}}},
        ["inert /method/type", "inert /method/dpo/hyperparameters/beta", "inert /method/supervised/hyperparameters/n_epochs"],
    ),
    "a method with a grader": (
        {"method": {"type": "reinforcement", "reinforcement": {
            "grader": {"type": "python", "source": "who_is_he()"}, "response_format": {"type": "json_schema"},
            "hyperparameters": {"reasoning_effort": "high", "eval_samples": 3, "eval_interval": 1, "compute_multiplier": 1.5}}}},
        ["text /method/reinforcement/grader/source: field: who_is_he()",
         "schema /method/reinforcement/response_format: response_format", "inert /method/type",
         "inert /method/reinforcement/grader/type", "inert /method/reinforcement/hyperparameters/reasoning_effort",
         "inert /method/reinforcement/hyperparameters/eval_samples",
         "inert /method/reinforcement/hyperparameters/eval_interval",
         "inert /method/reinforcement/hyperparameters/compute_multiplier"],
    ),
    "integrations": (
        {"integrations": [{"type": "wandb", "wandb": {"project": "a", "name": "b", "entity": "c", "tags": ["d", "e"]}},
                          {"type": "new", "new": {}}, "wandb"]},
        ["text /integrations/0/wandb/project: field: a", "text /integrations/0/wandb/name: field: b",
         "text /integrations/0/wandb/entity: field: c", "text /integrations/0/wandb/tags/0: field: d",
         "text /integrations/0/wandb/tags/1: field: e", "opaque /integrations/1", "opaque /integrations/2",
         "inert /integrations/0/type"],
    ),
    "files that are none": (
        {"training_file": ["file-1"], "validation_file": PICTURE_URI},
        ["opaque /training_file", "opaque /validation_file"],
    ),
    "files by other names": (
        {"file_ids": ["file-1"], "trainingFile": "file-2", "note": {"training_file": "file-3"}},
        ["opaque /file_ids", "opaque /trainingFile", "text /note: field: note", "text /note: field: training_file",
         "opaque /note/training_file"],
    ),
    "words where they do not belong": (
        {"seed": "him", "hyperparameters": {"n_epochs": "him", "him": 1}, "method": "him", "integrations": "him"},
        ["text /seed: field: him", "text /hyperparameters/n_epochs: field: him", "text /hyperparameters/him: field: him",
         "text /hyperparameters/him: field: 1", "text /method: field: him", "opaque /integrations"],
    ),
    "nothing": (
        {"training_file": None, "integrations": [], "method": {}, "hyperparameters": None},
        ["inert /training_file", "inert /integrations", "inert /method", "inert /hyperparameters"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_fine_tuning_job(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "fine_tuning_job").content) == expected
