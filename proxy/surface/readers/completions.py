"""Legacy completions."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import Role
from proxy.location import Location
from proxy.surface.readers.walk import COMMON, Table, Walk, flag, number, text, texts, token_biases

_TOKENS: Final = "token ids in place of words, which cannot be examined; send the text itself"


def prompt(walk: Walk, here: Location, value: Any) -> None:
    """A prompt or input: a string, or a list of strings; token ids are opaque."""
    if isinstance(value, str):
        walk.text(here, Role.USER, value)
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        for index, item in enumerate(value):
            walk.text(here.at(index), Role.USER, item)
    else:
        walk.opaque(here, _TOKENS if isinstance(value, list) and value else "a string or a list of strings is expected")


def read_completions(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a completions call."""
    walk.fields(Location(), body, _BODY)


_BODY: Final[Table] = {
    **COMMON,
    "prompt": prompt,
    "suffix": text,
    "stop": texts,
    "n": number,
    "best_of": number,
    "seed": number,
    "max_tokens": number,
    "presence_penalty": number,
    "frequency_penalty": number,
    "logit_bias": token_biases,
    "logprobs": number,
    "echo": flag,
}

KNOWN_FIELDS: Final = frozenset(_BODY)
"""Field names that this reader knows."""
