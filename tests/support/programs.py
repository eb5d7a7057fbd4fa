"""Programs that a test needs and that no Python package brings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def require_program(name: str, debian_package: str) -> Path:
    """The path of a program, on the PATH or beside the interpreter (some come in wheels).

    Without it the test is skipped, or fails where no skip is allowed.
    """
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found:
        return Path(found)
    why = f"the program {name} is missing; the package {debian_package} brings it"
    if os.environ.get("FACEGATE_TESTS_ALLOW_SKIP", "1") == "0":
        pytest.fail(f"{why} (no skips are allowed here)")
    pytest.skip(why)


def run(program: Path, *arguments: str | Path, given: bytes = b"", at: Path | None = None) -> tuple[int, str]:
    """Run a program to its end: exit status, and all that it said."""
    done = subprocess.run(  # noqa: S603 - a program of the test's choice, no shell
        [program, *arguments], input=given, cwd=at, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")
