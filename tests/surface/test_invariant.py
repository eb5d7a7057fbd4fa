"""Nothing is left over, nothing is changed, and nothing but a refusal is raised, whatever a body looks like."""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from support.bodies import (
    CATALOGUE,
    LIMITS,
    PIXEL,
    PIXEL_URI,
    TARGETS,
    inbound,
    leaves,
    sent,
    strangers,
    surfaced,
    uncovered,
    unseen,
)

from proxy.content import Content, Opaque, Part, kind_of
from proxy.errors import RequestError
from proxy.exchange import Inbound
from proxy.location import Location, Step
from proxy.surface import FIELD_NAMES, route, surface
from proxy.surface.readers import FORM_READERS

BOUNDED: Final = settings(max_examples=120, suppress_health_check=list(HealthCheck))

WORDS: Final = (
    *("text", "user", "system", "function", "message", "image_url", "input_image", "input_text", "input_file", "auto"),
    *("item_reference", "custom", "namespace", "shell", "mcp", "image_generation_call", "file", "input_audio", "url"),
    *("https://example.com/face.jpg", "hello", "", "identify this man", PIXEL_URI, "data:image/png,%89PNG", "file-abc"),
    *("QUJD" * 200, "gpt-4o", "\u0663", "\U0001f600", "a\x00b"),
)

NAMES: Final = (
    *sorted(FIELD_NAMES),
    "ImageUrl",
    "Messages",
    "data",
    "json_schema",
    "x",
    "identify this man",
    "",
    "7",
    PIXEL_URI,
)

SCALARS: Final = (
    st.sampled_from(WORDS)
    | st.text(max_size=12)
    | st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)

KEYS: Final = st.sampled_from(NAMES) | st.text(max_size=6)

TREES: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)

