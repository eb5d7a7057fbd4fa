"""Applications change only their endpoint and key: the real SDK, against a real proxy, against a stand-in over sockets."""

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
from aiohttp import web
from openai import AzureOpenAI, OpenAI
from support.gate import API_VERSION, KEYS, Gate, gate
from support.service import KEY

from proxy.demo.calls import photograph

HELLO: Any = [{"role": "user", "content": "Write a limerick about a lighthouse."}]
MADE_UP = "This reply is made up by the demonstration service."


def asking(text: str, picture: str = "astronaut.jpg") -> Any:
    """A question with a photograph."""
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": photograph(picture)}}]
    return [{"role": "user", "content": parts}]


async def test_chat_in_the_dated_style(proxy: Gate) -> None:
    """AzureOpenAI gets its reply; the service gets its own key, the same words, and nothing of the caller's."""
    raw = await proxy.azure().chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO, seed=2**63 - 1)
    assert raw.parse().choices[0].message.content == MADE_UP
    assert raw.headers["facegate-outcome"] == "allow"
    assert raw.headers["facegate-policy-revision"] == proxy.runtime.policy.revision
    (arrived,) = proxy.service.arrived
    assert arrived.target == f"/openai/deployments/gpt-4o/chat/completions?api-version={API_VERSION}"
    assert orjson.loads(arrived.body) == {"messages": HELLO, "model": "gpt-4o", "seed": 2**63 - 1}
    assert arrived.header("api-key") == KEY
    assert arrived.header("authorization") is None
    assert not [name for name, value in arrived.headers if name.startswith("facegate") or KEYS["retail-co"] in value]


async def test_chat_in_the_v1_style(proxy: Gate) -> None:
    """OpenAI(base_url=…/openai/v1) works too; its key comes as a bearer and stays here."""
    reply = await proxy.openai().chat.completions.create(model="gpt-4o", messages=HELLO)
    assert reply.choices[0].message.content == MADE_UP
    (arrived,) = proxy.service.arrived
    assert arrived.target == "/openai/v1/chat/completions"
    assert arrived.header("authorization") is None


async def test_sync_clients_work_as_well(proxy: Gate) -> None:
    """The blocking clients, each in a thread of its own."""
    azure = AzureOpenAI(azure_endpoint=proxy.url, api_key=KEYS["retail-co"], api_version=API_VERSION)
    plain = OpenAI(base_url=f"{proxy.url}/openai/v1", api_key=KEYS["retail-co"])
    for client in (azure, plain):
        reply = await asyncio.to_thread(client.chat.completions.create, model="gpt-4o", messages=HELLO)
        assert reply.choices[0].message.content == MADE_UP
        client.close()


async def test_other_operations(proxy: Gate) -> None:
    """Responses, embeddings, legacy completions and image generation, in both styles."""
    for client in (proxy.azure(), proxy.openai()):
        answer = await client.responses.create(model="gpt-4o", input="Say hello.")
        assert answer.output_text == MADE_UP
        vectors = await client.embeddings.create(model="ada", input=["one", "two"], encoding_format="float")
        assert len(vectors.data) == 2
        words = await client.completions.create(model="instruct", prompt="Once upon a time")
        assert words.choices[0].text == MADE_UP
        pictures = await client.images.generate(model="dall-e-3", prompt="a lighthouse at dusk")
        assert pictures.data
        assert pictures.data[0].b64_json
    assert len(proxy.service.arrived) == 8


async def test_a_stream_arrives_event_by_event(proxy: Gate) -> None:
    """Each event is relayed at once: the service sends the next only when the caller has seen the one before."""
    seen = asyncio.Event()

    async def one_at_a_time(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(5):
            chunk = {
                "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": {"content": str(number)}, "finish_reason": None}],
            }  # fmt: skip
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
            await seen.wait()
            seen.clear()
        await response.write(b"data: [DONE]\n\n")
        return response

    proxy.service.behave = one_at_a_time
    words = []
    async with asyncio.timeout(10):
        stream = await proxy.azure().chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
        async for event in stream:
            words.append(event.choices[0].delta.content)
            seen.set()
    assert words == ["0", "1", "2", "3", "4"]


