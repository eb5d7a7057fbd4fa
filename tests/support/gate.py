"""A whole Facegate in the test's own loop: its ports, keys, journal, and clients to call it with."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from openai import AsyncAzureOpenAI, AsyncOpenAI
from pydantic import BaseModel
from support.service import KEY, StandIn, stand_in

from proxy.admit.credentials import digest_of, new_key
from proxy.admit.register import RegisterFile
from proxy.cli.tenants import add_credential
from proxy.forward.fetch import Fetcher
from proxy.serve.lifecycle import Facegate, start
from proxy.serve.runtime import Runtime, load_runtime
from proxy.settings import Secret, Settings

CONFIG = Path(__file__).resolve().parent.parent.parent / "config"

API_VERSION = "2024-10-21"

TENANTS = ("retail-co", "metro-pd", "eu-police", "city-vendor", "police-vendor", "acme-health")

KEYS: Mapping[str, str] = {tenant: new_key() for tenant in TENANTS}


@dataclass
class Gate:
    """A running Facegate with its stand-in service."""

    facegate: Facegate
    service: StandIn
    runtime: Runtime
    session: aiohttp.ClientSession
    keys: Mapping[str, str] = field(default_factory=lambda: KEYS)
    clients: list[AsyncOpenAI] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Base URL of the data port."""
        return f"http://127.0.0.1:{self.facegate.data_port}"

    @property
    def admin_url(self) -> str:
        """Base URL of the admin port."""
        return f"http://127.0.0.1:{self.facegate.admin_port}"

    def azure(self, tenant: str = "retail-co", **options: Any) -> AsyncAzureOpenAI:
        """The SDK's Azure client."""
        given = {"api_key": self.keys[tenant], **options}
        client = AsyncAzureOpenAI(azure_endpoint=self.url, api_version=API_VERSION, **given)
        self.clients.append(client)
        return client

    def openai(self, tenant: str = "retail-co", **options: Any) -> AsyncOpenAI:
        """The SDK's plain client, in the v1 style."""
        client = AsyncOpenAI(base_url=f"{self.url}/openai/v1", api_key=self.keys[tenant], **options)
        self.clients.append(client)
        return client

    async def post(
        self, body: Any, tenant: str = "retail-co", path: str = "/openai/v1/chat/completions", **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Post JSON (or bytes as they are): status, parsed reply, headers. `_` in header names stands for `-`."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"api-key": self.keys[tenant], "content-type": "application/json", **named}
        async with self.session.post(
            self.url + path, data=io.BytesIO(data), headers=sent, allow_redirects=False
        ) as reply:
            read = await reply.read()
            return reply.status, (orjson.loads(read) if read else None), reply.headers

    async def raw(self, data: bytes, *, close: bool = False) -> bytes:
        """Send bytes over a bare connection (and, with `close`, hang up); all that comes until the proxy closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.facegate.data_port)
        try:
            writer.write(data)
            await writer.drain()
            if close and writer.can_write_eof():
                writer.write_eof()
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    @property
    def journal(self) -> Path:
        """The journal file."""
        return self.facegate.shell.journal.path

    async def records(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What the journal holds by now, once nothing is on its way to the disk."""
        while self.facegate.shell.journal.busy:
            await asyncio.sleep(0.005)
        found = [orjson.loads(line) for line in self.journal.read_bytes().splitlines()]
        return [one for one in found if kind is None or one["kind"] == kind]

    async def endings(self, number: int = 1) -> list[dict[str, Any]]:
        """The outcome records, once there are `number` of them."""
        async with asyncio.timeout(10):
            while len(found := await self.records("outcome")) < number:
                await asyncio.sleep(0.01)
        return found

    def metric(self, name: str, **labels: str) -> float:
        """The present value of a series."""
        return self.facegate.shell.metrics.value(name, **labels)


def register_with_keys(folder: Path, hosts: Sequence[str] = ()) -> Path:
    """A copy of the shipped register in `folder`, in which each tenant has its key of `KEYS`, and `hosts` of pictures."""
    path = folder / "tenants.yaml"
    text = (CONFIG / "tenants.yaml").read_text(encoding="utf-8")
    more = f"    remote_images: {{fetch: [{', '.join(map(repr, hosts))}]}}\n" if hosts else ""
    path.write_text(text.replace("    attributes:\n", f"{more}    attributes:\n"), encoding="utf-8")
    for tenant, key in KEYS.items():
        add_credential(path, tenant, "test", digest_of(key))
    return path


def settings_for(folder: Path, upstream: str, changes: Mapping[str, Any]) -> Settings:
    """Settings with free ports, the shipped policy, and everything else in `folder`; `changes` are merged in."""
    (folder / "service.key").write_text(KEY, encoding="utf-8")
    plain: dict[str, Any] = {
        "listen": {"port": 0},
        "admin": {"port": 0},
        "upstream": {"endpoint": upstream, "api_key": Secret(file="service.key")},
        "tenants": "tenants.yaml",
        "policies": (str(CONFIG / "policies" / "ms-aoai-coc" / "2024-05-01"),),
        "lexicons": str(CONFIG / "lexicons"),
        "cameras": str(CONFIG / "cameras.yaml"),
        "audit": {"path": "audit"},
        "examination": {"isolated": False},
        "drain_timeout_s": 5.0,
    }
    for section, values in changes.items():
        known = plain.get(section)
        plain[section] = {**known, **values} if isinstance(known, dict) else values
    return Settings.model_validate(plain)


def write_settings(path: Path, settings: Settings) -> None:
    """Write settings as a proxy.yaml (JSON is YAML)."""

    def plain(value: Any) -> Any:
        return value.model_dump(exclude_none=True) if isinstance(value, BaseModel) else value

    path.write_bytes(orjson.dumps(plain(settings), default=plain))


@asynccontextmanager
async def gate(
    folder: Path,
    register: RegisterFile | None = None,
    hosts: Sequence[str] = (),
    fetcher: Fetcher | None = None,
    **changes: Any,
) -> AsyncIterator[Gate]:
    """A Facegate that keeps its files in `folder`. `changes` are sections of the settings, as in `limits={…}`.

    `register` takes the place of the shipped one, in which each tenant has its key of `KEYS`, and may have pictures fetched from
    `hosts`, by `fetcher`.
    """
    async with stand_in() as service:
        if register is None:
            register_with_keys(folder, hosts)
        else:
            (folder / "tenants.yaml").write_text(register.model_dump_json(exclude_none=True), encoding="utf-8")
        path = folder / "proxy.yaml"
        write_settings(path, settings_for(folder, service.url, changes))
        runtime = load_runtime(path)
        facegate = await start(runtime, fetcher)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            running = Gate(facegate, service, runtime, session)
            try:
                yield running
            finally:
                for client in running.clients:
                    await client.close()
                await facegate.stop()
