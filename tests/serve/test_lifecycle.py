"""The life of a proxy: it starts whole or not at all, ends what it has begun, and leaves nothing behind."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import structlog
from aiohttp import web
from support.commands import few_words
from support.gate import KEYS, Gate, gate
from support.process import configured
from support.service import KEY

from proxy import __version__
from proxy.errors import ConfigurationError
from proxy.record.journal import JournalUnavailable
from proxy.serve.lifecycle import Facegate, serve, start
from proxy.serve.log import configure
from proxy.serve.runtime import Runtime, load_runtime

NOBODY = "http://127.0.0.1:9"
"""An endpoint that nobody listens on."""

HELLO: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
GIVE_UP_S = 30.0
"""Seconds after which a test that waits has failed."""


def runtime_in(folder: Path, endpoint: str = NOBODY, **changes: Any) -> Runtime:
    """A configuration whose files are in `folder`."""
    return load_runtime(configured(folder, endpoint, **changes))


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[Facegate]:
    """A proxy of this configuration."""
    facegate = await start(runtime)
    try:
        yield facegate
    finally:
        await facegate.stop()


def listens(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def own_threads() -> set[str]:
    """The names of the threads that a proxy starts, as far as they run."""
    return {one.name.split("_")[0] for one in threading.enumerate()} & {"examine", "journal"}


def children() -> set[int]:
    """The processes that this one has started and that still run, but for the standard library's own."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may end meanwhile
            parent = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"resource_tracker" not in (process / "cmdline").read_bytes():
                found.add(int(process.name))
    return found


async def call(facegate: Facegate) -> int:
    """Make a call: the status of the reply."""
    target = f"http://127.0.0.1:{facegate.data_port}/openai/v1/chat/completions"
    async with (
        aiohttp.ClientSession() as session,
        session.post(target, json=HELLO, headers={"api-key": KEYS["retail-co"]}) as reply,
    ):
        await reply.read()
        return reply.status


async def test_both_ports_and_their_end(tmp_path: Path) -> None:
    """Two ports of the system's choice, apart; afterwards nobody listens, and the journal is free for the next."""
    runtime = runtime_in(tmp_path)
    for _ in range(2):
        async with running(runtime) as facegate:
            ports = (facegate.data_port, facegate.admin_port)
            assert len(set(ports)) == 2
            assert [listens(port) for port in ports] == [True, True]
            assert facegate.draining is False
            with pytest.raises(JournalUnavailable, match="in use by another process"):
                await start(runtime)
        assert [listens(port) for port in ports] == [False, False]
        assert facegate.draining is True
    assert own_threads() == set()


@contextmanager
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize("section", ["listen", "admin"])
async def test_a_port_that_is_taken(tmp_path: Path, section: str) -> None:
    """The setting, the address and why; then nothing stays open: no port, no process, no thread, no journal."""
    before = children()
    with taken() as port:
        changes: dict[str, Any] = {section: {"port": port}, "examination": {"isolated": True, "workers": 1}}
        runtime = runtime_in(tmp_path, **changes)
        with pytest.raises(ConfigurationError) as raised:
            await start(runtime)
    assert str(raised.value) == f"{section}: the address 127.0.0.1:{port} cannot be used: Address already in use"
    assert (children() - before, own_threads()) == (set(), set())
    async with running(runtime) as facegate:
        assert port in (facegate.data_port, facegate.admin_port)


async def test_a_name_that_is_no_address(tmp_path: Path) -> None:
    """Names that cannot be resolved are told with the system's words."""
    with pytest.raises(ConfigurationError, match=r"listen: the address no-such-host\.invalid:0 cannot be used: \w+"):
        await start(runtime_in(tmp_path, listen={"host": "no-such-host.invalid", "port": 0}))


async def test_a_journal_that_cannot_be_opened(tmp_path: Path) -> None:
    """A file where its folder should be: no proxy, and nothing stays open."""
    runtime = runtime_in(tmp_path)
    (tmp_path / "audit").write_text("in the way", encoding="utf-8")
    with pytest.raises(JournalUnavailable, match="cannot be written"):
        await start(runtime)
    assert own_threads() == set()