ITEMS: Final = [
    {"role": "user", "content": [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": PIXEL_URI, "detail": "auto"},
        {"type": "input_file", "file_data": "QUJD", "filename": "a.pdf"},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
    ]},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "so"}]},
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": PIXEL_URI}]},
    {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot", "file_id": "f"}},
    {"type": "image_generation_call", "id": "ig", "status": "completed", "result": "QUJD"},
    {"type": "code_interpreter_call", "container_id": "k", "outputs": [{"type": "image", "url": PIXEL_URI}]},
    {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"], "env": {"MODE": "x"}}},
    {"type": "additional_tools", "role": "developer", "tools": [{"type": "custom", "name": "g"}]},
    {"id": "msg_1"},
]  # fmt: skip
"""One of each of many kinds of items."""

LIKELY: Final[Mapping[str, Mapping[str, Any]]] = {
    "chat": {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be kind.", "name": "house"},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?", "prompt_cache_breakpoint": {"mode": "explicit"}},
                {"type": "image_url", "image_url": {"url": PIXEL_URI, "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
                {"type": "file", "file": {"file_id": "file-1", "filename": "a.pdf", "file_data": "QUJD"}},
            ]},
            {"role": "assistant", "content": None, "audio": {"id": "audio_1"}, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
                {"id": "call_2", "type": "custom", "custom": {"name": "g", "input": "b"}},
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "done"}]},
            {"role": "function", "name": "f", "content": "old"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"default": ""}}}}}],
        "functions": [{"name": "f", "parameters": {"type": "object"}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}},
        "prediction": {"type": "content", "content": [{"type": "text", "text": "as before"}]},
        "logit_bias": {"50256": -100},
        "stop": ["END", "STOP"],
        "seed": 9223372036854775807,
        "metadata": {"purpose": "test"},
        "data_sources": [{"type": "azure_search", "parameters": {"endpoint": "https://example.com"}}],
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
    },
    "responses": {
        "model": "gpt-4o",
        "instructions": "Be kind.",
        "input": ITEMS,
        "tools": [
            {"type": "function", "name": "f", "parameters": {"type": "object"}},
            {"type": "namespace", "name": "n", "description": "d", "tools": [{"type": "custom", "name": "g"}]},
            {"type": "shell", "environment": {"type": "container_auto", "file_ids": ["file-1"]}},
            {"type": "mcp", "server_label": "l", "server_url": "https://example.com"},
        ],
        "text": {"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}}, "verbosity": "low"},
        "prompt": {"id": "pmpt_1", "variables": {"who": "me"}},
        "conversation": {"id": "conv_1"},
        "previous_response_id": "resp_1",
        "reasoning": {"effort": "low"},
        "metadata": {"purpose": "test"},
        "include": ["reasoning.encrypted_content"],
    },
    "completions": {
        "model": "gpt-35", "prompt": ["one", "two"], "suffix": "end", "logit_bias": {"1": 1}, "stop": "END", "user": "u",
    },
    "embeddings": {"model": "ada", "input": ["one", "two"], "dimensions": 3, "encoding_format": "float", "user": "u"},
    "assistant": {
        "model": "gpt-4o", "name": "helper", "description": "helps", "instructions": "Be kind.", "metadata": {"a": "b"},
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
            {"type": "file_search", "file_search": {"max_num_results": 3, "ranking_options": {"ranker": "auto"}}},
            {"type": "code_interpreter"},
        ],
        "tool_resources": {
            "code_interpreter": {"file_ids": ["file-1"]},
            "file_search": {"vector_store_ids": ["vs_1"], "vector_stores": [
                {"file_ids": ["file-2"], "chunking_strategy": {"type": "static", "static": {"chunk_overlap_tokens": 1}}},
            ]},
        },
        "response_format": "auto", "temperature": 0.5, "top_p": 1, "reasoning_effort": "low", "file_ids": ["file-3"],
    },
    "batch": {
        "input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {"a": "b"},
        "output_expires_after": {"anchor": "created_at", "seconds": 3600}, "input_blob": "https://example.com/a.jsonl",
        "output_folder": {"url": "https://example.com/"},
    },
    "container": {
        "name": "box", "file_ids": ["file-1"], "expires_after": {"anchor": "last_active_at", "minutes": 20},
        "memory_limit": "1g", "network_policy": {"type": "disabled"}, "skills": [{"type": "skill_reference", "skill_id": "s"}],
    },
    "conversation": {
        "items": [*ITEMS, {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"}],
        "metadata": {"a": "b"},
    },
    "eval": {
        "name": "e", "metadata": {"a": "b"},
        "data_source_config": {"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": True},
        "testing_criteria": [
            {"type": "label_model", "name": "l", "model": "m", "labels": ["a"], "passing_labels": ["a"], "input": [
                {"type": "message", "role": "user", "content": {"type": "input_image", "image_url": PIXEL_URI}},
                {"role": "system", "content": "Is {{item.a}} right?"}, *ITEMS]},
            {"type": "string_check", "name": "s", "input": "{{item.a}}", "reference": "b", "operation": "eq"},
        ],
    },
    "fine_tuning_job": {
        "model": "gpt-4o-mini", "training_file": "file-1", "validation_file": "file-2", "suffix": "mine", "seed": 7,
        "hyperparameters": {"n_epochs": "auto", "batch_size": 4}, "metadata": {"a": "b"},
        "method": {"type": "reinforcement", "reinforcement": {
            "grader": {"type": "multi", "graders": [
                {"type": "python", "name": "p", "source": "def grade(): ...", "image_tag": "t"},
                {"type": "label_model", "model": "m", "labels": ["a"], "input": ITEMS}]},
            "hyperparameters": {"beta": 0.1, "reasoning_effort": "low"}}},
        "integrations": [{"type": "wandb", "wandb": {"project": "p", "tags": ["a"]}}],
    },
    "grader": {
        "grader": {"type": "multi", "name": "m", "calculate_output": "a + b", "graders": {
            "a": {"type": "score_model", "name": "s", "model": "m", "range": [0, 1], "sampling_params": {"seed": 1}, "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "a"}]}, *ITEMS]},
            "b": {"type": "text_similarity", "name": "t", "input": "a", "reference": "b", "evaluation_metric": "bleu"}}},
        "model_sample": "yes", "item": {"a": "b", "image": "x"}, "reference_answer": "c",
    },
    "message": {
        "role": "user", "metadata": {"a": "b"}, "file_ids": ["file-1"],
        "content": [
            {"type": "text", "text": "who?"},
            {"type": "text", "text": {"value": "who?", "annotations": [{"type": "file_path", "text": "a"}]}},
            {"type": "image_url", "image_url": {"url": PIXEL_URI, "detail": "low"}},
            {"type": "image_file", "image_file": {"file_id": "file-1", "detail": "high"}},
        ],
        "attachments": [{"file_id": "file-2", "tools": [{"type": "code_interpreter"}]}],
    },
    "metadata": {"metadata": {"a": "b"}, "name": "n"},
    "moderation": {
        "model": "omni-moderation-latest",
        "input": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PIXEL_URI}}, "b"],
    },
    "run": {
        "assistant_id": "asst_1", "model": "gpt-4o", "instructions": "Be kind.", "additional_instructions": "Be short.",
        "thread": {"messages": [{"role": "user", "content": "hello"}], "metadata": {"a": "b"},
                   "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}}},
        "additional_messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}],
        "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto", "parallel_tool_calls": True,
        "truncation_strategy": {"type": "last_messages", "last_messages": 3}, "stream": False, "max_prompt_tokens": 9,
    },
    "speech": {
        "model": "tts-1", "input": "hello", "instructions": "Softly.", "voice": {"id": "voice_1"}, "response_format": "mp3",
        "speed": 1.5, "stream_format": "audio",
    },
    "thread": {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL_URI}}]}],
        "metadata": {"a": "b"}, "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}},
    },
    "tool_outputs": {"tool_outputs": [{"tool_call_id": "call_1", "output": '{"a": 1}'}], "stream": True},
    "vector_store": {
        "name": "v", "description": "d", "file_ids": ["file-1"], "metadata": {"a": "b"},
        "chunking_strategy": {"type": "auto"}, "expires_after": {"anchor": "last_active_at", "days": 7},
    },
    "vector_store_files": {
        "file_id": "file-1", "attributes": {"a": 1}, "file_ids": ["file-2"],
        "files": [{"file_id": "file-3", "attributes": {"b": "c"}}], "chunking_strategy": {"type": "auto"},
    },
    "vector_store_search": {
        "query": ["a", "b"], "filters": {"type": "and", "filters": [{"type": "eq", "key": "a", "value": "b"}]},
        "max_num_results": 3, "ranking_options": {"ranker": "auto", "score_threshold": 0.5}, "rewrite_query": True,
    },
    "image_generation": {
        "model": "gpt-image-1", "prompt": "a cat", "size": "1024x1024", "svg": {"model": "x", "reasoning": {"effort": "low"}},
    },
    "image_edits": {
        "model": "gpt-image-1", "prompt": "a hat", "images": [{"image_url": PIXEL_URI}, {"file_id": "file-1"}, PIXEL_URI],
        "mask": {"image_url": PIXEL_URI}, "input_fidelity": "high", "size": "1024x1024", "user": "u",
    },
    "video": {
        "model": "sora-2", "prompt": "a cat", "seconds": "8", "input_reference": {"image_url": PIXEL_URI, "file_id": "file-1"},
        "remix_video_id": "video_1",
    },
    "container_file": {"file_id": "file-1", "file": "QUJD"},
    "upload": {
        "filename": "a.jsonl", "purpose": "batch", "bytes": 7, "mime_type": "text/jsonl",
        "expires_after": {"anchor": "created_at", "seconds": 3600},
    },
    "upload_end": {"part_ids": ["part_1", "part_2"], "md5": "0cc175b9c0f1b6a831c399e269772661"},
}  # fmt: skip
"""For each reader a body that holds what the API offers, to be changed here and there."""


