"""The Responses API: what each field and each item becomes."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.bodies import PICTURE_URI, PIXEL_BASE64, PIXEL_URI, outline, reasons, surfaced

from proxy.surface.readers.responses import READ_ITEMS, READ_TOOLS, REFUSED_ITEMS, UNREAD_TOOLS

URL = "https://example.com/a.png"


def item(**members: Any) -> dict[str, Any]:
    """A body of one input item."""
    return {"input": [members]}


def parts(*found: Any) -> dict[str, Any]:
    """A body of one user message with these parts."""
    return item(role="user", content=list(found))


HERE = "/input/0/content"

TABLE: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    # ---- input and instructions
    "a string": ({"input": "a"}, ["text /input: user: a"]),
    "a list of strings": ({"input": ["a"]}, ["text /input/0: user: a"]),
    "an object": ({"input": {"role": "user", "content": "a"}}, ["opaque /input"]),
    "a number": ({"input": 7}, ["opaque /input"]),
    "an empty list": ({"input": []}, ["inert /input"]),
    "items that are none": ({"input": [7, [], {}, None]}, [f"opaque /input/{number}" for number in range(4)]),
    "instructions": ({"instructions": "a"}, ["text /instructions: system: a"]),
    "instructions as items": (
        {"instructions": [{"role": "user", "content": [{"type": "input_image", "image_url": PIXEL_URI}]}]},
        ["image /instructions/0/content/0/image_url: image/png 70", "inert /instructions/0/role",
         "inert /instructions/0/content/0/type"],
    ),
    "instructions as an object": ({"instructions": {"content": "a"}}, ["opaque /instructions"]),
    # ---- messages
    **{
        f"a message of {role}": (item(type="message", role=role, content="a"),
                                 [f"text {HERE}: {role}: a", "inert /input/0/type", "inert /input/0/role"])
        for role in ("system", "developer", "user", "assistant")
    },
    "a message of a role that is not known": (
        item(role="critic", content="a"), ["text /input/0/role: field: critic", f"text {HERE}: field: a"],
    ),
    "a message of a role that is no string": (
        item(role=["user"], content="a"), ["text /input/0/role/0: tool: user", f"text {HERE}: tool: a"],
    ),
    "texts": (
        parts({"type": "input_text", "text": "a"}, {"type": "output_text", "text": "b", "annotations": [], "logprobs": []},
              {"type": "refusal", "refusal": "c"}, "d"),
        [f"text {HERE}/0/text: user: a", f"text {HERE}/1/text: user: b", f"text {HERE}/2/refusal: user: c",
         f"text {HERE}/3: user: d", "inert /input/0/role", f"inert {HERE}/0/type", f"inert {HERE}/1/type",
         f"inert {HERE}/1/annotations", f"inert {HERE}/1/logprobs", f"inert {HERE}/2/type"],
    ),
    "content as an object": (
        item(role="user", content={"type": "input_text", "text": "a"}),
        [f"text {HERE}/text: user: a", "inert /input/0/role", f"inert {HERE}/type"],
    ),
    "a part without a type": (parts({"text": "a"}), [f"text {HERE}/0/text: user: a", "inert /input/0/role"]),
    "parts of types that are not known": (
        parts({"type": "video", "text": "a"}, {"type": ["input_text"]}, {"type": "image_file"}, {"type": "INPUT_TEXT"}),
        [*(f"opaque {HERE}/{number}" for number in range(4)), "inert /input/0/role"],
    ),
    "a citation": (
        parts({"type": "output_text", "text": "a", "annotations": [
            {"type": "url_citation", "url": URL, "title": "t", "start_index": 0, "end_index": 1}]}),
        [f"text {HERE}/0/text: user: a", f"text {HERE}/0/annotations/0/url: user: {URL}",
         f"text {HERE}/0/annotations/0/title: user: t", "inert /input/0/role", f"inert {HERE}/0/type",
         f"inert {HERE}/0/annotations/0/type", f"inert {HERE}/0/annotations/0/start_index",
         f"inert {HERE}/0/annotations/0/end_index"],
    ),
    # ---- pictures
    "a picture": (
        parts({"type": "input_image", "image_url": PIXEL_URI, "detail": "high"}),
        [f"image {HERE}/0/image_url: image/png 70", "inert /input/0/role", f"inert {HERE}/0/type", f"inert {HERE}/0/detail"],
    ),
    "a picture in an object": (
        parts({"type": "input_image", "image_url": {"url": PIXEL_URI, "detail": "low", "file_id": "f"}}),
        [f"image {HERE}/0/image_url/url: image/png 70", f"opaque {HERE}/0/image_url/file_id", "inert /input/0/role",
         f"inert {HERE}/0/type", f"inert {HERE}/0/image_url/detail"],
    ),
    "a picture behind an address": (
        parts({"type": "input_image", "image_url": URL}),
        [f"image {HERE}/0/image_url: {URL}", "inert /input/0/role", f"inert {HERE}/0/type"],
    ),
    "a picture by its id": (
        parts({"type": "input_image", "image_url": None, "file_id": "file-1"}),
        [f"reference {HERE}/0/file_id: file: file-1", "inert /input/0/role", f"inert {HERE}/0/type", f"inert {HERE}/0/image_url"],
    ),
    "a picture in a part of text": (
        parts({"type": "input_text", "text": "a", "image_url": PIXEL_URI}),
        [f"text {HERE}/0/text: user: a", f"image {HERE}/0/image_url: image/png 70", "inert /input/0/role",
         f"inert {HERE}/0/type"],
    ),
    "a picture under names unlike the API's": (
        parts({"type": "input_image", "imageUrl": URL}, {"type": "input_image", "image-url": URL},
              {"type": "input_image", "image": URL}),
        [f"opaque {HERE}/0/imageUrl", f"opaque {HERE}/1/image-url", f"opaque {HERE}/2/image", "inert /input/0/role",
         f"inert {HERE}/0/type", f"inert {HERE}/1/type", f"inert {HERE}/2/type"],
    ),
    "a picture that is a number": (
        parts({"type": "input_image", "image_url": 7}),
        [f"opaque {HERE}/0/image_url", "inert /input/0/role", f"inert {HERE}/0/type"],
    ),
    "a screenshot": (
        item(type="computer_call_output", call_id="c", output={"type": "computer_screenshot", "image_url": PIXEL_URI}),
        ["text /input/0/call_id: tool: c", "image /input/0/output/image_url: image/png 70", "inert /input/0/type",
         "inert /input/0/output/type"],
    ),
    "pictures that a tool answers": (
        item(type="function_call_output", call_id="c", output=[{"type": "input_image", "image_url": PIXEL_URI}]),
        ["text /input/0/call_id: tool: c", "image /input/0/output/0/image_url: image/png 70", "inert /input/0/type",
         "inert /input/0/output/0/type"],
    ),
    "a picture in the words that a tool answers": (
        item(type="function_call_output", call_id="c", output=f"see {PIXEL_URI}"),
        ["text /input/0/call_id: tool: c", f"text /input/0/output: tool: see {PIXEL_URI}", "image /input/0/output:  70",
         "inert /input/0/type"],
    ),
    "a picture that was generated": (
        item(type="image_generation_call", id="i", status="completed", result=PIXEL_BASE64),
        ["reference /input/0/id: item: i", "image /input/0/result:  70", "inert /input/0/type", "inert /input/0/status"],
    ),
    "pictures that were generated, and do not decode": (
        {"input": [{"type": "image_generation_call", "result": one} for one in
                   (PIXEL_BASE64.replace("w", "w "), "a b", PIXEL_URI, URL, "QUJ=", 7)]},
        [*(f"opaque /input/{number}/result" for number in range(6)), *(f"inert /input/{number}/type" for number in range(6))],
    ),
    "a picture that was drawn by a program": (
        item(type="code_interpreter_call", outputs=[{"type": "image", "url": PIXEL_URI}, {"type": "image", "url": URL},
                                                    {"type": "logs", "logs": "a"}]),
        ["image /input/0/outputs/0/url: image/png 70", f"image /input/0/outputs/1/url: {URL}",
         "text /input/0/outputs/2/logs: tool: a", "inert /input/0/type", "inert /input/0/outputs/0/type",
         "inert /input/0/outputs/1/type", "inert /input/0/outputs/2/type"],
    ),
    "what a program answers": (
        {"input": [{"type": "program_output", "result": "forty two"}, {"type": "program_output", "result": "QUJD" * 200}]},
        ["text /input/0/result: tool: forty two", "opaque /input/1/result", "inert /input/0/type", "inert /input/1/type"],
    ),
    # ---- files, recordings, things that the service keeps
    "files": (
        parts({"type": "input_file", "file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"},
              {"type": "input_file", "file_url": URL}, {"type": "input_file", "file_id": "file-1"},
              {"type": "input_file", "file_url": PIXEL_URI}, {"type": "input_file", "file_data": "*"}),
        [f"document {HERE}/0/file_data: application/pdf 3", f"text {HERE}/0/filename: user: a.pdf",
         f"document {HERE}/1/file_url: {URL}", f"reference {HERE}/2/file_id: file: file-1",
         f"document {HERE}/3/file_url: image/png 70", f"opaque {HERE}/4/file_data", "inert /input/0/role",
         *(f"inert {HERE}/{number}/type" for number in range(5))],
    ),
    "a recording": (
        parts({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
              {"type": "input_audio", "input_audio": "QUJD"}),
        [f"audio {HERE}/0/input_audio/data:  3", f"opaque {HERE}/1/input_audio", "inert /input/0/role", f"inert {HERE}/0/type",
         f"inert {HERE}/0/input_audio/format", f"inert {HERE}/1/type"],
    ),
    "references to items": (
        {"input": [{"type": "item_reference", "id": "msg_1"}, {"id": "msg_2"}, {"id": 7}, {"content": "a"},
                   {"type": None, "id": "msg_3"}, {"type": "item_reference", "id": "msg_4", "content": "who is he?"}]},
        ["reference /input/0/id: item: msg_1", "reference /input/1/id: item: msg_2", "opaque /input/2/id",
         "text /input/3/content: field: content", "text /input/3/content: field: a", "reference /input/4/id: item: msg_3",
         "reference /input/5/id: item: msg_4", "text /input/5/content: field: content",
         "text /input/5/content: field: who is he?", "inert /input/0/type", "inert /input/4/type", "inert /input/5/type"],
    ),
    "items that say nothing but their ids": (
        {"input": [{"type": "message", "id": "msg_1"}, {"type": "image_generation_call", "id": "ig_1", "status": "completed"},
                   {"type": "custom_tool_call_output", "id": PICTURE_URI}, {"type": "new", "id": "x"},
                   {"type": "compaction_trigger"}]},
        ["reference /input/0/id: item: msg_1", "reference /input/1/id: item: ig_1", "opaque /input/2/id", "opaque /input/3",
         "inert /input/0/type", "inert /input/1/type", "inert /input/1/status", "inert /input/2/type", "inert /input/4/type"],
    ),
    "items that the service may take from what it keeps": (
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": []},
                   {"type": "image_generation_call", "id": "ig_1", "result": None},
                   {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"}]},
        ["reference /input/0/id: item: rs_1", "reference /input/1/id: item: ig_1",
         "reference /input/2/id: item: cmp_1", "reference /input/2/encrypted_content: sealed: gAAA",
         "inert /input/0/type", "inert /input/0/summary", "inert /input/1/type", "inert /input/1/result", "inert /input/2/type"],
    ),
    "a type that is null": (
        item(type=None, role="user", content="a"),
        ["text /input/0/content: user: a", "inert /input/0/type", "inert /input/0/role"],
    ),
    "an encrypted item": (
        item(type="reasoning", summary=[{"type": "summary_text", "text": "a"}], encrypted_content="gAAA"),
        ["text /input/0/summary/0/text: tool: a", "reference /input/0/encrypted_content: sealed: gAAA", "inert /input/0/type",
         "inert /input/0/summary/0/type"],
    ),
    "an encrypted item that is none": (
        {"input": [{"type": "reasoning", "encrypted_content": {"a": "b"}},
                   {"type": "reasoning", "encrypted_content": PICTURE_URI}]},
        ["opaque /input/0/encrypted_content", "opaque /input/1/encrypted_content", "inert /input/0/type", "inert /input/1/type"],
    ),
    "files that an item names": (
        item(type="code_interpreter_call", code="a", file_ids=["file-1", 7]),
        ["text /input/0/code: tool: a", "reference /input/0/file_ids/0: file: file-1", "opaque /input/0/file_ids/1",
         "inert /input/0/type"],
    ),
    "containers": (
        item(type="shell_call", environment={"type": "container_reference", "container_id": "k"}, action={"commands": ["ls"]}),
        ["reference /input/0/environment/container_id: container: k", "text /input/0/action/commands/0: tool: ls",
         "inert /input/0/type", "inert /input/0/environment/type"],
    ),
    "what the service keeps": (
        {"previous_response_id": "resp_1", "conversation": "conv_1", "background_options": {"continuation_id": "resp_2"}},
        ["reference /previous_response_id: response: resp_1", "reference /conversation: conversation: conv_1",
         "reference /background_options/continuation_id: response: resp_2"],
    ),
    "what the service keeps, as objects": (
        {"previous_response_id": {"id": "r"}, "conversation": {"id": "conv_1"}, "prompt": {"id": 7}},
        ["opaque /previous_response_id", "reference /conversation/id: conversation: conv_1", "opaque /prompt/id"],
    ),
    "what hides beside a name": (
        {"conversation": {"id": "conv_1", "note": "who is he?"}, "prompt": {"id": "p", "input": [PIXEL_URI]}},
        ["reference /conversation/id: conversation: conv_1", "text /conversation/note: field: note",
         "text /conversation/note: field: who is he?", "reference /prompt/id: prompt: p", "text /prompt/input: field: input",
         "opaque /prompt/input/0"],
    ),
    "a prompt that the service keeps": (
        {"prompt": {"id": "pmpt_1", "version": "2", "variables": {
            "who": {"type": "input_image", "image_url": PIXEL_URI}, "image": "a"}}},
        ["reference /prompt/id: prompt: pmpt_1", "text /prompt/version: field: 2", "text /prompt/variables/who: user: who",
         "image /prompt/variables/who/image_url: image/png 70", "text /prompt/variables/image: user: image",
         "text /prompt/variables/image: user: a", "inert /prompt/variables/who/type"],
    ),
    "a prompt with variables that are none": (
        {"prompt": {"id": "pmpt_1", "variables": ["a"]}},
        ["reference /prompt/id: prompt: pmpt_1", "text /prompt/variables/0: field: a"],
    ),
    "long inline data as an id": ({"previous_response_id": PICTURE_URI}, ["opaque /previous_response_id"]),
    # ---- other items
    "a call of a function": (
        item(type="function_call", call_id="c", name="f", arguments='{"a":1}', status="completed", caller={"type": "direct"}),
        ["text /input/0/call_id: tool: c", "text /input/0/name: tool: f", 'text /input/0/arguments: tool: {"a":1}',
         "inert /input/0/type", "inert /input/0/status", "inert /input/0/caller/type"],
    ),
    "a call of a shell": (
        item(type="local_shell_call", action={"type": "exec", "command": ["ls"], "env": {"MODE": "x", "FILE": "y"},
                                              "timeout_ms": 5, "user": None}),
        ["text /input/0/action/command/0: tool: ls", "text /input/0/action/env: field: MODE FILE",
         "text /input/0/action/env/MODE: field: x", "text /input/0/action/env/FILE: field: y", "inert /input/0/type",
         "inert /input/0/action/type", "inert /input/0/action/timeout_ms", "inert /input/0/action/user"],
    ),
    "what a shell answers": (
        item(type="shell_call_output", output=[{"stdout": "a", "stderr": "b", "outcome": {"type": "exit", "exit_code": 1}}]),
        ["text /input/0/output/0/stdout: tool: a", "text /input/0/output/0/stderr: tool: b", "inert /input/0/type",
         "inert /input/0/output/0/outcome/type", "inert /input/0/output/0/outcome/exit_code"],
    ),
    "a patch": (
        item(type="apply_patch_call", operation={"type": "update_file", "path": "p", "diff": "d"}),
        ["text /input/0/operation/path: tool: p", "text /input/0/operation/diff: tool: d", "inert /input/0/type",
         "inert /input/0/operation/type"],
    ),
    "an action of a computer": (
        item(type="computer_call", action={"type": "click", "button": "left", "x": 1, "y": 2, "keys": ["CTRL"]}),
        ["text /input/0/action/button: tool: left", "text /input/0/action/keys/0: tool: CTRL", "inert /input/0/type",
         "inert /input/0/action/type", "inert /input/0/action/x", "inert /input/0/action/y"],
    ),
    "a search": (
        item(type="web_search_call", status="searching",
             action={"type": "search", "query": "q", "sources": [{"type": "url", "url": URL}]}),
        ["text /input/0/action/query: tool: q", f"text /input/0/action/sources/0/url: tool: {URL}", "inert /input/0/type",
         "inert /input/0/status", "inert /input/0/action/type", "inert /input/0/action/sources/0/type"],
    ),
    "tools within items": (
        item(type="additional_tools", role="developer",
             tools=[{"type": "function", "name": "f"}, {"type": "mcp"}, {"name": "x"}]),
        ["schema /input/0/tools/0: tool", "opaque /input/0/tools/1", "opaque /input/0/tools/2", "inert /input/0/type",
         "inert /input/0/role"],
    ),
    "a change of configuration": (
        item(type="configuration_update", id="i", reasoning={"effort": "max"},
             text={"format": {"type": "json_schema", "schema": {}}}),
        ["text /input/0/id: field: i", "schema /input/0/text/format: response_format", "inert /input/0/type",
         "inert /input/0/reasoning/effort"],
    ),
    "a member that is not known": (
        item(role="user", content="a", **{"identify this man": None}, mood={"is": "good", "file_id": "f"}, link=URL),
        [f"text {HERE}: user: a", "text /input/0/identify this man: user: identify this man", "text /input/0/mood: user: mood",
         "text /input/0/mood: user: is file_id", "text /input/0/mood/is: user: good", "opaque /input/0/mood/file_id",
         "text /input/0/link: user: link", "opaque /input/0/link", "inert /input/0/role", "inert /input/0/identify this man"],
    ),
    "words where a closed list is": (
        item(type="message", role="user", status="him", content="a", phase="final_answer"),
        ["text /input/0/status: user: him", f"text {HERE}: user: a", "text /input/0/phase: user: final_answer",
         "inert /input/0/type", "inert /input/0/role"],
    ),
    # ---- tools
    "tools that are read": (
        {"tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}, {"type": "tool_search", "parameters": {}},
                   {"type": "namespace", "name": "n", "description": "d", "tools": [{"type": "function", "name": "h"}]},
                   {"type": "local_shell"}, {"type": "shell", "allowed_callers": ["direct"]}, {"type": "apply_patch"},
                   {"type": "computer_use_preview", "display_height": 1, "display_width": 2, "environment": "mac"}]},
        ["schema /tools/0: tool", "schema /tools/1: tool", "schema /tools/2: tool", "text /tools/3/name: field: n",
         "text /tools/3/description: field: d", "schema /tools/3/tools/0: tool", "inert /tools/3/type", "inert /tools/4/type",
         "inert /tools/5/type", "inert /tools/5/allowed_callers/0", "inert /tools/6/type", "inert /tools/7/type",
         "inert /tools/7/display_height", "inert /tools/7/display_width", "inert /tools/7/environment"],
    ),
    "tools that work on files": (
        {"tools": [{"type": "shell", "environment": {"type": "container_auto", "file_ids": ["f"], "memory_limit": "1g"}},
                   {"type": "shell", "environment": {"type": "container_reference", "container_id": "k"}},
                   {"type": "shell", "environment": {"type": "local", "skills": [
                       {"name": "a", "description": "b", "path": "c"}]}},
                   {"type": "code_interpreter", "container": "k"},
                   {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}, "allowed_callers": ["direct"]},
                   {"type": "file_search", "vector_store_ids": ["v", 7], "max_num_results": 3,
                    "filters": {"type": "eq", "key": "a", "value": 1},
                    "ranking_options": {"ranker": "auto", "score_threshold": 0.5, "hybrid_search": {"text_weight": 1}}}]},
        ["reference /tools/0/environment/file_ids/0: file: f", "reference /tools/1/environment/container_id: container: k",
         "text /tools/2/environment/skills/0/name: field: a", "text /tools/2/environment/skills/0/description: field: b",
         "text /tools/2/environment/skills/0/path: field: c", "reference /tools/3/container: container: k",
         "reference /tools/4/container/file_ids/0: file: f", "reference /tools/5/vector_store_ids/0: vector_store: v",
         "opaque /tools/5/vector_store_ids/1", "text /tools/5/filters: field: type key value",
         "text /tools/5/filters/type: field: eq", "text /tools/5/filters/key: field: a", "text /tools/5/filters/value: field: 1",
         "inert /tools/0/type", "inert /tools/0/environment/type", "inert /tools/0/environment/memory_limit",
         "inert /tools/1/type", "inert /tools/1/environment/type", "inert /tools/2/type", "inert /tools/2/environment/type",
         "inert /tools/3/type", "inert /tools/4/type", "inert /tools/4/container/type", "inert /tools/4/allowed_callers/0",
         "inert /tools/5/type", "inert /tools/5/max_num_results", "inert /tools/5/ranking_options/ranker",
         "inert /tools/5/ranking_options/score_threshold", "inert /tools/5/ranking_options/hybrid_search/text_weight"],
    ),
    "tools that work on files, ill formed": (
        {"tools": [{"type": "shell", "environment": [1]}, {"type": "computer_use_preview", "environment": "him"},
                   {"type": "apply_patch", "file_ids": ["f"]}, {"type": "code_interpreter", "container": {"file_ids": ["f"]}},
                   {"type": "code_interpreter", "container": ["k"]}, {"type": "shell", "environment": {"type": "new"}},
                   {"type": "file_search", "vector_store_ids": "v"}, {"type": "code_interpreter", "file_ids": ["f"]}]},
        ["opaque /tools/0/environment", "text /tools/1/environment: field: him", "opaque /tools/2/file_ids",
         "opaque /tools/3/container", "opaque /tools/4/container", "opaque /tools/5/environment",
         "opaque /tools/6/vector_store_ids", "opaque /tools/7/file_ids", *(f"inert /tools/{number}/type" for number in range(8))],
    ),
    "containers that bring in more": (
        {"tools": [{"type": "shell", "environment": {"type": "container_auto", "skills": [
            {"type": "inline", "source": {"type": "base64", "data": "UEsDBA=="}}, {"type": "skill_reference", "skill_id": "s"}]}},
                   {"type": "code_interpreter", "container": {"type": "auto", "network_policy": {"type": "disabled"}}},
                   {"type": "code_interpreter", "container": {"type": "auto", "network_policy": {
                       "type": "allowlist", "allowed_domains": ["example.com"]}}},
                   {"type": "code_interpreter", "container": {"type": "auto", "network_policy": {
                       "type": "disabled", "a": "b"}}}]},
        ["opaque /tools/0/environment/skills/0", "opaque /tools/0/environment/skills/1",
         "opaque /tools/2/container/network_policy", "opaque /tools/3/container/network_policy",
         "inert /tools/0/type", "inert /tools/0/environment/type", "inert /tools/1/type", "inert /tools/1/container/type",
         "inert /tools/1/container/network_policy/type", "inert /tools/2/type", "inert /tools/2/container/type",
         "inert /tools/3/type", "inert /tools/3/container/type"],
    ),
    "containers in a later turn": (
        {"previous_response_id": "resp_1", "tools": [
            {"type": "code_interpreter", "container": {"type": "auto"}}, {"type": "code_interpreter"},
            {"type": "code_interpreter", "container": "k"}, {"type": "shell", "environment": {"type": "container_auto"}},
            {"type": "shell", "environment": {"type": "container_reference", "container_id": "k"}},
            {"type": "shell", "environment": {"type": "local"}}, {"type": "shell"}]},
        ["reference /previous_response_id: response: resp_1", "reference /tools/2/container: container: k",
         "reference /tools/4/environment/container_id: container: k", "opaque /tools/0/container", "opaque /tools/1",
         "opaque /tools/3/environment", "opaque /tools/6", *(f"inert {place}" for place in (
             "/tools/0/type", "/tools/0/container/type", "/tools/1/type", "/tools/2/type", "/tools/3/type",
             "/tools/3/environment/type", "/tools/4/type", "/tools/4/environment/type", "/tools/5/type",
             "/tools/5/environment/type", "/tools/6/type"))],
    ),
    "containers in a conversation, by a tool that stands in the input": (
        {"conversation": {"id": "conv_1"}, "previous_response_id": None, "input": [{"type": "additional_tools", "tools": [
            {"type": "code_interpreter", "container": {"type": "auto"}}]}]},
        ["reference /conversation/id: conversation: conv_1", "opaque /input/0/tools/0/container", "inert /previous_response_id",
         "inert /input/0/type", "inert /input/0/tools/0/type", "inert /input/0/tools/0/container/type"],
    ),
    "containers in a first turn": (
        {"previous_response_id": None, "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        ["inert /previous_response_id", "inert /tools/0/type", "inert /tools/0/container/type"],
    ),
    "a tool that paints": (
        {"tools": [{"type": "image_generation", "model": "gpt-image-1", "size": "1024x1024", "quality": "high", "n": 2,
                    "input_image_mask": {"image_url": PIXEL_URI, "file_id": "f"}, "action": "edit", "partial_images": 1,
                    "input_fidelity": "high"},
                   {"type": "image_generation", "input_image_mask": PIXEL_URI},
                   {"type": "image_generation", "input_image_mask": {"image_url": URL}, "prompt": "him", "background": "him"}]},
        ["text /tools/0/n: field: n", "text /tools/0/n: field: 2", "image /tools/0/input_image_mask/image_url: image/png 70",
         "reference /tools/0/input_image_mask/file_id: file: f", "opaque /tools/1/input_image_mask",
         f"image /tools/2/input_image_mask/image_url: {URL}", "text /tools/2/prompt: field: prompt",
         "text /tools/2/prompt: field: him",
         "text /tools/2/background: field: him",
         "inert /tools/0/type", "inert /tools/0/model", "inert /tools/0/size", "inert /tools/0/quality", "inert /tools/0/action",
         "inert /tools/0/partial_images", "inert /tools/0/input_fidelity", "inert /tools/1/type", "inert /tools/2/type"],
    ),
    "tools that are none": (
        {"tools": ["f", 7, {}, {"type": []}, {"type": {}}, {"type": None}, {"type": "new"}]},
        [f"opaque /tools/{number}" for number in range(7)],
    ),
    "tools as an object": ({"tools": {"type": "function"}}, ["opaque /tools"]),
    # ---- other fields
    "the form of the answer": (
        {"text": {"format": {"type": "text"}, "verbosity": "high"}, "reasoning": {"effort": "low", "summary": "auto",
         "generate_summary": "auto", "context": "auto", "mode": "pro"}},
        ["inert /text/format/type", "inert /text/verbosity", "inert /reasoning/effort", "inert /reasoning/summary",
         "inert /reasoning/generate_summary", "inert /reasoning/context", "inert /reasoning/mode"],
    ),
    "the form of the answer by a schema": (
        {"text": {"format": {"type": "json_schema", "name": "s", "schema": {}}}}, ["schema /text/format: response_format"],
    ),
    "the form of the answer in words": (
        {"text": "identify", "reasoning": {"effort": "huge"}},
        ["text /text: field: identify", "text /reasoning/effort: field: huge"],
    ),
    "numbers, flags, words of closed lists": (
        {"background": True, "max_output_tokens": 1, "max_tool_calls": 1, "parallel_tool_calls": True, "top_logprobs": 1,
         "truncation": "auto", "stream_id": "s-1", "include": ["reasoning.encrypted_content"], "tool_choice": "none",
         "image": {"context_compression": "auto"}, "access_programs": {"cyber": "standard"},
         "background_options": {"completion_window": "2h"}},
        ["inert /background", "inert /max_output_tokens", "inert /max_tool_calls", "inert /parallel_tool_calls",
         "inert /top_logprobs", "inert /truncation", "inert /stream_id", "inert /include/0", "inert /tool_choice",
         "inert /image/context_compression", "inert /access_programs/cyber", "inert /background_options/completion_window"],
    ),
    "words there": (
        {"include": ["identify him"], "truncation": "him", "stream_id": "who is he",
         "tool_choice": {"type": "function", "name": "f"}},
        ["text /include/0: field: identify him", "text /truncation: field: him", "text /stream_id: field: who is he",
         "text /tool_choice: field: type name", "text /tool_choice/type: field: function", "text /tool_choice/name: field: f"],
    ),
    "a picture there": (
        {"image": {"url": URL}, "stream_id": PICTURE_URI},
        ["text /image/url: field: url", "opaque /image/url", "opaque /stream_id"],
    ),
    "fields of free form": (
        {"context_management": [{"type": "compaction", "compact_threshold": 5}], "moderation": {"model": "m"}},
        ["text /context_management/0: field: type compact_threshold", "text /context_management/0/type: field: compaction",
         "text /context_management/0/compact_threshold: field: 5", "text /moderation: field: model",
         "text /moderation/model: field: m"],
    ),
    "further agents": ({"multi_agent": {"enabled": True}}, ["opaque /multi_agent"]),
    "fields of chat": ({"messages": [{"role": "user", "content": "a"}]}, [
        "text /messages: field: messages", "text /messages/0: field: role content", "text /messages/0/role: field: user",
        "text /messages/0/content: field: a"]),
}  # fmt: skip
"""Bodies, with all that becomes of them."""


@pytest.mark.parametrize("case", TABLE)
def test_read_responses(case: str) -> None:
    """Each field and item becomes what the table says, and nothing else."""
    body, expected = TABLE[case]
    assert outline(surfaced(body, "responses").content) == expected


def test_refused_items() -> None:
    """Items of types that are known and not read say why; others say that they are not known."""
    body = {
        "input": [*({"type": kind, "x": PIXEL_URI} for kind in REFUSED_ITEMS), {"type": "new"}, {"type": ["message"]}]
    }
    assert list(reasons(surfaced(body, "responses").content).values()) == [
        *REFUSED_ITEMS.values(),
        "an input item of a type that is not known",
        "an input item of a type that is not known",
    ]


def test_unread_tools() -> None:
    """Tools that are known and not read say why."""
    body = {"tools": [*({"type": kind} for kind in UNREAD_TOOLS), {"type": "new"}, 7]}
    assert list(reasons(surfaced(body, "responses").content).values()) == [
        *UNREAD_TOOLS.values(),
        "a tool of a type that is not known",
        "a tool must be an object with a type",
    ]


@pytest.mark.parametrize("kind", sorted(READ_ITEMS))
def test_pictures_in_any_item(kind: str) -> None:
    """A picture is found in each type of item that is read, or the place is opaque."""
    if kind == "configuration_update":
        members: dict[str, Any] = {"text": {"format": {"type": "json_schema", "description": PIXEL_URI}}}
    else:
        members = {"output": [{"type": "input_image", "image_url": PIXEL_URI}]}
    found = surfaced(item(type=kind, **members), "responses").content
    assert [line.split(":")[0] for line in outline(found) if line.startswith("image ")] != []


def test_tools_are_read_or_not() -> None:
    """No tool is on both lists."""
    assert READ_TOOLS & set(UNREAD_TOOLS) == set()
