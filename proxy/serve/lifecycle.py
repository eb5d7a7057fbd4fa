"""Starting, serving, draining, stopping."""

import asyncio
import contextlib
import ctypes
import gc
import os
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
import uvloop
from aiohttp import web
from blake3 import blake3
from pydantic import SecretStr

from proxy import __version__
from proxy.content import Json
from proxy.demo.service import DemoService, start_demo_service
from proxy.errors import ConfigurationError, RequestError
from proxy.examine.semantic.scorer import SemanticUnavailable
from proxy.examine.unfold import STEPS
from proxy.forward.fetch import Fetcher
from proxy.forward.kept import KeptFiles, KeptLimits
from proxy.forward.upstream import Endpoint, Upstream
from proxy.record.entry import Entries
from proxy.record.journal import Journal
from proxy.record.metrics import Metrics
from proxy.serve.admin_port import admin_application
from proxy.serve.body import InFlight
from proxy.serve.data_port import DataServer
from proxy.serve.exchange import Exchange, Shell
from proxy.serve.memory import Memory
from proxy.serve.memory_sqlite import SqliteMemory
from proxy.serve.memory_store import Place
from proxy.serve.pool import Pool
from proxy.serve.remembering import Remembering
from proxy.serve.remote import RemotePictures, fetch_limits
from proxy.serve.runtime import Runtime, describe, document_limits
from proxy.serve.sessions import Sessions
from proxy.serve.unknown_files import Means, UnknownFiles
from proxy.serve.uploads import Room, Uploads
from proxy.serve.workers import PictureWorkers
from proxy.settings import DEMO, Limits, Listen, UnknownReferences
from proxy.surface import FIELD_NAMES

log = structlog.get_logger("facegate")

_READERS = 2
"""Threads beside those that wait for pictures, for large bodies and long texts."""

_FILES = 8
"""Files of lines that wait for the one before: each may take a minute, so they have a thread of their own."""

_SWITCH_S = 0.001
"""Seconds after which a thread that reads a large body hands the interpreter to the event loop, if that wants it."""

_GC_THRESHOLD = 50_000
"""Allocations between two collections of the youngest generation: requests leave few cycles behind."""


@dataclass(slots=True)
class Facegate:
    """A running proxy: its ports, and the means to stop it."""

    shell: Shell
    data: web.ServerRunner
    admin: web.AppRunner
    workers: PictureWorkers | None
    stopping: asyncio.Event
    opened: AsyncExitStack

    @property
    def data_port(self) -> int:
        """The port that applications call."""
        return int(self.data.addresses[0][1])

    @property
    def admin_port(self) -> int:
        """The port of the metrics and health pages."""
        return int(self.admin.addresses[0][1])

    @property
    def draining(self) -> bool:
        """Whether it takes no new requests any more."""
        return self.stopping.is_set()

    async def stop(self) -> None:
        """Let the requests in flight end (within the drain time), then close everything, the admin port last."""
        self.stopping.set()
        await self.opened.aclose()


async def start(runtime: Runtime, fetcher: Fetcher | None = None) -> Facegate:
    """Open the journal, the upstream and both ports. `fetcher` fetches pictures; None: one that does as the settings say.

    Raises JournalUnavailable, or ConfigurationError for a secret that is missing or an address that cannot be listened on;
    then nothing stays open.
    """
    settings, metrics, stopping = runtime.settings, Metrics(), asyncio.Event()
    async with AsyncExitStack() as opened:
        journal = Journal(runtime.folder / settings.audit.path, settings.audit.durability, metrics)
        opened.push_async_callback(journal.close)
        memory = SqliteMemory(memory_place(runtime), metrics, settings.memory.recent)
        opened.push_async_callback(memory.close)
        application = admin_application(journal, metrics, lambda: _details(runtime, memory), stopping.is_set)
        admin = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        opened.push_async_callback(admin.cleanup)
        fetching = fetcher or Fetcher(fetch_limits(settings))
        opened.push_async_callback(fetching.close)
        shell, workers = await _open_shell(runtime, journal, metrics, (fetching, memory), opened)
        _announce(shell)
        data = _data_runner(shell)
        opened.push_async_callback(data.cleanup)
        opened.callback(shell.sessions.end)
        await _listen(data, settings.listen, "listen")
        await _listen(admin, settings.admin, "admin")
        return Facegate(shell, data, admin, workers, stopping, opened.pop_all())


