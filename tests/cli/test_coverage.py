"""`facegate coverage`: every operation with what becomes of it."""

import orjson
from support.commands import run

from proxy.operation import Disposition
from proxy.surface import load_catalogue


def test_as_json() -> None:
    """Each operation once, with the keys of the contract; a refused one says why."""
    rows = orjson.loads(run("coverage", "--json").out)
    operations = load_catalogue().operations
    assert [row["operation"] for row in rows] == [one.name for one in operations]
    assert {tuple(sorted(set(row) - {"why"})) for row in rows} == {
        ("disposition", "methods", "operation", "parts", "paths")
    }
    assert {row["disposition"] for row in rows} == {"screen", "refuse"}
    silent = {row["operation"] for row in rows if row["disposition"] == "screen" and not row["parts"]}
    assert silent == {one.name for one in operations if one.lists or one.name.startswith("models.")} - {"models.delete"}
    assert all(row["why"] for row in rows if row["disposition"] == "refuse")
    assert {fate for row in rows for fate in row["parts"].values()} == {"inspected", "refused", "exempt"}


def test_in_words() -> None:
    """A line an operation, and the sums."""
    lines = run("coverage").out.splitlines()
    operations = load_catalogue().operations
    screened = sum(one.disposition is Disposition.SCREEN for one in operations)
    assert len(lines) == len(operations) + 1
    assert lines[-1] == (
        f"{len(operations)} operations: {screened} screened, {len(operations) - screened} refused; any other path is refused"
    )
