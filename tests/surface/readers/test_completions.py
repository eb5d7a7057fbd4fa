"""Legacy completions, and the prompts that other calls share with them."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PICTURE, PICTURE_URI, PIXEL_URI, outline, pictures, reasons, surfaced

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "a string": ({"prompt": "a"}, ["text /prompt: user: a"]),
    "strings": ({"prompt": ["a", ""]}, ["text /prompt/0: user: a", "text /prompt/1: user: "]),
    "token ids": ({"prompt": [1, 2]}, ["opaque /prompt"]),
    "lists of token ids": ({"prompt": [[1], [2]]}, ["opaque /prompt"]),
    "strings and token ids": ({"prompt": ["a", [1]]}, ["opaque /prompt"]),
    "an empty list": ({"prompt": []}, ["opaque /prompt"]),
    "an object": ({"prompt": {"text": "a"}}, ["opaque /prompt"]),
    "a number": ({"prompt": 7}, ["opaque /prompt"]),
    "nothing": ({"prompt": None}, ["inert /prompt"]),
    "a picture among words": ({"prompt": f"see {PIXEL_URI}"}, [f"text /prompt: user: see {PIXEL_URI}", "image /prompt:  70"]),
    "other words": (
        {"suffix": "a", "stop": "b", "user": "c", "metadata": {"d": "e"}},
        ["text /suffix: field: a", "text /stop: field: b", "text /user: field: c", "text /metadata: field: d",
         "text /metadata/d: field: e"],
    ),
    "numbers and flags": (
        {"n": 1, "best_of": 2, "seed": 3, "max_tokens": 4, "logprobs": 5, "echo": True, "logit_bias": {"1": 2}},
        ["inert /n", "inert /best_of", "inert /seed", "inert /max_tokens", "inert /logprobs", "inert /echo",
         "inert /logit_bias/1"],
    ),
    "words where they belong": (
        {"echo": "him", "best_of": ["him"], "logprobs": True},
        ["text /echo: field: him", "text /best_of/0: field: him", "text /logprobs: field: True"],
    ),
    "messages": (
        {"messages": [{"image_url": "x"}]},
        ["text /messages: field: messages", "text /messages/0: field: image_url", "opaque /messages/0/image_url"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_read_completions(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "completions").content) == expected


def test_reasons() -> None:
    """Token ids are not words; what is neither says what is expected."""
    found = [reasons(surfaced({"prompt": prompt}, "completions").content)["/prompt"] for prompt in ([1], [], 7)]
    assert found == [
        "token ids in place of words, which cannot be examined; send the text itself",
        "a string or a list of strings is expected",
        "a string or a list of strings is expected",
    ]


def test_long_inline_data() -> None:
    """A prompt that is one long data URI is a picture too."""
    assert pictures(surfaced({"prompt": PICTURE_URI}, "completions").content) == {"/prompt": PICTURE}
