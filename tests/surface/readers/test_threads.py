"""Threads, messages and runs."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_URI, outline, surfaced

URL = "https://example.com/a"

MESSAGES: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "a string": (
        {"role": "user", "content": "who is he?", "metadata": {"a": "b"}},
        ["text /content: user: who is he?", "text /metadata: field: a", "text /metadata/a: field: b", "inert /role"],
    ),
    "by the assistant": (
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
        ["text /content/0/text: assistant: a", "text /content/1/refusal: assistant: b", "inert /role",
         "inert /content/0/type", "inert /content/1/type"],
    ),
    "pictures": (
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL_URI, "detail": "low"}},
                                     {"type": "image_url", "image_url": {"url": URL}},
                                     {"type": "image_file", "image_file": {"file_id": "file-1", "detail": "high"}}]},
        ["image /content/0/image_url/url: image/png 70", f"image /content/1/image_url/url: {URL}",
         "reference /content/2/image_file/file_id: file: file-1", "inert /role", "inert /content/0/type",
         "inert /content/0/image_url/detail", "inert /content/1/type", "inert /content/2/type",
         "inert /content/2/image_file/detail"],
    ),
    "words as they come from the service": (
        {"role": "user", "content": [{"type": "text", "text": {"value": "a", "annotations": []}},
                                     {"type": "text", "text": {"value": "b", "annotations": [
                                         {"file_citation": {"file_id": "f"}}]}}]},
        ["text /content/0/text/value: user: a", "text /content/1/text/value: user: b",
         "opaque /content/1/text/annotations/0", "inert /role", "inert /content/0/type", "inert /content/0/text/annotations",
         "inert /content/1/type"],
    ),
    "attachments": (
        {"attachments": [{"file_id": "file-1", "tools": [{"type": "code_interpreter"}, {"type": "file_search"}, {"type": "new"}]},
                         "file-2"],
         "file_ids": ["file-3"]},
        ["reference /attachments/0/file_id: file: file-1", "opaque /attachments/0/tools/2", "opaque /attachments/1",
         "reference /file_ids/0: file: file-3", "inert /attachments/0/tools/0/type", "inert /attachments/0/tools/1/type"],
    ),
    "parts of other types": (
        {"content": [{"type": "input_image", "image_url": PIXEL_URI}, {"text": "a"}, "b", {}, 7, {"type": ["text"]}]},
        ["opaque /content/0", "opaque /content/1", "opaque /content/2", "opaque /content/3", "opaque /content/4",
         "opaque /content/5"],
    ),
    "a part with more in it": (
        {"content": [{"type": "text", "text": "a", "image_url": {"url": PIXEL_URI}, "note": "him"},
                     {"type": "image_file", "image_file": "file-1"},
                     {"type": "image_file", "image_file": {"file_id": ["file-1"]}}]},
        ["text /content/0/text: field: a", "opaque /content/0/image_url", "text /content/0/note: field: note",
         "text /content/0/note: field: him", "opaque /content/1/image_file", "opaque /content/2/image_file/file_id",
         "inert /content/0/type", "inert /content/1/type", "inert /content/2/type"],
    ),
    "a role that is none": (
        {"role": "police", "content": "a"},
        ["text /role: field: police", "text /content: field: a"],
    ),
    "a role that is no word": (
        {"role": ["user"], "content": {"type": "text"}},
        ["text /role/0: field: user", "opaque /content"],
    ),
    "nothing": (
        {"role": "user", "content": None, "attachments": [], "metadata": None},
        ["inert /role", "inert /content", "inert /attachments", "inert /metadata"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MESSAGES)
def test_read_message(case: str) -> None:
    """Each field of a message becomes what the table says."""
    body, expected = MESSAGES[case]
    assert outline(surfaced(body, "message", model=False).content) == expected


THREADS: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "messages": (
        {"messages": [{"role": "user", "content": "a"},
                      {"role": "assistant", "content": [{"type": "text", "text": PIXEL_URI}]}]},
        ["text /messages/0/content: user: a", f"text /messages/1/content/0/text: assistant: {PIXEL_URI}",
         "image /messages/1/content/0/text:  70", "inert /messages/0/role", "inert /messages/1/role",
         "inert /messages/1/content/0/type"],
    ),
    "messages that are none": (
        {"messages": ["a", {}, 7]},
        ["opaque /messages/0", "opaque /messages/1", "opaque /messages/2"],
    ),
    "one message": (
        {"messages": {"role": "user", "content": "a"}},
        ["opaque /messages"],
    ),
    "files and notes": (
        {"tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}, "metadata": {"a": "b"}},
        ["reference /tool_resources/file_search/vector_store_ids/0: vector_store: vs_1", "text /metadata: field: a",
         "text /metadata/a: field: b"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", THREADS)
def test_read_thread(case: str) -> None:
    """Each field of a thread becomes what the table says."""
    body, expected = THREADS[case]
    assert outline(surfaced(body, "thread", model=False).content) == expected


RUNS: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "words": (
        {"assistant_id": "asst_1", "model": "gpt-4o", "instructions": "a", "additional_instructions": "b",
         "metadata": {"c": "d"}},
        ["reference /assistant_id: assistant: asst_1", "text /instructions: system: a",
         "text /additional_instructions: system: b", "text /metadata: field: c", "text /metadata/c: field: d"],
    ),
    "a thread of its own": (
        {"thread": {"messages": [{"role": "user", "content": "a"}],
                    "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}}}},
        ["text /thread/messages/0/content: user: a",
         "reference /thread/tool_resources/code_interpreter/file_ids/0: file: file-1", "inert /thread/messages/0/role"],
    ),
    "more messages": (
        {"additional_messages": [{"role": "user", "content": [{"type": "image_url", "image_url": PIXEL_URI}]}]},
        ["image /additional_messages/0/content/0/image_url: image/png 70", "inert /additional_messages/0/role",
         "inert /additional_messages/0/content/0/type"],
    ),
    "tools": (
        {"tools": [{"type": "function", "function": {"name": "f"}}],
         "tool_choice": {"type": "function", "function": {"name": "f"}},
         "parallel_tool_calls": True, "response_format": "auto",
         "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}}},
        ["schema /tools/0: tool", "text /tool_choice: field: type function", "text /tool_choice/type: field: function",
         "text /tool_choice/function: field: name", "text /tool_choice/function/name: field: f",
         "reference /tool_resources/code_interpreter/file_ids/0: file: file-1", "inert /parallel_tool_calls",
         "inert /response_format"],
    ),
    "numbers and words of closed lists": (
        {"stream": True, "temperature": 1, "top_p": 0.5, "max_prompt_tokens": 256, "max_completion_tokens": 256,
         "tool_choice": "required",
         "truncation_strategy": {"type": "last_messages", "last_messages": 3}, "reasoning_effort": "high"},
        ["inert /stream", "inert /temperature", "inert /top_p", "inert /max_prompt_tokens", "inert /max_completion_tokens",
         "inert /tool_choice", "inert /truncation_strategy/type", "inert /truncation_strategy/last_messages",
         "inert /reasoning_effort"],
    ),
    "an assistant that is none": (
        {"assistant_id": {"id": "asst_1"}, "thread": "thread_1", "thread_id": "thread_2"},
        ["opaque /assistant_id", "opaque /thread", "opaque /thread_id"],
    ),
    "words where they do not belong": (
        {"stream": "him", "truncation_strategy": {"type": "him"}, "max_prompt_tokens": "him"},
        ["text /stream: field: him", "text /truncation_strategy/type: field: him", "text /max_prompt_tokens: field: him"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RUNS)
def test_read_run(case: str) -> None:
    """Each field of a run becomes what the table says."""
    body, expected = RUNS[case]
    assert outline(surfaced(body, "run", model=False).content) == expected


OUTPUTS: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    "answers": (
        {"tool_outputs": [{"tool_call_id": "call_1", "output": "a"}, {"tool_call_id": "call_2", "output": PIXEL_URI}],
         "stream": True},
        ["text /tool_outputs/0/tool_call_id: field: call_1", "text /tool_outputs/0/output: tool: a",
         "text /tool_outputs/1/tool_call_id: field: call_2", f"text /tool_outputs/1/output: tool: {PIXEL_URI}",
         "image /tool_outputs/1/output:  70", "inert /stream"],
    ),
    "answers that are none": (
        {"tool_outputs": ["a", {"output": {"b": "c"}}, {"output": [{"type": "image_url", "image_url": PIXEL_URI}]}, {}]},
        ["text /tool_outputs/0: field: a", "text /tool_outputs/1/output: tool: b", "text /tool_outputs/1/output/b: tool: c",
         "text /tool_outputs/2/output/0: tool: type image_url", "text /tool_outputs/2/output/0/type: tool: image_url",
         "opaque /tool_outputs/2/output/0/image_url", "inert /tool_outputs/3"],
    ),
    "one answer": (
        {"tool_outputs": {"output": "a"}},
        ["opaque /tool_outputs"],
    ),
    "nothing": (
        {"tool_outputs": [], "stream": None},
        ["inert /tool_outputs", "inert /stream"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTPUTS)
def test_read_tool_outputs(case: str) -> None:
    """Each field of a tool's answers becomes what the table says."""
    body, expected = OUTPUTS[case]
    assert outline(surfaced(body, "tool_outputs", model=False).content) == expected
