"""The SDK's resource calls give through Facegate what they give on a direct connection; what is refused is so by design."""

import io
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import openai
import orjson
import pytest
from openai import AsyncOpenAI
from support.gate import gate
from support.pictures import COFFEE, data_uri, small
from support.resources import Resources
from support.service import KEY, stand_in

Call = Callable[[AsyncOpenAI], Awaitable[Any]]

BATCH: Final = b"".join(
    orjson.dumps({"custom_id": f"c{number}", "method": "POST", "url": "/v1/chat/completions",
                  "body": {"model": "m", "messages": [{"role": "user", "content": "Translate “good morning”."}]}}) + b"\n"
    for number in range(3)
)  # fmt: skip

TUNING: Final = b"".join(
    orjson.dumps({"messages": [{"role": "user", "content": f"{number} + 1"},
                               {"role": "assistant", "content": str(number + 1)}]}) + b"\n"
    for number in range(10)
)  # fmt: skip


async def chat(client: AsyncOpenAI) -> Any:
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": data_uri(COFFEE)}},
    ]
    return await client.chat.completions.create(model="m", messages=[{"role": "user", "content": content}])


async def responses(client: AsyncOpenAI) -> Any:
    first = await client.responses.create(model="m", input="Say something.")
    second = await client.responses.create(model="m", input="And now?", previous_response_id=first.id)
    items = await client.responses.input_items.list(first.id)
    got = await client.responses.retrieve(second.id)
    counted = await client.responses.input_tokens.count(model="m", input="How long is this?")
    await client.responses.delete(first.id)
    return first, second, items.data, got, counted


async def responses_streamed(client: AsyncOpenAI) -> Any:
    events = [event async for event in await client.responses.create(model="m", input="Say something.", stream=True)]
    created: Any = events[0]
    return events, await client.responses.create(model="m", input="And?", previous_response_id=created.response.id)


async def responses_in_the_background(client: AsyncOpenAI) -> Any:
    begun = await client.responses.create(model="m", input="Take your time.", background=True)
    return begun, await client.responses.retrieve(begun.id), await client.responses.cancel(begun.id)


async def compacted(client: AsyncOpenAI) -> Any:
    return await client.responses.compact(model="m", input="A long story.")


async def conversations(client: AsyncOpenAI) -> Any:
    made = await client.conversations.create(items=[{"type": "message", "role": "user", "content": "Hello."}])
    items = await client.conversations.items.create(
        made.id, items=[{"type": "message", "role": "user", "content": "There."}]
    )
    reply = await client.responses.create(model="m", input="And?", conversation=made.id)
    listed = await client.conversations.items.list(made.id)
    updated = await client.conversations.update(made.id, metadata={"topic": "weather"})
    gone = await client.conversations.delete(made.id)
    return made, items, reply, listed.data, updated, gone


async def files(client: AsyncOpenAI) -> Any:
    made = await client.files.create(file=("cup.png", small()), purpose="vision")
    listed = await client.files.list()
    got = await client.files.retrieve(made.id)
    held = (await client.files.content(made.id)).content
    asked = await client.responses.create(
        model="m",
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "file_id": made.id, "detail": "auto"},
                ],
            }
        ],
    )
    gone = await client.files.delete(made.id)
    return made, listed.data, got, held, asked, gone


async def batches(client: AsyncOpenAI) -> Any:
    file = await client.files.create(file=("batch.jsonl", BATCH), purpose="batch")
    made = await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    got = await client.batches.retrieve(made.id)
    listed = await client.batches.list()
    return file, made, got, listed.data, await client.batches.cancel(made.id)


async def uploads(client: AsyncOpenAI) -> Any:
    made = await client.uploads.create(
        bytes=len(BATCH), filename="batch.jsonl", mime_type="application/jsonl", purpose="batch"
    )
    halves = [await client.uploads.parts.create(made.id, data=io.BytesIO(data)) for data in (BATCH[:100], BATCH[100:])]
    done = await client.uploads.complete(made.id, part_ids=[one.id for one in halves])
    return made.id, done.status, done.file.id if done.file else None


async def images(client: AsyncOpenAI) -> Any:
    made = await client.images.generate(model="m", prompt="a cup of coffee")
    edited = await client.images.edit(model="m", image=("cup.png", small()), prompt="make it blue")
    several = await client.images.edit(model="m", image=[("a.png", small()), ("b.png", small())], prompt="join them")
    return made, edited, several


async def audio(client: AsyncOpenAI) -> Any:
    heard = await client.audio.transcriptions.create(
        model="m", file=("a.wav", b"RIFF____WAVEfmt "), prompt="A weather report."
    )
    translated = await client.audio.translations.create(model="m", file=("a.wav", b"RIFF____WAVEfmt "))
    spoken = await client.audio.speech.create(model="m", voice="alloy", input="Good morning.")
    return heard, translated, spoken.content


