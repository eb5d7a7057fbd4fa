"""`facegate serve` as a process: its start, its log, its end, what a kill leaves behind, and what keeps it from starting."""

import asyncio
import itertools
import os
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from blake3 import blake3
from support.gate import KEYS
from support.process import Process, configured, facegate, serving
from support.service import stand_in

from proxy.record.entry import Entries
from proxy.surface import FIELD_NAMES

HEADERS = {"api-key": KEYS["retail-co"], "content-type": "application/json"}
NOBODY = "http://127.0.0.1:9"
"""An endpoint that nobody listens on."""


def body(text: str) -> bytes:
    """A chat request, as bytes."""
    return orjson.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})


async def post(session: aiohttp.ClientSession, running: Process, text: str) -> int:
    """Make a call: the status of the reply."""
    target = f"{await running.url()}/openai/v1/chat/completions"
    async with session.post(target, data=body(text), headers=HEADERS) as reply:
        await reply.read()
        return reply.status


async def test_it_serves_and_ends(tmp_path: Path) -> None:
    """One `serving` line with the ports that the system chose; a request is served; SIGTERM ends it with status 0."""
    async with stand_in() as service, aiohttp.ClientSession() as session:
        async with serving(configured(tmp_path, service.url)) as running:
            begun = await running.event("serving")
            assert begun["data_port"] != begun["admin_port"]
            assert await post(session, running, "hello") == 200
            async with session.get(await running.url("admin_port") + "/readyz") as ready:
                assert (ready.status, (await ready.json())["ready"]) == (200, True)
            running.process.send_signal(signal.SIGTERM)
            assert await running.ended() == 0
        assert [(line["level"], line["event"]) for line in running.log()] == [
            ("info", "serving"),
            ("info", "draining"),
            ("info", "stopped"),
        ]
        assert [one["ended"] for one in running.records("outcome")] == ["complete"]


async def test_sigterm_lets_a_stream_end(tmp_path: Path) -> None:
    """While a stream is in flight the process is not ready and takes no new connection; the caller gets its last event."""
    going_on = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: first\n\n")
        await going_on.wait()
        await response.write(b"data: [DONE]\n\n")
        return response

    async with stand_in() as service, aiohttp.ClientSession() as session:
        service.behave = slow
        settings = configured(tmp_path, service.url, drain_timeout_s=60.0)
        async with serving(settings) as running:
            url, admin = await running.url(), await running.url("admin_port")
            target = f"{url}/openai/v1/chat/completions"
            async with session.post(target, data=body("hello"), headers=HEADERS) as stream:
                assert await stream.content.readuntil(b"\n\n") == b"data: first\n\n"
                running.process.send_signal(signal.SIGTERM)
                await running.event("draining")
                async with session.get(admin + "/readyz") as ready:
                    assert (ready.status, (await ready.json())["draining"]) == (503, True)
                async with session.get(admin + "/livez") as alive:
                    assert alive.status == 200
                with pytest.raises(aiohttp.ClientConnectorError):
                    await post(session, running, "too late")
                going_on.set()
                assert await stream.content.read() == b"data: [DONE]\n\n"
            assert await running.ended() == 0
        assert [one["ended"] for one in running.records("outcome")] == ["complete"]
        assert len(service.arrived) == 1


