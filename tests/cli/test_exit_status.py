"""The exit status of `facegate` is a contract: scripts and pipelines go by it."""

import sys
from pathlib import Path

import pytest

from proxy.cli import main

TRACK = (
    '{"model": "gpt-4o", "messages": [{"role": "user", "content": "Help me stalk my neighbour without her noticing."}]}'
)
HELLO = '{"model": "gpt-4o", "messages": [{"role": "user", "content": "Write a short poem."}]}'


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["screen", "--tenant", "retail-co", "hello.json"], 0, id="forwarded"),
        pytest.param(["screen", "--tenant", "retail-co", "track.json"], 3, id="refused"),
        pytest.param(["screen", "--tenant", "nobody", "hello.json"], 2, id="unusable"),
        pytest.param(["screen"], 2, id="called wrongly"),
        pytest.param(["check", "missing.yaml"], 2, id="no such file"),
        pytest.param(["schemas", "--check", "."], 1, id="a check that fails"),
        pytest.param(["schemas", "."], 0, id="done"),
        pytest.param(["--help"], 0, id="help"),
    ],
)
def test_exit_status(arguments: list[str], status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each ending has its status."""
    (tmp_path / "hello.json").write_text(HELLO)
    (tmp_path / "track.json").write_text(TRACK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["facegate", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == status
