"""Where commands find the configuration when nobody says."""

from pathlib import Path

import pytest
from support.commands import configuration
from support.gate import CONFIG

from proxy.cli import configuration as found
from proxy.cli.configuration import default_folder, default_settings


def test_here_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`config/` of the folder that the command runs in."""
    configuration(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert (default_folder(), default_settings()) == (Path("config"), Path("config/proxy.yaml"))


def test_else_what_comes_with_facegate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the package where it is installed, in the checkout where it is not; a folder without settings is none."""
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    assert default_folder() == CONFIG
    monkeypatch.setattr(found, "SHIPPED", tmp_path)
    assert default_settings() == tmp_path / "proxy.yaml"
