"""Every request leaves its records, before anything is forwarded, and no content in any of them."""

import asyncio
import base64
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from aiohttp import web
from support.gate import KEYS, Gate, gate
from support.service import KEY

from proxy.demo.calls import photograph
from proxy.serve import exchange
from proxy.serve.log import configure

HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
WHO = {
    "model": "gpt-4o",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Who is this?"},
                {"type": "image_url", "image_url": {"url": photograph("astronaut.jpg")}},
            ],
        }
    ],
}
REMOTE = {
    "model": "gpt-4o",
    "messages": [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}}]}
    ],
}

ENDINGS: dict[str, tuple[Any, dict[str, Any], tuple[int, str | None, str, str]]] = {
    # name: body, arguments of `post`, (status, code in the record, outcome, how it ended)
    "forwarded": (HELLO, {}, (200, None, "allow", "complete")),
    "refused by policy": (WHO, {}, (403, "prohibited_use", "block", "refused")),
    "not inspectable": (REMOTE, {}, (422, "not_inspectable", "block", "refused")),
    "unknown caller": (HELLO, {"api_key": "fg_nobody"}, (401, "invalid_api_key", "rejected", "refused")),
    "unknown operation": (HELLO, {"path": "/openai/v1/nothing"}, (404, "not_inspectable", "rejected", "refused")),
    "unread operation": (HELLO, {"path": "/openai/v1/realtime/client_secrets"}, (422, "not_inspectable", "rejected", "refused")),
    "not JSON": (b"{", {}, (400, "invalid_request", "rejected", "refused")),
    "another content type": (b"a=b", {"content_type": "text/plain"}, (415, "unsupported_media_type", "rejected", "refused")),
    "malformed attributes": (HELLO, {"facegate_attributes": "camera="}, (400, "invalid_request", "rejected", "refused")),
}  # fmt: skip

BEFORE_THE_OPERATION = ("unknown caller", "unknown operation", "malformed attributes")
"""Endings that come before the operation is known."""


@pytest.mark.parametrize("name", ENDINGS)
async def test_each_ending_leaves_a_decision_and_an_outcome(proxy: Gate, name: str) -> None:
    """Two records a request, joined by the id that the caller sees; only what is forwarded reaches the service."""
    body, arguments, (status, code, outcome, ended) = ENDINGS[name]
    operation = "realtime.client_secrets" if name == "unread operation" else "chat.completions"
    answered, _, headers = await proxy.post(body, **arguments)
    (decision,) = await proxy.records("decision")
    (ending,) = await proxy.endings()
    assert answered == status
    assert (decision["code"] if status != 200 else decision.get("code"), decision["outcome"]) == (code, outcome)
    assert decision["status"] == (None if status == 200 else status)
    assert (ending["ended"], ending["status"]) == (ended, status)
    assert decision["decision_id"] == ending["decision_id"] == headers["Facegate-Decision-Id"]
    assert len(proxy.service.arrived) == (1 if status == 200 else 0)
    assert proxy.metric(
        "facegate_requests_total",
        tenant="none" if status == 401 else "retail-co",
        operation="other" if name in BEFORE_THE_OPERATION else operation,
        outcome=outcome,
        status="forwarded" if status == 200 else str(status),
    ) == 1  # fmt: skip


async def test_the_decision_is_on_the_disk_before_a_byte_is_sent(proxy: Gate) -> None:
    """When the request reaches the service, its decision can be read from the journal."""
    known: list[list[str]] = []

    async def look(_: web.Request) -> web.StreamResponse:
        known.append([orjson.loads(line)["decision_id"] for line in proxy.journal.read_bytes().splitlines()])
        return web.json_response({})

    proxy.service.behave = look
    _, _, headers = await proxy.post(HELLO)
    assert known == [[headers["Facegate-Decision-Id"]]]


