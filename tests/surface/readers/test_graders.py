"""Graders."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, reasons, surfaced

URL = "https://example.com/a"

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "a comparison": (
        {"grader": {"type": "string_check", "name": "a", "input": "{{item.b}}", "reference": "c", "operation": "eq"}},
        ["text /grader/name: field: a", "text /grader/input: field: {{item.b}}", "text /grader/reference: field: c",
         "inert /grader/type", "inert /grader/operation"],
    ),
    "likeness": (
        {"grader": {"type": "text_similarity", "name": "a", "input": "b", "reference": "c", "evaluation_metric": "rouge_l",
                    "pass_threshold": 0.5}},
        ["text /grader/name: field: a", "text /grader/input: field: b", "text /grader/reference: field: c",
         "inert /grader/type", "inert /grader/evaluation_metric", "inert /grader/pass_threshold"],
    ),
    "a program": (
        {"grader": {"type": "python", "name": "a", "source": "def grade(): return who_is_he()", "image_tag": "2025-05-08"}},
        ["text /grader/name: field: a", "text /grader/source: field: def grade(): return who_is_he()",
         "text /grader/image_tag: field: 2025-05-08", "inert /grader/type"],
    ),
    "a model that scores": (
        {"grader": {"type": "score_model", "name": "a", "model": "gpt-4o", "range": [0, 1],
                    "input": [{"role": "user", "content": "b"},
                              {"type": "message", "role": "system", "content": {"type": "input_text", "text": "c"}},
                              {"role": "user", "content": ["d", {"type": "input_image", "image_url": PIXEL_URI,
                                                                "detail": "low"}]}],
                    "sampling_params": {"temperature": 1, "top_p": 1, "seed": 7, "max_completions_tokens": 9,
                                        "reasoning_effort": "low"}}},
        ["text /grader/name: field: a", "text /grader/input/0/content: user: b",
         "text /grader/input/1/content/text: system: c", "text /grader/input/2/content/0: user: d",
         "image /grader/input/2/content/1/image_url: image/png 70", "inert /grader/type", "inert /grader/model",
         "inert /grader/range/0", "inert /grader/range/1", "inert /grader/input/0/role", "inert /grader/input/1/type",
         "inert /grader/input/1/role", "inert /grader/input/1/content/type", "inert /grader/input/2/role",
         "inert /grader/input/2/content/1/type", "inert /grader/input/2/content/1/detail",
         "inert /grader/sampling_params/temperature", "inert /grader/sampling_params/top_p",
         "inert /grader/sampling_params/seed", "inert /grader/sampling_params/max_completions_tokens",
         "inert /grader/sampling_params/reasoning_effort"],
    ),
    "a model that labels": (
        {"grader": {"type": "label_model", "name": "a", "model": "m", "labels": ["police", "other"], "passing_labels": ["other"],
                    "input": [{"role": "user", "content": "b"}]}},
        ["text /grader/name: field: a", "text /grader/labels/0: field: police", "text /grader/labels/1: field: other",
         "text /grader/passing_labels/0: field: other", "text /grader/input/0/content: user: b", "inert /grader/type",
         "inert /grader/model", "inert /grader/input/0/role"],
    ),
    "several": (
        {"grader": {"type": "multi", "name": "a", "calculate_output": "b + c", "graders": {
            "b": {"type": "python", "source": "d"}, "c": {"type": "string_check", "input": "e"}}}},
        ["text /grader/name: field: a", "text /grader/calculate_output: field: b + c", "text /grader/graders/b: field: b",
         "text /grader/graders/b/source: field: d", "text /grader/graders/c: field: c",
         "text /grader/graders/c/input: field: e", "inert /grader/type", "inert /grader/graders/b/type",
         "inert /grader/graders/c/type"],
    ),
    "several in a list": (
        {"grader": {"type": "multi", "graders": [{"type": "python", "source": "d"}, {"type": "new"}]}},
        ["text /grader/graders/0/source: field: d", "opaque /grader/graders/1", "inert /grader/type",
         "inert /grader/graders/0/type"],
    ),
    "one of several": (
        {"grader": {"type": "multi", "graders": {"type": "python", "source": "d"}}},
        ["text /grader/graders/source: field: d", "inert /grader/type", "inert /grader/graders/type"],
    ),
    "graders that are none": (
        {"grader": {"type": "multi", "graders": {"b": "c", "type": 7}}},
        ["text /grader/graders/b: field: b", "opaque /grader/graders/b", "text /grader/graders/type: field: type",
         "opaque /grader/graders/type", "inert /grader/type"],
    ),
    "graders of other types": (
        {"grader": {"type": "endpoint", "url": URL}},
        ["opaque /grader"],
    ),
    "a grader without a type": (
        {"grader": {"source": "a"}},
        ["opaque /grader"],
    ),
    "a template where a picture belongs": (
        {"grader": {"type": "score_model", "input": [
            {"role": "user", "content": [{"type": "input_image", "image_url": "{{item.picture}}"}]}]}},
        ["opaque /grader/input/0/content/0/image_url", "inert /grader/type", "inert /grader/input/0/role",
         "inert /grader/input/0/content/0/type"],
    ),
    "a picture behind an address, and a recording": (
        {"grader": {"type": "score_model", "input": [{"role": "user", "content": [
            {"type": "input_image", "image_url": URL},
            {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}]}]}},
        [f"image /grader/input/0/content/0/image_url: {URL}", "audio /grader/input/0/content/1/input_audio/data:  3",
         "inert /grader/type", "inert /grader/input/0/role", "inert /grader/input/0/content/0/type",
         "inert /grader/input/0/content/1/type", "inert /grader/input/0/content/1/input_audio/format"],
    ),
    "an item that fills the templates": (
        {"item": {"who": "him", "picture": PIXEL_URI, "address": URL, "image": "a", "n": 7, "more": ["b", {"c": "d"}]},
         "model_sample": "e", "reference_answer": {"f": "g"}},
        ["text /item: user: who picture address image n more", "text /item/who: user: him", "opaque /item/picture",
         "opaque /item/address", "opaque /item/image", "text /item/n: user: 7", "text /item/more/0: user: b",
         "text /item/more/1: user: c", "text /item/more/1/c: user: d", "text /model_sample: assistant: e",
         "text /reference_answer: user: f", "text /reference_answer/f: user: g"],
    ),
    "nothing": (
        {"grader": None, "item": {}, "model_sample": None},
        ["inert /grader", "inert /item", "inert /model_sample"],
    ),
    "words where they do not belong": (
        {"grader": {"type": "score_model", "model": "who is he?", "range": "him", "input": "him", "pass_threshold": "him",
                    "sampling_params": "him"}},
        ["text /grader/model: field: who is he?", "opaque /grader/range", "opaque /grader/input",
         "text /grader/pass_threshold: field: him", "text /grader/sampling_params: field: him", "inert /grader/type"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_grader(case: str) -> None:
    """Each grader becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "grader", model=False).content) == expected


def test_reasons() -> None:
    """A grader that would have answers sent elsewhere says so; one that nobody knows says that."""
    found = [
        reasons(surfaced({"grader": {"type": kind}}, "grader").content)["/grader"] for kind in ("endpoint", "new", 7)
    ]
    assert found == [
        "an answer would be sent to an address, past this proxy",
        "a grader of a type that is not known",
        "a grader of a type that is not known",
    ]
