"""The demonstration's service has the shapes of the real one, and answers to its own key only."""

from collections.abc import AsyncIterator

import aiohttp
import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI

from proxy.demo.service import WORDS, DemoService, start_demo_service

TEXT = "".join(WORDS)


@pytest.fixture
async def service() -> AsyncIterator[DemoService]:
    """A running demonstration service."""
    running = await start_demo_service()
    yield running
    await running.stop()


def clients(service: DemoService, key: str | None = None) -> tuple[AsyncOpenAI, AsyncOpenAI]:
    """The SDK's clients in both URL styles; the plain one sends the key as the service asks for it."""
    given = key or service.key
    azure = AsyncAzureOpenAI(azure_endpoint=service.url, api_key=given, api_version="2024-10-21", max_retries=0)
    plain = AsyncOpenAI(
        base_url=f"{service.url}/openai/v1", api_key="x", default_headers={"api-key": given}, max_retries=0
    )
    return azure, plain


async def test_every_operation(service: DemoService) -> None:
    """The SDK reads each reply: chat, streamed chat, completions, embeddings, pictures, responses, streamed responses."""
    for client in clients(service):
        chat = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
        assert (chat.choices[0].message.content, chat.model) == (TEXT, "m")
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "x"}], stream=True
        )
        events = [event async for event in stream]
        assert "".join(event.choices[0].delta.content or "" for event in events) == TEXT
        assert events[-1].choices[0].finish_reason == "stop"
        words = await client.completions.create(model="m", prompt="x")
        assert words.choices[0].text == TEXT
        vectors = await client.embeddings.create(model="m", input=["x", "y", "z"], encoding_format="float")
        assert [one.index for one in vectors.data] == [0, 1, 2]
        pictures = await client.images.generate(model="m", prompt="x")
        assert pictures.data
        assert pictures.data[0].b64_json
        answer = await client.responses.create(model="m", input="x")
        assert answer.output_text == TEXT
        async with client.responses.stream(model="m", input="x") as typed:
            async for _ in typed:
                pass
            assert (await typed.get_final_response()).output_text == TEXT
        await client.close()


async def test_another_key(service: DemoService) -> None:
    """Whoever finds the port on the machine gets nothing from it without the key."""
    for client in clients(service, "another"):
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
        await client.close()


async def test_two_services_have_keys_of_their_own(service: DemoService) -> None:
    """Keys and ports are drawn anew, and replies carry the id that the service's gateway gives."""
    other = await start_demo_service()
    assert (other.key != service.key, other.url != service.url) == (True, True)
    async with aiohttp.ClientSession() as session:
        for running, key, status in ((service, service.key, 200), (other, service.key, 401)):
            headers = {"api-key": key}
            target = f"{running.url}/openai/v1/embeddings"
            async with session.post(target, json={"input": "x"}, headers=headers) as reply:
                assert (reply.status, "apim-request-id" in reply.headers) == (status, status == 200)
    await other.stop()
