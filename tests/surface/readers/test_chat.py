"""Chat completions: what each field and each part of a message becomes."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PIXEL_BASE64, PIXEL_URI, outline, reasons, surfaced

URL = "https://example.com/a.png"


def said(content: Any, role: Any = "user") -> dict[str, Any]:
    """A chat of one message."""
    return {"messages": [{"role": role, "content": content}]}


HERE = "/messages/0/content"

STRANGE_TYPES: tuple[Any, ...] = (
    *("image", "input_image", "image_file", "video", "acv_document_id", "Text", "IMAGE_URL", ""),
    *(None, 7, ["text"], {}),
)

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    # ---- who speaks
    "system": (said("a", "system"), [f"text {HERE}: system: a", "inert /messages/0/role"]),
    "developer": (said("a", "developer"), [f"text {HERE}: developer: a", "inert /messages/0/role"]),
    "assistant": (said("a", "assistant"), [f"text {HERE}: assistant: a", "inert /messages/0/role"]),
    "tool": (said("a", "tool"), [f"text {HERE}: tool: a", "inert /messages/0/role"]),
    "function": (said("a", "function"), [f"text {HERE}: tool: a", "inert /messages/0/role"]),
    "a role that is not known": (said("a", "critic"), ["text /messages/0/role: field: critic", f"text {HERE}: field: a"]),
    "a role that is no string": (said("a", ["user"]), ["text /messages/0/role/0: field: user", f"text {HERE}: field: a"]),
    "no role": ({"messages": [{"content": "a"}]}, [f"text {HERE}: field: a"]),
    # ---- what is said
    "a list of parts": (
        said([{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}, "c"]),
        [f"text {HERE}/0/text: user: a", f"text {HERE}/1/refusal: user: b", f"text {HERE}/2: user: c",
         "inert /messages/0/role", f"inert {HERE}/0/type", f"inert {HERE}/1/type"],
    ),
    "nothing": (said(None), ["inert /messages/0/role", f"inert {HERE}"]),
    "an empty list": (said([]), ["inert /messages/0/role", f"inert {HERE}"]),
    "content as an object": (said({"type": "text", "text": "a"}), [f"opaque {HERE}", "inert /messages/0/role"]),
    "content as a number": (said(7), [f"opaque {HERE}", "inert /messages/0/role"]),
    "lists in lists": (said([[{"type": "text", "text": "a"}]]), [f"opaque {HERE}/0", "inert /messages/0/role"]),
    "a text that is an object": (
        said([{"type": "text", "text": {"value": "a"}}]),
        [f"text {HERE}/0/text: user: value", f"text {HERE}/0/text/value: user: a", "inert /messages/0/role",
         f"inert {HERE}/0/type"],
    ),
    "a part with a breakpoint": (
        said([{"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}]),
        [f"text {HERE}/0/text: user: a", "inert /messages/0/role", f"inert {HERE}/0/type",
         f"inert {HERE}/0/prompt_cache_breakpoint/mode", f"inert {HERE}/0/prompt_cache_breakpoint/ttl"],
    ),
    # ---- parts of types that are not known
    **{
        f"a part of type {kind!r}": (said([{"type": kind, "image": PIXEL_URI}]), [f"opaque {HERE}/0", "inert /messages/0/role"])
        for kind in STRANGE_TYPES
    },
    "a part without a type": (said([{"image_url": {"url": PIXEL_URI}}]), [f"opaque {HERE}/0", "inert /messages/0/role"]),
    "a part that is a number": (said([7]), [f"opaque {HERE}/0", "inert /messages/0/role"]),
    "a type in another case": (said([{"Type": "text", "text": "a"}]), [f"opaque {HERE}/0", "inert /messages/0/role"]),
    # ---- pictures
    "a picture": (
        said([{"type": "image_url", "image_url": {"url": PIXEL_URI, "detail": "original"}}]),
        [f"image {HERE}/0/image_url/url: image/png 70", "inert /messages/0/role", f"inert {HERE}/0/type",
         f"inert {HERE}/0/image_url/detail"],
    ),
    "a picture without an object": (
        said([{"type": "image_url", "image_url": PIXEL_URI}]),
        [f"image {HERE}/0/image_url: image/png 70", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture of a tool": (
        said([{"type": "image_url", "image_url": {"url": PIXEL_URI}}], "tool"),
        [f"image {HERE}/0/image_url/url: image/png 70", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture behind an address": (
        said([{"type": "image_url", "image_url": {"url": URL}}]),
        [f"image {HERE}/0/image_url/url: {URL}", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture that is no data URI": (
        said([{"type": "image_url", "image_url": {"url": PIXEL_BASE64}}]),
        [f"opaque {HERE}/0/image_url/url", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture with more members": (
        said([{"type": "image_url", "image_url": {"url": PIXEL_URI, "file_id": "f", "x": "y"}}]),
        [f"image {HERE}/0/image_url/url: image/png 70", f"opaque {HERE}/0/image_url/file_id",
         f"text {HERE}/0/image_url/x: field: x", f"text {HERE}/0/image_url/x: field: y", "inert /messages/0/role",
         f"inert {HERE}/0/type"],
    ),
    "pictures in a list": (
        said([{"type": "image_url", "image_url": [PIXEL_URI]}]),
        [f"opaque {HERE}/0/image_url", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture in an empty object": (
        said([{"type": "image_url", "image_url": {}}]),
        [f"opaque {HERE}/0/image_url", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture beside a text": (
        said([{"type": "text", "text": "a", "image_url": {"url": URL}}]),
        [f"text {HERE}/0/text: user: a", f"opaque {HERE}/0/image_url", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture under a name in another case": (
        said([{"type": "image_url", "imageUrl": {"url": URL}}]),
        [f"opaque {HERE}/0/imageUrl", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    # ---- recordings and files
    "a recording": (
        said([{"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}]),
        [f"audio {HERE}/0/input_audio/data:  3", "inert /messages/0/role", f"inert {HERE}/0/type",
         f"inert {HERE}/0/input_audio/format"],
    ),
    "a recording that is no object": (
        said([{"type": "input_audio", "input_audio": "QUJD"}]),
        [f"opaque {HERE}/0/input_audio", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a file": (
        said([{"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a"}}]),
        [f"document {HERE}/0/file/file_data: application/pdf 3", f"text {HERE}/0/file/filename: field: a",
         "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a file by its id": (
        said([{"type": "file", "file": {"file_id": "file-1"}}]),
        [f"reference {HERE}/0/file/file_id: file: file-1", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    "a file that is no object": (
        said([{"type": "file", "file": "file-1"}]), [f"opaque {HERE}/0/file", "inert /messages/0/role", f"inert {HERE}/0/type"],
    ),
    # ---- other members of messages
    "the names and calls of a message": (
        {"messages": [{"role": "assistant", "name": "bob", "refusal": "no", "reasoning_content": "so", "tool_call_id": "c",
                       "function_call": {"name": "f", "arguments": "{}"}, "audio": {"id": "audio_1"}}]},
        ["text /messages/0/name: field: bob", "text /messages/0/refusal: field: no",
         "text /messages/0/reasoning_content: field: so", "text /messages/0/tool_call_id: field: c",
         "text /messages/0/function_call/name: field: f", "text /messages/0/function_call/arguments: field: {}",
         "reference /messages/0/audio/id: audio: audio_1", "inert /messages/0/role"],
    ),
    "calls of tools": (
        {"messages": [{"role": "assistant", "tool_calls": [
            {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"type": "custom", "custom": {"name": "g", "input": "b"}}, 7]}]},
        ["text /messages/0/tool_calls/0/id: field: c", "text /messages/0/tool_calls/0/function/name: field: f",
         "text /messages/0/tool_calls/0/function/arguments: field: {}", "text /messages/0/tool_calls/1/custom/name: field: g",
         "text /messages/0/tool_calls/1/custom/input: field: b", "opaque /messages/0/tool_calls/2", "inert /messages/0/role",
         "inert /messages/0/tool_calls/0/index", "inert /messages/0/tool_calls/0/type", "inert /messages/0/tool_calls/1/type"],
    ),
    "calls that are no list": (
        {"messages": [{"role": "assistant", "tool_calls": {"0": 1}}]},
        ["opaque /messages/0/tool_calls", "inert /messages/0/role"],
    ),
    "arguments that are an object": (
        {"messages": [{"function_call": {"name": "f", "arguments": {"a": "b"}}}]},
        ["text /messages/0/function_call/name: field: f", "text /messages/0/function_call/arguments: field: a",
         "text /messages/0/function_call/arguments/a: field: b"],
    ),
    "annotations": (
        {"messages": [{"annotations": [{"type": "url_citation", "url_citation": {"url": URL}}]}]},
        ["text /messages/0/annotations/0: field: type url_citation", "text /messages/0/annotations/0/type: field: url_citation",
         "text /messages/0/annotations/0/url_citation: field: url",
         f"text /messages/0/annotations/0/url_citation/url: field: {URL}"],
    ),
    "attachments": (
        {"messages": [{"content": "a", "attachments": [{"file_id": "file-1"}]}]},
        [f"text {HERE}: field: a", "opaque /messages/0/attachments"],
    ),
    "a member that is not known": (
        {"messages": [{"content": "a", "mood": {"is": "good", "image": "x"}}]},
        [f"text {HERE}: field: a", "text /messages/0/mood: field: mood", "text /messages/0/mood: field: is image",
         "text /messages/0/mood/is: field: good", "opaque /messages/0/mood/image"],
    ),
    # ---- messages that are none
    "a message that is a string": ({"messages": ["a"]}, ["opaque /messages/0"]),
    "an empty message": ({"messages": [{}]}, ["opaque /messages/0"]),
    "messages as an object": ({"messages": {"0": {"role": "user", "content": "a"}}}, ["opaque /messages"]),
    "messages as a string": ({"messages": "a"}, ["opaque /messages"]),
    "messages under another name": ({"Messages": [{"content": "a"}]}, ["opaque /Messages"]),
    "no messages": ({"messages": []}, ["inert /messages"]),
    # ---- tools and the form of the answer
    "tools": (
        {"tools": [{"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "g"}}]},
        ["schema /tools/0: tool", "schema /tools/1: tool"],
    ),
    "tools that are not known": (
        {"tools": [{"type": "mcp", "server_url": URL}, {"function": {}}, "f", {"type": ["function"]}, {"type": "retrieval"}]},
        [f"opaque /tools/{number}" for number in range(5)],
    ),
    "tools as an object": ({"tools": {"type": "function"}}, ["opaque /tools"]),
    "functions": (
        {"functions": [{"name": "f"}, {"type": "mcp", "name": "f"}, "f"]},
        ["schema /functions/0: tool", "opaque /functions/1", "opaque /functions/2"],
    ),
    "choices": (
        {"tool_choice": "required", "function_call": {"name": "f"}},
        ["text /function_call: field: name", "text /function_call/name: field: f", "inert /tool_choice"],
    ),
    "another choice": ({"tool_choice": "identify"}, ["text /tool_choice: field: identify"]),
    "a plain answer": ({"response_format": {"type": "json_object"}}, ["inert /response_format/type"]),
    "an answer by a schema": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}},
        ["schema /response_format: response_format"],
    ),
    "a plain answer with more": (
        {"response_format": {"type": "text", "description": "a"}}, ["schema /response_format: response_format"],
    ),
    "an answer that is a string": ({"response_format": "json"}, ["schema /response_format: response_format"]),
    "a prediction": (
        {"prediction": {"type": "content", "content": [{"type": "image_url", "image_url": {"url": PIXEL_URI}}]}},
        ["image /prediction/content/0/image_url/url: image/png 70", "inert /prediction/type",
         "inert /prediction/content/0/type"],
    ),
    # ---- numbers, flags, words of closed lists
    "numbers and flags": (
        {"n": 1, "seed": 2**63, "max_tokens": 1, "max_completion_tokens": 1, "presence_penalty": 0.5, "frequency_penalty": 0,
         "logprobs": True, "top_logprobs": 3, "parallel_tool_calls": False, "temperature": 1, "top_p": 1, "store": False},
        [f"inert /{name}" for name in ("n", "seed", "max_tokens", "max_completion_tokens", "presence_penalty",
         "frequency_penalty", "logprobs", "top_logprobs", "parallel_tool_calls", "temperature", "top_p", "store")],
    ),
    "words where numbers and flags belong": (
        {"n": "identify", "seed": True, "logprobs": "him", "temperature": [1], "store": 1},
        ["text /n: field: identify", "text /seed: field: True", "text /logprobs: field: him", "text /temperature/0: field: 1",
         "text /store: field: 1"],
    ),
    "a response to compare with": (
        {"prompt_cache_options": {"mode": "implicit", "comparison_response_id": "resp_1"}},
        ["reference /prompt_cache_options/comparison_response_id: response: resp_1", "inert /prompt_cache_options/mode"],
    ),
    "words of closed lists": (
        {"reasoning_effort": "max", "verbosity": "low", "service_tier": "flex", "modalities": ["text", "audio"],
         "prompt_cache_retention": "24h", "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
         "stream_options": {"include_usage": True, "include_obfuscation": False}, "audio": {"format": "mp3"}},
        ["inert /reasoning_effort", "inert /verbosity", "inert /service_tier", "inert /modalities/0", "inert /modalities/1",
         "inert /prompt_cache_retention", "inert /prompt_cache_options/mode", "inert /prompt_cache_options/ttl",
         "inert /stream_options/include_usage", "inert /stream_options/include_obfuscation", "inert /audio/format"],
    ),
    "words that are in no closed list": (
        {"reasoning_effort": "Max", "modalities": ["text", "image"], "stream_options": {"who": "him"}, "audio": {"voice": "ash"}},
        ["text /reasoning_effort: field: Max", "text /modalities/1: field: image", "text /stream_options/who: field: who",
         "text /stream_options/who: field: him", "text /audio/voice: field: ash", "inert /modalities/0"],
    ),
    "nothing where something is known": (
        {"tools": None, "seed": None, "metadata": None}, ["inert /tools", "inert /seed", "inert /metadata"],
    ),
    "biases": ({"logit_bias": {"50256": -100, "1": 1.5}}, ["inert /logit_bias/50256", "inert /logit_bias/1"]),
    "biases that are none": (
        {"logit_bias": {"him": 1, "٣": 1, "1" * 11: 1, "2": "identify", "": 1}},
        ["text /logit_bias/him: field: him", "text /logit_bias/him: field: 1", "text /logit_bias/٣: field: ٣",
         "text /logit_bias/٣: field: 1", "text /logit_bias/11111111111: field: 11111111111",
         "text /logit_bias/11111111111: field: 1", "text /logit_bias/2: field: 2", "text /logit_bias/2: field: identify",
         "text /logit_bias/: field: ", "text /logit_bias/: field: 1"],
    ),
    "biases as a list": ({"logit_bias": ["identify"]}, ["text /logit_bias/0: field: identify"]),
    # ---- words that belong to no turn
    "words of other fields": (
        {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "stop": ["a", "b"]},
        ["text /user: field: u", "text /safety_identifier: field: s", "text /prompt_cache_key: field: k",
         "text /stop/0: field: a", "text /stop/1: field: b"],
    ),
    "fields of free form": (
        {"metadata": {"image": "cat", "link": URL}, "user_security_context": {"application_name": "a"},
         "moderation": {"model": "m"}},
        ["text /metadata: field: image link", "text /metadata/image: field: cat", f"text /metadata/link: field: {URL}",
         "text /user_security_context: field: application_name", "text /user_security_context/application_name: field: a",
         "text /moderation: field: model", "text /moderation/model: field: m"],
    ),
    # ---- fields that nobody here can examine
    "what brings in unseen content": (
        {"data_sources": [], "dataSources": 1, "enhancements": {"ocr": {}}, "web_search_options": {}},
        ["opaque /data_sources", "opaque /dataSources", "opaque /enhancements", "opaque /web_search_options"],
    ),
    # ---- fields that are not known
    "a field that is not known": (
        {"identify this man": {"a": [1, None, {}]}},
        ["text /identify this man: field: identify this man", "text /identify this man: field: a",
         "text /identify this man/a/0: field: 1", "inert /identify this man/a/1", "inert /identify this man/a/2"],
    ),
    "a field that is not known, and empty": (
        {"identify this man": None}, ["text /identify this man: field: identify this man", "inert /identify this man"],
    ),
    "an address in a field that is not known": ({"thing": URL}, ["text /thing: field: thing", "opaque /thing"]),
    "a place of media that is none": (
        {"image": URL, "file_ids": ["f"], "input_image": 1}, ["opaque /image", "opaque /file_ids", "opaque /input_image"],
    ),
    "fields spelled unlike the API's": (
        {"maxTokens": 1, "MODEL_": "x", "Tool-Choice": "auto"}, ["opaque /maxTokens", "opaque /MODEL_", "opaque /Tool-Choice"],
    ),
}  # fmt: skip
"""Bodies, with all that becomes of them."""


@pytest.mark.parametrize("case", TABLE)
def test_read_chat(case: str) -> None:
    """Each field becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body).content) == expected


def test_reasons() -> None:
    """What is opaque says why, to a person."""
    body = {
        "messages": [7, {"content": 7}, {"content": [7]}, {"content": [{"type": "image_url", "image_url": {}}]}],
        "tools": [7],
        "functions": [7],
        "data_sources": 7,
        "Seed": 7,
        "image": 7,
        "thing": URL,
        "metadata": PIXEL_URI,
    }
    assert reasons(surfaced(body).content) == {
        "/messages/0": "a message must be an object",
        "/messages/1/content": "content is a string or a list of parts",
        "/messages/2/content/0": "a content part of a type that is not known",
        "/messages/3/content/0/image_url": "a string is expected where the content should be",
        "/tools/0": "a tool of a type that is not known",
        "/functions/0": "a function must be an object with a name, and has no type",
        "/data_sources": "the service would answer from data that were not seen here",
        "/Seed": "the field 'Seed' is spelled unlike the API's, and may be read as the API's own",
        "/image": "the field 'image' stands where the API has none, and may carry content",
        "/thing": "an address in a field that is not known; the service might fetch it",
        "/metadata": "encoded data where words are expected",
    }