async def _open_shell(
    runtime: Runtime, journal: Journal, metrics: Metrics, means: tuple[Fetcher, Memory], opened: AsyncExitStack
) -> tuple[Shell, PictureWorkers | None]:
    settings, (fetcher, memory) = runtime.settings, means
    demo = await start_demo_service() if settings.upstream.endpoint == DEMO else None
    if demo is not None:
        opened.push_async_callback(demo.stop)
    endpoint, entries = _endpoint(runtime, demo), Entries(_digest_key(runtime), FIELD_NAMES | STEPS)
    _load_scorer(runtime)
    workers = _workers(runtime)
    if workers is not None:
        opened.callback(workers.close)
    pool = Pool(settings.examination.workers + _READERS, settings.examination.queue)
    opened.callback(pool.close)
    files = Pool(1, _FILES)
    opened.callback(files.close)
    upstream = Upstream(endpoint)
    opened.push_async_callback(upstream.close)
    judging = runtime.with_faces(workers).with_unfold(workers.unfold) if workers is not None else runtime
    in_flight = InFlight(settings.limits.inflight_bytes)
    sessions = Sessions(settings.realtime.sessions)
    most = settings.remote_images.pictures, settings.limits.body_bytes
    remote = RemotePictures(fetcher, pool, in_flight, metrics, *most)
    remembering = Remembering(memory, metrics, pool, in_flight, files)
    kept = KeptFiles(upstream, runtime.catalogue, _kept_limits(settings.unknown_references))
    knowing = Means(judging, kept, memory, remembering, journal, entries, metrics, pool, files)
    unknown = UnknownFiles(knowing, settings.unknown_references.files, settings.unknown_references.at_a_time)
    uploads = Uploads(upstream, pool, runtime.surface_limits, _upload_room(settings.limits))
    opened.callback(uploads.close)
    return Shell(
        judging,
        pool,
        files,
        journal,
        entries,
        metrics,
        upstream,
        in_flight,
        sessions,
        uploads,
        remote,
        remembering,
        unknown,
    ), workers


def _upload_room(limits: Limits) -> Room:
    return Room(limits.upload_bytes, limits.uploads_bytes, limits.upload_seconds)


def _kept_limits(unknown: UnknownReferences) -> KeptLimits:
    return KeptLimits(unknown.file_bytes, unknown.seconds)


def _data_runner(shell: Shell) -> web.ServerRunner:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await Exchange(shell, request).run()

    def malformed(request: web.BaseRequest, error: RequestError) -> web.Response:
        return Exchange(shell, request).malformed(error)

    settings = shell.runtime.settings
    server = DataServer(handle, malformed, settings.limits)
    return web.ServerRunner(server, shutdown_timeout=settings.drain_timeout_s)


async def _listen(runner: web.BaseRunner, listen: Listen, section: str) -> None:
    await runner.setup()
    try:
        await web.TCPSite(runner, listen.host, listen.port, backlog=1024).start()
    except OSError as failure:
        number = failure.errno or 0  # negative where it is a name that cannot be resolved
        why = os.strerror(number) if number > 0 else failure.strerror or str(failure)
        raise ConfigurationError(
            f"{section}: the address {listen.host}:{listen.port} cannot be used: {why}"
        ) from failure


