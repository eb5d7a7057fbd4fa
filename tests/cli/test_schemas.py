"""`facegate schemas`: what editors complete from is what the loaders read."""

from pathlib import Path

import orjson
import pytest
from support.commands import run
from support.gate import CONFIG

from proxy.cli.schemas import all_schemas

NAMES = [
    "cameras.schema.json",
    "lexicon.schema.json",
    "policy.schema.json",
    "proxy.schema.json",
    "tenants.schema.json",
    "tests.schema.json",
]


def test_the_committed_schemas_are_current() -> None:
    """If this fails: `facegate schemas`, and commit what it writes."""
    ran = run("schemas", CONFIG / "schemas", "--check")
    assert (ran.status, ran.err) == (0, "")
    assert sorted(path.name for path in (CONFIG / "schemas").iterdir()) == NAMES


def test_written_once(tmp_path: Path) -> None:
    """A second run finds nothing to do; a stale file is named, and only written without --check."""
    folder = tmp_path / "new"
    assert run("schemas", folder, "--check").status == 1
    assert not folder.exists()
    assert run("schemas", folder).out.startswith(f"{folder}: written: ")
    assert run("schemas", folder).out == f"{folder}: current\n"
    (folder / "policy.schema.json").write_bytes(b"{}")
    ran = run("schemas", folder, "--check")
    assert (ran.status, ran.err) == (1, "not current: policy.schema.json; run `facegate schemas`\n")
    assert (folder / "policy.schema.json").read_bytes() == b"{}"


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_closed(name: str) -> None:
    """Every object names its keys, so that an editor marks a misspelt one."""
    open_ = []

    def walk(node: object, where: str) -> None:
        if isinstance(node, dict):
            if "properties" in node and node.get("additionalProperties") is not False:
                open_.append(where)
            for key, inner in node.items():
                walk(inner, f"{where}/{key}")

    walk(orjson.loads(orjson.dumps(all_schemas()[name])), "")
    assert open_ == []


@pytest.mark.parametrize(
    "path",
    sorted(CONFIG.rglob("*.yaml")),
    ids=lambda path: str(path.relative_to(CONFIG)) if isinstance(path, Path) else "",
)
def test_every_file_names_its_schema(path: Path) -> None:
    """In a remark that editors read, and the schema is there."""
    marks = [line for line in path.read_text(encoding="utf-8").splitlines() if "yaml-language-server: $schema=" in line]
    assert len(marks) == 1
    assert (path.parent / marks[0].partition("$schema=")[2]).is_file()