def paths(tree: Any, steps: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The steps to every value below the root."""
    members = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in members:
        yield (*steps, step)
        yield from paths(value, (*steps, step))


def changed(tree: Any, steps: tuple[Step, ...], change: Callable[[Any, Step], Any]) -> Any:
    """`tree` with the container of the last step replaced by what `change` makes of it."""
    if len(steps) == 1:
        return change(tree, steps[0])
    if isinstance(tree, dict):
        return {key: changed(value, steps[1:], change) if key == steps[0] else value for key, value in tree.items()}
    return [changed(value, steps[1:], change) if index == steps[0] else value for index, value in enumerate(tree)]


@st.composite
def mutants(draw: st.DrawFn, reader: str) -> Mapping[str, Any]:
    """A likely body with one to four changes: values exchanged, members renamed, added, wrapped in lists or objects."""
    body: Any = LIKELY[reader]
    for _ in range(draw(st.integers(1, 4))):
        steps = draw(st.sampled_from(list(paths(body))))
        kind = draw(st.sampled_from(("value", "name", "add", "wrap", "null", "picture")))
        value, name = draw(TREES), draw(KEYS | st.sampled_from([str(steps[-1]).upper(), f"{steps[-1]}_"]))

        def change(parent: Any, step: Step, kind: str = kind, value: Any = value, name: str = name) -> Any:
            made = {"value": value, "wrap": [parent[step]], "null": None, "picture": f"see {PIXEL_URI} here"}.get(
                kind, parent[step]
            )
            if isinstance(parent, list):
                return [made if index == step else one for index, one in enumerate(parent)]
            if kind == "add":
                return {**parent, name: value}
            return {(name if kind == "name" and key == step else key): made if key == step else one
                    for key, one in parent.items()}  # fmt: skip

        body = changed(body, steps, change)
    return dict(body)


def check(body: Mapping[str, Any], reader: str) -> None:
    """A body is refused, or all of it is told and it is sent as it was read."""
    try:
        found = surfaced(body, reader, model=False)
    except RequestError:
        return
    assert {
        "uncovered": uncovered(body, found.content),
        "unseen": unseen(body, found.content),
        "strangers": strangers(found.content, body),
        "undeclared": {kind_of(part) for part in found.content.parts}
        - {kind for kind, _ in found.called.operation.parts},
        "sent": [(steps, repr(value)) for steps, value in leaves(orjson.loads(sent(found)))],
    } == {
        "uncovered": [],
        "unseen": [],
        "strangers": [],
        "undeclared": set(),
        "sent": [(steps, repr(value)) for steps, value in leaves(body)],
    }


def test_what_is_left_over_is_seen() -> None:
    """The invariant is one that can be broken: each part that is taken away leaves a hole with a name."""
    body = {"messages": [{"role": "user", "content": "hi"}], "temperature": 1, "note": {"who": PIXEL_URI}, "model": "m"}
    content = Content((Opaque(Location(("elsewhere",)), ""),), (Location(("messages", 0, "content")),), "m")
    assert uncovered(body, structs.replace(content, inert=())) == [
        "the value of /messages/0/role is nowhere",
        "the value of /messages/0/content is nowhere",
        "the value of /temperature is nowhere",
        "the value of /note/who is nowhere",
        "the name of /note is nowhere",
        "the name of /note/who is nowhere",
        "the value of /model is nowhere",
    ]
    assert uncovered({"messages": [{"content": "hi you"}]}, content) == [
        "the value of /messages/0/content is inert, and may speak"
    ]
    assert (unseen(body, content), strangers(content, body)) == (["/note/who"], ["/elsewhere"])


@pytest.mark.parametrize("reader", TARGETS)
def test_likely_body(reader: str) -> None:
    """The bodies that are changed below hold the invariant themselves."""
    check(LIKELY[reader], reader)


def variants(reader: str) -> Iterator[Mapping[str, Any]]:
    """A likely body, and bodies with one thing in it exchanged: for a picture, for an address, or for a field more."""
    body = LIKELY[reader]
    yield from (body, {**body, PIXEL_URI: 1})
    for steps in paths(body):
        for value in (PIXEL_URI, "https://example.com/a", {"note": PIXEL_URI}):
            yield changed(body, steps, partial(_put, value=value))


@pytest.mark.parametrize("reader", TARGETS)
def test_declared_kinds(reader: str) -> None:
    """Each kind of part that the catalogue declares does occur in bodies, and no other does."""
    called = route("POST", TARGETS[reader], CATALOGUE)
    found = {kind_of(part) for body in variants(reader) for part in read_kinds(body, reader)}
    found |= {"reference"} if called.ids else set()
    declared = {kind for kind, _ in called.operation.parts}
    assert found <= declared if reader in {*FORM_READERS, "upload_end"} else found == declared


def read_kinds(body: Mapping[str, Any], reader: str) -> tuple[Part, ...]:
    """The parts of a body; none where it is refused before it is read."""
    try:
        return surfaced(body, reader, model=False).content.parts
    except RequestError:
        return ()


@pytest.mark.parametrize("reader", TARGETS)
@settings(BOUNDED, max_examples=50)
@given(data=st.data())
def test_any_json(reader: str, data: st.DataObject) -> None:
    """Any object under the reader's own field names."""
    known = st.sampled_from(sorted(LIKELY[reader]))
    body = data.draw(st.dictionaries(known | KEYS, TREES, max_size=6))
    check({"model": "m", **body}, reader)


@pytest.mark.parametrize("reader", TARGETS)
@BOUNDED
@given(data=st.data())
def test_nearly_real(reader: str, data: st.DataObject) -> None:
    """Bodies as clients send them, changed in a few places."""
    check(data.draw(mutants(reader)), reader)


@pytest.mark.parametrize("reader", TARGETS)
@settings(BOUNDED, max_examples=25)
@given(data=st.data())
def test_large_inline_data(reader: str, data: st.DataObject) -> None:
    """Data URIs long enough to be cut out, in any place of a likely body."""
    body: Any = LIKELY[reader]
    for _ in range(data.draw(st.integers(1, 3))):
        steps = data.draw(st.sampled_from(list(paths(body))))
        size, kind = data.draw(st.integers(2_000, 2_003)), data.draw(st.sampled_from(["image/PNG", "image/png", "a/b"]))
        uri = f"data:{kind};base64,{base64.b64encode(PIXEL + bytes(size)).decode()}"
        body = changed(body, steps, partial(_put, value=uri))
    check({**body, "user": "u" * 70_000}, reader)


def _put(parent: Any, step: Step, value: Any) -> Any:
    if isinstance(parent, dict):
        return {key: value if key == step else one for key, one in parent.items()}
    return [value if index == step else one for index, one in enumerate(parent)]


@BOUNDED
@given(
    body=st.binary(max_size=60) | TREES.map(orjson.dumps),
    target=st.sampled_from([*TARGETS.values(), "/openai/deployments/d/chat/completions?api-version=2024-10-21"])
    | st.text(max_size=30),
    method=st.sampled_from(["POST", "GET", "post", ""]),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["content-type", "content-encoding", "x-http-method-override"]),
            st.sampled_from(["application/json", "text/plain", "gzip", "identity", "deflate", ""])
            | st.text(max_size=9),
        ),
        max_size=3,
    ),
)
@example(b"\xff", TARGETS["chat"], "POST", [("content-type", "application/json")])
@example(b"{}", TARGETS["chat"], "POST", [("content-type", "application/json")])
def test_anything_at_all(body: bytes, target: str, method: str, headers: list[tuple[str, str]]) -> None:
    """Whatever arrives, `surface` reads it or raises a RequestError and nothing else."""
    with suppress(RequestError):
        surface(Inbound(method, target, tuple(headers), body), CATALOGUE, LIMITS)


@BOUNDED
@given(st.integers(-(2**63), 2**64 - 1))
@example(9007199254740993)
def test_integers_are_exact(number: int) -> None:
    """An integer of 64 bits is sent digit for digit."""
    assert orjson.loads(sent(surfaced({"seed": number})))["seed"] == number


@BOUNDED
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_words(words: str) -> None:
    """Words are told and sent as they are, whatever characters they hold."""
    body = {"messages": [{"role": "user", "content": words}], "model": "m"}
    found = surface(inbound(body), CATALOGUE, LIMITS)
    assert (found.content.parts[0].text, orjson.loads(sent(found))) == (words, body)  # type: ignore[union-attr] # the only part is text