async def vector_stores(client: AsyncOpenAI) -> Any:
    file = await client.files.create(file=("notes.txt", b"The office opens at nine."), purpose="assistants")
    store = await client.vector_stores.create(name="notes", file_ids=[file.id])
    more = await client.vector_stores.files.create(store.id, file_id=file.id)
    many = await client.vector_stores.file_batches.create(store.id, file_ids=[file.id])
    found = await client.vector_stores.search(store.id, query="When does the office open?")
    listed = await client.vector_stores.list()
    changed = await client.vector_stores.update(store.id, name="office")
    tools: Any = [{"type": "file_search", "vector_store_ids": [store.id]}]
    asked = await client.responses.create(model="m", input="When does it open?", tools=tools)
    gone = await client.vector_stores.delete(store.id)
    return store, more, many, found.data, listed.data, changed, asked, gone


async def fine_tuning(client: AsyncOpenAI) -> Any:
    file = await client.files.create(file=("train.jsonl", TUNING), purpose="fine-tune")
    job = await client.fine_tuning.jobs.create(model="m", training_file=file.id)
    got = await client.fine_tuning.jobs.retrieve(job.id)
    listed = await client.fine_tuning.jobs.list()
    return file, job, got, listed.data, await client.fine_tuning.jobs.cancel(job.id)


async def assistants(client: AsyncOpenAI) -> Any:
    made = await client.beta.assistants.create(model="m", instructions="Be brief.", name="clerk")
    thread = await client.beta.threads.create(messages=[{"role": "user", "content": "Hello."}])
    said = await client.beta.threads.messages.create(thread.id, role="user", content="How are you?")
    run = await client.beta.threads.runs.create(thread.id, assistant_id=made.id)
    got = await client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    heard = await client.beta.threads.messages.list(thread.id)
    both = await client.beta.threads.create_and_run(
        assistant_id=made.id, thread={"messages": [{"role": "user", "content": "Hi."}]}
    )
    gone = await client.beta.threads.delete(thread.id)
    return made, thread, said, run, got, heard.data, both, gone


async def small_ones(client: AsyncOpenAI) -> Any:
    return (
        await client.embeddings.create(model="m", input="hello", encoding_format="float"),
        await client.completions.create(model="m", prompt="Once upon a time"),
        await client.moderations.create(input="hello"),
        [one async for one in client.models.list()],
        await client.models.retrieve("m"),
    )


CALLS: Final[Mapping[str, Call]] = {
    one.__name__: one
    for one in (
        chat, responses, responses_streamed, responses_in_the_background, compacted, conversations, files, batches, uploads,
        images, audio, vector_stores, fine_tuning, assistants, small_ones,
    )
}  # fmt: skip


async def _mint(client: AsyncOpenAI) -> Any:
    return await client.realtime.client_secrets.create()


async def _evaluate(client: AsyncOpenAI) -> Any:
    source: Any = {"type": "responses", "source": {"type": "responses"}}
    return await client.evals.runs.create("eval_1", data_source=source)


async def _retune(client: AsyncOpenAI) -> Any:
    return await client.fine_tuning.checkpoints.permissions.create("ft:m", project_ids=["p"])


REFUSED: Final[Mapping[str, tuple[Call, str]]] = {
    "a credential that is good at the service itself": (_mint, "a way around this proxy"),
    "a run over stored or templated data": (_evaluate, "evals.runs"),
    "a checkpoint for others": (_retune, "checkpoints"),
    "a model that is deleted": (lambda client: client.models.delete("m"), "models.delete"),
}
"""Calls that are refused by design, with a word of the reason."""


def plain(value: Any) -> Any:
    """What a reply says, without what the SDK hangs on it."""
    if isinstance(value, openai.BaseModel):
        return value.to_dict(mode="json", warnings=False)
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
async def test_through_facegate_as_directly(tmp_path: Path, name: str) -> None:
    """The same calls, at the service and through Facegate, give equal results."""
    async with stand_in() as service:
        service.behave = Resources().handle
        async with AsyncOpenAI(base_url=f"{service.url}/openai/v1", api_key=KEY, max_retries=0) as client:
            directly = plain(await CALLS[name](client))
    async with gate(tmp_path) as proxy:
        proxy.service.behave = Resources().handle
        through = plain(await CALLS[name](proxy.openai(max_retries=0)))
    assert through == directly


@pytest.mark.parametrize("name", REFUSED)
async def test_refused_by_design(tmp_path: Path, name: str) -> None:
    """The call fails for a stated reason, and nothing reaches the service."""
    call, reason = REFUSED[name]
    async with gate(tmp_path) as proxy:
        with pytest.raises(openai.APIStatusError) as caught:
            await call(proxy.openai(max_retries=0))
        assert reason in str(caught.value)
        assert (caught.value.status_code, proxy.service.arrived) == (422, [])
