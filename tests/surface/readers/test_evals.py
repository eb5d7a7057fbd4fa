"""Evaluations."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, reasons, surfaced

from proxy.surface.readers.evals import REFUSED_SOURCES, SOURCES

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "all fields": (
        {"name": "a", "metadata": {"b": "c"},
         "data_source_config": {"type": "custom", "item_schema": {"type": "object", "properties": {"suspect_name": {}}},
                                "include_sample_schema": True},
         "testing_criteria": [{"type": "string_check", "name": "d", "input": "{{sample.output_text}}", "reference": "e"},
                              {"type": "label_model", "model": "m", "labels": ["f"], "input": [
                                  {"role": "user", "content": {"type": "input_image", "image_url": PIXEL_URI}}]}]},
        ["text /name: field: a", "text /metadata: field: b", "text /metadata/b: field: c",
         "schema /data_source_config/item_schema: response_format", "text /testing_criteria/0/name: field: d",
         "text /testing_criteria/0/input: field: {{sample.output_text}}", "text /testing_criteria/0/reference: field: e",
         "text /testing_criteria/1/labels/0: field: f", "image /testing_criteria/1/input/0/content/image_url: image/png 70",
         "inert /data_source_config/type", "inert /data_source_config/include_sample_schema",
         "inert /testing_criteria/0/type", "inert /testing_criteria/1/type", "inert /testing_criteria/1/model",
         "inert /testing_criteria/1/input/0/role", "inert /testing_criteria/1/input/0/content/type"],
    ),
    "what the service stored": (
        {"data_source_config": {"type": "logs", "metadata": {"a": "b"}}},
        ["opaque /data_source_config"],
    ),
    "what the service stored, of old": (
        {"data_source_config": {"type": "stored_completions"}},
        ["opaque /data_source_config"],
    ),
    "sources that are none": (
        {"data_source_config": {"item_schema": {}}, "testing_criteria": ["a", {"type": "new"}]},
        ["opaque /data_source_config", "opaque /testing_criteria/0", "opaque /testing_criteria/1"],
    ),
    "a picture in the form of the data": (
        {"data_source_config": {"type": "custom", "item_schema": {"default": PIXEL_URI}, "schema": {"a": "b"}}},
        ["schema /data_source_config/item_schema: response_format", "image /data_source_config/item_schema/default:  70",
         "text /data_source_config/schema: field: schema", "text /data_source_config/schema: field: a",
         "text /data_source_config/schema/a: field: b", "inert /data_source_config/type"],
    ),
    "words where they do not belong": (
        {"data_source_config": "him", "testing_criteria": "him"},
        ["opaque /data_source_config", "opaque /testing_criteria"],
    ),
    "nothing": (
        {"name": None, "data_source_config": None, "testing_criteria": []},
        ["inert /name", "inert /data_source_config", "inert /testing_criteria"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_eval(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "eval", model=False).content) == expected


def test_refused_sources() -> None:
    """A source that is known and refused says why."""
    for kind, why in REFUSED_SOURCES.items():
        assert reasons(surfaced({"data_source_config": {"type": kind}}, "eval").content) == {"/data_source_config": why}
    assert not set(REFUSED_SOURCES) & set(SOURCES)
