"""The admin port: whether Facegate lives, whether it can serve, and its metrics."""

from collections.abc import Callable

import orjson
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

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
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", exposition)])
    return application