SECRETS: dict[str, tuple[dict[str, Any], str]] = {
    "of the service": ({"upstream": {"api_key": {"file": "none.key"}}}, "none.key: the secret cannot be read"),
    "of digests": ({"audit": {"digest_key": {"file": "none.key"}}}, "none.key: the secret cannot be read"),
    "of the service, in no variable": (
        {"upstream": {"api_key": {"env": "FACEGATE_TEST_NO_SUCH_VARIABLE"}}},
        "the environment variable FACEGATE_TEST_NO_SUCH_VARIABLE is not set",
    ),
}


@pytest.mark.parametrize("name", SECRETS)
async def test_a_secret_that_is_missing(tmp_path: Path, name: str) -> None:
    """Said at the start, not at the first request; the journal is free again."""
    changes, why = SECRETS[name]
    with pytest.raises(ConfigurationError, match=why):
        await start(runtime_in(tmp_path, **changes))
    async with running(runtime_in(tmp_path)):
        pass


@pytest.mark.parametrize(("isolated", "workers"), [(False, 2), (True, 1), (True, 3)])
async def test_processes_for_pictures(tmp_path: Path, isolated: bool, workers: int) -> None:  # noqa: FBT001 - a table
    """As many as the settings say, there from the start and gone at the end; in threads none."""
    before = children()
    async with running(runtime_in(tmp_path, examination={"isolated": isolated, "workers": workers})) as facegate:
        assert len(children() - before) == (workers if isolated else 0)
        assert (facegate.workers is not None) is isolated
    assert children() - before == set()


async def test_the_demonstration_service(tmp_path: Path) -> None:
    """`endpoint: demo` brings a service of its own, with a key of its own, which goes with the proxy."""
    async with running(runtime_in(tmp_path, "demo", upstream={"api_key": None})) as facegate:
        assert await call(facegate) == 200
        inside = facegate.shell.upstream._base
        async with aiohttp.ClientSession() as session:
            target = f"{inside}/openai/v1/chat/completions"
            for key in (KEY, KEYS["retail-co"], ""):
                async with session.post(target, json=HELLO, headers={"api-key": key}) as reply:
                    assert reply.status == 401
    assert not listens(int(inside.rsplit(":", 1)[1]))


async def digests(runtime: Runtime) -> list[str]:
    """The digests of the body of the same call, made once under each of two starts."""
    for _ in range(2):
        async with running(runtime) as facegate:
            await call(facegate)
    journal = runtime.folder / runtime.settings.audit.path / "journal.jsonl"
    records = [orjson.loads(line) for line in journal.read_bytes().splitlines()]
    return [one["body_digest"] for one in records if one["kind"] == "decision"]


