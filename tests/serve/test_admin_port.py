"""The admin port: alive, ready or not and why, and metrics in which a stranger leaves no series of its own."""

import asyncio
import re
import resource
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families
from support.gate import Gate, gate
from support.programs import require_program, run
from support.realtime import next_event, realtime_service, socket_to

from proxy.demo.calls import photograph
from proxy.record.metrics import TABLE
from proxy.serve.runtime import load_runtime

HELLO: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}


def asking(text: str, picture: str) -> dict[str, Any]:
    """A question with a picture."""
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": picture}}]
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": parts}]}


WHO = asking("Who is this?", photograph("astronaut.jpg"))
REMOTE = asking("What is this?", "https://pictures.example/a.png")


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file of this process may grow: what a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def page(proxy: Gate, path: str) -> tuple[int, str, str]:
    """A page of the admin port: status, media type, text."""
    async with proxy.session.get(proxy.admin_url + path) as reply:
        return reply.status, reply.headers.get("Content-Type", ""), await reply.text()


async def exposed(proxy: Gate) -> dict[str, float]:
    """All samples of ours that the exposition holds, by `name{label="value",…}` without the prefix."""
    _, _, text = await page(proxy, "/metrics")
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return {name: value for name, value in found.items() if name.startswith("facegate_")}


async def test_alive_and_ready(proxy: Gate) -> None:
    """Both answer 200; the readiness page says what is in force, and nothing secret."""
    assert await page(proxy, "/livez") == (200, "text/plain; charset=utf-8", "ok\n")
    status, kind, text = await page(proxy, "/readyz")
    assert (status, kind) == (200, "application/json")
    assert '"ready": true' in text
    assert proxy.runtime.policy.revision in text
    assert not any(key in text for key in proxy.keys.values())


async def test_the_data_port_has_none_of_these_pages(proxy: Gate) -> None:
    """An application sees neither health nor metrics."""
    for path in ("/livez", "/readyz", "/metrics"):
        async with proxy.session.get(proxy.url + path, headers={"api-key": proxy.keys["retail-co"]}) as reply:
            assert reply.status == 404


async def test_the_admin_port_forwards_nothing(proxy: Gate) -> None:
    """The API lives on the data port only."""
    async with proxy.session.post(proxy.admin_url + "/openai/v1/chat/completions", json=HELLO) as reply:
        assert reply.status == 404
    assert proxy.service.arrived == []


@pytest.mark.usefixtures("capsys")  # the log then goes to memory: pytest's own file may not grow either
async def test_not_ready_while_the_journal_cannot_be_written(proxy: Gate) -> None:
    """The page and the gauge say so, and say when it is over; the process lives all the while."""
    assert (await exposed(proxy))["facegate_ready{}"] == 1
    with full_disk(proxy.journal):
        assert (await proxy.post(HELLO))[0] == 503
        status, _, text = await page(proxy, "/readyz")
        assert (status, '"ready": false' in text, "cannot be written: File too large" in text) == (503, True, True)
        assert (await exposed(proxy))["facegate_ready{}"] == 0
        assert (await page(proxy, "/livez"))[0] == 200
    assert (await page(proxy, "/readyz"))[0] == 200
    assert (await exposed(proxy))["facegate_ready{}"] == 1


async def test_not_ready_while_it_drains(tmp_path: Path) -> None:
    """A request in flight ends in its time; meanwhile no new ones should be sent here."""
    going_on = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await going_on.wait()
        return web.json_response({})

    async with AsyncExitStack() as running:
        proxy = await running.enter_async_context(gate(tmp_path))
        proxy.service.behave = slow
        call = asyncio.ensure_future(proxy.post(HELLO))
        while not proxy.service.arrived:
            await asyncio.sleep(0.005)
        stopping = asyncio.ensure_future(running.pop_all().aclose())
        while not proxy.facegate.draining:
            await asyncio.sleep(0.005)
        status, _, text = await page(proxy, "/readyz")
        assert (status, '"draining": true' in text, '"journal": "ok"' in text) == (503, True, True)
        found = await exposed(proxy)
        assert (found["facegate_ready{}"], found["facegate_inflight_requests{}"]) == (0, 1)
        going_on.set()
        assert (await call)[0] == 200
        await stopping


async def unreadable(_: web.Request) -> web.StreamResponse:
    """A reply of the service that nothing can be learned from."""
    return web.Response(content_type="application/json")


async def test_every_metric_of_the_table_moves(tmp_path: Path) -> None:
    """Each row is counted somewhere: a handful of endings brings all of them from nothing to something."""
    async with gate(tmp_path, hosts=("pictures.example.org",)) as proxy:
        assert (await proxy.post(HELLO))[0] == 200
        assert (await proxy.post(WHO))[0] == 403
        assert (await proxy.post(asking("Who is this?", "https://pictures.example/a.png")))[0] in (403, 422)
        assert (await proxy.post(REMOTE, tenant="metro-pd"))[0] in (403, 422)
        assert (await proxy.post(HELLO, api_key="fg_nobody"))[0] == 401
        with full_disk(proxy.journal):
            assert (await proxy.post(HELLO))[0] == 503
        await page(proxy, "/readyz")
        asked = {"model": "gpt-4o", "input": "hello"}
        assert (await proxy.post(asked, path="/openai/v1/responses"))[0] == 200
        assert proxy.metric("facegate_memory_entries") == 2
        proxy.service.behave = unreadable
        assert (await proxy.post(asked, path="/openai/v1/responses"))[0] == 200
        assert proxy.metric("facegate_memory_failures_total", action="learn") == 1
        talking = await _while_a_session_is_open(proxy)
        during = await _while_in_flight(proxy)
        found = await exposed(proxy)
        seen = [name for scrape in (talking, during, found) for name, value in scrape.items() if value]
    moved = {re.split(r"\{|_(?:count|sum|bucket)\{", name)[0] for name in seen}
    # These two are read off the pool and the bodies in memory, where a request stays too short for a scrape to meet it.
    in_passing = {"facegate_examination_queue", "facegate_inflight_bytes"}
    in_passing.add("facegate_upload_bytes")  # end_to_end/test_uploads.py sees it
    in_passing.add("facegate_unknown_files_total")  # test_unknown_files.py counts it
    assert {metric.name for metric in TABLE} - moved - in_passing == set()
    assert moved <= {metric.name for metric in TABLE}