async def test_a_crash_is_refused_recorded_and_logged(
    proxy: Gate, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An unforeseen error forwards nothing; the log tells where it was, and nothing of what the request carried."""

    def broken(*_: object) -> None:
        raise KeyError("a secret word of the request")

    configure("info")
    monkeypatch.setattr(exchange, "screen", broken)
    status, body, headers = await proxy.post(HELLO)
    structlog.reset_defaults()
    assert (status, body["error"]["code"]) == (503, "examination_unavailable")
    assert "x-should-retry" not in headers
    (decision,) = await proxy.records("decision")
    assert (decision["status"], decision["outcome"]) == (503, "rejected")
    assert proxy.service.arrived == []
    (line,) = [json.loads(one) for one in capfd.readouterr().err.splitlines() if one.startswith("{")]
    assert (line["event"], line["error"], line["decision_id"]) == ("crash", "KeyError", headers["Facegate-Decision-Id"])
    assert "test_evidence.py" in line["where"]
    assert "secret" not in json.dumps(line)


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file of this process may grow: what a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("durability", ["fsync", "write"])
async def test_without_a_journal_nothing_is_forwarded(tmp_path: Path, durability: str) -> None:
    """A journal that cannot be written: 503, not ready, nothing sent; and all goes on when there is room again."""
    async with gate(tmp_path, audit={"durability": durability}) as proxy:
        assert (await proxy.post(HELLO))[0] == 200
        await proxy.endings(1)
        with full_disk(proxy.journal):
            status, body, headers = await proxy.post(HELLO)
            assert (status, body["error"]["code"]) == (503, "examination_unavailable")
            assert "recorded" in body["error"]["message"]
            async with proxy.session.get(proxy.admin_url + "/readyz") as ready:
                assert ready.status == 503
                assert "cannot be written" in (await ready.json())["journal"]
            async with proxy.session.get(proxy.admin_url + "/livez") as alive:
                assert alive.status == 200
        async with proxy.session.get(proxy.admin_url + "/readyz") as ready:
            assert ready.status == 200
        assert (await proxy.post(HELLO))[0] == 200
        assert len(proxy.service.arrived) == 2
        decisions = await proxy.records("decision")
        assert [one["status"] for one in decisions] == [None, 503, None]
        assert decisions[1]["decision_id"] == headers["Facegate-Decision-Id"]


UPSTREAMS = {
    "redirect": (lambda: web.Response(status=307, headers={"Location": "https://elsewhere.example/"}), 502, "upstream_error"),
    "not modified": (lambda: web.Response(status=304), 502, "upstream_error"),
}  # fmt: skip


@pytest.mark.parametrize("name", UPSTREAMS)
async def test_replies_that_are_never_relayed(proxy: Gate, name: str) -> None:
    """A redirect would make the SDK send the request past the proxy."""
    make, status, ended = UPSTREAMS[name]

    async def behave(_: web.Request) -> web.StreamResponse:
        return make()

    proxy.service.behave = behave
    answered, body, headers = await proxy.post(HELLO)
    assert (answered, body["error"]["code"]) == (status, "upstream_unreachable")
    assert "Location" not in headers
    (ending,) = await proxy.endings()
    assert (ending["ended"], ending["status"]) == (ended, status)


async def test_a_service_that_is_down(tmp_path: Path) -> None:
    """502 in the service's error shape, and the SDK may try again."""
    async with gate(tmp_path, upstream={"endpoint": "http://127.0.0.1:9"}) as proxy:
        status, body, headers = await proxy.post(HELLO)
        assert (status, body["error"]["code"], body["error"]["type"]) == (502, "upstream_unreachable", "server_error")
        assert "x-should-retry" not in headers
        assert headers["Facegate-Decision-Id"] in body["error"]["message"]
        (ending,) = await proxy.endings()
        assert (ending["ended"], ending["status"]) == ("upstream_error", 502)


async def test_a_service_that_is_slow(tmp_path: Path) -> None:
    """504 when it does not answer in time."""
    async with gate(tmp_path, upstream={"read_timeout_s": 0.2}) as proxy:

        async def silent(_: web.Request) -> web.StreamResponse:
            await asyncio.sleep(30)
            return web.Response()

        proxy.service.behave = silent
        status, body, _ = await proxy.post(HELLO)
        assert (status, body["error"]["code"]) == (504, "upstream_timeout")
        (ending,) = await proxy.endings()
        assert (ending["ended"], ending["status"]) == ("upstream_timeout", 504)


async def test_a_service_that_breaks_off(proxy: Gate) -> None:
    """What was relayed is incomplete: the caller's connection is cut, so that it can tell."""

    async def breaking(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: one\n\n")
        assert request.transport is not None
        request.transport.abort()
        return response

    proxy.service.behave = breaking
    body = orjson.dumps(HELLO)
    head = f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: p\r\napi-key: {KEYS['retail-co']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    reply = await proxy.raw(head.encode() + body)
    assert b"data: one" in reply
    assert not reply.endswith(b"0\r\n\r\n")
    (ending,) = await proxy.endings()
    assert (ending["ended"], ending["status"], ending["bytes_out"]) == ("upstream_error", 200, len(b"data: one\n\n"))


CANARY = "canary-7f3a9c1e"


def canaries() -> dict[str, dict[str, Any]]:
    """Bodies with a canary in every place that holds words."""
    said = {"role": "user", "content": CANARY, "name": CANARY}
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + CANARY.encode() * 9).decode()
    field = {"properties": {CANARY: {"enum": [CANARY]}}}
    tool = {"type": "function", "function": {"name": CANARY, "parameters": field}}
    remote = {"type": "image_url", "image_url": {"url": f"https://{CANARY}.example/{CANARY}.png"}}
    broken = {"type": "image_url", "image_url": {"url": picture}}
    file = {"type": "file", "file": {"file_id": CANARY, "filename": CANARY}}
    messages: dict[str, list[Any]] = {
        "asks": [{"role": "user", "content": f"Who is this? {CANARY}"}],
        "police": [
            {"role": "system", "content": f"You assist patrol officers. {CANARY}"},
            {"role": CANARY, "content": [{"type": CANARY}]},
        ],
        "remote": [{"role": "user", "content": [remote]}],
        "broken picture": [{"role": "user", "content": [{"type": "text", "text": CANARY}, broken]}],
        "file": [{"role": "user", "content": [file]}],
    }
    return {
        "forwarded": {"model": "m", "messages": [said], "user": CANARY, "metadata": {CANARY: CANARY}, CANARY: [CANARY]},
        "model": {"model": f"{CANARY} and more words", "messages": [said]},
        **{name: {"model": "m", "messages": told, "tools": [tool]} for name, told in messages.items()},
    }


async def test_no_content_and_no_secret_is_kept_anywhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Canary words, canary pixels and keys appear in no journal, log, metric or health page, whatever becomes of a request."""
    configure("debug")
    async with gate(tmp_path) as proxy:
        for body in canaries().values():
            await proxy.post(body, facegate_attributes="camera=dash", x_canary=CANARY, user_agent=CANARY)
        await proxy.post(f'{{"{CANARY}": 1, "{CANARY}": 2}}'.encode())
        await proxy.post(f'{{"model": "{CANARY}'.encode())
        await proxy.post(HELLO, path=f"/openai/v1/{CANARY}?{CANARY}={CANARY}")
        await proxy.post(HELLO, path=f"/openai/v1/chat/completions?{CANARY}={CANARY}")
        await proxy.post(HELLO, api_key=f"fg_{CANARY}")
        await proxy.post(HELLO, facegate_attributes=CANARY)
        await proxy.post(HELLO, content_type=CANARY)
        await proxy.raw(f"POST /{CANARY} HTTP/1.1\r\nX: {CANARY}\0\r\n\r\n".encode())
        for _ in range(2):
            async with proxy.session.get(proxy.admin_url + "/metrics") as reply:
                metrics = await reply.text()
            async with proxy.session.get(proxy.admin_url + "/readyz") as reply:
                ready = await reply.text()
        await proxy.endings(len(canaries()) + 8)
        journal = proxy.journal.read_text(encoding="utf-8")
    structlog.reset_defaults()
    log = capfd.readouterr()
    secrets = (CANARY, base64.b64encode(CANARY.encode()).decode()[:12], KEY, *KEYS.values())
    for place, text in {"journal": journal, "metrics": metrics, "ready": ready, "log": log.err + log.out}.items():
        assert not [secret for secret in secrets if secret in text], place
    assert journal.count('"kind":"decision"') == len(canaries()) + 8
