"""What all tests share: a running proxy, and the rule on skips."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop
from hypothesis import settings
from support.gate import Gate, gate

settings.register_profile("suite", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("suite")

NO_SKIPS = os.environ.get("FACEGATE_TESTS_ALLOW_SKIP", "1") == "0"


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the event loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Gate]:
    """A running proxy with the shipped policy, and a stand-in for the service."""
    async with gate(tmp_path) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> object:  # noqa: ARG001 - pytest's names
    """Where skips are not allowed (FACEGATE_TESTS_ALLOW_SKIP=0) a skipped test has failed, with its reason."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not allowed here: {report.longrepr}"
    return report