def _load_scorer(runtime: Runtime) -> None:
    """Load what scores words now rather than at the first picture. Where it cannot be, requests with pictures are refused."""
    if runtime.scorer is not None:
        with contextlib.suppress(SemanticUnavailable):
            runtime.scorer.load()


def _workers(runtime: Runtime) -> PictureWorkers | None:
    """The processes that look at pictures and open files, on their way up."""
    examination = runtime.settings.examination
    if not examination.isolated:
        return None
    documents = document_limits(runtime.settings.limits)
    workers = PictureWorkers(examination.workers, runtime.faces, examination.worker_memory_bytes, documents)
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


def _details(runtime: Runtime, memory: Memory) -> dict[str, Json]:
    return {**describe(runtime), "memory": f"fails: {memory.failure}" if memory.failure else "ok"}


def memory_place(runtime: Runtime) -> Place:
    """Where the memory lies. Its key is derived from the audit's, if there is one."""
    settings, folder = runtime.settings.memory, runtime.folder
    given = folder / settings.path if settings.path else (folder / runtime.settings.audit.path).parent / "memory"
    secret = runtime.settings.audit.digest_key
    key = secret.read(folder).get_secret_value().encode() if secret else None
    return Place(given, key, settings.days, settings.database_bytes)


def _announce(shell: Shell) -> None:
    metrics, runtime = shell.metrics, shell.runtime
    metrics.watch("facegate_inflight_requests", lambda: shell.in_flight.requests)
    metrics.watch("facegate_inflight_bytes", lambda: shell.in_flight.held)
    metrics.watch("facegate_upload_bytes", lambda: shell.uploads.held)
    metrics.watch("facegate_realtime_sessions", lambda: len(shell.sessions))
    metrics.watch("facegate_examination_queue", lambda: shell.pool.waiting)
    metrics.set("facegate_build_info", 1, __version__)
    metrics.set("facegate_semantic_ready", int(runtime.scorer is not None and runtime.scorer.state == "ok"))
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
    _trim()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, 20, 20)
    sys.setswitchinterval(_SWITCH_S)
    log.info("serving", data_port=facegate.data_port, admin_port=facegate.admin_port, **describe(runtime))
    _warn(runtime)
    if ready is not None:
        ready(facegate)
    await stopping.wait()
    log.info("draining", seconds=runtime.settings.drain_timeout_s)
    await facegate.stop()
    log.info("stopped")


def _trim() -> None:
    """Give back to the system what reading the configuration took: some 30 MB. Only where the C library is glibc."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _warn(runtime: Runtime) -> None:
    if runtime.settings.upstream.endpoint == DEMO:
        log.warning("demo_upstream", meaning="replies are made up; set upstream.endpoint for the real service")
    if not runtime.register.by_digest:
        log.warning("no_credentials", meaning="nobody can call; make a key with `facegate tenants key TENANT`")
    if runtime.settings.audit.digest_key is None:
        log.warning("digest_key_drawn", meaning="digests in the journal cannot be compared across restarts")
    direct = sorted(one.id for one in runtime.register.tenants.values() if one.direct_realtime)
    if direct:
        log.warning(
            "direct_realtime", tenants=direct, meaning="these may open realtime sessions that are not seen here"
        )
    fetching = sorted(one.id for one in runtime.register.tenants.values() if one.unknown_references == "fetch")
    if fetching:
        log.warning(
            "unknown_references",
            tenants=fetching,
            meaning="these have every file of the service that they name and no other tenant is known to have made",
        )
    if not runtime.faces.available:
        log.warning("faces_unavailable", reason=runtime.faces.reason, meaning="requests with pictures are refused")
    _warn_of_words(runtime)


def _warn_of_words(runtime: Runtime) -> None:
    if runtime.scorer is None:
        log.warning("semantic_off", meaning="what is asked for without the words of the word lists is not seen")
    elif runtime.scorer.state != "ok":
        log.warning("semantic_unavailable", reason=runtime.scorer.state, meaning="requests with pictures are refused")
