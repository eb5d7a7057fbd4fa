"""The command line as a whole: help is there for everything, and mistakes end with a line, not with a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import run

from proxy import __version__

COMMANDS: list[tuple[str, ...]] = [
    ("serve",),
    ("demo",),
    ("screen",),
    ("check",),
    ("test",),
    ("tenants",),
    ("tenants", "key"),
    ("tenants", "list"),
    ("coverage",),
    ("evaluate",),
    ("schemas",),
]


def test_the_help() -> None:
    """Every command with a whole sentence, none cut off."""
    ran = run("--help")
    named = [line.split()[0] for line in ran.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert (ran.status, named) == (0, sorted({command[0] for command in COMMANDS}))
    assert "..." not in ran.out.partition("Commands:")[2]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_of_a_command(command: tuple[str, ...], flag: str) -> None:
    """Each option is explained."""
    ran = run(*command, flag)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: facegate {' '.join(command)} ")
    options = ran.out.partition("Options:\n")[2].partition("\n\n")[0]
    assert all(
        line.strip().count("  ") or not line.strip().startswith("--") for line in options.splitlines() if len(line) < 60
    )


def test_the_version() -> None:
    """As the package has it."""
    assert run("--version").out == f"facegate, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [(), ("scren",), ("screen", "--jsn"), ("tenants", "key")],
    ids=["nothing", "command", "option", "argument"],
)
def test_mistakes_on_the_command_line(arguments: tuple[str, ...]) -> None:
    """Exit status 2 and what is expected."""
    ran = run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: facegate" in ran.err


@pytest.mark.parametrize("command", ["serve", "screen", "test", "demo"])
def test_a_missing_configuration(tmp_path: Path, command: str) -> None:
    """One line that names the file; nothing is started."""
    more = {"screen": ("x.json",), "test": (tmp_path,)}.get(command, ())
    ran = run(command, *more, "--config", tmp_path / "none.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == f"{tmp_path}/none.yaml:1: the file cannot be read: No such file or directory\n"


def test_as_a_module() -> None:
    """`python -m proxy` is the same program."""
    ran = subprocess.run([sys.executable, "-m", "proxy", "--version"], capture_output=True, check=False, text=True)
    assert (ran.returncode, ran.stdout) == (0, f"facegate, version {__version__}\n")
