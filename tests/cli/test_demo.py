"""`facegate demo`: the README's first command, as a process; and the copy of the configuration that it works on."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from support.commands import configuration, run
from support.process import facegate

from proxy.cli.demo import prepare
from proxy.demo.calls import TENANTS
from proxy.documents import load
from proxy.serve.runtime import load_runtime
from proxy.settings import DEMO, Settings


async def test_the_whole_demonstration() -> None:
    """It ends by itself with status 0: one call forwarded, one streamed, three refused, and the evidence of all five."""
    status, out, err = await facegate("demo")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    endings = [found[1] for line in lines if (found := re.match(r"   (forwarded|streamed|refused)\b", line))]
    assert endings == ["forwarded", "streamed", "refused", "refused", "refused"]
    assert "The journal holds 5 decisions and 5 outcomes; no words, no pixels:" in lines
    counted = [line.rsplit(" ", 1) for line in lines if line.startswith("   facegate_requests_total{")]
    assert sum(float(number) for _, number in counted) == 5


def test_the_copy(tmp_path: Path) -> None:
    """The operator's own files stay as they are; the copy has the demonstration's upstream, free ports and a key a tenant."""
    config = configuration(tmp_path / "theirs")
    before = {path: path.read_bytes() for path in config.parent.rglob("*") if path.is_file()}
    settings, keys = prepare(config, tmp_path / "ours")
    assert {path: path.read_bytes() for path in config.parent.rglob("*") if path.is_file()} == before
    assert settings == tmp_path / "ours" / "config" / "proxy.yaml"
    found = load(settings, Settings)
    assert (found.listen.port, found.admin.port, found.listen.host, found.admin.host) == (
        0,
        0,
        "127.0.0.1",
        "127.0.0.1",
    )
    assert (found.upstream.endpoint, found.upstream.api_key) == (DEMO, None)
    assert (settings.parent / found.audit.path).resolve().is_relative_to(tmp_path / "ours")
    register = load_runtime(settings).register
    owners = {tenant: register.find(key) for tenant, key in keys.items()}
    assert {tenant: owner and owner[0].id for tenant, owner in owners.items()} == {one: one for one in TENANTS}


def test_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    """The mistake is named with file and line before anything starts."""
    config = configuration(tmp_path, [("proxy.yaml", "listen:", "listens:")])
    ran = run("demo", "--config", config)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"{config}:3: unknown key 'listens'; did you mean 'listen'?")


def test_a_proxy_that_does_not_start(tmp_path: Path) -> None:
    """What it said goes on to whoever asked for the demonstration."""
    config = configuration(tmp_path, [("policies/ms-aoai-coc/2024-05-01/policy.yaml", "rules:", "ruels:")])
    ran = run("demo", "--config", config)
    assert ran.status == 2
    assert ran.out.startswith("$ facegate serve --config ")
    assert ran.err.startswith("the proxy did not start:\n")
    assert "policy.yaml:" in ran.err
    assert "'ruels'" in ran.err


async def test_keep_serves_on_until_it_is_stopped() -> None:
    """With --keep the keys are shown and work; Ctrl-C ends both processes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "proxy", "demo", "--keep", stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        base, key = await _kept(process)
        async with aiohttp.ClientSession() as session:
            target, headers = f"{base}/openai/v1/embeddings", {"api-key": key}
            async with session.post(target, json={"model": "m", "input": "x"}, headers=headers) as reply:
                assert reply.status == 200
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    host, port = base.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):  # the proxy does not outlive its demonstration
        await asyncio.open_connection(host, int(port))


async def _kept(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Where the demonstration serves on, and the company's key, once it has told so."""
    assert process.stdout is not None
    seen: list[str] = []
    async with asyncio.timeout(60):
        while not seen or not seen[-1].startswith("Ctrl-C"):
            line = (await process.stdout.readline()).decode()
            assert line, "".join(seen)
            seen.append(line)
    text = "".join(seen)
    base = re.search(r"Still serving on (http://127\.0\.0\.1:\d+)\. Keys:", text)
    key = re.search(r"   retail-co +(fg_\S+)", text)
    assert base
    assert key
    return base[1], key[1]
