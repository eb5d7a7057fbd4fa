"""Starting, serving, draining, stopping."""

import asyncio
import gc
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import uvloop
from aiohttp import web
from blake3 import blake3
from pydantic import SecretStr

from proxy import __version__
from proxy.demo.service import DemoService, start_demo_service
from proxy.errors import RequestError
from proxy.forward.upstream import Endpoint, Upstream
from proxy.record.entry import Entries
from proxy.record.journal import Journal
from proxy.record.metrics import Metrics
from proxy.serve.admin_port import admin_application
from proxy.serve.body import InFlight
from proxy.serve.data_port import DataServer
from proxy.serve.exchange import Exchange, Shell
from proxy.serve.pool import Pool
from proxy.serve.runtime import Runtime, describe
from proxy.serve.workers import PictureWorkers
from proxy.settings import DEMO
from proxy.surface import FIELD_NAMES

log = structlog.get_logger("facegate")

_READERS = 2
"""Threads beside those that wait for pictures, for large bodies and long texts."""

_GC_THRESHOLD = 50_000
"""Allocations between two collections of the youngest generation: requests leave few cycles behind."""


@dataclass(slots=True)
class Facegate:
    """A running proxy: its ports, and the means to stop it."""

    shell: Shell
    data: web.ServerRunner
    admin: web.AppRunner
    demo: DemoService | None
    workers: PictureWorkers | None
    draining: bool = False

    @property
    def data_port(self) -> int:
        """The port that applications call."""
        return int(self.data.addresses[0][1])

    @property
    def admin_port(self) -> int:
        """The port of the metrics and health pages."""
        return int(self.admin.addresses[0][1])

    async def stop(self) -> None:
        """Let the requests in flight end (within the drain time), then close everything."""
        self.draining = True
        await self.data.cleanup()
        await self.shell.upstream.close()
        self.shell.pool.close()
        if self.workers is not None:
            self.workers.close()
        await self.shell.journal.close()
        if self.demo is not None:
            await self.demo.stop()
        await self.admin.cleanup()


async def start(runtime: Runtime) -> Facegate:
    """Open the journal, the upstream and both ports. Raises ConfigurationError, JournalUnavailable or OSError."""
    settings = runtime.settings
    metrics = Metrics()
    journal = Journal(runtime.folder / settings.audit.path, settings.audit.durability, metrics)
    demo = await start_demo_service() if settings.upstream.endpoint == DEMO else None
    workers = _workers(runtime)
    shell = Shell(
        runtime=runtime.with_faces(workers) if workers is not None else runtime,
        pool=Pool(settings.examination.workers + _READERS, settings.examination.queue),
        journal=journal,
        entries=Entries(_digest_key(runtime), FIELD_NAMES),
        metrics=metrics,
        upstream=Upstream(_endpoint(runtime, demo)),
        in_flight=InFlight(settings.limits.inflight_bytes),
    )
    _announce(shell)
    data = await _open_data_port(shell)
    facegate = Facegate(shell, data, web.AppRunner(web.Application()), demo, workers)
    application = admin_application(journal, metrics, lambda: describe(runtime), lambda: facegate.draining)
    facegate.admin = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await facegate.admin.setup()
    await web.TCPSite(facegate.admin, settings.admin.host, settings.admin.port).start()
    return facegate


async def _open_data_port(shell: Shell) -> web.ServerRunner:
    settings = shell.runtime.settings

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await Exchange(shell, request).run()

    def malformed(request: web.BaseRequest, error: RequestError) -> web.Response:
        return Exchange(shell, request).malformed(error)

    runner = web.ServerRunner(DataServer(handle, malformed, settings.limits), shutdown_timeout=settings.drain_timeout_s)
    await runner.setup()
    await web.TCPSite(runner, settings.listen.host, settings.listen.port, backlog=1024).start()
    return runner


def _workers(runtime: Runtime) -> PictureWorkers | None:
    """The processes that look at pictures, on their way up."""
    examination = runtime.settings.examination
    if not (examination.isolated and runtime.faces.available):
        return None
    workers = PictureWorkers(examination.workers, runtime.faces, examination.worker_memory_bytes)
    workers.start()
    return workers


def _endpoint(runtime: Runtime, demo: DemoService | None) -> Endpoint:
    upstream = runtime.settings.upstream
    if demo is not None:
        return Endpoint(demo.url, SecretStr(demo.key))
    key = upstream.api_key.read(runtime.folder) if upstream.api_key else None
    return Endpoint(upstream.endpoint, key, upstream.connect_timeout_s, upstream.read_timeout_s, upstream.connections)


def _digest_key(runtime: Runtime) -> bytes:
    secret = runtime.settings.audit.digest_key
    if secret is None:
        return secrets.token_bytes(32)
    return blake3(secret.read(runtime.folder).get_secret_value().encode()).digest()


def _announce(shell: Shell) -> None:
    metrics, runtime = shell.metrics, shell.runtime
    metrics.watch("facegate_inflight_requests", lambda: shell.in_flight.requests)
    metrics.watch("facegate_inflight_bytes", lambda: shell.in_flight.held)
    metrics.watch("facegate_examination_queue", lambda: shell.pool.waiting)
    metrics.set("facegate_build_info", 1, __version__)
    for pack in runtime.policy.packs:
        metrics.set("facegate_policy_info", 1, pack.name, pack.version, runtime.policy.revision)


def serve(runtime: Runtime, ready: Callable[[Facegate], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once both ports are open."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(runtime, ready))


async def _serve(runtime: Runtime, ready: Callable[[Facegate], None] | None) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    facegate = await start(runtime)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, 20, 20)
    log.info("serving", data_port=facegate.data_port, admin_port=facegate.admin_port, **describe(runtime))
    _warn(runtime)
    if ready is not None:
        ready(facegate)
    await stopping.wait()
    log.info("draining", seconds=runtime.settings.drain_timeout_s)
    await facegate.stop()
    log.info("stopped")


def _warn(runtime: Runtime) -> None:
    if runtime.settings.upstream.endpoint == DEMO:
        log.warning("demo_upstream", meaning="replies are made up; set upstream.endpoint for the real service")
    if not runtime.register.by_digest:
        log.warning("no_credentials", meaning="nobody can call; make a key with `facegate tenants key TENANT`")
    if runtime.settings.audit.digest_key is None:
        log.warning("digest_key_drawn", meaning="digests in the journal cannot be compared across restarts")
    if not runtime.faces.available:
        log.warning("faces_unavailable", reason=runtime.faces.reason, meaning="requests with pictures are refused")