async def test_streamed_responses(proxy: Gate) -> None:
    """The typed events of the Responses API."""
    async with proxy.openai().responses.stream(model="gpt-4o", input="Say hello.") as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert final.output_text == MADE_UP
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
async def test_a_refusal_is_raised_once(proxy: Gate, *, streaming: bool) -> None:
    """A refusal is PermissionDeniedError with all that a person needs; the SDK does not try again, and nothing is sent."""
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await proxy.azure("metro-pd", max_retries=3).chat.completions.create(
            model="gpt-4o", messages=asking("Who is this? Check the watch-list."), stream=streaming
        )
    error = caught.value
    assert isinstance(error.body, dict)
    inner = error.body["innererror"]
    assert (error.status_code, error.code, error.type) == (403, "prohibited_use", "policy_violation")
    assert error.param in inner["rules"][0]["locations"]
    assert error.response.headers["x-should-retry"] == "false"
    assert inner["code"] == "ProhibitedUsePolicyViolation"
    assert inner["decision_id"] == error.response.headers["facegate-decision-id"]
    assert [rule["clause"] for rule in inner["rules"]] == ["C01", "C02", "C03"]
    assert inner["appeal"] == "your platform team"
    assert inner["alternative"]
    assert inner["decision_id"] in error.message
    assert proxy.service.arrived == []
    assert len(await proxy.records("decision")) == 1


async def test_error_classes_and_retries_are_those_of_the_service(proxy: Gate) -> None:
    """Upstream errors pass through with their bodies, ids and retry headers; the SDK retries what it always retries."""
    calls = 0

    async def busy(_: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        error = {"code": "429", "message": "Requests have exceeded the call rate limit."}
        headers = {"retry-after-ms": "1", "x-ratelimit-remaining-requests": "0", "apim-request-id": "abc"}
        return web.json_response({"error": error}, status=429, headers=headers)

    proxy.service.behave = busy
    with pytest.raises(openai.RateLimitError) as caught:
        await proxy.azure(max_retries=2).chat.completions.create(model="gpt-4o", messages=HELLO)
    assert calls == 3
    assert caught.value.response.headers["retry-after-ms"] == "1"
    assert caught.value.response.headers["apim-request-id"] == "abc"
    assert caught.value.code == "429"
    assert [one["upstream_status"] for one in await proxy.endings(3)] == [429, 429, 429]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
        (500, openai.InternalServerError),
    ],
)
async def test_upstream_statuses(proxy: Gate, status: int, kind: type[openai.APIStatusError]) -> None:
    """Each status of the service raises its class of the SDK, with the service's own message."""

    async def failing(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"code": "theirs", "message": "their words"}}, status=status)

    proxy.service.behave = failing
    with pytest.raises(kind) as caught:
        await proxy.azure(max_retries=0).chat.completions.create(model="gpt-4o", messages=HELLO)
    assert caught.value.code == "theirs"
    assert "their words" in str(caught.value)


async def test_an_unknown_key(proxy: Gate) -> None:
    """An unknown caller gets the SDK's AuthenticationError, and is not asked to try again."""
    client = proxy.azure(max_retries=2, api_key="fg_nobody")
    with pytest.raises(openai.AuthenticationError) as caught:
        await client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert caught.value.code == "invalid_api_key"
    (record,) = await proxy.records("decision")
    assert (record["tenant"], record["status"], record["outcome"]) == (None, 401, "rejected")


async def test_a_caller_that_hangs_up_cancels_the_service(proxy: Gate) -> None:
    """Closing a stream closes the connection to the service within a second, and the record says so."""
    started = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(
            b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\n'
        )
        started.set()
        await asyncio.sleep(60)
        return response

    proxy.service.behave = endless
    stream = await proxy.azure().chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    await started.wait()
    await stream.close()
    async with asyncio.timeout(1):
        await proxy.service.cancelled.wait()
    (ending,) = await proxy.endings()
    assert (ending["ended"], ending["upstream_status"]) == ("cancelled", 200)
    assert proxy.metric("facegate_streams_cancelled_total") == 1
    assert proxy.metric("facegate_inflight_requests") == 0


async def test_a_caller_that_hangs_up_before_the_reply(proxy: Gate) -> None:
    """A time-out of the SDK's own, before the service answered, cancels the service too."""

    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    proxy.service.behave = silent
    with pytest.raises(openai.APITimeoutError):
        await proxy.azure(max_retries=0, timeout=0.3).chat.completions.create(model="gpt-4o", messages=HELLO)
    async with asyncio.timeout(1):
        await proxy.service.cancelled.wait()
    (ending,) = await proxy.endings()
    assert (ending["ended"], ending["upstream_status"]) == ("cancelled", None)


async def test_the_content_filter_switch(tmp_path: Path) -> None:
    """Clients that look for the service's content filter find it, when the operator says so."""

    async with gate(tmp_path, refusals={"as_content_filter": True}) as proxy:
        with pytest.raises(openai.BadRequestError) as caught:
            await proxy.azure("metro-pd").chat.completions.create(model="gpt-4o", messages=asking("Who is this?"))
        assert caught.value.code == "content_filter"
        assert isinstance(caught.value.body, dict)
        assert caught.value.body["innererror"]["rules"]
