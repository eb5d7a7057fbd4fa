"""facegate demo."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import orjson
from ruamel.yaml import YAML

from proxy.admit.credentials import digest_of, new_key
from proxy.cli.configuration import config_option
from proxy.cli.tenants import add_credential
from proxy.demo.calls import TENANTS, Surprise, run
from proxy.errors import ConfigurationError
from proxy.settings import DEMO, load_settings

START_S: Final = 30.0
"""Seconds within which the proxy must be serving."""

OUTCOMES_S: Final = 5.0
"""Seconds to wait for the last outcome to come into the journal."""


@dataclass(frozen=True, slots=True)
class Running:
    """A proxy that was started for the demonstration."""

    data: str
    admin: str
    process: "subprocess.Popen[bytes]"


@click.command()
@config_option
@click.option("--keep", is_flag=True, help="Go on serving afterwards, until Ctrl-C, with the keys shown.")
def demo(config: Path, *, keep: bool) -> None:
    """Start the proxy with a built-in stand-in for the service, and show what it forwards and what it refuses.

    Works on a copy of the configuration, with keys made for the occasion and ports of the system's choice.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the proxy and its folder go too
    with tempfile.TemporaryDirectory(prefix="facegate-demo-") as folder:
        settings, keys = prepare(config, Path(folder))
        click.echo(f"$ facegate serve --config {settings}")
        with _serving(settings, Path(folder) / "proxy.log") as running:
            click.echo(f"serving on {running.data}; metrics and health on {running.admin}")
            try:
                run(running.data, keys, click.echo)
            except Surprise as surprise:
                raise click.ClickException(str(surprise)) from surprise
            _show_evidence(running, settings.parent.parent / "var" / "audit" / "journal.jsonl")
            if keep:
                _wait(running, keys)


def prepare(config: Path, folder: Path) -> tuple[Path, Mapping[str, str]]:
    """Copy the configuration of `config` into `folder`, with the demonstration's upstream, free ports and a key a tenant.

    Returns the settings file of the copy, and the keys by tenant.
    """
    load_settings(config)
    copied = folder / "config"
    shutil.copytree(config.resolve().parent, copied)
    settings = copied / config.name
    yaml = YAML()
    document = yaml.load(settings.read_text(encoding="utf-8"))
    document["listen"] = {"host": "127.0.0.1", "port": 0}
    document["admin"] = {"host": "127.0.0.1", "port": 0}
    document["upstream"] = {"endpoint": DEMO}
    document["audit"] = {"path": "../var/audit"}
    with settings.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
    keys = {tenant: new_key() for tenant in TENANTS}
    for tenant, key in keys.items():
        add_credential(copied / load_settings(settings).tenants, tenant, "demo", digest_of(key))
    return settings, keys


@contextmanager
def _serving(settings: Path, log: Path) -> Iterator[Running]:
    command = [sys.executable, "-m", "proxy", "serve", "--config", str(settings)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stderr=out)  # noqa: S603 - this program itself
    try:
        yield _started(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START_S)


def _started(process: "subprocess.Popen[bytes]", log: Path) -> Running:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        lines = log.read_bytes().splitlines()
        for line in lines:
            event = orjson.loads(line) if line.startswith(b"{") and line.endswith(b"}") else {}
            if event.get("event") == "serving":
                data, admin = (f"http://127.0.0.1:{event[name]}" for name in ("data_port", "admin_port"))
                return Running(data, admin, process)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise ConfigurationError("the proxy did not start:", *log.read_text(encoding="utf-8").splitlines())


def _show_evidence(running: Running, journal: Path) -> None:
    decisions, outcomes = _records(journal)
    click.echo(f"\nThe journal holds {len(decisions)} decisions and {len(outcomes)} outcomes; no words, no pixels:")
    for one in decisions:
        rules = ", ".join(one.get("rules", ())) or "-"
        click.echo(f"   {one['decision_id']}  {one['tenant']:10} {one['outcome']:7} {rules}")
    with urllib.request.urlopen(f"{running.admin}/metrics") as reply:  # noqa: S310 - our own admin port
        lines = reply.read().decode("utf-8").splitlines()
    click.echo(f"\n{running.admin}/metrics counts them:")
    for line in lines:
        if line.startswith("facegate_requests_total"):
            click.echo(f"   {line}")


def _records(journal: Path) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    """Decisions and outcomes; an outcome is on its way for a moment after the caller has its reply."""
    end = time.monotonic() + OUTCOMES_S
    while True:
        records = [orjson.loads(line) for line in journal.read_bytes().splitlines()]
        decisions = [one for one in records if one["kind"] == "decision"]
        outcomes = [one for one in records if one["kind"] == "outcome"]
        if len(outcomes) == len(decisions) or time.monotonic() > end:
            return decisions, outcomes
        time.sleep(0.02)


def _wait(running: Running, keys: Mapping[str, str]) -> None:
    click.echo(f"\nStill serving on {running.data}. Keys:")
    for tenant, key in keys.items():
        click.echo(f"   {tenant:10} {key}")
    click.echo(
        f"Try: curl -s {running.data}/openai/v1/chat/completions -H 'api-key: {keys[TENANTS[0]]}'"
        """ -H 'content-type: application/json' -d '{"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}'"""
    )
    click.echo("Ctrl-C ends it.")
    try:
        running.process.wait()
    except KeyboardInterrupt:
        os.write(1, b"\n")
