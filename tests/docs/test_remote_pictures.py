"""The page about pictures behind addresses says what the code does."""

import re
from pathlib import Path

from proxy.admit.register import load_register
from proxy.forward.not_fetched import Why
from proxy.forward.picture_url import listed

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "remote-pictures.md").read_text(encoding="utf-8")


def test_every_reason_is_told_with_its_results() -> None:
    """The last table: what a caller is told, and what the metric says of it."""
    rows = [line.split("|") for line in PAGE.partition("| told | `result` |")[2].splitlines() if line.startswith("|")]
    told = {(cells[1].strip(), result) for cells in rows for result in re.findall(r"`(\w+)`", cells[2])}
    assert told == {(why.words, why.value) for why in Why}


def test_the_example_is_valid(tmp_path: Path) -> None:
    """And stands for the names that the table says."""
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    path = tmp_path / "tenants.yaml"
    path.write_text(found[1], encoding="utf-8")
    hosts = load_register(path).tenant("retail-co").remote_images.fetch
    named = ("cdn.retail.example", "a.pictures.example.org", "a.b.pictures.example.org")
    others = ("a.cdn.retail.example", "pictures.example.org", "retail.example")
    assert [listed(host, hosts) for host in (*named, *others)] == [True] * 3 + [False] * 3
