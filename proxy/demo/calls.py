"""The calls of the demonstration: real ones, through the real SDK, told as they happen."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from openai import APIError, APIStatusError, AzureOpenAI, OpenAI

API_VERSION: Final = "2024-10-21"
MODEL: Final = "gpt-4o"

COMPANY: Final = "retail-co"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with a photograph that policy refuses: who asks, in which words, and what the request declares."""

    tenant: str
    who: str
    text: str
    attributes: str = ""


REFUSED: Final = (
    Question(
        "metro-pd",
        "a US police department, with a body-worn camera",
        "Who is this? Check her face against the watch-list.",
        "camera=body_worn, timing=real_time, environment=uncontrolled",
    ),
    Question(
        "eu-police",
        "a French police force, with a fixed camera, after the event",
        "Identify the woman in this frame.",
        "camera=fixed, timing=post_event, environment=controlled",
    ),
    Question(COMPANY, "the company again", "How does this customer feel? Read the emotion in her face."),
)

TENANTS: Final = tuple(dict.fromkeys((COMPANY, *(question.tenant for question in REFUSED))))
"""The tenants of the register that the demonstration calls as."""


class Surprise(Exception):  # a demonstration that does not show what it says is a failure
    """A call came to another end than the demonstration says; its text tells which."""


def photograph(name: str) -> str:
    """A photograph of the package as a data URI."""
    data = (resources.files("proxy.demo") / "photographs" / name).read_bytes()
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")


def run(base: str, keys: Mapping[str, str], tell: Tell) -> None:
    """Make five calls to the proxy at `base` with the keys of `TENANTS`; `tell` gets one line after the other.

    Raises Surprise when a call is not forwarded, streamed or refused as it should be.
    """
    with AzureOpenAI(azure_endpoint=base, api_key=keys[COMPANY], api_version=API_VERSION) as azure:
        forwarded(azure, tell)
    with OpenAI(base_url=f"{base}/openai/v1", api_key=keys[COMPANY]) as plain:
        streamed(plain, tell)
    for number, question in enumerate(REFUSED, 3):
        tell(f"\n{number}. {question.who}: “{question.text}”")
        with AzureOpenAI(azure_endpoint=base, api_key=keys[question.tenant], api_version=API_VERSION) as azure:
            refused(azure, question, tell)


def forwarded(client: AzureOpenAI, tell: Tell) -> None:
    """A call that is forwarded."""
    text = "What is in the cup?"
    tell(f"\n1. a private company, with AzureOpenAI(azure_endpoint=…) and a photograph of a coffee: “{text}”")
    try:
        raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=_asking(text, "coffee.jpg"))
    except APIError as error:
        raise Surprise(f"the first call should be forwarded, and was not: {error}") from error
    tell(f"   forwarded: outcome {raw.headers['facegate-outcome']}, decision {raw.headers['facegate-decision-id']}")
    tell(f"   reply: {raw.parse().choices[0].message.content}")


def streamed(client: OpenAI, tell: Tell) -> None:
    """A call whose reply is streamed."""
    text = "Count the people, and say where a face would have to be blurred."
    tell(f"\n2. the same company, with OpenAI(base_url=…/openai/v1), a portrait, streaming: “{text}”")
    try:
        events = client.chat.completions.create(model=MODEL, stream=True, messages=_asking(text, "astronaut.jpg"))
        words = [choice.delta.content for event in events for choice in event.choices if choice.delta.content]
    except APIError as error:
        raise Surprise(f"the second call should be streamed, and was not: {error}") from error
    if not words:
        raise Surprise("the second call should be streamed, and no piece of it came")
    tell(f"   streamed, {len(words)} pieces: {' | '.join(word.strip() for word in words)}")


def refused(client: AzureOpenAI, question: Question, tell: Tell) -> None:
    """A call that is refused."""
    headers = {"Facegate-Attributes": question.attributes} if question.attributes else {}
    try:
        client.chat.completions.create(
            model=MODEL, messages=_asking(question.text, "astronaut.jpg"), extra_headers=headers
        )
    except APIStatusError as error:
        _explain(error, question, tell)
    except APIError as error:
        raise Surprise(f"the call of {question.tenant} should be refused, and nobody answered it: {error}") from error
    else:
        raise Surprise(f"the call of {question.tenant} should be refused, and was forwarded")


def _explain(error: APIStatusError, question: Question, tell: Tell) -> None:
    found = error.body if isinstance(error.body, dict) else {}
    if found.get("type") != "policy_violation":
        raise Surprise(
            f"the call of {question.tenant} should be refused by policy, and ended otherwise: {error}"
        ) from error
    inner = found.get("innererror", {})
    if question.attributes:
        tell(f"   Facegate-Attributes: {question.attributes}")
    tell(f"   refused: {type(error).__name__} {error.status_code}, {found.get('code')}")
    for rule in inner.get("rules", ()):
        tell(f"   {rule['clause']} {rule['id']}, at {', '.join(rule['locations'])}")
    tell(f"   {found.get('message')}")
    if inner.get("alternative"):
        tell(f"   instead: {inner['alternative']}")


def _asking(text: str, picture: str) -> Any:
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": photograph(picture)}}]
    return [{"role": "user", "content": parts}]
