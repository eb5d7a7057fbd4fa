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
    assert silent == {"models.get", "models.list"}
    assert all(row["why"] for row in rows if row["disposition"] == "refuse")
    assert {fate for row in rows for fate in row["parts"].values()} == {"inspected", "refused", "exempt"}


def test_in_words() -> None:
    """A row an operation, a column a kind of part; the refused ones with their reasons; the sums."""
    lines = run("coverage").out.splitlines()
    operations = load_catalogue().operations
    screened = [one for one in operations if one.disposition is Disposition.SCREEN]
    refused = [one for one in operations if one.disposition is Disposition.REFUSE]
    heading, rows = lines[0].split(), [line.split() for line in lines[1 : len(screened) + 1]]
    assert heading == ["screened", "text", "image", "audio", "video", "document", "schema", "reference", "opaque"]
    assert [(row[0], dict(zip(heading[1:], row[1:], strict=True))) for row in rows] == [
        (one.name, {kind: dict(one.parts).get(kind, "-") for kind in heading[1:]}) for one in screened
    ]
    assert [line.split(maxsplit=1) for line in lines[len(screened) + 1 : -1]] == [
        ["refused", "why"],
        *([one.name, one.why] for one in refused),
    ]
    assert lines[-1] == (
        f"{len(operations)} operations: {len(screened)} screened, {len(refused)} refused; any other path is refused"
    )
