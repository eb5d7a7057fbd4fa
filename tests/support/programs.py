"""Programs that a test needs and that no Python package brings."""

import os
import shutil
from pathlib import Path

import pytest


def require_program(name: str, debian_package: str) -> Path:
    """The path of a program. Without it the test is skipped, or fails where no skip is allowed."""
    found = shutil.which(name)
    if found:
        return Path(found)
    why = f"the program {name} is missing: apt-get install {debian_package}"
    if os.environ.get("FACEGATE_TESTS_ALLOW_SKIP", "1") == "0":
        pytest.fail(f"{why} (no skips are allowed here)")
    pytest.skip(why)