async def _while_a_session_is_open(proxy: Gate) -> dict[str, float]:
    """What is exposed while a realtime session is open, in which an event went on."""
    realtime_service(proxy)
    async with socket_to(proxy) as socket:
        await next_event(socket)
        await socket.send_json({"type": "response.create"})
        await next_event(socket)
        return await exposed(proxy)


async def _while_in_flight(proxy: Gate) -> dict[str, float]:
    """What is exposed while a request waits for the service; then its caller hangs up."""

    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    before = len(proxy.service.arrived)
    proxy.service.behave = never
    call = asyncio.ensure_future(proxy.post(HELLO))
    while len(proxy.service.arrived) == before:
        await asyncio.sleep(0.005)
    found = await exposed(proxy)
    call.cancel()
    while not proxy.metric("facegate_streams_cancelled_total"):
        await asyncio.sleep(0.005)
    return found


async def test_gauges_tell_what_is_held_now(proxy: Gate) -> None:
    """Bodies in memory and requests in the pool are read off where they are kept, and are nothing when nothing goes on."""
    shell = proxy.facegate.shell
    shell.in_flight.take(1000, 0)
    shell.pool.waiting += 3
    found = await exposed(proxy)
    assert (found["facegate_inflight_bytes{}"], found["facegate_examination_queue{}"]) == (1000, 3)
    shell.in_flight.release(1000)
    shell.pool.waiting -= 3
    assert (await proxy.post(WHO))[0] == 403
    found = await exposed(proxy)
    assert (found["facegate_inflight_bytes{}"], found["facegate_examination_queue{}"]) == (0, 0)


async def test_detectors_are_timed_in_the_pool_only(proxy: Gate) -> None:
    """A short text is examined at once, without a clock; a picture is not."""
    assert (await proxy.post(HELLO))[0] == 200
    assert not any("detector_seconds" in name for name in await exposed(proxy))
    assert (await proxy.post(WHO))[0] == 403
    found = await exposed(proxy)
    screening = load_runtime(proxy.runtime.folder / "proxy.yaml").screening
    assert screening.second is not None
    assert {name: value for name, value in found.items() if "detector_seconds_count" in name} == {
        f"facegate_detector_seconds_count{{detector={one.name}}}": 1 for one in (*screening.detectors, screening.second)
    }


async def test_without_a_reply_there_is_no_first_byte(proxy: Gate) -> None:
    """A service that hangs up is an error, not a reply at lightning speed."""

    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    proxy.service.behave = hang_up
    assert (await proxy.post(HELLO))[0] == 502
    found = await exposed(proxy)
    assert "facegate_request_stage_seconds_count{stage=forward_first_byte}" not in found
    assert found["facegate_upstream_requests_total{status=error}"] == 1


async def test_strangers_and_tenants_make_no_series(proxy: Gate) -> None:
    """Model names, paths, methods, headers and keys of a caller's choosing add nothing to the names of series."""

    async def round_of_calls(word: str) -> None:
        body = {**HELLO, "model": f"model-{word}", f"field-{word}": word}
        await proxy.post(body)
        await proxy.post(HELLO, path=f"/openai/deployments/{word}/chat/completions?api-version=2024-10-21")
        await proxy.post(HELLO, path=f"/{word}")
        await proxy.post(HELLO, path=f"/openai/v1/chat/completions?{word}={word}")
        await proxy.post(HELLO, api_key=f"fg_{word}")
        await proxy.post(HELLO, facegate_attributes=f"{word}={word}")
        await proxy.post(HELLO, tenant="metro-pd", facegate_attributes=f'camera="{word}"')
        await proxy.post(asking(f"see {word}", f"https://{word}.example/a.png"))
        await proxy.raw(f"{word.upper()} /{word} HTTP/1.1\r\nHost: {word}\r\nConnection: close\r\n\r\n".encode())
        await proxy.raw(f"{word}\r\n\r\n".encode())

    await round_of_calls("first")
    before = {name for name in await exposed(proxy) if "_bucket{" not in name}
    for number in range(3):
        await round_of_calls(f"word{number}")
    after = {name for name in await exposed(proxy) if "_bucket{" not in name}
    assert after - before == set()
    assert not any("word" in name or "first}" in name for name in after)


async def test_promtool_finds_nothing_to_say(proxy: Gate) -> None:
    """Prometheus' own check of what a scrape brings."""
    promtool = require_program("promtool", "prometheus")
    assert (await proxy.post(HELLO))[0] == 200
    assert (await proxy.post(WHO))[0] == 403
    status, kind, text = await page(proxy, "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert run(promtool, "check", "metrics", given=text.encode()) == (0, "")