async def test_sigterm_does_not_wait_for_ever(tmp_path: Path) -> None:
    """A stream that outlasts the drain time is cut off, recorded, and cancelled at the service."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: first\n\n")
        await asyncio.Event().wait()
        return response

    async with stand_in() as service, aiohttp.ClientSession() as session:
        service.behave = endless
        async with serving(configured(tmp_path, service.url, drain_timeout_s=0.3)) as running:
            target = f"{await running.url()}/openai/v1/chat/completions"
            async with session.post(target, data=body("hello"), headers=HEADERS) as stream:
                await stream.content.readuntil(b"\n\n")
                running.process.send_signal(signal.SIGTERM)
                with pytest.raises(aiohttp.ClientPayloadError):
                    await stream.content.read()
            assert await running.ended() == 0
            async with asyncio.timeout(10):
                await service.cancelled.wait()
        assert [one["ended"] for one in running.records("outcome")] == ["cancelled"]


async def test_what_a_kill_leaves(tmp_path: Path) -> None:
    """SIGKILL under load: each request that reached the service has its decision in the journal. The next start serves on,
    also behind a line that was torn, and takes nothing away.
    """
    entries = Entries(blake3(b"a key of the test's own").digest(), FIELD_NAMES)
    async with stand_in() as service, aiohttp.ClientSession() as session:
        settings = configured(tmp_path, service.url)
        numbers = itertools.count()
        async with serving(settings) as running:
            await running.event("serving")

            async def load() -> None:
                while True:
                    await post(session, running, f"request {next(numbers)}")

            callers = [asyncio.ensure_future(load()) for _ in range(16)]
            async with asyncio.timeout(60):
                while len(service.arrived) < 100:
                    await asyncio.sleep(0.01)
            running.process.send_signal(signal.SIGKILL)
            await running.ended()
            ends = await asyncio.gather(*callers, return_exceptions=True)
            assert all(isinstance(end, aiohttp.ClientError) for end in ends)
        decided = {one["body_digest"] for one in running.records("decision")}
        sent = {entries.digest(arrived.body) for arrived in service.arrived}
        assert len(sent) >= 100
        assert sent <= decided

        with running.journal.open("ab") as file:
            file.write(b'{"schema":1,"kind":"deci')
        before = running.journal.read_bytes()
        async with serving(settings) as again:
            assert await post(session, again, "afterwards") == 200
            again.process.send_signal(signal.SIGTERM)
            assert await again.ended() == 0
        after = again.journal.read_bytes()
        assert after.startswith(before + b"\n")
        lines = after[len(before) + 1 :].splitlines()
        assert [orjson.loads(line)["kind"] for line in lines] == ["decision", "outcome"]
        assert orjson.loads(lines[0])["body_digest"] == entries.digest(body("afterwards"))


async def test_two_processes_do_not_share_a_journal(tmp_path: Path) -> None:
    """The second says so and ends; the first serves on."""
    async with stand_in() as service, aiohttp.ClientSession() as session:
        settings = configured(tmp_path, service.url)
        async with serving(settings) as running:
            await running.event("serving")
            status, out, err = await facegate("serve", "--config", settings)
            assert (status, out) == (2, "")
            assert err == f"the journal in {tmp_path / 'audit'} is in use by another process\n"
            assert await post(session, running, "hello") == 200


@pytest.mark.parametrize("section", ["listen", "admin"])
async def test_a_port_that_is_taken(tmp_path: Path, section: str) -> None:
    """Which setting and address, and why; no traceback, and nothing of what was open already is heard of."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = configured(tmp_path, NOBODY, **{section: {"port": port}})
        status, out, err = await facegate("serve", "--config", settings)
    assert (status, out) == (2, "")
    assert err == f"{section}: the address 127.0.0.1:{port} cannot be used: Address already in use\n"


def test_what_is_replaced_is_there(tmp_path: Path) -> None:
    """The mistakes below are put into settings that would start."""
    text = configured(tmp_path, NOBODY).read_text(encoding="utf-8")
    for old, _, _ in MISTAKES.values():
        assert text.count(old) >= 1, old


MISTAKES: dict[str, tuple[str, str, Callable[[Path], str]]] = {
    # what stands in the settings, what stands there instead, what is said
    "the key's variable is not set": (
        '{"file":"service.key"}',
        '{"env":"FACEGATE_TEST_NO_SUCH_VARIABLE"}',
        lambda _: "the environment variable FACEGATE_TEST_NO_SUCH_VARIABLE is not set; a secret is expected in it\n",
    ),
    "the key's file is missing": (
        '"service.key"',
        '"another.key"',
        lambda folder: (
            f"{folder / 'another.key'}: the secret cannot be read: [Errno 2] No such file or directory:"
            f" '{folder / 'another.key'}'\n"
        ),
    ),
    "an unknown setting": (
        '"drain_timeout_s"',
        '"drain_timeout"',
        lambda folder: f"{folder / 'proxy.yaml'}:1: unknown key 'drain_timeout'; did you mean 'drain_timeout_s'?\n",
    ),
    "no register": (
        '"tenants.yaml"',
        '"nobody.yaml"',
        lambda folder: f"{folder / 'nobody.yaml'}:1: the file cannot be read: No such file or directory\n",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_a_configuration_that_is_wrong(tmp_path: Path, name: str) -> None:
    """Exit status 2 with file, line and what is expected, and no traceback."""
    old, new, expected = MISTAKES[name]
    settings = configured(tmp_path, NOBODY)
    settings.write_text(settings.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "FACEGATE_TEST_NO_SUCH_VARIABLE"}
    status, out, err = await facegate("serve", "--config", settings, environment=environment)
    assert (status, out, err) == (2, "", expected(tmp_path))


async def test_warnings_at_the_start(tmp_path: Path) -> None:
    """What an operator should know who starts it as it comes: made-up replies, no key, digests that cannot be compared."""
    changes: dict[str, Any] = {"upstream": {"endpoint": "demo", "api_key": None}, "audit": {"digest_key": None}}
    settings = configured(tmp_path, NOBODY, **changes)
    register = (tmp_path / "tenants.yaml").read_text(encoding="utf-8")
    without = re.sub(r"credentials:\n(?:      .*\n)+", "credentials: []\n", register)
    (tmp_path / "tenants.yaml").write_text(without, encoding="utf-8")
    async with serving(settings) as running:
        begun = await running.event("digest_key_drawn")
        assert begun["level"] == "warning"
        warned = [line["event"] for line in running.log() if line["level"] == "warning"]
    assert warned[:3] == ["demo_upstream", "no_credentials", "digest_key_drawn"]
