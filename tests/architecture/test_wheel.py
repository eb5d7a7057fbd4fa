"""What is installed is the proxy and its configuration, all of it and nothing else, and works without the source tree."""

import os
import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support.tree import PACKAGE, ROOT, files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
METADATA = f"{PROJECT['name']}-{PROJECT['version']}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel was unpacked. It is built by the build backend itself, which fetches nothing."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - this interpreter
    (built,) = folder.glob("*.whl")
    assert built.name == f"{PROJECT['name']}-{PROJECT['version']}-py3-none-any.whl"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_it_holds_the_proxy_and_its_configuration(wheel: Path) -> None:
    """File by file: nothing is left out, and nothing of tests, bench, docs, dashboards or deploy gets in."""
    held = {path.relative_to(wheel).as_posix() for path in wheel.rglob("*") if path.is_file()}
    described = {name for name in held if name.startswith(METADATA)}
    code = {path.relative_to(ROOT).as_posix() for path in files(PACKAGE)}
    shipped = {f"proxy/_shipped/{path.relative_to(ROOT).as_posix()}" for path in files(ROOT / "config")}
    assert held - described == code | shipped
    assert described == {
        f"{METADATA}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }


def test_what_must_not_be_missed(wheel: Path) -> None:
    """What the comparison above would not notice if the tree itself lost it."""
    expected = {
        "proxy/py.typed",
        "proxy/surface/catalogue.yaml",
        "proxy/examine/face_weights/yunet.onnx",
        "proxy/examine/face_weights/LICENSE",
        "proxy/demo/photographs/*.jpg",
        "proxy/_shipped/config/proxy.yaml",
        "proxy/_shipped/config/tenants.yaml",
        "proxy/_shipped/config/cameras.yaml",
        "proxy/_shipped/config/policies/*/*/policy.yaml",
        "proxy/_shipped/config/policies/*/*/tests.yaml",
        "proxy/_shipped/config/lexicons/*.yaml",
        "proxy/_shipped/config/schemas/*.schema.json",
    }
    assert [pattern for pattern in sorted(expected) if not list(wheel.glob(pattern))] == []


def test_it_asks_for_what_pyproject_asks_for(wheel: Path) -> None:
    """Name, version, Python and dependencies; the command is `facegate`."""
    told = HeaderParser().parsestr((wheel / METADATA / "METADATA").read_text(encoding="utf-8"))
    assert (told["Name"], told["Version"], told["Requires-Python"]) == (
        PROJECT["name"],
        PROJECT["version"],
        PROJECT["requires-python"],
    )
    asked = {Requirement(one) for one in told.get_all("Requires-Dist", [])}
    assert asked == {Requirement(one) for one in PROJECT["dependencies"]}
    assert (wheel / METADATA / "entry_points.txt").read_text(encoding="utf-8") == (
        "[console_scripts]\nfacegate = proxy.cli:main\n"
    )


@pytest.mark.parametrize("command", ["check", "test"])
def test_it_works_without_the_source_tree(wheel: Path, tmp_path: Path, command: str) -> None:
    """From an empty folder, the configuration inside the wheel is valid and its packs pass their tests."""
    program = (
        "import sys; from pathlib import Path; import proxy; from proxy.cli import main;"
        f" assert Path(proxy.__file__).is_relative_to({str(wheel)!r});"
        f" sys.argv = ['facegate', {command!r}]; main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode("utf-8")
    assert list(tmp_path.iterdir()) == []
