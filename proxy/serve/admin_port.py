"""The admin port: whether Facegate lives, whether it can serve, and its metrics."""

import asyncio
from collections.abc import Callable, Iterator

import orjson
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from proxy.content import Json
from proxy.record.journal import Journal
from proxy.record.metrics import Metrics

Details = Callable[[], dict[str, Json]]


def admin_application(
    journal: Journal, metrics: Metrics, details: Details, draining: Callable[[], bool]
) -> web.Application:
    """The application of the admin port.

    `/livez` answers 200 while the process serves. `/readyz` answers 200, or 503 with the reason: the journal cannot be
    written, or the process is draining. `details` gives what else the page shows. `/metrics` is the Prometheus exposition.
    """
    metrics.watch("facegate_ready", lambda: journal.failure is None and not draining())

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        healthy = await journal.healthy()
        ready = healthy and not draining()
        page = {
            "ready": ready,
            "draining": draining(),
            "journal": "ok" if healthy else f"cannot be written: {journal.failure}",
            **details(),
        }
        return web.Response(
            status=200 if ready else 503,
            body=orjson.dumps(page, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
            content_type="application/json",
        )

    async def exposition(_: web.Request) -> web.Response:
        return web.Response(body=await _rendered(metrics), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    application = web.Application()
    application.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", exposition)])
    return application


class _One(Collector):
    """A collector of one metric."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterator[Family]:
        yield self._family


async def _rendered(metrics: Metrics) -> bytes:
    """The exposition. It takes about 7 µs a line, so requests get their turn after each metric."""
    pieces: list[bytes] = []
    for family in metrics.registry.collect():
        pieces.append(generate_latest(_One(family)))
        await asyncio.sleep(0)
    return b"".join(pieces)
