"""The processes that are measured: started, watched through /proc, stopped."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from proxy.admit.credentials import digest_of, new_key
from proxy.cli.tenants import add_credential

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Watched:
    """A process that listens on `port`."""

    port: int
    pid: int

    def family(self) -> list[int]:
        """The process and its children."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return [self.pid, *(int(child) for task in tasks for child in (task / "children").read_text().split())]

    def cpu_s(self) -> float:
        """CPU seconds that the family has used, in user and system."""
        ticks = 0
        for pid in self.family():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS

    def _status_mb(self, name: str) -> float:
        lines = [line for pid in self.family() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

    def peak_mb(self) -> float:
        """The most memory that the family has held, each process at its own peak, in MiB."""
        return self._status_mb("VmHWM")

    def now_mb(self) -> float:
        """The memory that the family holds, in MiB."""
        return self._status_mb("VmRSS")


@contextmanager
def script(name: str, *arguments: str) -> Iterator[Watched]:
    """One of the scripts beside this file."""
    process = subprocess.Popen([sys.executable, str(HERE / name), *arguments], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Watched(int(process.stdout.readline()), process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def facegate(folder: Path, service: Watched, key: str) -> Iterator[Watched]:
    """Facegate with the shipped configuration, in front of `service`; `key` is retail-co's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tenants.yaml").write_bytes((CONFIG / "tenants.yaml").read_bytes())
    add_credential(folder / "tenants.yaml", "retail-co", "bench", digest_of(key))
    (folder / "service.key").write_text("key", encoding="utf-8")
    settings = {
        "listen": {"port": 0},
        "admin": {"port": 0},
        "upstream": {"endpoint": f"http://127.0.0.1:{service.port}", "api_key": {"file": "service.key"}},
        "tenants": "tenants.yaml",
        "policies": [str(CONFIG / "policies" / "ms-aoai-coc" / "2024-05-01")],
        "lexicons": str(CONFIG / "lexicons"),
        "cameras": str(CONFIG / "cameras.yaml"),
        "audit": {"path": "audit"},
    }
    (folder / "proxy.yaml").write_bytes(orjson.dumps(settings))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "proxy", "serve", "--config", str(folder / "proxy.yaml")], stderr=out
        )
    try:
        yield Watched(_port(process, log), process.pid)
    finally:
        process.kill()
        process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    while process.poll() is None:
        for line in log.read_bytes().splitlines():
            if b'"serving"' in line:
                return int(orjson.loads(line)["data_port"])
        time.sleep(0.05)
    raise RuntimeError(log.read_text())


__all__ = ["Watched", "facegate", "new_key", "script"]
