"""Each call of the SDK, as it goes over the wire: it is the operation that it should be, and nothing in it is unread."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import httpx2
import pytest
from openai import APIStatusError, AzureOpenAI, OpenAI
from support.bodies import CATALOGUE, LIMITS, PIXEL_URI, reasons

from proxy.content import Reference
from proxy.exchange import Inbound
from proxy.operation import Disposition
from proxy.surface import surface

Call = Callable[[OpenAI], Any]

WORDS: Final[Any] = [{"role": "user", "content": "hello"}]
PICTURE: Final[Any] = [
    {"type": "image_url", "image_url": {"url": PIXEL_URI}},
    {"type": "text", "text": "What is this?"},
]
NOTES: Final = {"project": "garden"}
SEALED: Final[Any] = ["reasoning.encrypted_content", "message.output_text.logprobs"]
GRADER: Final[Any] = {"type": "string_check", "name": "s", "input": "{{item.a}}", "reference": "b", "operation": "eq"}

CALLS: Final[Mapping[str, Call]] = {
    "assistants.create": lambda c: c.beta.assistants.create(
        model="m", instructions="Be kind.", tools=[{"type": "file_search"}, {"type": "function", "function": {"name": "f"}}],
        tool_resources={"file_search": {"vector_store_ids": ["vs_1"]}}, metadata=NOTES, response_format="auto"),
    "assistants.delete": lambda c: c.beta.assistants.delete("asst_1"),
    "assistants.get": lambda c: c.beta.assistants.retrieve("asst_1"),
    "assistants.list": lambda c: c.beta.assistants.list(limit=3, order="asc", after="asst_0", before="asst_9"),
    "assistants.update": lambda c: c.beta.assistants.update("asst_1", name="helper"),
    "audio.speech": lambda c: c.audio.speech.create(model="m", input="hello", voice="alloy", response_format="mp3"),
    "batches.cancel": lambda c: c.batches.cancel("batch_1"),
    "batches.create": lambda c: c.batches.create(
        input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h", metadata=NOTES),
    "batches.get": lambda c: c.batches.retrieve("batch_1"),
    "batches.list": lambda c: c.batches.list(limit=3, after="batch_0"),
    "chat.completions": lambda c: c.chat.completions.create(
        model="m", messages=[{"role": "user", "content": PICTURE}], store=True, metadata=NOTES),
    "chat.completions.delete": lambda c: c.chat.completions.delete("chatcmpl-1"),
    "chat.completions.get": lambda c: c.chat.completions.retrieve("chatcmpl-1"),
    "chat.completions.list": lambda c: c.chat.completions.list(limit=3, model="m", order="desc"),
    "chat.completions.messages": lambda c: c.chat.completions.messages.list("chatcmpl-1", limit=3),
    "chat.completions.update": lambda c: c.chat.completions.update("chatcmpl-1", metadata=NOTES),
    "completions": lambda c: c.completions.create(model="m", prompt="hello", max_tokens=9),
    "containers.create": lambda c: c.containers.create(
        name="box", file_ids=["file-1"], expires_after={"anchor": "last_active_at", "minutes": 20}, memory_limit="1g"),
    "containers.delete": lambda c: c.containers.delete("cntr_1"),
    "containers.files.content": lambda c: c.containers.files.content.retrieve("cfile_1", container_id="cntr_1"),
    "containers.files.create": lambda c: c.containers.files.create("cntr_1", file=b"hello"),
    "containers.files.delete": lambda c: c.containers.files.delete("cfile_1", container_id="cntr_1"),
    "containers.files.get": lambda c: c.containers.files.retrieve("cfile_1", container_id="cntr_1"),
    "containers.files.list": lambda c: c.containers.files.list("cntr_1", limit=3),
    "containers.get": lambda c: c.containers.retrieve("cntr_1"),
    "containers.list": lambda c: c.containers.list(limit=3, order="asc"),
    "conversations.create": lambda c: c.conversations.create(items=WORDS, metadata=NOTES),
    "conversations.delete": lambda c: c.conversations.delete("conv_1"),
    "conversations.get": lambda c: c.conversations.retrieve("conv_1"),
    "conversations.items.create": lambda c: c.conversations.items.create("conv_1", items=WORDS, include=SEALED),
    "conversations.items.delete": lambda c: c.conversations.items.delete("msg_1", conversation_id="conv_1"),
    "conversations.items.get": lambda c: c.conversations.items.retrieve("msg_1", conversation_id="conv_1", include=SEALED),
    "conversations.items.list": lambda c: c.conversations.items.list("conv_1", limit=3, include=SEALED),
    "conversations.update": lambda c: c.conversations.update("conv_1", metadata=NOTES),
    "embeddings": lambda c: c.embeddings.create(model="m", input=["hello"]),
    "evals.create": lambda c: c.evals.create(
        data_source_config={"type": "custom", "item_schema": {"type": "object"}}, testing_criteria=[GRADER]),
    "evals.delete": lambda c: c.evals.delete("eval_1"),
    "evals.get": lambda c: c.evals.retrieve("eval_1"),
    "evals.list": lambda c: c.evals.list(limit=3, order_by="updated_at"),
    "evals.runs.cancel": lambda c: c.evals.runs.cancel("run_1", eval_id="eval_1"),
    "evals.runs.delete": lambda c: c.evals.runs.delete("run_1", eval_id="eval_1"),
    "evals.runs.get": lambda c: c.evals.runs.retrieve("run_1", eval_id="eval_1"),
    "evals.runs.list": lambda c: c.evals.runs.list("eval_1", status="completed"),
    "evals.runs.output_items.get": lambda c: c.evals.runs.output_items.retrieve("o_1", eval_id="eval_1", run_id="run_1"),
    "evals.runs.output_items.list": lambda c: c.evals.runs.output_items.list("run_1", eval_id="eval_1", status="fail"),
    "evals.update": lambda c: c.evals.update("eval_1", name="mine"),
    "files.content": lambda c: c.files.content("file-1"),
    "files.create": lambda c: c.files.create(file=b"hello", purpose="assistants"),
    "files.delete": lambda c: c.files.delete("file-1"),
    "files.get": lambda c: c.files.retrieve("file-1"),
    "files.list": lambda c: c.files.list(limit=3, purpose="batch"),
    "fine_tuning.graders.run": lambda c: c.fine_tuning.alpha.graders.run(grader=GRADER, model_sample="b", item={"a": "b"}),
    "fine_tuning.graders.validate": lambda c: c.fine_tuning.alpha.graders.validate(grader=GRADER),
    "fine_tuning.jobs.cancel": lambda c: c.fine_tuning.jobs.cancel("ftjob-1"),
    "fine_tuning.jobs.checkpoints": lambda c: c.fine_tuning.jobs.checkpoints.list("ftjob-1", limit=3),
    "fine_tuning.jobs.create": lambda c: c.fine_tuning.jobs.create(
        model="m", training_file="file-1", method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}),
    "fine_tuning.jobs.events": lambda c: c.fine_tuning.jobs.list_events("ftjob-1", limit=3),
    "fine_tuning.jobs.get": lambda c: c.fine_tuning.jobs.retrieve("ftjob-1"),
    "fine_tuning.jobs.list": lambda c: c.fine_tuning.jobs.list(limit=3),
    "fine_tuning.jobs.pause": lambda c: c.fine_tuning.jobs.pause("ftjob-1"),
    "fine_tuning.jobs.resume": lambda c: c.fine_tuning.jobs.resume("ftjob-1"),
    "images.generations": lambda c: c.images.generate(model="m", prompt="a cat", size="1024x1024"),
    "models.get": lambda c: c.models.retrieve("gpt-4o"),
    "models.list": lambda c: c.models.list(),
    "moderations": lambda c: c.moderations.create(model="m", input=[PICTURE[0], PICTURE[1]]),
    "responses.cancel": lambda c: c.responses.cancel("resp_1"),
    "responses.compact": lambda c: c.responses.compact(model="m", input="hello", previous_response_id="resp_1"),
    "responses.create": lambda c: c.responses.create(
        model="m", input=WORDS, conversation="conv_1", include=SEALED, previous_response_id="resp_1", tools=[
            {"type": "file_search", "vector_store_ids": ["vs_1"]},
            {"type": "code_interpreter", "container": "cntr_1"},
            {"type": "image_generation", "input_image_mask": {"file_id": "file-1"}}]),
    "responses.delete": lambda c: c.responses.delete("resp_1"),
    "responses.get": lambda c: c.responses.retrieve("resp_1", include=SEALED, stream=True, starting_after=7),
    "responses.input_items": lambda c: c.responses.input_items.list("resp_1", limit=3, include=SEALED),
    "responses.input_tokens": lambda c: c.responses.input_tokens.count(model="m", input="hello"),
    "threads.create": lambda c: c.beta.threads.create(messages=[{"role": "user", "content": PICTURE}]),
    "threads.create_and_run": lambda c: c.beta.threads.create_and_run(
        assistant_id="asst_1", thread={"messages": WORDS}, tools=[{"type": "code_interpreter"}], stream=True),
    "threads.delete": lambda c: c.beta.threads.delete("thread_1"),
    "threads.get": lambda c: c.beta.threads.retrieve("thread_1"),
    "threads.messages.create": lambda c: c.beta.threads.messages.create(
        "thread_1", role="user", content="hello", attachments=[{"file_id": "file-1", "tools": [{"type": "file_search"}]}]),
    "threads.messages.delete": lambda c: c.beta.threads.messages.delete("msg_1", thread_id="thread_1"),
    "threads.messages.get": lambda c: c.beta.threads.messages.retrieve("msg_1", thread_id="thread_1"),
    "threads.messages.list": lambda c: c.beta.threads.messages.list("thread_1", run_id="run_1"),
    "threads.messages.update": lambda c: c.beta.threads.messages.update("msg_1", thread_id="thread_1", metadata=NOTES),
    "threads.runs.cancel": lambda c: c.beta.threads.runs.cancel("run_1", thread_id="thread_1"),
    "threads.runs.create": lambda c: c.beta.threads.runs.create(
        "thread_1", assistant_id="asst_1", additional_messages=WORDS,
        include=["step_details.tool_calls[*].file_search.results[*].content"]),
    "threads.runs.get": lambda c: c.beta.threads.runs.retrieve("run_1", thread_id="thread_1"),
    "threads.runs.list": lambda c: c.beta.threads.runs.list("thread_1", order="asc"),
    "threads.runs.steps.get": lambda c: c.beta.threads.runs.steps.retrieve(
        "step_1", thread_id="thread_1", run_id="run_1", include=["step_details.tool_calls[*].file_search.results[*].content"]),
    "threads.runs.steps.list": lambda c: c.beta.threads.runs.steps.list("run_1", thread_id="thread_1"),
    "threads.runs.submit_tool_outputs": lambda c: c.beta.threads.runs.submit_tool_outputs(
        "run_1", thread_id="thread_1", tool_outputs=[{"tool_call_id": "call_1", "output": "12"}]),
    "threads.runs.update": lambda c: c.beta.threads.runs.update("run_1", thread_id="thread_1", metadata=NOTES),
    "threads.update": lambda c: c.beta.threads.update("thread_1", metadata=NOTES),
    "vector_stores.create": lambda c: c.vector_stores.create(
        name="v", file_ids=["file-1"], chunking_strategy={"type": "auto"}, expires_after={"anchor": "last_active_at", "days": 3}),
    "vector_stores.delete": lambda c: c.vector_stores.delete("vs_1"),
    "vector_stores.file_batches.cancel": lambda c: c.vector_stores.file_batches.cancel("vsfb_1", vector_store_id="vs_1"),
    "vector_stores.file_batches.create": lambda c: c.vector_stores.file_batches.create("vs_1", file_ids=["file-1"]),
    "vector_stores.file_batches.files": lambda c: c.vector_stores.file_batches.list_files(
        "vsfb_1", vector_store_id="vs_1", filter="completed"),
    "vector_stores.file_batches.get": lambda c: c.vector_stores.file_batches.retrieve("vsfb_1", vector_store_id="vs_1"),
    "vector_stores.files.content": lambda c: c.vector_stores.files.content("file-1", vector_store_id="vs_1"),
    "vector_stores.files.create": lambda c: c.vector_stores.files.create("vs_1", file_id="file-1", attributes={"a": 1}),
    "vector_stores.files.delete": lambda c: c.vector_stores.files.delete("file-1", vector_store_id="vs_1"),
    "vector_stores.files.get": lambda c: c.vector_stores.files.retrieve("file-1", vector_store_id="vs_1"),
    "vector_stores.files.list": lambda c: c.vector_stores.files.list("vs_1", filter="failed"),
    "vector_stores.files.update": lambda c: c.vector_stores.files.update(
        "file-1", vector_store_id="vs_1", attributes={"a": "b"}),
    "vector_stores.get": lambda c: c.vector_stores.retrieve("vs_1"),
    "vector_stores.list": lambda c: c.vector_stores.list(limit=3, order="desc"),
    "vector_stores.search": lambda c: c.vector_stores.search(
        "vs_1", query="roses", filters={"type": "eq", "key": "a", "value": 1}, ranking_options={"ranker": "auto"}),
    "vector_stores.update": lambda c: c.vector_stores.update("vs_1", name="v"),
}  # fmt: skip
"""The SDK's call of each operation, with most of what it can hold."""


