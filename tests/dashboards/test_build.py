"""The committed dashboards are what dashboards/*.py say, and are written by one command."""

from pathlib import Path

from click.testing import CliRunner

from dashboards.build import DASHBOARDS, FOLDER, build, stale


def test_the_committed_dashboards_are_current() -> None:
    """If not: `python dashboards/build.py`."""
    assert sorted(stale(FOLDER)) == []
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(DASHBOARDS)


def test_check_tells_what_is_not_current(tmp_path: Path) -> None:
    """Missing or changed: status 1 and its name, and nothing is written; after writing, status 0."""
    missing = CliRunner().invoke(build, ["--check", str(tmp_path)])
    assert (missing.exit_code, "facegate-overview.json" in missing.output) == (1, True)
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(build, [str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(build, ["--check", str(tmp_path)]).exit_code == 0
    (tmp_path / "facegate-overview.json").write_text("{}")
    changed = CliRunner().invoke(build, ["--check", str(tmp_path)])
    assert (changed.exit_code, "facegate-overview.json" in changed.output) == (1, True)
    assert (tmp_path / "facegate-overview.json").read_text() == "{}"