async def test_digests_can_be_compared_under_one_key(tmp_path: Path) -> None:
    """The same content, the same digest, across starts, as long as the key is the same."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = await digests(runtime_in(tmp_path / "one"))
    runtime = runtime_in(tmp_path / "two")
    (tmp_path / "two" / "digest.key").write_text("another key", encoding="utf-8")
    second = await digests(runtime)
    assert (len(set(first)), len(set(second)), len({*first, *second})) == (1, 1, 2)


async def test_without_a_key_each_start_draws_one(tmp_path: Path) -> None:
    """The same content, another digest after each start."""
    assert len(set(await digests(runtime_in(tmp_path, audit={"digest_key": None})))) == 2


async def test_what_is_told_at_the_start(tmp_path: Path) -> None:
    """Metrics of the version and of each pack; gauges that are read off what they measure."""
    async with running(runtime_in(tmp_path)) as facegate:
        shell = facegate.shell
        (pack,) = shell.runtime.policy.packs
        told = shell.metrics.value
        assert told("facegate_build_info", version=__version__) == 1
        revision = shell.runtime.policy.revision
        assert told("facegate_policy_info", pack=pack.name, version=pack.version, revision=revision) == 1
        gauges = ("facegate_inflight_requests", "facegate_inflight_bytes", "facegate_examination_queue")
        shell.in_flight.requests, shell.in_flight.held, shell.pool.waiting = 1, 2, 3
        assert [told(name) for name in gauges] == [1, 2, 3]
        shell.in_flight.requests = shell.in_flight.held = shell.pool.waiting = 0


async def arrives(proxy: Gate, number: int = 1) -> None:
    """Wait until requests have come to the service."""
    async with asyncio.timeout(GIVE_UP_S):
        while len(proxy.service.arrived) < number:
            await asyncio.sleep(0.005)


async def test_stopping_lets_requests_end(tmp_path: Path) -> None:
    """A request in flight gets its reply, a new connection none; health is told to the end; then the outcome is on the disk."""
    going_on = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await going_on.wait()
        return web.json_response({})

    async with gate(tmp_path, lexicons=few_words(tmp_path), drain_timeout_s=60.0) as proxy:
        proxy.service.behave = slow
        in_flight = asyncio.ensure_future(proxy.post(HELLO))
        await arrives(proxy)
        ports = (proxy.facegate.data_port, proxy.facegate.admin_port)
        stopping = asyncio.ensure_future(proxy.facegate.stop())
        async with asyncio.timeout(GIVE_UP_S):
            while listens(ports[0]):
                await asyncio.sleep(0.005)
        assert (stopping.done(), proxy.facegate.draining) == (False, True)
        for page, status in (("readyz", 503), ("livez", 200)):
            async with proxy.session.get(f"http://127.0.0.1:{ports[1]}/{page}") as reply:
                assert reply.status == status
        going_on.set()
        assert (await in_flight)[0] == 200
        await stopping
        kinds = [orjson.loads(line)["kind"] for line in proxy.journal.read_bytes().splitlines()]
        assert kinds == ["decision", "outcome"]
        assert not listens(ports[1])


async def test_stopping_does_not_wait_for_ever(tmp_path: Path) -> None:
    """What outlasts the drain time is cut off, cancelled at the service, and recorded as that."""

    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async with gate(tmp_path, lexicons=few_words(tmp_path), drain_timeout_s=0.2) as proxy, asyncio.timeout(GIVE_UP_S):
        proxy.service.behave = never
        in_flight = asyncio.ensure_future(proxy.post(HELLO))
        await arrives(proxy)
        await proxy.facegate.stop()
        with pytest.raises(aiohttp.ClientError):
            await in_flight
        await proxy.service.cancelled.wait()
        records = [orjson.loads(line) for line in proxy.journal.read_bytes().splitlines()]
        assert [one["kind"] for one in records] == ["decision", "outcome"]
        assert records[1]["ended"] == "cancelled"


async def test_stopping_twice(tmp_path: Path) -> None:
    """The second time there is nothing left to do."""
    facegate = await start(runtime_in(tmp_path))
    await facegate.stop()
    await facegate.stop()
    assert facegate.draining


@pytest.fixture
def _as_it_was() -> Iterator[None]:
    """What `serve` sets up for the whole process ends with the test."""
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    structlog.reset_defaults()


@pytest.mark.usefixtures("_as_it_was")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_until_a_signal(tmp_path: Path, number: int, capfd: pytest.CaptureFixture[str]) -> None:
    """`ready` is called once both ports are open, with the proxy; the signal ends it, and the log tells its life."""
    seen: list[list[bool]] = []

    def ready(facegate: Facegate) -> None:
        seen.append([listens(facegate.data_port), listens(facegate.admin_port)])
        os.kill(os.getpid(), number)

    configure("info")
    serve(runtime_in(tmp_path), ready)
    assert seen == [[True, True]]
    lines = [orjson.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", "serving"),
        ("info", "draining"),
        ("info", "stopped"),
    ]
    assert lines[0]["upstream"] == NOBODY


@pytest.mark.usefixtures("_as_it_was")
def test_the_start_fails(tmp_path: Path) -> None:
    """The reason comes out, and `ready` is not called."""
    with taken() as port, pytest.raises(ConfigurationError, match="Address already in use"):
        serve(runtime_in(tmp_path, listen={"port": port}), lambda _: pytest.fail("it is not ready"))


async def test_a_burst_of_connections(tmp_path: Path) -> None:
    """Connections that come faster than they are greeted wait, and a call among them is served."""
    async with running(runtime_in(tmp_path)) as facegate:
        opened = await asyncio.gather(*[asyncio.open_connection("127.0.0.1", facegate.data_port) for _ in range(300)])
        assert await call(facegate) == 502
        for _, writer in opened:
            writer.close()