def clients(sent: list[httpx2.Request]) -> Iterator[OpenAI]:
    """Clients in both styles of URLs, whose requests land in `sent`; they are answered that there is nothing."""

    def note(request: httpx2.Request) -> httpx2.Response:
        request.read()
        sent.append(request)
        return httpx2.Response(404, json={"error": {"message": "nothing here"}})

    http = httpx2.Client(transport=httpx2.MockTransport(note))
    yield OpenAI(api_key="k", base_url="https://gate.example/openai/v1", http_client=http, max_retries=0)
    yield AzureOpenAI(
        api_key="k",
        azure_endpoint="https://gate.example",
        api_version="2025-03-01-preview",
        http_client=http,
        max_retries=0,
    )


def requests(call: Call) -> list[httpx2.Request]:
    """What goes over the wire in both styles."""
    sent: list[httpx2.Request] = []
    for client in clients(sent):
        with suppress(APIStatusError):
            call(client)
    return sent


def dated(name: str) -> bool:
    """Whether an operation is to be had with dates, too."""
    return any("/v1/" not in path for one in CATALOGUE.operations if one.name == name for path in one.paths)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
def test_each_call(name: str) -> None:
    """What the SDK sends is the operation, whole: nothing is opaque, what it names are references, and none is lost."""
    for request in requests(CALLS[name]):
        target = request.url.raw_path.decode()
        if not dated(name) and "/v1/" not in target:
            continue
        headers = tuple((key.lower(), value) for key, value in request.headers.items())
        found = surface(Inbound(request.method, target, headers, request.content), CATALOGUE, LIMITS)
        assert found.called.operation.name == name
        assert reasons(found.content) == {}
        named = {part.id for part in found.content.parts if isinstance(part, Reference)}
        told = target + request.content.decode("latin-1")
        outermost = [one for kind, one in found.called.ids[:1]]
        assert {one for one in IDS if one in told} - named - {one for _, one in found.called.ids[1:]} == set()
        assert [one for one in outermost if one not in named] == []


IDS: Final = (
    "asst_1",
    "batch_1",
    "chatcmpl-1",
    "cntr_1",
    "conv_1",
    "eval_1",
    "file-1",
    "ftjob-1",
    "resp_1",
    "thread_1",
    "vs_1",
)
"""What the calls name, and belongs to a tenant."""


ELSEWHERE: Final[Mapping[str, str]] = {
    "audio.": "forms, with tests of their own",
    "images.": "forms, with tests of their own",
    "uploads.": "files in parts, with tests of their own",
    "videos.": "forms, with tests of their own",
    "realtime.": "sockets, with tests of their own",
    "fine_tuning.jobs.delete": "the SDK has no such call",
}
"""Operations that are called elsewhere, or not by the SDK."""


def test_each_operation_is_called() -> None:
    """Every operation that is screened is called by the SDK above."""
    screened = {one.name for one in CATALOGUE.operations if one.disposition is Disposition.SCREEN}
    assert set(CALLS) <= screened
    assert [name for name in screened - set(CALLS) if not name.startswith(tuple(ELSEWHERE))] == []
