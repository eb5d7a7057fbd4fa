"""Imports run one way, the core does no I/O, and what checks both would notice."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from support.programs import require_program, run
from support.tree import PACKAGE, ROOT, modules

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

FORBIDDEN = frozenset(CONTRACTS[1]["forbidden_modules"])

BROUGHT_ALONG = frozenset({"socket"})
"""What pydantic, which reads the operator's files, loads by way of the standard library's `email.utils`, and never uses."""

CORE = ("proxy.screen", "proxy.surface", "proxy.examine", "proxy.judge")


def lint(folder: Path) -> tuple[int, str]:
    """Check the contracts of a tree."""
    return run(require_program("lint-imports", "import-linter"), "--no-cache", "--no-logo", at=folder)


def loaded_by(names: Iterable[str]) -> set[str]:
    """All modules that a fresh interpreter holds after it has imported these."""
    program = f"import sys, {', '.join(names)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - this interpreter
    return set(done.stdout.decode("utf-8").split())


def module_name(path: Path) -> str:
    """The name under which a file of proxy/ is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_the_contracts_hold() -> None:
    """As `make lint` checks them."""
    status, said = lint(ROOT)
    assert (status, said.count("KEPT"), said.count("BROKEN")) == (0, len(CONTRACTS), 0), said


BREACHES = {
    # an import where it must not stand: which module, what it imports, what the check says of it
    "a detector that knows rules": ("examine/media.py", "proxy.judge.policy", "proxy.examine.media -> proxy.judge.policy"),
    "a value that knows the shell": ("content.py", "proxy.settings", "proxy.content -> proxy.settings"),
    "the core opens a connection": ("judge/policy.py", "aiohttp", "proxy.judge.policy -> aiohttp"),
    "the core waits": ("screen.py", "asyncio", "proxy.screen -> asyncio"),
    "a module without a place": ("elsewhere.py", "proxy.errors", "proxy.elsewhere"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREACHES)
def test_the_contracts_would_notice(tmp_path: Path, name: str) -> None:
    """Each breach is told with the module that commits it."""
    where, what, told = BREACHES[name]
    shutil.copytree(PACKAGE, tmp_path / "proxy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "proxy" / where).open("a", encoding="utf-8") as file:
        file.write(f"\nimport {what}\n")
    status, said = lint(tmp_path)
    assert (status, told in said) == (1, True), said


def test_the_contracts_name_the_core() -> None:
    """The contract is about the packages that this file calls the core."""
    assert tuple(CONTRACTS[1]["source_modules"]) == CORE


def test_screening_loads_no_io() -> None:
    """Whoever imports the core gets no event loop, no client and no log with it."""
    assert loaded_by(["proxy.screen"]) & FORBIDDEN == set()


def test_no_module_of_the_core_loads_io() -> None:
    """The same for each of its modules, also for those that `proxy.screen` alone does not load."""
    names = [module_name(path) for path in modules()]
    core = [name for name in names if name.startswith(CORE)]
    loaded = loaded_by(core)
    assert set(core) <= loaded
    assert loaded & FORBIDDEN <= BROUGHT_ALONG


def test_the_shell_does_load_io() -> None:
    """What is looked for is found where it is."""
    assert loaded_by(["proxy.serve.lifecycle", "proxy.cli"]) >= FORBIDDEN
